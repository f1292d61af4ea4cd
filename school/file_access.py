"""Which kept files a member of staff may see: those about a child of theirs, and those that came with a message of theirs."""

from __future__ import annotations

from data.kept_files import KeptFile
from school import School, access, kept_files
from school.access import Power, Viewer
from school.errors import NotThere

__all__ = ["KeptFile", "file"]


def file(school: School, who: Viewer, file_id: int) -> KeptFile:
    """The file with this id. Refuses with NotThere where they may not see it, the same as where there is none.

    What came with a message that is for the safeguarding lead alone is theirs alone. A class team sees what is about its children, and what came with a
    message that was given to its class.
    """
    found = kept_files.find(school, file_id)
    if found is None or not _may_see(school, who, found):
        raise NotThere
    return found


def _may_see(school: School, who: Viewer, found: KeptFile) -> bool:
    if kept_files.for_the_lead_alone(school, found):
        return who.may(Power.SAFEGUARDING)
    if Power.MESSAGES not in who.powers:
        return False
    if who.class_ids is None:
        return True
    if found.child_id is not None:
        return _is_theirs(school, who, found.child_id)
    return any(need.class_id in who.class_ids for need in kept_files.needs_of(school, found))


def _is_theirs(school: School, who: Viewer, child_id: int) -> bool:
    try:
        access.child(school, who, child_id)
    except NotThere:
        return False
    return True
