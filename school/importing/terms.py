"""terms.csv: the school's year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select

from data.school_year import Term
from school import School
from school.importing import cells
from school.importing.changes import Changes, differs
from school.importing.table import Columns, Row, read

COLUMNS = Columns(needed=("starts", "what"), optional=("ends",))
KINDS = ("term", "half-term", "INSET", "closed")

Span = tuple[date, date, str]


def import_terms(school: School, content: bytes, *, remove_missing: bool = False, headers: Mapping[str, str] | None = None) -> Changes:
    """Make the school's calendar what terms.csv says; the same file again changes nothing. Both days count; an empty `ends` is one day.

    All or nothing: refuses with BadRows before anything is changed. A span that begins with, or overlaps, one of its kind that is held is that one, moved.
    """
    table = read(content, COLUMNS, headers)
    spans = _apart([(row, span) for row in table.rows if (span := _span(row)) is not None])
    table.refuse_faults()
    changes = Changes(warnings=list(table.warnings))
    held = list(school.session.scalars(select(Term).order_by(Term.starts)))
    here = _matched(spans, held)
    for span in spans:
        _register(school, span, here.get(span), changes)
    missing = [term for term in held if term not in here.values()]
    if remove_missing:
        for term in missing:
            school.session.delete(term)
            changes.removed.append(_name(term.starts, term.ends, term.what))
    elif missing:
        changes.warnings.append(f"not in the file, and kept: {len(missing)} dates; --remove-missing removes them")
    school.session.flush()
    return changes


def _span(row: Row) -> Span | None:
    row.needed("starts")
    row.needed("what")
    starts, what = row.parsed("starts", cells.day), row.parsed("what", lambda value: cells.one_of(value, KINDS))
    ends = row.parsed("ends", cells.day) if row.text("ends") else starts
    if starts is None or ends is None or what is None:
        return None
    if ends < starts:
        row.fault("ends", f"{ends} is before {starts}")
        return None
    return starts, ends, what


def _apart(rows: Sequence[tuple[Row, Span]]) -> list[Span]:
    """Each span once; two of one kind that overlap contradict each other."""
    spans: dict[Span, Row] = {}
    for row, span in rows:
        for other, earlier in spans.items():
            if other != span and _overlap(other, span):
                row.fault("starts", f"this {span[2]} overlaps that of line {earlier.line}")
        spans.setdefault(span, row)
    return list(spans)


def _overlap(one: Span, other: Span) -> bool:
    return one[2] == other[2] and one[0] <= other[1] and other[0] <= one[1]


def _matched(spans: Sequence[Span], held: Sequence[Term]) -> dict[Span, Term]:
    """Which held row each span is: the one that begins with it, else one that it overlaps."""
    found: dict[Span, Term] = {}
    for begins_alike in (True, False):
        for span in spans:
            for term in held:
                row = (term.starts, term.ends, term.what)
                is_it = (row[0] == span[0] and row[2] == span[2]) if begins_alike else _overlap(row, span)
                if is_it and span not in found and term not in found.values():
                    found[span] = term
    return found


def _register(school: School, span: Span, held: Term | None, changes: Changes) -> None:
    starts, ends, what = span
    if held is None:
        school.session.add(Term(starts=starts, ends=ends, what=what))
        changes.created.append(_name(starts, ends, what))
        return
    differences = [*differs("starts", held.starts, starts), *differs("ends", held.ends, ends)]
    held.starts, held.ends = starts, ends
    changes.note(_name(starts, ends, what), differences)


def _name(starts: date, ends: date, what: str) -> str:
    return f"{what} {starts}" if starts == ends else f"{what} {starts} to {ends}"
