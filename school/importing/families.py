"""families.csv, read: who the file speaks of, gathered from all its rows, before anything is compared with what the school holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from school.importing import cells
from school.importing.table import Columns, Row, fold, read

COLUMNS = Columns(
    needed=("adult_name", "language", "child_name", "child_class"),
    optional=("adult_id", "child_id", "phone", "email", "relationship", "child_joined", "groups", "rights", "telegram", "notes"),
)


@dataclass(eq=False)
class Said:
    """What a file says of one adult, child, or the two together. An empty cell says nothing. `line` is where it was first spoken of."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row, values: Mapping[str, Any]) -> None:
        """Take in what one more row says; what contradicts an earlier row is a fault."""
        for column, value in values.items():
            if value is None or value == "":
                continue
            if column not in self.values:
                self.values[column], self.lines[column] = value, row.line
            elif not _same(self.values[column], value):
                row.fault(column, f"contradicts line {self.lines[column]}")

    def get(self, column: str) -> Any:
        """What is said, None for nothing."""
        return self.values.get(column)


@dataclass
class Families:
    """Everyone a file speaks of. `links` joins an adult and a child; `columns` are those the file has."""

    columns: frozenset[str] = frozenset()
    adults: list[Said] = field(default_factory=list)
    children: list[Said] = field(default_factory=list)
    links: dict[tuple[Said, Said], Said] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _known: dict[tuple[Any, ...], Said] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Take in one row."""
        adult = self._adult(row)
        child = self._child(row, adult)
        link = self.links.setdefault((adult, child), Said(row.line))
        rights = row.parsed("rights", cells.rights)
        if rights is None and "rights" in self.columns:
            rights = frozenset(cells.RIGHTS)
        link.add(row, {"relationship": row.text("relationship"), "rights": rights})

    def _adult(self, row: Row) -> Said:
        name, reference, phone = row.needed("adult_name"), row.text("adult_id"), row.parsed("phone", cells.mobile)
        row.needed("language")
        said = self._one(row, self.adults, "adult_id", reference, (phone, fold(name)))
        said.add(
            row,
            {
                "adult_id": reference,
                "adult_name": name,
                "phone": phone,
                "language": row.parsed("language", cells.language),
                "email": row.parsed("email", cells.email),
                "groups": row.parsed("groups", cells.names),
                "telegram": row.parsed("telegram", cells.yes),
                "notes": row.lines("notes"),
            },
        )
        return said

    def _child(self, row: Row, adult: Said) -> Said:
        name, reference = row.needed("child_name"), row.text("child_id")
        said = self._one(row, self.children, "child_id", reference, (adult, fold(name)))
        said.add(
            row,
            {
                "child_id": reference,
                "child_name": name,
                "child_class": row.needed("child_class"),
                "child_joined": row.parsed("child_joined", cells.day),
            },
        )
        return said

    def _one(self, row: Row, everyone: list[Said], column: str, reference: str, who: tuple[Any, ...]) -> Said:
        """The one this row speaks of: the same reference, else (where one of them has none) the same `who`."""
        said = self._known.get((column, reference)) if reference else None
        if said is None:
            said = self._known.get((column, *who))
            if said is not None and reference and said.get(column):
                said = None
        if said is None:
            said = Said(row.line)
            everyone.append(said)
        self._known.setdefault((column, *who), said)
        if reference:
            self._known[(column, reference)] = said
        return said


def gathered(content: bytes, headers: Mapping[str, str] | None) -> Families:
    """Everyone that families.csv speaks of. Refuses with BadRows."""
    table = read(content, COLUMNS, headers)
    families = Families(table.columns)
    for row in table.rows:
        families.take(row)
    table.refuse_faults()
    families.warnings = [*table.warnings, *_doubtful(families)]
    return families


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return fold(one) == fold(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return {fold(name) for name in one} == {fold(name) for name in other}
    return bool(one == other)


def _doubtful(families: Families) -> list[str]:
    """Who may be the same person, though the file does not say so."""
    warnings: list[str] = []
    for what, everyone, column, alike, with_whom in (
        ("adult", families.adults, "adult_id", ("adult_name",), "has another number there"),
        ("child", families.children, "child_id", ("child_name", "child_class"), "belongs to another adult there"),
    ):
        seen: dict[tuple[str, ...], Said] = {}
        for said in everyone:
            key = tuple(fold(said.get(part)) for part in alike)
            first = seen.setdefault(key, said)
            if first is not said and not (first.get(column) and said.get(column)):
                warnings.append(
                    f"line {said.line}: {said.get(f'{what}_name')} is on line {first.line} too, but {with_whom}; counted as two; {column} would make them one"
                )
    return warnings
