"""Quiet hours, whenever a school sets them: also in the hour that the clock skips or shows twice."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from school import School, SchoolSettings
from school.calendar import after_waking, end_of_quiet, is_quiet
from tests.school.small import london, unedited

MINUTE = timedelta(minutes=1)
clocks = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60)) | st.sampled_from([time(1), time(1, 30), time(2), time(0)])
changes = st.sampled_from([datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)])
moments = st.builds(lambda day, minutes: day + minutes * MINUTE, changes, st.integers(0, 5 * 60))


def school(quiet_from: time, quiet_to: time) -> School:
    return unedited(datetime(2026, 3, 2, tzinfo=UTC), SchoolSettings(quiet_from=quiet_from, quiet_to=quiet_to))


@settings(max_examples=200, deadline=None)
@given(clocks, clocks, moments)
@example(time(22), time(1, 30), datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
@example(time(22), time(1, 30), datetime(2026, 3, 29, 0, 40, tzinfo=UTC))
def test_quiet_ends_at_the_first_minute_that_is_not(quiet_from: time, quiet_to: time, at: datetime) -> None:
    here = school(quiet_from, quiet_to)
    slowly = next(at + ahead * MINUTE for ahead in range(26 * 60) if not is_quiet(here, at + ahead * MINUTE))
    assert end_of_quiet(here, at) == slowly


@settings(max_examples=100, deadline=None)
@given(clocks, clocks, moments, st.integers(1, 600))
def test_a_limit_counts_only_waking_minutes(quiet_from: time, quiet_to: time, at: datetime, minutes: int) -> None:
    here = school(quiet_from, quiet_to)
    runs_out = after_waking(here, at, minutes * MINUTE)
    waking = sum(not is_quiet(here, at + ahead * MINUTE) for ahead in range(int((runs_out - at) / MINUTE)))
    assert waking == minutes
    assert not is_quiet(here, runs_out - MINUTE)


@pytest.mark.parametrize(
    "at, hours, runs_out",
    [
        ("2026-03-02 10:00", 4, "2026-03-02 14:00"),
        ("2026-03-02 17:30", 4, "2026-03-03 09:30"),
        ("2026-03-02 15:00", 4, "2026-03-02 19:00"),
        ("2026-03-02 22:00", 4, "2026-03-03 11:00"),
        ("2026-03-28 18:00", 4, "2026-03-29 10:00"),
        ("2026-10-24 18:00", 4, "2026-10-25 10:00"),
        ("2026-03-02 10:00", 30, "2026-03-04 16:00"),
    ],
)
def test_a_limit_stands_still_at_night(at: str, hours: int, runs_out: str) -> None:
    assert after_waking(school(time(19), time(7)), london(at), timedelta(hours=hours)) == london(runs_out)
