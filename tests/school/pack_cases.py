"""A shelf of packs in a line each, and what was said about them: for the tests of packs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import event, select

from data.outbox import Message, OutboxState
from data.packs import Pack, PackCopy
from data.people import Adult
from school import School, pack_clock, pack_loans, pack_rules, packs
from school.pack_loans import Borrower
from school.packs import Plan
from tests.school.small import a_child, an_adult, london, span


def a_pack(school: School, title: str = "Story sack", copies: int = 1) -> Pack:
    """A pack of two things, with so many copies."""
    return packs.make(school, Plan(title, items=[("story book", 1), ("animals", 6)]), copies)


def families(school: School, count: int) -> list[Borrower]:
    """So many children, each with a parent of its own."""
    children = [a_child(school) for _ in range(count)]
    return [Borrower(an_adult(school, child), child) for child in children]


def only(pack: Pack) -> PackCopy:
    """Its one copy."""
    [copy] = pack.copies
    return copy


def home(school: School, pack: Pack, family: Borrower) -> pack_loans.PackLoan:
    """A copy from the shelf goes home to them."""
    copy = next(copy for copy in pack.copies if copy.state == packs.CopyState.SHELF)
    return pack_loans.hand_out(school, copy, None, family)


def with_rules(school: School, **changes: Any) -> None:
    """From now on these rules hold."""
    pack_rules.set_rules(school, replace(pack_rules.rules(school), **changes))


def spring(school: School) -> None:
    """The spring term of 2026, with a half-term in the middle of March, and the summer term."""
    span(school, "2026-01-05", "2026-03-27", "term")
    span(school, "2026-03-16", "2026-03-20", "half-term")
    span(school, "2026-04-13", "2026-07-22", "term")


def later(school: School, clock: str) -> School:
    """The same school at another time."""
    return School(school.session, london(clock))


def ticks(school: School, clock: str) -> School:
    """The same school at another time, at which the clock asked what is due."""
    made = later(school, clock)
    pack_clock.due(made)
    return made


def told(school: School, adult: Adult) -> list[str]:
    """The notices that were written to an adult and not taken back, in order."""
    rows = select(Message.kind).where(Message.adult_id == adult.id, Message.state != OutboxState.CANCELLED).order_by(Message.id)
    return list(school.session.scalars(rows))


@contextmanager
def counted(school: School) -> Iterator[list[str]]:
    """The statements that are sent to the database within it."""
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    engine = school.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)
