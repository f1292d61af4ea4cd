"""Which days are meant, and which times are offered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.store import Store
from school import School
from school.absence_days import Spell, clock_time, return_day, returns_to_choose, spell, times_to_choose
from school.calendar import calendar
from school.times import Times
from tests.school.small import london, span

MONDAY = date(2026, 3, 2)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY, NEXT_MONDAY = (MONDAY + timedelta(days=ahead) for ahead in range(1, 8))


@pytest.fixture
def school(sqlite_url: str) -> Iterator[School]:
    with closing(Store(sqlite_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 08:40"))


def days(*spans: tuple[date, date] | date) -> list[Times]:
    return [Times(each, each) if isinstance(each, date) else Times(*each) for each in spans]


@pytest.mark.parametrize(
    "wishes, meant",
    [
        ([], Spell(MONDAY)),
        (days(MONDAY), Spell(MONDAY)),
        (days(TUESDAY), Spell(TUESDAY)),
        (days(MONDAY, TUESDAY), Spell(MONDAY, back=WEDNESDAY)),
        (days((MONDAY, THURSDAY)), Spell(MONDAY, until=THURSDAY)),
        (days((MONDAY, SUNDAY)), Spell(MONDAY, back=NEXT_MONDAY)),
        (days((MONDAY - timedelta(days=3), WEDNESDAY)), Spell(MONDAY, until=WEDNESDAY)),
        (days(FRIDAY, NEXT_MONDAY), Spell(FRIDAY, back=NEXT_MONDAY + timedelta(days=1))),
        (days(SATURDAY), Spell(NEXT_MONDAY)),
        (days(MONDAY - timedelta(days=3)), Spell(MONDAY - timedelta(days=3))),
        ([Times(TUESDAY, TUESDAY, excluded=True)], Spell(MONDAY)),
        ([Times(earliest=time(10), latest=time(10))], Spell(MONDAY)),
        (days(MONDAY + timedelta(days=200)), Spell(MONDAY)),
        (days(MONDAY - timedelta(days=200)), Spell(MONDAY)),
    ],
)
def test_the_days_that_are_meant(school: School, wishes: list[Times], meant: Spell) -> None:
    assert spell(school, wishes) == meant


@pytest.mark.parametrize(
    "wishes, meant",
    [
        ([], Spell(MONDAY)),
        (days(THURSDAY), Spell(MONDAY, back=THURSDAY)),
        (days(TUESDAY, THURSDAY), Spell(TUESDAY, back=THURSDAY)),
        (days(SATURDAY), Spell(MONDAY, back=NEXT_MONDAY)),
        (days(MONDAY), Spell(MONDAY)),
    ],
)
def test_the_day_of_the_return_is_not_one_of_the_absence(school: School, wishes: list[Times], meant: Spell) -> None:
    assert spell(school, wishes, names_return=True) == meant


def test_holidays_are_no_days_of_return(school: School) -> None:
    span(school, "2026-03-02", "2026-03-27", "term")
    span(school, "2026-03-04", "2026-03-05", "half-term")
    assert returns_to_choose(school, TUESDAY) == [FRIDAY, NEXT_MONDAY]
    assert return_day(school, days(WEDNESDAY)) == FRIDAY
    assert spell(school, days(MONDAY, TUESDAY)).back == FRIDAY


def test_until_a_day_may_mean_with_it_or_without(school: School) -> None:
    assert returns_to_choose(school, MONDAY, THURSDAY) == [THURSDAY, FRIDAY]


def test_of_an_absence_that_began_before_today_is_a_day_of_return(school: School) -> None:
    assert returns_to_choose(school, MONDAY - timedelta(days=4)) == [MONDAY, TUESDAY]


@pytest.mark.parametrize(
    "wish, at",
    [
        (Times(earliest=time(10), latest=time(10)), time(10)),
        (Times(earliest=time(9, 15), latest=time(10, 15)), time(9, 45)),
        (Times(earliest=time(10)), time(10)),
        (Times(latest=time(10)), time(10)),
        (Times(MONDAY, MONDAY), None),
        (Times(earliest=time(10), latest=time(10), excluded=True), None),
    ],
)
def test_the_time_that_is_named(wish: Times, at: time | None) -> None:
    assert clock_time([wish]) == at


@pytest.mark.parametrize(
    "clock, offered",
    [("08:40", [time(9), time(9, 30), time(10, 30)]), ("07:00", [time(8, 45), time(9, 15), time(10, 15)]), ("10:07", [time(10, 30), time(11), time(12)])],
)
def test_a_late_child_is_offered_times_that_are_still_to_come(school: School, clock: str, offered: list[time]) -> None:
    assert times_to_choose(School(school.session, london(f"2026-03-02 {clock}")), MONDAY) == offered


near = st.dates(MONDAY - timedelta(days=30), MONDAY + timedelta(days=90))
wishes = st.lists(st.builds(lambda first, more: Times(first, first + timedelta(days=more)), near, st.integers(0, 20)), max_size=3)


@given(wishes, st.booleans(), st.integers(0, 24 * 30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whoever_is_absent_comes_back_after_the_first_day(school: School, wishes: list[Times], names_return: bool, hours: int) -> None:
    now = School(school.session, school.now + timedelta(hours=hours))
    meant = spell(now, wishes, names_return=names_return)
    assert meant.back is None or (meant.back > meant.first and calendar(now).is_school_day(meant.back))
    assert meant.until is None or meant.until > meant.first
    assert meant.first < now.today or calendar(now).is_school_day(meant.first)
    assert all(day > meant.first or day >= now.today for day in returns_to_choose(now, meant.first, meant.until))
