"""A file that staff look at before it counts: what it would change is shown, and then exactly that is done, or nothing.

Its own refusals:

    Refusal
    └── ChangedMeanwhile     it would do something else by now than was shown
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from data.people import Staff
from data.setting_up import Upload
from school import School, settings, staff, telegram_links
from school.access import Viewer
from school.errors import NotThere, Refusal
from school.event_import import import_events
from school.importing import families, table, terms
from school.importing import staff as staff_file
from school.importing.changes import Changes
from school.importing.registering import import_families
from school.importing.staff import import_staff
from school.importing.table import BadRows, Columns, Fault, fold
from school.importing.terms import import_terms
from school.pack_import import COLUMNS as PACK_COLUMNS
from school.pack_import import import_packs

__all__ = ["ChangedMeanwhile", "Seen", "Upload", "bring", "choose", "drop", "find", "header", "look", "mapping", "pasted", "take"]

IMPORTS: Mapping[str, Callable[..., Changes]] = {
    "families": import_families,
    "staff": import_staff,
    "terms": import_terms,
    "events": import_events,
    "packs": import_packs,
}
COLUMNS: Mapping[str, Columns] = {
    "families": families.COLUMNS,
    "staff": staff_file.COLUMNS,
    "terms": terms.COLUMNS,
    "events": Columns(()),
    "packs": PACK_COLUMNS,
}
ROWS = ("families", "staff", "terms", "packs")
"""Files of which a line is a row."""
MOST_COLUMNS = 200
MOST_ROWS = 2_000
"""So many rows take some three seconds in which nobody else can write; a larger file is imported on the command line, at night."""
NOT_NAMED = "not in the file, and kept"
"""How the note about whom a file leaves out begins. On the page they are named instead."""


class ChangedMeanwhile(Refusal):
    """By now it would do something else than was shown: it must be looked at again."""


@dataclass(frozen=True)
class Seen:
    """What a file would change, a line each; `missing` are those whom it does not name. With `faults` it would change nothing."""

    created: Sequence[str] = ()
    updated: Sequence[str] = ()
    missing: Sequence[str] = ()
    unchanged: int = 0
    warnings: Sequence[str] = ()
    faults: Sequence[Fault] = field(default=())

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Seen:
        """As it was kept."""
        return cls(**{**kept, "faults": tuple(Fault(**fault) for fault in kept["faults"])})

    @property
    def changes(self) -> int:
        """How many lines it would make or change."""
        return len(self.created) + len(self.updated)


def pasted(text: str) -> bytes:
    """What was copied out of a spreadsheet, as the file that it would have been: its cells are apart by tabs."""
    header = text.partition("\n")[0]
    if "\t" not in header:
        return text.encode()
    written = io.StringIO(newline="")
    csv.writer(written).writerows(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    return written.getvalue().encode()


def bring(school: School, who: Staff, what: str, content: bytes) -> Upload:
    """Keep a file to be looked at: 'families', 'staff', 'terms' or 'packs', or the calendar file of 'events'.

    Which column is which is guessed from last time and from the names alike.
    """
    made = Upload(staff_id=who.id, what=what, content=content[: table.LARGEST + 1], headers={}, made_at=school.now)
    remembered = school.settings.columns.get(what, {})
    there = {fold(name): name for name in header(made)}
    made.headers = {ours: there[fold(theirs)] for ours, theirs in remembered.items() if fold(theirs) in there}
    school.session.add(made)
    school.session.flush()
    return made


def find(school: School, who: Viewer, upload_id: int) -> Upload:
    """A file that this very member of staff brought. Refuses with NotThere, for another's too."""
    found = school.session.get(Upload, upload_id)
    if found is None or found.staff_id != who.staff.id:
        raise NotThere
    return found


def header(upload: Upload) -> Sequence[str]:
    """What the file calls its columns; none where it cannot be read at all."""
    if upload.what not in ROWS:
        return []
    try:
        return [name for name in table.header(upload.content) if name][:MOST_COLUMNS]
    except BadRows:
        return []


def mapping(upload: Upload) -> Mapping[str, str]:
    """Our columns, in their order, to what this file calls each: as chosen, else of the same name; '' for what it does not have."""
    there = {table.plain(name): name for name in reversed(header(upload))}
    chosen = set(upload.headers.values())
    return {
        ours: upload.headers.get(ours, there[ours] if ours in there and there[ours] not in chosen and ours not in upload.headers else "")
        for ours in COLUMNS[upload.what].known
    }


def choose(school: School, upload: Upload, headers: Mapping[str, str]) -> None:
    """From now on, and for the next file of its kind, these are our columns: ours to theirs, '' for one that the file does not have."""
    known = set(header(upload))
    upload.headers = {ours: theirs for ours, theirs in headers.items() if ours in COLUMNS[upload.what].known and (theirs in known or not theirs)}
    settings.edit(school.session, f"columns.{upload.what}", {ours: theirs for ours, theirs in upload.headers.items() if theirs})
    school.__dict__.pop("settings", None)


def look(school: School, who: Viewer, upload: Upload) -> Seen:
    """What it would change, kept as what was shown. Nothing of it is changed. Refuses as `staff.guarded` does what this viewer may not decide."""
    seen = _tried(school, who, upload)
    upload.seen = asdict(seen)
    school.session.flush()
    return seen


def take(school: School, who: Viewer, upload: Upload, *, remove_missing: bool) -> Changes:
    """Do exactly what was shown; `remove_missing` also takes those whom it does not name as having left. The file is not kept any longer.

    Refuses with ChangedMeanwhile, and then `look` again.
    """
    shown = Seen.of(upload.seen) if upload.seen else None
    now = _tried(school, who, upload)
    if shown is None or now.faults or (now.created, now.updated) != (shown.created, shown.updated) or (remove_missing and now.missing != shown.missing):
        raise ChangedMeanwhile
    changes = _import(school, who, upload, remove_missing=remove_missing)
    for link in changes.start_links:
        telegram_links.offer(school, link.adult, link.token)
    school.session.delete(upload)
    school.session.flush()
    return changes


def drop(school: School, upload: Upload) -> None:
    """It is not wanted after all."""
    school.session.delete(upload)
    school.session.flush()


def _tried(school: School, who: Viewer, upload: Upload) -> Seen:
    if upload.what in ROWS and upload.content.count(b"\n") > MOST_ROWS:
        return Seen(faults=(Fault(0, "file", f"has more than {MOST_ROWS} lines; the technician can import it on the command line"),))
    try:
        changes = _undone(school, lambda: _import(school, who, upload, remove_missing=False))
        told = [warning for warning in changes.warnings if not warning.startswith(NOT_NAMED)]
        leaves_out = len(told) < len(changes.warnings)
        missing = _undone(school, lambda: _read(school, upload, remove_missing=True)).removed if leaves_out else []
    except BadRows as bad:
        return Seen(faults=tuple(bad.faults))
    return Seen(changes.created, changes.updated, missing, len(changes.unchanged), told)


def _undone(school: School, work: Callable[[], Changes]) -> Changes:
    """What this would change, and nothing is."""
    savepoint = school.session.begin_nested()
    try:
        return work()
    finally:
        savepoint.rollback()


def _import(school: School, who: Viewer, upload: Upload, *, remove_missing: bool) -> Changes:
    if upload.what != "staff":
        return _read(school, upload, remove_missing=remove_missing)
    with staff.guarded(school, who):
        return _read(school, upload, remove_missing=remove_missing)


def _read(school: School, upload: Upload, *, remove_missing: bool) -> Changes:
    return IMPORTS[upload.what](school, upload.content, remove_missing=remove_missing, headers=mapping(upload))
