"""A school of a few people, made in a line each: for rules that need no whole cast."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from itertools import count
from typing import TypeVar

from sqlalchemy.orm import Session

from data.appointments import Availability, AvailabilityException, Invitation, MeetingKind, ParentsEvening
from data.people import Adult, Child, Guardianship, SchoolClass, Staff
from data.school_year import Term
from data.store import DatabaseAway, Store
from school import LONDON, School, SchoolSettings

T = TypeVar("T")
TRIES = 5
_numbers = count(1)


def london(clock: str) -> datetime:
    """The instant at which the school's clock shows '2026-03-02 09:10'."""
    return datetime.fromisoformat(clock).replace(tzinfo=LONDON)


MONDAY = london("2026-03-02 09:10")
"""A day of school, before the first hour: when tests begin that care for no other time."""


def unedited(now: datetime, settings: SchoolSettings | None = None) -> School:
    """A school of which nobody has edited anything: it needs no database."""
    school = School(Session(), now)
    school.settings = settings or SchoolSettings()
    return school


@contextmanager
def for_now(school: School, now: datetime, settings: SchoolSettings | None = None) -> Iterator[School]:
    """The same school at another time and with other settings; what happens to it is undone at the end."""
    savepoint = school.session.begin_nested()
    try:
        yield School(school.session, now, settings or school.settings)
    finally:
        savepoint.rollback()
        school.session.expunge_all()


def a_member(school: School, role: str = "teacher", name: str = "Ms Okafor") -> Staff:
    """A member of staff."""
    made = Staff(name=name, email=f"{next(_numbers)}@school.example", role=role, has_left=False)
    school.session.add(made)
    school.session.flush()
    return made


def a_child(school: School, teacher: Staff | None = None, joined_on: date | None = None) -> Child:
    """A child in a class of its own."""
    made = Child(name=f"Child{next(_numbers)} Reed", school_class=SchoolClass(name=f"Class {next(_numbers)}", teacher=teacher), joined_on=joined_on)
    school.session.add(made)
    school.session.flush()
    return made


def an_adult(school: School, *children: Child, may_book: bool = True, language: str = "en") -> Adult:
    """An adult of these children."""
    made = Adult(name=f"Parent{next(_numbers)} Reed", language=language)
    school.session.add(made)
    school.session.flush()
    for child in children:
        school.session.add(Guardianship(adult_id=made.id, child_id=child.id, may_book=may_book))
    school.session.flush()
    return made


def seen(school: School, staff: Staff, days: str, clock: str, minutes: int = 20, kind: str = MeetingKind.TEACHER) -> None:
    """That `staff` can be seen: days as Monday's 0 to Sunday's 6, '0123'; clock as '15:10-16:10'."""
    starts, ends = map(time.fromisoformat, clock.split("-"))
    school.session.add_all(Availability(staff_id=staff.id, kind=kind, weekday=int(day), starts=starts, ends=ends, minutes=minutes) for day in days)
    school.session.flush()


def exception(school: School, staff: Staff, day: str, clock: str, *, extra: bool = False, minutes: int = 20, kind: str = MeetingKind.TEACHER) -> None:
    """That `staff` is away, or there in addition."""
    starts, ends = map(time.fromisoformat, clock.split("-"))
    row = AvailabilityException(staff_id=staff.id, on=date.fromisoformat(day), starts=starts, ends=ends, is_extra=extra, minutes=minutes, kind=kind)
    school.session.add(row)
    school.session.flush()


def span(school: School, first: str, last: str, what: str) -> None:
    """A stretch of the school's year."""
    school.session.add(Term(starts=date.fromisoformat(first), ends=date.fromisoformat(last), what=what))
    school.session.flush()


def evening(school: School, day: str, clock: str, minutes: int = 10, pause: str = "") -> ParentsEvening:
    """A parents' evening, with a break."""
    starts, ends = map(time.fromisoformat, clock.split("-"))
    break_starts, break_ends = map(time.fromisoformat, pause.split("-")) if pause else (None, None)
    made = ParentsEvening(on=date.fromisoformat(day), starts=starts, ends=ends, minutes=minutes, break_starts=break_starts, break_ends=break_ends)
    school.session.add(made)
    school.session.flush()
    return made


def invited(school: School, child: Child, kind: str, first: str, last: str) -> Invitation:
    """An invitation to a meeting."""
    made = Invitation(child_id=child.id, kind=kind, first_on=date.fromisoformat(first), last_on=date.fromisoformat(last))
    school.session.add(made)
    school.session.flush()
    return made


def at_once(store: Store, *acts: Callable[[School], T]) -> list[T]:
    """What came of each, done at once in threads and transactions of their own. Who does not get a lock in time tries again, as the program does."""
    together = threading.Barrier(len(acts))

    def does(act: Callable[[School], T]) -> T:
        together.wait()
        for _ in range(TRIES - 1):
            with suppress(DatabaseAway):
                return _in_a_transaction(store, act)
        return _in_a_transaction(store, act)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(does, acts))


def _in_a_transaction(store: Store, act: Callable[[School], T]) -> T:
    with store.write() as session:
        return act(School(session, MONDAY))
