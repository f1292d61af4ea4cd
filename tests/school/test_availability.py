"""When staff can be seen, as they say it on their page: on both databases."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from data.appointments import MeetingKind
from data.people import Staff
from school import School, availability, slots
from school.availability import ALL_DAY, Backwards, Extra, NoDays, NotInFives, Overlaps
from school.errors import NotThere
from tests.school.small import a_member

FROM, TO = time(15, 10), time(16, 10)


@pytest.fixture
def teacher(school: School) -> Staff:
    return a_member(school)


def times(school: School, staff: Staff, day: str, kind: str = MeetingKind.TEACHER) -> list[str]:
    on = date.fromisoformat(day)
    return [f"{slot.clock:%H:%M}" for slot in slots.free_slots(school, staff, kind, on, on)]


def test_a_window_on_several_days_is_offered_on_each(school: School, teacher: Staff) -> None:
    availability.add_windows(school, teacher, MeetingKind.TEACHER, [1, 3], FROM, TO, 20)
    assert times(school, teacher, "2026-03-03") == times(school, teacher, "2026-03-05") == ["15:10", "15:35"]
    assert times(school, teacher, "2026-03-04") == []


def test_windows_of_one_kind_do_not_overlap(school: School, teacher: Staff) -> None:
    availability.add_windows(school, teacher, MeetingKind.TEACHER, [1], FROM, TO, 20)
    with pytest.raises(Overlaps) as overlapping:
        availability.add_windows(school, teacher, MeetingKind.TEACHER, [0, 1], time(16, 0), time(17, 0), 20)
    assert overlapping.value.other.weekday == 1
    assert len(availability.weekly(school, teacher)) == 1, "on no day, where one of them overlaps"
    availability.add_windows(school, teacher, MeetingKind.TEACHER, [1], TO, time(17, 0), 20)
    availability.add_windows(school, teacher, MeetingKind.PLANNING, [1], FROM, TO, 20)
    availability.add_windows(school, a_member(school), MeetingKind.TEACHER, [1], FROM, TO, 20)
    assert [(row.kind, row.starts) for row in availability.weekly(school, teacher)] == [("teacher", FROM), ("teacher", TO), ("planning", FROM)]


def test_a_window_is_changed_and_removed(school: School, teacher: Staff) -> None:
    availability.add_windows(school, teacher, MeetingKind.TEACHER, [1], FROM, TO, 20)
    [row] = availability.weekly(school, teacher)
    availability.change_window(school, row, FROM, time(15, 40), 30)
    assert times(school, teacher, "2026-03-03") == ["15:10"]
    assert availability.window(school, row.id) is row
    availability.remove_window(school, row)
    assert times(school, teacher, "2026-03-03") == []
    with pytest.raises(NotThere):
        availability.window(school, row.id)


@pytest.mark.parametrize(
    "starts, ends, minutes, refusal",
    [
        (TO, FROM, 20, Backwards),
        (FROM, time(15, 25), 20, Backwards),
        (FROM, TO, 12, NotInFives),
        (FROM, TO, 0, NotInFives),
        (FROM, TO, 245, NotInFives),
        (time(23, 50), time(23, 59), 20, Backwards),
    ],
)
def test_a_window_that_holds_no_meeting_is_refused(school: School, teacher: Staff, starts: time, ends: time, minutes: int, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        availability.add_windows(school, teacher, MeetingKind.TEACHER, [1], starts, ends, minutes)
    with pytest.raises(refusal):
        availability.differ(school, teacher, [school.today], starts, ends, Extra(MeetingKind.TEACHER, minutes))
    assert not availability.weekly(school, teacher)
    assert not availability.exceptions(school, teacher)


def test_away_on_many_days_at_once(school: School, teacher: Staff) -> None:
    availability.add_windows(school, teacher, MeetingKind.TEACHER, range(5), FROM, TO, 20)
    days = availability.days_between(date(2026, 3, 4), date(2026, 3, 13), [0, 1, 2, 3, 4])
    assert availability.differ(school, teacher, days, *ALL_DAY) == 8
    assert availability.differ(school, teacher, days[:3], *ALL_DAY) == 0, "said once"
    assert times(school, teacher, "2026-03-03")
    assert times(school, teacher, "2026-03-04") == times(school, teacher, "2026-03-13") == []


def test_there_in_addition_on_many_days(school: School, teacher: Staff) -> None:
    days = [date(2026, 3, 6), date(2026, 3, 7)]
    assert availability.differ(school, teacher, days, time(9), time(9, 40), Extra(MeetingKind.PLANNING, 40)) == 2
    assert times(school, teacher, "2026-03-06", MeetingKind.PLANNING) == ["09:00"]
    assert times(school, teacher, "2026-03-07", MeetingKind.PLANNING) == ["09:00"], "on a Saturday too, if they say so"


def test_days_that_are_over_are_left_out(school: School, teacher: Staff) -> None:
    with pytest.raises(NoDays):
        availability.differ(school, teacher, [school.today - timedelta(days=1)], *ALL_DAY)
    assert availability.differ(school, teacher, [school.today - timedelta(days=1), school.today], *ALL_DAY) == 1


def test_a_day_is_as_ever_again_for_this_person_alone(school: School, teacher: Staff) -> None:
    other = a_member(school)
    for each in (teacher, other):
        availability.differ(school, each, [school.today], *ALL_DAY)
    [mine], [theirs] = availability.exceptions(school, teacher), availability.exceptions(school, other)
    assert availability.as_ever(school, teacher, [theirs.id]) == 0
    assert availability.as_ever(school, teacher, [mine.id, theirs.id]) == 1
    assert list(availability.exceptions(school, other)) == [theirs]


def test_a_range_of_a_century_is_cut_short(school: School) -> None:
    assert len(availability.days_between(date(2026, 1, 1), date(2126, 1, 1), range(7))) == availability.MOST_DAYS
    assert availability.days_between(date(2026, 3, 4), date(2026, 3, 3), range(7)) == []
