"""What a native reader puts right, without git: a sheet goes out, comes back with better sentences, and the school speaks so from then on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.messages.catalog import Message
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.corrections import Correction
from translations import catalogs, check, phrases

COLUMNS = ("english", "form", "note", "now", "better")
"""A sheet's columns. `form` counts plural forms from 0; `better` is empty until a reader has something better."""


@dataclass(frozen=True)
class Better:
    """One sentence as a reader would say it."""

    english: str
    form: int
    words: str


@dataclass(frozen=True)
class SheetFault:
    """A row of a sheet that cannot be taken: its line in the file, and what is wrong."""

    line: int
    what: str


def sheet(session: Session | None, folder: str) -> str:
    """The sentences of a catalog as CSV, one row a plural form, as they are said now; with a mark at its beginning, so that a spreadsheet reads UTF-8."""
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow(COLUMNS)
    better = _kept(session, folder) if session else {}
    for message in catalogs.sentences(catalogs.read(folder)):
        english = check.first(message.id)
        for form, words in enumerate(check.forms(message)):
            out.writerow([english, form, " ".join(message.auto_comments), better.get((english, form), words), ""])
    return "\ufeff" + written.getvalue()


def read_sheet(folder: str, content: str) -> tuple[list[Better], list[SheetFault]]:
    """The better sentences in a sheet that came back, and every row that cannot be taken: unknown, over its limit, or with another place than the English."""
    rows = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    try:
        return _read(folder, rows)
    except csv.Error as error:
        return [], [SheetFault(rows.line_num, f"cannot be read as CSV: {error}")]


def _read(folder: str, rows: csv.DictReader[str]) -> tuple[list[Better], list[SheetFault]]:
    missing = [column for column in ("english", "better") if column not in (rows.fieldnames or ())]
    if missing:
        return [], [SheetFault(1, f"has no column {column!r}") for column in missing]
    source = {check.first(message.id): message for message in catalogs.sentences(catalogs.source())}
    found: list[Better] = []
    faults: list[SheetFault] = []
    for row in rows:
        words, english = (row["better"] or "").strip(), row["english"] or ""
        if not words:
            continue
        form_number = row.get("form") or "0"
        form = int(form_number) if form_number.isdecimal() and len(form_number) < 3 else -1  # no language has a hundred
        wrong = list(_wrong(source.get(english), form, words, folder))
        faults += [SheetFault(rows.line_num, what) for what in wrong]
        if not wrong:
            found.append(Better(english, form, words))
    return found, faults


def _wrong(source: Message | None, form: int, words: str, folder: str) -> Iterator[str]:
    plurals = catalogs.read(folder).num_plurals
    if source is None:
        yield "its English is no sentence of Bookbag's"
    elif form not in range(plurals if source.pluralizable else 1):
        yield "its form is none that the language has"
    else:
        yield from check.of_sentence(source, (words,) * (plurals if source.pluralizable else 1), plurals, folder)


def keep(session: Session, folder: str, better: Sequence[Better], reader: str, now: datetime) -> None:
    """Say it so from now on, at this school. What the same sentence was corrected to before is replaced."""
    for one in better:
        where = (Correction.language == folder, Correction.english == one.english, Correction.form == one.form)
        row = session.scalars(select(Correction).where(*where)).first() or Correction(language=folder, english=one.english, form=one.form)
        row.words, row.reader, row.at = one.words, reader, now
        session.add(row)


def into_catalog(folder: str, better: Sequence[Better]) -> None:
    """Write it into the catalog itself, for everyone who runs Bookbag."""
    catalog = catalogs.read(folder)
    for one in better:
        message = next(message for message in catalogs.sentences(catalog) if check.first(message.id) == one.english)
        said = list(check.forms(message))
        said[one.form] = one.words
        message.string = tuple(said) if message.pluralizable else said[0]
    catalogs.write(folder, catalog)


def count(session: Session, folder: str) -> int:
    """How many sentences of a language are said otherwise at this school than they ship."""
    return session.scalars(select(func.count()).select_from(Correction).where(Correction.language == folder)).one()


def take_up(session: Session) -> None:
    """Have this process speak as the readers of its school have put it right. One process serves one school."""
    found: dict[str, dict[tuple[str, int], str]] = {}
    for row in session.scalars(select(Correction)):
        found.setdefault(phrases.short(row.language), {})[row.english, row.form] = row.words
    phrases.put_right(found)


def _kept(session: Session, folder: str) -> Mapping[tuple[str, int], str]:
    rows = session.scalars(select(Correction).where(Correction.language == folder))
    return {(row.english, row.form): row.words for row in rows}
