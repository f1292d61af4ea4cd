"""The school's days and its clock, on the days on which the clock changes too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from school import LONDON, SchoolSettings
from school.calendar import Calendar, bank_holidays, end_of_quiet, instant, is_quiet
from tests.school.small import unedited

SPRING_FORWARD, FALL_BACK = date(2026, 3, 29), date(2026, 10, 25)
days = st.dates(date(2000, 1, 1), date(2080, 12, 31))
clock_times = st.times().map(lambda at: at.replace(microsecond=0))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2080, 12, 31), timezones=st.just(UTC))
SPANS = [
    (date(2026, 1, 5), date(2026, 3, 27), "term"),
    (date(2026, 2, 16), date(2026, 2, 20), "half-term"),
    (date(2026, 1, 5), date(2026, 1, 5), "INSET"),
    (date(2026, 4, 13), date(2026, 7, 22), "term"),
    (date(2026, 6, 3), date(2026, 6, 3), "closed"),
]


@given(days, clock_times)
@example(SPRING_FORWARD, time(1, 30))
@example(FALL_BACK, time(1, 30))
def test_an_instant_shows_its_own_time(day: date, at: time) -> None:
    moment = instant(day, at)
    if moment is None:  # only the hour that a Sunday of March leaves out
        assert (day.month, day.weekday(), at.hour) == (3, 6, 1)
    else:
        assert moment.astimezone(LONDON).replace(tzinfo=None) == datetime.combine(day, at)


@given(days, clock_times, clock_times)
@example(FALL_BACK, time(1, 59), time(2, 0))
def test_later_on_the_clock_is_later(day: date, one: time, other: time) -> None:
    first, second = instant(day, min(one, other)), instant(day, max(one, other))
    if first is not None and second is not None and one != other:
        assert first < second


@given(instants)
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
@example(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
def test_every_instant_is_named_by_its_clock(moment: datetime) -> None:
    clock = moment.astimezone(LONDON)
    named = instant(clock.date(), clock.time().replace(fold=0))
    assert named == moment - (timedelta(hours=1) if clock.fold else timedelta())


@given(days)
@example(SPRING_FORWARD)
@example(FALL_BACK)
def test_a_day_has_its_hours(day: date) -> None:
    midnight, next_midnight = instant(day, time()), instant(day + timedelta(days=1), time())
    assert midnight is not None
    assert next_midnight is not None
    is_last_sunday = day.weekday() == 6 and day.day > 24
    hours = {3: 23, 10: 25}.get(day.month, 24) if is_last_sunday else 24
    assert next_midnight - midnight == timedelta(hours=hours)


def test_the_doubled_hour_means_its_first() -> None:
    assert instant(FALL_BACK, time(1, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_skipped_hour_does_not_exist() -> None:
    assert instant(SPRING_FORWARD, time(1, 0)) is None
    assert instant(SPRING_FORWARD, time(2, 0)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@given(instants)
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
@example(datetime(2026, 10, 24, 23, 30, tzinfo=UTC))
def test_quiet_ends_at_its_first_waking_moment(moment: datetime) -> None:
    school = unedited(moment)
    end = end_of_quiet(school, moment)
    assert not is_quiet(school, end)
    assert moment <= end <= moment + timedelta(hours=13)
    assert end == moment or is_quiet(school, end - timedelta(seconds=1))


@pytest.mark.parametrize(
    "at, quiet",
    [("06:59", True), ("07:00", False), ("18:59", False), ("19:00", True), ("23:59", True), ("00:00", True)],
)
def test_quiet_hours_go_over_midnight(at: str, quiet: bool) -> None:
    school = unedited(datetime(2026, 7, 1, tzinfo=UTC))
    assert is_quiet(school, datetime.combine(date(2026, 7, 1), time.fromisoformat(at), tzinfo=LONDON)) is quiet


def test_quiet_hours_within_one_day() -> None:
    school = unedited(datetime(2026, 7, 1, tzinfo=UTC), SchoolSettings(quiet_from=time(12), quiet_to=time(13)))
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=LONDON)
    assert is_quiet(school, noon)
    assert end_of_quiet(school, noon) == noon + timedelta(hours=1)


@given(days)
def test_no_school_at_weekends_and_bank_holidays(day: date) -> None:
    for calendar in (Calendar(), Calendar(SPANS)):
        if day.weekday() > 4 or day in bank_holidays(day.year):
            assert not calendar.is_school_day(day)


@given(st.dates(date(2025, 12, 1), date(2026, 9, 30)))
def test_school_is_in_term_and_not_within_its_breaks(day: date) -> None:
    kinds = {what for first, last, what in SPANS if first <= day <= last}
    opens = kinds == {"term"} and day.weekday() < 5 and day not in bank_holidays(day.year)
    assert Calendar(SPANS).is_school_day(day) is opens


@given(days, st.integers(-3, 40))
def test_school_days_between_are_each_a_school_day(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    found = list(Calendar().school_days_between(first, last))
    assert found == [day for day in (first + timedelta(days=ahead) for ahead in range(length + 1)) if Calendar().is_school_day(day)]


@pytest.mark.parametrize(
    "day",
    ["2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28", "2027-01-01", "2022-12-27", "2023-05-08"],
)
def test_englands_bank_holidays_are_known(day: str) -> None:
    assert date.fromisoformat(day) in bank_holidays(int(day[:4]))


def test_a_school_without_terms_is_open_on_weekdays() -> None:
    assert Calendar().is_school_day(date(2026, 8, 3))
