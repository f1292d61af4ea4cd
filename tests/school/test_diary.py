"""What staff see of appointments, and do for a family: on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from data.appointments import AppointmentState, MeetingKind
from data.attention import Attention
from data.outbox import Message, OutboxState
from data.people import Adult, Child, Staff
from school import School, access, appointments, diary, invitations
from school.access import Power, Viewer
from school.appointments import Appointment, Terms
from school.errors import AlreadyOver, NotThere, SlotTaken
from school.slots import Absence
from tests.school.small import a_member, an_adult, evening, exception, invited, seen, span


def book(school: School, child: Child, adult: Adult, place: int = 0, kind: str = MeetingKind.TEACHER) -> Appointment:
    staff = appointments.teacher_for(school, child, kind)
    assert staff is not None
    return diary.book(school, diary.offered(school, diary.Choice(kind, staff), child, adult)[place], child, adult, Terms())


def notices(school: School, kind: str) -> list[Message]:
    return list(school.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id).execution_options(populate_existing=True)))


def shape(days: list[diary.Day]) -> list[list[str]]:
    """Each day's entries: what each is and its times."""
    return [
        [
            "booked" if entry.appointment else "away" if entry.away else f"{entry.kind} " + " ".join(f"{slot.clock:%H:%M}" for slot in entry.slots)
            for entry in day.entries
        ]
        for day in days
    ]


# A week


def test_a_week_holds_what_is_booked_free_and_away(school: School, teacher: Staff, child: Child, parent: Adult) -> None:
    book(school, child, parent, 3)  # Tuesday's second time
    exception(school, teacher, "2026-03-04", "12:00-23:00")
    seen(school, teacher, "3", "13:15-15:00", 45, MeetingKind.PLANNING)
    days = list(diary.week(school, teacher, school.today))
    assert [day.on for day in days] == [date(2026, 3, 2) + timedelta(days=ahead) for ahead in range(5)]
    assert shape(days) == [["teacher 15:10 15:35"], ["teacher 15:10", "booked"], ["away"], ["planning 13:15 14:05", "teacher 15:10 15:35"], []]


def test_free_times_are_together_until_something_comes_between(school: School, teacher: Staff, child: Child, parent: Adult) -> None:
    seen(school, teacher, "4", "13:00-14:40")
    book(school, child, parent, 9)  # Friday's second of four
    assert shape(list(diary.week(school, teacher, school.today)))[4] == ["teacher 13:00", "booked", "teacher 13:50 14:15"]


def test_a_day_without_school_says_why(school: School, teacher: Staff) -> None:
    span(school, "2026-01-05", "2026-03-27", "term")
    span(school, "2026-03-03", "2026-03-03", "INSET")
    span(school, "2026-03-04", "2026-03-04", "closed")
    assert [day.no_school for day in diary.week(school, teacher, school.today)] == ["", "INSET", "closed", "", ""]
    assert {day.no_school for day in diary.week(school, teacher, date(2026, 4, 1))} == {"holiday", "bank holiday"}


def test_a_class_teachers_week_shows_the_parents_evening(school: School, teacher: Staff, child: Child) -> None:
    made = evening(school, "2026-03-07", "10:00-10:30")  # a Saturday: shown because something is on
    days = list(diary.week(school, teacher, school.today))
    assert (days[-1].on, days[-1].evening) == (made.on, made)
    assert shape(days)[-1] == ["parents_evening 10:00 10:10 10:20"]
    assert len(diary.week(school, a_member(school, "advisor"), school.today)) == 5


# Who sees what


def test_a_teacher_sees_their_own_diary_alone(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    other = a_member(school, name="Mr Whitfield")
    booked = book(school, child, parent)
    mine, theirs = access.viewer(school, teacher), access.viewer(school, other)
    assert list(diary.people(school, mine)) == [teacher]
    assert access.appointment(school, mine, booked.id) is booked
    for refused in (lambda: access.appointment(school, theirs, booked.id), lambda: access.diary(school, theirs, teacher.id)):
        with pytest.raises(NotThere):
            refused()
    assert {person.id for person in diary.people(school, office)} == {teacher.id, other.id}
    assert access.diary(school, office, teacher.id) is teacher


def test_whoever_may_not_see_appointments_sees_none(school: School, teacher: Staff, child: Child, parent: Adult) -> None:
    booked = book(school, child, parent)
    for role in ("admin", "class"):
        who = access.viewer(school, a_member(school, role))
        assert not who.may(Power.APPOINTMENTS)
        assert list(diary.people(school, who)) == []
        with pytest.raises(NotThere):
            access.appointment(school, who, booked.id)


def test_everyone_sets_their_own_times_and_the_office_everyones(school: School, teacher: Staff, office: Viewer) -> None:
    advisor = a_member(school, "advisor")
    assert access.sets_availability(access.viewer(school, teacher), teacher)
    assert access.sets_availability(office, teacher)
    assert not access.sets_availability(access.viewer(school, advisor), teacher)
    assert not access.sets_availability(access.viewer(school, a_member(school, "admin")), teacher)


def test_who_has_left_is_listed_while_something_is_booked_with_them(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    booked = book(school, child, parent)
    teacher.has_left = True
    school.session.flush()
    assert list(diary.people(school, office)) == [teacher]
    diary.cancel(school, office, booked, family_asked=False)
    assert list(diary.people(school, office)) == []


# What cannot be


def why(school: School, who: Viewer, staff: Staff | None = None) -> list[Absence]:
    return [clash.why for clash in diary.clashes(school, who, staff)]


def test_what_cannot_be_is_told_with_the_reason(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    book(school, child, parent)
    assert why(school, office) == []
    exception(school, teacher, "2026-03-02", "08:00-12:00")
    assert why(school, office) == [], "another time of the day"
    exception(school, teacher, "2026-03-02", "15:20-16:00")
    assert why(school, office) == [Absence.AWAY]
    assert why(school, office, teacher) == [Absence.AWAY]
    assert why(school, office, a_member(school)) == []
    assert why(school, access.viewer(school, a_member(school))) == []


def test_a_closed_day_and_who_has_left_and_a_dropped_window(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    for place in (0, 2, 4):
        book(school, child, parent, place)
    span(school, "2026-03-02", "2026-03-02", "closed")
    assert why(school, office) == [Absence.NO_SCHOOL]
    teacher.has_left = True
    school.session.flush()
    assert why(school, office) == [Absence.LEFT] * len(why(school, office))
    assert len(why(school, office)) == 3


def test_a_parents_evening_over_a_meeting_is_a_clash(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    book(school, child, parent)
    made = evening(school, "2026-03-02", "15:00-18:00")
    assert why(school, office) == [Absence.AWAY]
    coming = book(school, child, parent, 3, MeetingKind.PARENTS_EVENING)
    assert why(school, office) == [Absence.AWAY]
    school.session.delete(made)
    school.session.flush()
    assert [(clash.appointment.id, clash.why) for clash in diary.clashes(school, office)] == [(coming.id, Absence.NOT_OFFERED)]


# Booking, moving, calling off for a family


def test_booked_by_staff_the_family_is_told(school: School, child: Child, parent: Adult) -> None:
    booked = book(school, child, parent)
    [message] = notices(school, "appointment_booked")
    assert (message.adult_id, message.about) == (parent.id, {"appointment": booked.id})
    assert message.useless_after == booked.starts_at


def test_staff_book_by_the_rules_that_hold_for_all(school: School, teacher: Staff, child: Child, parent: Adult) -> None:
    slot = diary.offered(school, diary.Choice(MeetingKind.TEACHER, teacher), child, parent)[0]
    other = an_adult(school, child)
    diary.book(school, slot, child, other, Terms())
    with pytest.raises(SlotTaken) as taken:
        diary.book(school, slot, child, parent, Terms())
    assert len(taken.value.nearest) == 3
    assert len(notices(school, "appointment_booked")) == 1


def test_what_can_be_booked_depends_on_who_asks(school: School, teacher: Staff, child: Child, office: Viewer) -> None:
    advisor = a_member(school, "advisor", "Ms Duarte")
    assert [(choice.kind, choice.staff) for choice in diary.kinds_for(school, office, child)] == [("teacher", teacher), ("home_visit", advisor)]
    assert [choice.kind for choice in diary.kinds_for(school, access.viewer(school, teacher), child)] == ["teacher"]
    invited(school, child, MeetingKind.EHCP, "2026-03-02", "2026-03-20")
    evening(school, "2026-03-10", "15:30-18:00")
    assert [choice.kind for choice in diary.kinds_for(school, office, child)] == ["teacher", "ehcp", "parents_evening", "home_visit"]


def test_a_review_needs_a_senior_leader_and_lies_on_the_days_asked_for(school: School, teacher: Staff, child: Child, parent: Adult) -> None:
    seen(school, teacher, "01234", "13:00-15:00", 60, MeetingKind.EHCP)
    invited(school, child, MeetingKind.EHCP, "2026-03-04", "2026-03-06")
    choice = diary.Choice(MeetingKind.EHCP, teacher)
    assert list(diary.offered(school, choice, child, parent)) == []
    senior = a_member(school, "senior")
    seen(school, senior, "3", "13:00-14:00", 60, MeetingKind.EHCP)
    [slot] = diary.offered(school, choice, child, parent)
    assert (slot.clock.date(), slot.staff_ids) == (date(2026, 3, 5), (teacher.id, senior.id))
    booked = diary.book(school, slot, child, parent, Terms())
    assert access.appointment(school, access.viewer(school, teacher), booked.id) is booked
    assert invitations.open_for(school, child) == []


@pytest.mark.parametrize("family_asked, asked", [(True, "family"), (False, "school")])
def test_moved_by_staff_the_family_is_told_from_when_to_when(
    school: School, child: Child, parent: Adult, office: Viewer, family_asked: bool, asked: str
) -> None:
    booked = book(school, child, parent)
    before = appointments.slot_of(booked).identity
    diary.move(school, office, booked, diary.other_times(school, booked)[2], family_asked=family_asked)
    [message] = notices(school, "appointment_moved")
    assert message.about == {"appointment": booked.id, "from": before, "asked": asked}
    assert [row.state for row in notices(school, "appointment_booked")] == [OutboxState.CANCELLED], "not told of a time that is no more"


def test_moved_twice_only_the_newest_is_told(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    booked = book(school, child, parent)
    for _ in range(2):
        diary.move(school, office, booked, diary.other_times(school, booked)[2], family_asked=False)
    assert [row.state for row in notices(school, "appointment_moved")] == [OutboxState.CANCELLED, OutboxState.QUEUED]


def test_called_off_by_staff_the_family_is_told_and_the_time_is_free(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    booked = book(school, child, parent)
    diary.cancel(school, office, booked, family_asked=False)
    assert booked.state == AppointmentState.CANCELLED
    assert [row.about for row in notices(school, "appointment_called_off")] == [{"appointment": booked.id, "asked": "school"}]
    assert [row.state for row in notices(school, "appointment_booked")] == [OutboxState.CANCELLED]
    with pytest.raises(AlreadyOver):
        diary.cancel(school, office, booked, family_asked=False)
    assert book(school, child, parent).starts_at == booked.starts_at


def test_moved_away_from_a_closed_day_nobody_need_ring_any_more(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    booked = book(school, child, parent)
    span(school, "2026-03-02", "2026-03-02", "closed")
    appointments.due(school)
    [need] = school.session.scalars(select(Attention).where(Attention.done_at.is_(None))).all()
    diary.move(school, office, booked, diary.other_times(school, booked)[0], family_asked=False)
    assert (need.done_at, need.done_by_id) == (school.now, office.staff.id)


def test_with_who_has_left_it_moves_to_the_new_teacher(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    booked = book(school, child, parent)
    teacher.has_left, child.school_class.teacher = True, None
    school.session.flush()
    assert list(diary.other_times(school, booked)) == []
    new = a_member(school, name="Mr Mensah")
    seen(school, new, "2", "15:10-15:30")
    child.school_class.teacher = new
    school.session.flush()
    [slot, *_] = diary.other_times(school, booked)
    diary.move(school, office, booked, slot, family_asked=False)
    assert [person.name for person in booked.staff] == ["Mr Mensah"]


def test_an_appointment_that_has_begun_is_over(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    booked = book(school, child, parent)
    slot = diary.other_times(school, booked)[2]
    late = replace(school, now=booked.starts_at)
    with pytest.raises(AlreadyOver):
        diary.move(late, office, booked, slot, family_asked=True)
    with pytest.raises(AlreadyOver):
        diary.cancel(late, office, booked, family_asked=True)
