"""Families that leave: nothing is said to them any more, and for a day it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from data.appointments import Appointment, AppointmentState, Occupied
from data.outbox import Message, OutboxState
from data.people import Adult, Child
from data.setting_up import Step
from data.store import Store
from school import School, access, addresses, appointments, demo, families, family_records, leaving, recognition, set_up
from school.leaving import TooLateToUndo
from school.notices import tell
from tests.school.small import a_member, london


@pytest.fixture
def school(demo_url: str) -> Iterator[School]:
    with closing(Store(demo_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 09:10"))


def gone(school: School, *names: str) -> Step:
    children = [demo.child(school, name) for name in names]
    return leaving.leave(school, children, leaving.adults_without_others(school, children), None)


def test_adults_with_another_child_stay(school: School) -> None:
    adults = leaving.adults_without_others(school, [demo.child(school, "Sahra"), demo.child(school, "Ayaan")])
    assert [adult.name for adult in adults] == ["Amina Yusuf"]


def test_who_left_is_a_stranger_and_owed_nothing(school: School) -> None:
    amina = demo.adult(school, "Amina")
    address = addresses.usable_for(school, amina)[0]
    tell(school, amina, "appointment_reminder", {"appointment": 1}, key="one")
    gone(school, "Ayaan")
    assert (addresses.usable_for(school, amina), recognition.speaker(school, address)) == ([], None)
    assert families.children(school, amina, "hear") == []
    assert families.adults_of(school, demo.child(school, "Ayaan"), "book") == []
    assert school.session.scalars(select(Message.state).where(Message.key == "one")).one() == OutboxState.CANCELLED


def test_what_they_had_booked_is_free_for_others(school: School) -> None:
    booked = school.session.scalars(select(Appointment).where(Appointment.state == AppointmentState.BOOKED).order_by(Appointment.id)).all()[0]
    school.now = booked.starts_at - timedelta(days=1)
    leaving.leave(school, [booked.child], [], None)
    school.session.refresh(booked)
    assert booked.state == AppointmentState.CANCELLED
    assert school.session.scalars(select(Occupied).where(Occupied.appointment_id == booked.id)).all() == []
    assert appointments.upcoming(school, booked.adult) == []


def test_who_left_is_on_no_list_but_their_own(school: School) -> None:
    office, team = (access.viewer(school, demo.member(school, name)) for name in ("Mrs Doyle", "Ms Okafor"))
    before = len(family_records.search(school, office))
    gone(school, "Ayaan")
    assert len(family_records.search(school, office)) == before - 1
    assert [entry.adult.name for entry in family_records.search(school, office, has_left=True)] == ["Amina Yusuf"]
    assert family_records.search(school, team, "Amina") == family_records.search(school, team, has_left=True) == []
    assert "Ayaan Yusuf" not in [child.name for child in school.session.scalars(select(Child).where(access.children_seen(office)))]


def test_it_can_be_taken_back_on_the_same_day(school: School) -> None:
    amina, ayaan = demo.adult(school, "Amina"), demo.child(school, "Ayaan")
    address = addresses.usable_for(school, amina)[0]
    step = gone(school, "Ayaan")
    assert leaving.steps_of_today(school, "left") == [step]
    leaving.undo(school, step)
    assert addresses.usable_for(school, amina) == [address]
    assert families.children(school, amina, "book") == [ayaan]
    assert (amina.left_on, ayaan.left_on, leaving.steps_of_today(school, "left")) == (None, None, [])
    with pytest.raises(TooLateToUndo):
        leaving.undo(school, step)


def test_rights_come_back_as_they_were(school: School) -> None:
    step = gone(school, "Ella")
    dan, ella = demo.adult(school, "Dan"), demo.child(school, "Ella")
    assert dan.left_on == school.today
    leaving.undo(school, step)
    assert (families.children(school, dan, "hear"), families.children(school, dan, "book")) == ([], [ella])


def test_on_the_next_day_it_cannot(school: School) -> None:
    step = gone(school, "Ayaan")
    tomorrow = School(school.session, school.now + timedelta(days=1))
    with pytest.raises(TooLateToUndo):
        leaving.undo(tomorrow, step)
    set_up.forget(tomorrow)
    school.session.flush()
    school.session.refresh(step)
    assert step.before is None


def test_an_adult_without_children_can_leave_too(school: School) -> None:
    a_member(school)
    adult = Adult(name="Jane Roe", language="en")
    school.session.add(adult)
    school.session.flush()
    leaving.leave(school, [], [adult], None)
    assert adult.left_on == school.today


def test_a_family_comes_back_later_without_rights_or_numbers(school: School) -> None:
    gone(school, "Ayaan")
    later = School(school.session, school.now + timedelta(days=40))
    amina = demo.adult(school, "Amina")
    assert [child.name for child in leaving.come_back(later, amina)] == ["Ayaan Yusuf"]
    assert (amina.left_on, list(amina.addresses), families.children(school, amina, "hear")) == (None, [], [])
