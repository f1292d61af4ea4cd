"""What repeats: on which days, never too many, never too far ahead."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from school import repeats
from school.repeats import LONGEST, MOST, Every, NoDay, Rule, TooFar, TooMany

MARCH_3 = date(2026, 3, 3)  # the first Tuesday of its month
EVERY: tuple[Every, ...] = ("weekly", "fortnightly", "monthly")


def days(first: str, every: Every, until: str, *but: str) -> list[str]:
    rule = Rule(every, date.fromisoformat(until), frozenset(map(date.fromisoformat, but)))
    return [day.isoformat() for day in repeats.days(date.fromisoformat(first), rule)]


def test_weekly_is_every_seventh_day_and_the_last_day_counts() -> None:
    assert days("2026-03-03", "weekly", "2026-03-24") == ["2026-03-03", "2026-03-10", "2026-03-17", "2026-03-24"]
    assert days("2026-03-03", "weekly", "2026-03-23") == ["2026-03-03", "2026-03-10", "2026-03-17"]


def test_fortnightly_leaves_a_week_out() -> None:
    assert days("2026-03-03", "fortnightly", "2026-04-13") == ["2026-03-03", "2026-03-17", "2026-03-31"]


def test_monthly_is_the_same_weekday_of_the_month() -> None:
    assert days("2026-03-17", "monthly", "2026-07-01") == ["2026-03-17", "2026-04-21", "2026-05-19", "2026-06-16"]  # third Tuesdays


def test_a_fourth_weekday_stays_the_fourth() -> None:
    assert days("2026-02-24", "monthly", "2026-04-30") == ["2026-02-24", "2026-03-24", "2026-04-28"]  # February's fourth is its last, March has five


def test_a_fifth_weekday_is_the_last_in_shorter_months() -> None:
    assert days("2026-03-31", "monthly", "2026-07-01") == ["2026-03-31", "2026-04-28", "2026-05-26", "2026-06-30"]


def test_days_taken_out_are_not_among_them() -> None:
    assert days("2026-03-03", "weekly", "2026-03-24", "2026-03-10", "2026-03-03", "2026-03-11") == ["2026-03-17", "2026-03-24"]


def test_one_day_is_enough() -> None:
    assert days("2026-03-03", "monthly", "2026-03-03") == ["2026-03-03"]


@pytest.mark.parametrize("until, but", [("2026-03-02", []), ("2026-03-03", ["2026-03-03"]), ("2026-03-10", ["2026-03-03", "2026-03-10"])])
def test_no_day_at_all_is_refused(until: str, but: list[str]) -> None:
    with pytest.raises(NoDay):
        days("2026-03-03", "weekly", until, *but)


def test_a_last_day_over_a_year_ahead_is_refused() -> None:
    assert days("2026-03-03", "weekly", "2027-03-15")[-1] == "2027-03-09"  # 53 weeks on
    with pytest.raises(TooFar) as refusal:
        days("2026-03-03", "weekly", "2027-03-16")
    assert refusal.value.latest == date(2027, 3, 9)


def test_more_days_than_are_taken_are_refused_however_far_they_go() -> None:
    for until in ("2028-03-01", "9999-12-31"):
        with pytest.raises(TooMany) as refusal:
            days("2026-03-03", "weekly", until)
        assert refusal.value.most == MOST


@given(first=st.dates(date(2020, 1, 1), date(2040, 12, 31)), every=st.sampled_from(EVERY), lasts=st.integers(-10, 900), out=st.sets(st.integers(0, 380)))
@example(first=date(2026, 3, 31), every="monthly", lasts=366, out=set())
@example(first=date(2028, 2, 29), every="monthly", lasts=371, out=set())
def test_days_rise_within_the_year_and_share_their_weekday(first: date, every: Every, lasts: int, out: set[int]) -> None:
    rule = Rule(every, first + timedelta(days=lasts), frozenset(first + timedelta(days=day) for day in out))
    try:
        found = repeats.days(first, rule)
    except TooMany:
        assert lasts > MOST * 7 - 7
    except TooFar:
        assert lasts > LONGEST.days
    except NoDay:
        assert lasts < 0 or first in rule.but
    else:
        assert all(earlier < later for earlier, later in itertools.pairwise(found))
        assert all(first <= day <= min(rule.until, first + LONGEST) for day in found)
        assert {day.weekday() for day in found} == {first.weekday()}
        assert rule.but.isdisjoint(found)
        assert first in found or first in rule.but


@given(first=st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_monthly_is_once_in_every_month(first: date) -> None:
    found = repeats.days(first, Rule("monthly", first + timedelta(days=364)))
    months = [day.year * 12 + day.month for day in found]
    assert months == list(range(months[0], months[0] + len(months)))
    assert len(months) in {12, 13}
