"""Who saw and changed what: written beside the change, in its transaction, and never changed after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from data.audit import AuditEntry
from data.people import Adult, Child, SchoolClass, Staff
from school import School, access
from school.access import Viewer

__all__ = ["ABOUT", "ACTIONS", "AuditEntry", "as_facts", "changed", "entries", "names", "saw"]

SEEN_ONCE_IN = timedelta(hours=1)
"""Looking at the same thing again within this time is not written again."""
PAGE = 100
ACTIONS: Mapping[str, str] = {
    "saw": "looked at",
    "set password": "chose a password",
    "gave second factor": "gave the second step",
    "ended session": "logged out one browser",
    "ended sessions": "logged out every other browser",
    "sent again": "sent a message again",
    "sent by another way": "sent a message by another channel",
    "exported": "took a copy of",
}
"""What an action is called on the page, where its own name does not say it: an action that is missing here is shown as it is."""
ABOUT: Mapping[str, str] = {
    "adult": "parent or carer",
    "child": "child",
    "school_class": "class",
    "staff": "member of staff",
    "message": "message out",
    "attention": "matter that waited",
    "appointment": "appointment",
    "request": "wish that a text may not decide",
    "data request": "request about someone's own data",
    "audit": "this audit",
}
"""What the things are called that an entry is about; one that is missing here is shown by its own name."""


def changed(school: School, staff: Staff | None, action: str, about: str = "", about_id: int | None = None, **detail: str | int) -> None:
    """Write down that `staff` (None: the house itself, from the command line) did something. `detail` holds facts, never what anyone wrote."""
    who = staff.name if staff else "command line"
    row = AuditEntry(
        at=school.now, staff_id=staff.id if staff else None, who=who, action=action, about=about, about_id=about_id, detail=dict[str, object](detail)
    )
    school.session.add(row)


def saw(school: School, staff: Staff, about: str, about_id: int) -> None:
    """Write down that `staff` looked at something, once an hour."""
    # '+ 0': found by what it is about, of which there is little, not by who looked, of which there is a year's.
    mine = (AuditEntry.staff_id + 0 == staff.id, AuditEntry.action == "saw", AuditEntry.about == about, AuditEntry.about_id == about_id)
    if school.session.scalar(select(AuditEntry.id).where(*mine, AuditEntry.at > school.now - SEEN_ONCE_IN).limit(1)) is None:
        changed(school, staff, "saw", about, about_id)


def entries(
    school: School,
    *,
    before: int | None = None,
    staff_id: int | None = None,
    about: tuple[str, int | None] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    changes_only: bool = False,
    limit: int = PAGE,
) -> Sequence[AuditEntry]:
    """The newest entries first, those with a smaller id than `before`.

    Of one member of staff; about one thing, or about all of a kind (the id None); from a moment on and before another; without mere looking.
    """
    conditions = [
        AuditEntry.id < before if before else None,
        AuditEntry.staff_id == staff_id if staff_id else None,
        AuditEntry.about == about[0] if about else None,
        AuditEntry.about_id == about[1] if about and about[1] is not None else None,
        AuditEntry.at >= since if since else None,
        AuditEntry.at < until if until else None,
        AuditEntry.action != "saw" if changes_only else None,
    ]
    wanted = [condition for condition in conditions if condition is not None]
    return school.session.scalars(select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc()).limit(limit)).all()


def names(school: School, who: Viewer, rows: Sequence[AuditEntry]) -> Mapping[tuple[str, int], str]:
    """The names of what entries are about, by kind and id, as far as `who` may know them; what is gone has none."""
    may_know: Mapping[str, tuple[type[Adult | Child | SchoolClass], ColumnElement[bool]]] = {
        "adult": (Adult, access.adults_seen(who)),
        "child": (Child, access.children_seen(who)),
        "school_class": (SchoolClass, access.classes_seen(who)),
    }
    found: dict[tuple[str, int], str] = {}
    for about, (table, condition) in may_know.items():
        ids = {row.about_id for row in rows if row.about == about and row.about_id is not None}
        if ids:
            known = school.session.execute(select(table.id, table.name).where(table.id.in_(ids), condition))
            found |= {(about, thing_id): name for thing_id, name in known}
    ids = {row.about_id for row in rows if row.about == "staff" and row.about_id is not None}
    if ids:
        found |= {("staff", staff_id): name for staff_id, name in school.session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))}
    return found


def as_facts(entry: AuditEntry) -> Mapping[str, object]:
    """One entry as plain data, for an export."""
    return {"at": entry.at.isoformat(), "who": entry.who, "action": entry.action, "about": entry.about, "about_id": entry.about_id, **entry.detail}
