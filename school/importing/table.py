"""A file that someone exported from somewhere, read into rows; and what is wrong with it, place by place."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rapidfuzz import fuzz, process

from school.errors import Refusal

LARGEST = 10_000_000
"""The most bytes a file may have: some 60,000 rows, two hundred times a large school."""

LONGEST = {
    "adult_id": 100,
    "child_id": 100,
    "adult_name": 200,
    "child_name": 200,
    "name": 200,
    "child_class": 100,
    "relationship": 50,
    "email": 254,
    "notes": 5_000,
}
"""The most characters a cell may have, by column."""

T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong: where, and why in words a technician reads. `line` counts from 1 with the header; 0 is the file as a whole.

    In a calendar file, which has no columns, `column` is what the event is called.
    """

    line: int
    column: str
    reason: str


@dataclass(eq=False)
class BadRows(Refusal):
    """The file was refused and nothing of it was imported. `faults` are in the order of the file."""

    faults: Sequence[Fault]

    def __str__(self) -> str:
        return "; ".join(f"line {fault.line}, {fault.column}: {fault.reason}" for fault in self.faults)


class Unreadable(ValueError):
    """A cell says nothing that can be understood; its argument is the reason. Becomes a Fault where the place is known."""


@dataclass(frozen=True)
class Columns:
    """What the columns of one kind of file are called: those it must have, and those it may."""

    needed: Sequence[str]
    optional: Sequence[str] = ()

    @property
    def known(self) -> Sequence[str]:
        """All of them."""
        return (*self.needed, *self.optional)


@dataclass(frozen=True)
class Row:
    """One row. Cells are trimmed and in Unicode's composed form; a missing one is empty."""

    line: int
    cells: Mapping[str, str]
    faults: list[Fault]  # shared by all rows of the file

    def text(self, column: str) -> str:
        """The cell's text on one line; too long is a fault."""
        return self._fitting(column, " ".join(self.cells.get(column, "").split()))

    def lines(self, column: str) -> str:
        """The cell's text with its own line breaks; too long is a fault."""
        return self._fitting(column, self.cells.get(column, ""))

    def needed(self, column: str) -> str:
        """The cell's text; an empty one is a fault."""
        value = self.text(column)
        if not value:
            self.fault(column, "is empty")
        return value

    def parsed(self, column: str, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the cell; None for an empty cell, or one that it could not read, which is a fault."""
        value = self.text(column)
        if not value:
            return None
        try:
            return parse(value)
        except Unreadable as error:
            self.fault(column, str(error))
            return None

    def fault(self, column: str, reason: str) -> None:
        """Note that something is wrong here."""
        self.faults.append(Fault(self.line, column, reason))

    def _fitting(self, column: str, value: str) -> str:
        longest = LONGEST.get(column, 1_000)
        if len(value) > longest:
            self.fault(column, f"is longer than {longest} characters")
            return value[:longest]
        return value


@dataclass
class Table:
    """A file's rows, and what should be told about it though it is no fault."""

    columns: frozenset[str]
    rows: Sequence[Row]
    faults: list[Fault]
    warnings: list[str] = field(default_factory=list)

    def refuse_faults(self) -> None:
        """Refuses with BadRows if anything was found wrong by now."""
        if self.faults:
            raise BadRows(sorted(set(self.faults)))


def read(content: bytes, columns: Columns, headers: Mapping[str, str] | None = None) -> Table:
    """The rows of a CSV file, UTF-8 with or without a mark, commas between cells, a header first.

    `headers` says what another school calls our columns: {'adult_name': 'Parent or carer'}; one that is '' is not taken from the file at all.
    Refuses with BadRows what is no such file. What is wrong within rows is gathered in `faults`, for all to be told at once.
    """
    text = decoded(content)
    records = list(_records(text))
    if not records:
        raise BadRows([Fault(0, "file", "is empty")])
    line, header = records[0]
    warnings: list[str] = []
    names = _names(header, line, columns, headers or {}, warnings)
    faults: list[Fault] = []
    rows = [row for at, cells in records[1:] if (row := _row(at, cells, names, faults)) is not None]
    if not rows and not faults:
        raise BadRows([Fault(0, "file", "has a header and no rows")])
    return Table(frozenset(name for name in names if name), rows, faults, warnings)


def header(content: bytes) -> list[str]:
    """What the columns of a file are called, as they stand there. Refuses with BadRows what is no such file."""
    return next((cells for _, cells in _records(decoded(content))), [])


def plain(name: str) -> str:
    """A column's name as ours are written: 'Adult name' is adult_name."""
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def near(value: str, known: Sequence[str]) -> str:
    """'; did you mean Somali?' where something known is spelt like it, else nothing."""
    found = process.extract(value, known, scorer=fuzz.WRatio, processor=str.casefold, limit=3, score_cutoff=75)
    names = [name for name, score, _ in found if score >= found[0][1] - 5]
    return f"; did you mean {' or '.join(names)}?" if names else ""


def fold(name: str) -> str:
    """A name as it is compared: case and spaces make no difference."""
    return " ".join(name.casefold().split())


def decoded(content: bytes) -> str:
    """A file's text. Raises BadRows where it is too large, a workbook, or in another encoding than UTF-8: it says how to save it."""
    if len(content) > LARGEST:
        raise BadRows([Fault(0, "file", f"is larger than {LARGEST // 1_000_000} MB")])
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadRows([Fault(0, "file", "is a workbook, not a CSV file; save it as 'CSV UTF-8'")])
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadRows([Fault(0, "file", "is in UTF-16; save it as 'CSV UTF-8'")])
    if b"\0" in content:
        raise BadRows([Fault(0, "file", "is not text: it holds zero bytes")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadRows([Fault(line, "file", f"is not in UTF-8 (byte 0x{content[error.start]:02X}); save it as 'CSV UTF-8'")]) from error


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            clean = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
            if any(clean):
                yield begins, clean
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadRows([Fault(begins, "file", f"cannot be read as CSV from here on ({error})")]) from error


def _names(header: Sequence[str], line: int, columns: Columns, headers: Mapping[str, str], warnings: list[str]) -> list[str]:
    """What each column is called by us; '' for one that is ignored."""
    there, mapped = {fold(cell) for cell in header}, {fold(theirs): ours for ours, theirs in headers.items() if theirs}
    elsewhere = {ours for ours, theirs in headers.items() if not theirs or fold(theirs) in there}
    names = [mapped.get(fold(cell), "" if plain(cell) in elsewhere else plain(cell)) for cell in header]
    faults = [Fault(line, name, "there are two columns of this name") for name in sorted(set(names)) if name in columns.known and names.count(name) > 1]
    unused = [cell for cell, name in zip(header, names, strict=True) if cell and name not in columns.known]
    missing = [name for name in columns.needed if name not in names]
    faults += [Fault(line, name, f"there is no such column{near(name, unused)}") for name in missing]
    if faults:
        if len(names) == 1 and re.search("[;\t]", header[0]):
            faults = [Fault(line, "file", "the cells are not separated by commas; save it as 'CSV UTF-8' with commas")]
        raise BadRows(faults)
    warnings += [f"column '{cell}' is not known and was ignored" for cell in unused]
    return [name if name in columns.known else "" for name in names]


def _row(line: int, cells: Sequence[str], names: Sequence[str], faults: list[Fault]) -> Row | None:
    if any(cells[len(names) :]):
        faults.append(Fault(line, "file", f"has {len(cells)} cells and the header {len(names)}; a text with a comma belongs in quotation marks"))
        return None
    for cell, name in zip(cells, names, strict=False):
        if name and any(unicodedata.category(character) in {"Cc", "Cs", "Co"} and character not in "\r\n\t" for character in cell):
            faults.append(Fault(line, name, "holds a control character"))
    return Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if name}, faults)
