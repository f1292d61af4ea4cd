"""The catalogue of packs out of a school's own list: one row a pack, with its items and copies. All or nothing, and may be repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from school import School, pack_queue, packs
from school.importing import Changes
from school.importing.cells import language
from school.importing.changes import differs
from school.importing.table import Columns, Row, Unreadable, near, read
from school.packs import LabelTaken, NotSo, Pack, Plan, Skill, Why

__all__ = ["import_packs"]

COLUMNS = Columns(("title",), ("about", "stage", "skills", "languages", "items", "copies", "labels"))
SAID = {"about": "about", "stage": "stage", "skills": "skills", "languages": "languages", "items": "items"}
"""What a file may say of a pack, beside its title and copies; a column that is not there leaves it as it is."""
REASONS: Mapping[Why, str] = {
    Why.MISSING: "is empty",
    Why.TOO_LONG: "is too long",
    Why.NOT_A_NUMBER: "has an item with fewer than one piece",
    Why.TWICE: "has one item twice",
    Why.TAKEN: "is the title of another pack in this file",
}
_PIECES = re.compile(r"^(?P<name>.*?)(?:\s*(?:\||\bx|×)\s*(?P<pieces>\d{1,4}))?$", re.IGNORECASE)
TEMPLATE: Sequence[Sequence[str]] = (
    COLUMNS.known,
    (
        "First words",
        "Picture cards and a book.",
        "Early years",
        "communication; reading",
        "English; Somali",
        "picture cards | 24; word book",
        "2",
        "P0001; P0002",
    ),
)
"""A file to begin with: the columns, and one row that shows what stands in them."""


@dataclass(frozen=True)
class _Wanted:
    """One row, read: the pack as it should be, how many copies it should have, and those that have labels."""

    row: Row
    plan: Plan
    copies: int
    labels: Sequence[str]


def import_packs(school: School, content: bytes, *, remove_missing: bool = False, headers: Mapping[str, str] | None = None) -> Changes:
    """Make the catalogue what a CSV file says; the same file again changes nothing. Refuses with BadRows, and then nothing is to be kept.

    A pack is known by its title. What the file does not name stays as it is (`remove_missing` does not retire it: its copies may be at families' homes).
    Copies are added, never taken away: as many as the file names by their labels, and more up to the number that it gives.
    """
    table = read(content, COLUMNS, headers)
    wanted = [_read(row) for row in table.rows]
    _no_title_twice(wanted)
    table.refuse_faults()
    changes = Changes(warnings=list(table.warnings))
    for each in wanted:
        _take(school, each, table.columns, changes)
    table.refuse_faults()
    return changes


def _read(row: Row) -> _Wanted:
    plan = Plan(
        row.needed("title"),
        row.lines("about"),
        row.text("stage"),
        row.parsed("skills", _skills) or (),
        row.parsed("languages", _languages) or (),
        _items(row),
    )
    labels = [packs.as_label(part) for part in _parts(row.text("labels"))]
    for label in labels:
        if not packs.LABEL.fullmatch(label):
            row.fault("labels", f"'{label}' cannot be a label: at most 12 letters, digits and hyphens")
    copies = row.parsed("copies", _copies) or 0
    if len(labels) > packs.MOST_COPIES:
        row.fault("labels", f"are more than {packs.MOST_COPIES}")
    return _Wanted(row, plan, max(copies, len(labels)), labels)


def _parts(text: str) -> Sequence[str]:
    """What stands in one cell, apart by semicolons or commas."""
    return [part.strip() for part in re.split(r"[;,]", text) if part.strip()]


def _skills(text: str) -> Sequence[Skill]:
    return [_skill(part) for part in _parts(text)]


def _skill(name: str) -> Skill:
    known = {each.value: each for each in Skill}
    found = known.get(name.casefold()) or known.get(name.casefold().replace(" ", "-"))
    if found is None:
        raise Unreadable(f"'{name}' is no skill I know{near(name, list(known))}; there are {', '.join(known)}")
    return found


def _languages(text: str) -> Sequence[str]:
    return sorted({language(part) for part in _parts(text)})


def _copies(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:6]) <= packs.MOST_COPIES):
        raise Unreadable(f"'{text}' is no number of copies from 0 to {packs.MOST_COPIES}")
    return int(text)


def _items(row: Row) -> Sequence[tuple[str, int]]:
    return _items_in(re.sub(r";\s*", "\n", row.lines("items")))


def _items_in(text: str) -> Sequence[tuple[str, int]]:
    # 'picture cards | 24', 'picture cards x 24', or a name alone for one piece
    found = []
    for line in text.splitlines():
        read_line = _PIECES.fullmatch(" ".join(line.split()))
        if read_line is not None and read_line["name"].strip():
            found.append((read_line["name"].strip(), int(read_line["pieces"] or 1)))
    return found


def _no_title_twice(wanted: Sequence[_Wanted]) -> None:
    first: dict[str, int] = {}
    for each in wanted:
        title = _folded(each.plan.title)
        if title and first.setdefault(title, each.row.line) != each.row.line:
            each.row.fault("title", f"stands in line {first[title]} too")


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _take(school: School, wanted: _Wanted, columns: frozenset[str], changes: Changes) -> None:
    held = next((pack for pack in packs.everything(school) if _folded(pack.title.words) == _folded(wanted.plan.title)), None)
    try:
        pack, differences = _made(school, wanted.plan) if held is None else _changed(school, held, wanted.plan, columns)
    except NotSo as refusal:
        for name, why in refusal.why.items():
            wanted.row.fault(name, REASONS[why])
        return
    added = _add_copies(school, pack, wanted)
    if held is None:
        changes.created.append(f"{pack.title.words}: {len(pack.items)} items, {len(pack.copies)} {'copy' if len(pack.copies) == 1 else 'copies'}")
        return
    changes.note(pack.title.words, [*differences, *([f"{len(added)} more: {', '.join(added)}"] if added else [])])
    if added:
        pack_queue.pass_on(school, pack)


def _made(school: School, plan: Plan) -> tuple[Pack, list[str]]:
    return packs.make(school, plan), []


def _changed(school: School, pack: Pack, plan: Plan, columns: frozenset[str]) -> tuple[Pack, list[str]]:
    before = packs.as_planned(pack)
    after = replace(before, title=plan.title, **{name: getattr(plan, name) for name in SAID if name in columns})
    differences = [line for name in ("title", *SAID) for line in differs(name, _plain(before, name), _plain(after, name))]
    if differences:
        packs.change(school, pack, after)
    return pack, differences


def _plain(plan: Plan, name: str) -> object:
    value = getattr(plan, name)
    if name == "items":
        return "; ".join(f"{item} | {pieces}" for item, pieces in value)
    return value.strip() if isinstance(value, str) else ", ".join(sorted(value))


def _add_copies(school: School, pack: Pack, wanted: _Wanted) -> Sequence[str]:
    """The labels of the copies that were added."""
    there, added = {copy.label for copy in pack.copies}, []
    for label in dict.fromkeys(each for each in wanted.labels if each not in there and packs.LABEL.fullmatch(each)):
        try:
            added.append(packs.add_copy(school, pack, label).label)
        except LabelTaken:
            wanted.row.fault("labels", f"'{label}' is on a copy of another pack")
    while len(pack.copies) < wanted.copies and not wanted.row.faults:
        added.append(packs.add_copy(school, pack).label)
    return added
