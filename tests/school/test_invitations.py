"""Invitations to planning meetings and reviews, as staff make, follow and withdraw them: on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from data.appointments import MeetingKind
from data.outbox import Message, OutboxState
from data.people import Adult, Child, Staff
from school import School, access, appointments, invitations
from school.access import Viewer
from school.appointments import Terms
from school.errors import NotThere
from school.invitations import AskedAlready, NoSuchDays, NotOpen, NotToBeReminded
from tests.school.small import a_child, a_member, an_adult, london, seen

FIRST, LAST = date(2026, 3, 4), date(2026, 3, 20)


@pytest.fixture
def teacher(school: School) -> Staff:
    made = a_member(school)
    senior = a_member(school, "senior", "Mr Bennett")
    for each in (made, senior):
        seen(school, each, "01234", "13:00-15:00", 60, MeetingKind.EHCP)
    return made


def later(school: School, **ahead: int) -> School:
    moved = School(school.session, school.now + timedelta(**ahead))
    invitations.plan_first_meetings(moved)
    invitations.invite(moved)
    return moved


def notices(school: School) -> list[Message]:
    return list(school.session.scalars(select(Message).order_by(Message.id).execution_options(populate_existing=True)))


def test_asked_its_adults_are_told_once(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    an_adult(school, child, may_book=False)
    made = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    [row] = invitations.listed(school, office)
    assert (row.invitation, row.told_at, row.is_open, row.can_be_reminded) == (made, None, True, False)
    later(later(school, minutes=1), minutes=1)
    assert [message.adult_id for message in notices(school)] == [parent.id]
    assert invitations.listed(school, office)[0].told_at == school.now + timedelta(minutes=1)


def test_nobody_is_asked_twice_for_the_same(school: School, child: Child) -> None:
    invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    for first in (FIRST, FIRST + timedelta(days=1)):
        with pytest.raises(AskedAlready):
            invitations.ask(school, child, MeetingKind.EHCP, first, LAST)
    invitations.ask(school, child, MeetingKind.PLANNING, FIRST, LAST)


def test_who_has_booked_is_not_asked_again(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    asked = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    slot = appointments.offers(school, teacher, MeetingKind.EHCP, parent, invitation=asked).slots[0]
    booked = appointments.book(school, slot, child, parent, Terms())
    [row] = invitations.listed(school, office)
    assert (row.appointment, row.is_open) == (booked, False)
    with pytest.raises(AskedAlready):
        invitations.ask(school, child, MeetingKind.EHCP, FIRST + timedelta(days=30), LAST + timedelta(days=30))
    for refused in (invitations.remind, invitations.withdraw):
        with pytest.raises(NotOpen):
            refused(school, asked)


@pytest.mark.parametrize("first, last", [(LAST, FIRST), (date(2026, 2, 1), date(2026, 3, 2)), (date(2026, 2, 1), date(2026, 2, 20))])
def test_days_that_cannot_be_are_refused(school: School, child: Child, first: date, last: date) -> None:
    with pytest.raises(NoSuchDays):
        invitations.ask(school, child, MeetingKind.EHCP, first, last)


def test_a_reminder_goes_once_and_not_at_once(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    asked = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    with pytest.raises(NotToBeReminded):
        invitations.remind(school, asked)
    soon = later(school, hours=2)
    with pytest.raises(NotToBeReminded):
        invitations.remind(soon, asked)
    next_day = later(soon, days=1)
    assert invitations.listed(next_day, office)[0].can_be_reminded
    assert invitations.remind(next_day, asked) == 1
    assert [message.kind for message in notices(school)] == ["meeting_invitation"] * 2
    with pytest.raises(NotToBeReminded):
        invitations.remind(next_day, asked)
    assert invitations.listed(next_day, office)[0].reminded_at == next_day.now


def test_withdrawn_what_has_not_left_does_not_leave(school: School, child: Child, parent: Adult, office: Viewer) -> None:
    asked = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    now = later(school, minutes=1)
    invitations.withdraw(now, asked)
    assert [message.state for message in notices(school)] == [OutboxState.CANCELLED]
    [row] = invitations.listed(now, office)
    assert (row.is_open, row.is_withdrawn) == (False, True)
    assert invitations.open_for(now, child) == []
    with pytest.raises(NotOpen):
        invitations.withdraw(now, asked)


def test_withdrawn_and_asked_again_it_is_told_again(school: School, child: Child, parent: Adult) -> None:
    asked = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    now = later(school, minutes=1)
    invitations.withdraw(now, asked)
    invitations.ask(now, child, MeetingKind.EHCP, FIRST, LAST)
    later(now, minutes=1)
    assert [message.state for message in notices(school)] == [OutboxState.CANCELLED, OutboxState.QUEUED]


@pytest.mark.parametrize("weeks", [3, 7])
def test_a_withdrawn_first_meeting_is_not_asked_for_by_itself(school: School, teacher: Staff, weeks: int) -> None:
    new = a_child(school, teacher, joined_on=school.today - timedelta(weeks=weeks))
    an_adult(school, new)
    now = later(school, minutes=1)
    [asked] = invitations.open_for(now, new)
    invitations.withdraw(now, asked)
    later(now, days=1)
    assert invitations.open_for(now, new) == []


def test_who_is_due_is_proposed(school: School, teacher: Staff, child: Child, parent: Adult, office: Viewer) -> None:
    def due(now: School, kind: str) -> list[Child]:
        return [each.child for each in invitations.candidates(now, office, kind) if each.is_due]

    new, old = (a_child(school, teacher, joined_on=school.today - timedelta(weeks=weeks)) for weeks in (12, 40))
    assert due(school, MeetingKind.PLANNING) == [new]
    assert {each.id for each in due(school, MeetingKind.EHCP)} == {child.id, new.id, old.id}
    asked = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    assert {each.id for each in due(school, MeetingKind.EHCP)} == {new.id, old.id}
    slot = appointments.offers(school, teacher, MeetingKind.EHCP, parent, invitation=asked).slots[0]
    appointments.book(school, slot, child, parent, Terms())
    half_a_year = School(school.session, school.now + timedelta(weeks=26))
    assert {each.id for each in due(half_a_year, MeetingKind.EHCP)} == {new.id, old.id}
    [mine] = [each for each in invitations.candidates(half_a_year, office, MeetingKind.EHCP) if each.child.id == child.id]
    assert (mine.last_on, mine.asked) == (slot.clock.date(), False)
    year = School(school.session, school.now + timedelta(weeks=47))
    assert {each.id for each in due(year, MeetingKind.EHCP)} == {child.id, new.id, old.id}


def test_a_teacher_asks_about_their_own_classes(school: School, teacher: Staff, child: Child) -> None:
    asked = invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    other = access.viewer(school, a_member(school))
    assert list(invitations.listed(school, other)) == []
    assert list(invitations.candidates(school, other, MeetingKind.EHCP)) == []
    with pytest.raises(NotThere):
        access.invitation(school, other, asked.id)
    teacher.classes.append(child.school_class)
    school.session.flush()
    mine = access.viewer(school, teacher)
    assert access.invitation(school, mine, asked.id) is asked
    assert [each.child for each in invitations.candidates(school, mine, MeetingKind.EHCP, child.class_id)] == [child]


def test_what_is_over_stays_in_the_list_for_a_while(school: School, child: Child, office: Viewer) -> None:
    invitations.ask(school, child, MeetingKind.EHCP, FIRST, LAST)
    [row] = invitations.listed(School(school.session, london("2026-04-01 09:00")), office)
    assert (row.is_open, row.is_withdrawn, row.appointment) == (False, False, None)
    assert list(invitations.listed(School(school.session, london("2026-06-01 09:00")), office)) == []
