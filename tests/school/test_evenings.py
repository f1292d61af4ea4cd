"""Parents' evenings, as the office sets them up: on both databases."""

from __future__ import annotations

from datetime import date, time

import pytest

from data.appointments import MeetingKind
from data.people import Adult, Child, Staff
from school import School, access, appointments, diary, evenings
from school.access import Viewer
from school.appointments import Appointment, Terms
from school.availability import Backwards, NotInFives
from school.errors import NotThere
from school.evenings import BreakOutside, DayIsOver, Plan, SameDay
from tests.school.small import a_child, a_member, london, span

PLAN = Plan(date(2026, 3, 10), time(15, 30), time(17, 0), 10, time(16, 0), time(16, 30))


@pytest.fixture
def teacher(school: School) -> Staff:
    return a_member(school)


def book(school: School, teacher: Staff, child: Child, parent: Adult, place: int) -> Appointment:
    slot = appointments.offers(school, teacher, MeetingKind.PARENTS_EVENING, parent).slots[place]
    return appointments.book(school, slot, child, parent, Terms())


def lines(school: School, who: Viewer, evening: evenings.ParentsEvening) -> list[list[str]]:
    return [
        [f"{line.starts_at:%H:%M}{' ' + line.appointment.adult.name if line.appointment else ''}" for line in order.lines]
        for order in evenings.running_orders(school, who, evening)
    ]


def test_a_running_order_holds_every_time_of_every_teacher(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    other = a_member(school, name="Aa First")
    a_child(school, other)
    made = evenings.add(school, PLAN)
    book(school, teacher, child, parent, 1)
    free = ["15:30", "15:40", "15:50", "16:30", "16:40", "16:50"]
    assert lines(school, office, made) == [free, ["15:30", f"15:40 {parent.name}", *free[2:]]]
    assert [order.booked for order in evenings.running_orders(school, office, made)] == [0, 1]
    assert [order.teacher for order in evenings.running_orders(school, access.viewer(school, teacher), made)] == [teacher]
    assert list(evenings.running_orders(school, access.viewer(school, a_member(school, "admin")), made)) == []


def test_changed_what_is_booked_stays_and_is_told_apart(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    made = evenings.add(school, PLAN)
    book(school, teacher, child, parent, 0)
    evenings.change(school, made, Plan(PLAN.on, time(15, 40), time(16, 10), 15))
    assert lines(school, office, made) == [[f"15:30 {parent.name}", "15:40", "15:55"]]
    assert [clash.appointment.adult_id for clash in diary.clashes(school, office)] == [parent.id]
    evenings.change(school, made, Plan(PLAN.on, time(15, 30), time(16, 30), 15))
    assert lines(school, office, made) == [[f"15:30 {parent.name}", "15:45", "16:00", "16:15"]]
    assert diary.clashes(school, office) == []


def test_removed_what_is_booked_stays_until_someone_moves_it(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    made = evenings.add(school, PLAN)
    booked = book(school, teacher, child, parent, 0)
    assert list(evenings.booked(school, made)) == [booked]
    evenings.remove(school, made)
    assert [clash.appointment for clash in diary.clashes(school, office)] == [booked]
    with pytest.raises(NotThere):
        evenings.evening(school, made.id)


def test_who_stopped_teaching_keeps_a_page_for_what_is_booked(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    made = evenings.add(school, PLAN)
    book(school, teacher, child, parent, 0)
    child.school_class.teacher = None
    school.session.flush()
    assert lines(school, office, made) == [[f"15:30 {parent.name}"]]


@pytest.mark.parametrize(
    "plan, refusal",
    [
        (Plan(date(2026, 3, 1), time(15), time(18)), DayIsOver),
        (Plan(date(2026, 3, 10), time(18), time(15)), Backwards),
        (Plan(date(2026, 3, 10), time(15), time(18), 7), NotInFives),
        (Plan(date(2026, 3, 10), time(15), time(18), 10, time(14), time(15, 30)), BreakOutside),
        (Plan(date(2026, 3, 10), time(15), time(18), 10, time(16)), BreakOutside),
        (Plan(date(2026, 3, 10), time(15), time(18), 10, time(17), time(16)), BreakOutside),
        (Plan(date(2026, 3, 11), time(15), time(18)), SameDay),
    ],
)
def test_an_evening_that_cannot_be_is_refused(school: School, plan: Plan, refusal: type[Exception]) -> None:
    evenings.add(school, Plan(date(2026, 3, 11), time(15), time(18)))
    with pytest.raises(refusal):
        evenings.add(school, plan)
    assert len(evenings.upcoming(school)) == 1


def test_an_evening_keeps_its_own_day(school: School) -> None:
    made = evenings.add(school, PLAN)
    evenings.change(school, made, Plan(PLAN.on, time(16), time(18)))
    assert (made.starts, made.break_starts) == (time(16), None)


def test_a_closed_day_has_no_times(school: School, teacher: Staff, child: Child, office: Viewer) -> None:
    made = evenings.add(school, PLAN)
    span(school, "2026-03-10", "2026-03-10", "closed")
    assert lines(school, office, made) == [[]]


def test_an_evening_that_was_is_listed_apart(school: School) -> None:
    made = evenings.add(school, PLAN)
    later = School(school.session, london("2026-03-11 09:00"))
    assert (list(evenings.upcoming(later)), list(evenings.past(later))) == ([], [made])
