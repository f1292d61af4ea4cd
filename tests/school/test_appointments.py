"""Booking, moving, calling off, waiting, being invited and reminded: by several families at once, over a year, on both databases."""

from __future__ import annotations

import os
import time as clock_of_the_server
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from data.appointments import Appointment, AppointmentState, Hold, Invitation, MeetingKind, Occupied, Waiting
from data.attention import Attention, Need
from data.outbox import Message, OutboxState
from data.people import Adult, Child, Guardianship, Staff
from data.store import Store
from school import School, SchoolSettings, appointments, demo, invitations, slots
from school import waiting as waiting_list
from school.appointments import Terms, Way
from school.errors import AlreadyOver, NotBookable, NotYourChild, NotYours, SlotTaken, TooSoon
from school.slots import Slot, free_slots
from tests.school.small import MONDAY, a_child, a_member, an_adult, evening, exception, for_now, invited, london, seen, span
from tests.world import World


def free(school: School, staff: Staff, kind: str = MeetingKind.TEACHER) -> list[Slot]:
    first, last = school.today, (school.clock + school.settings.horizon).date()
    seniors = school.session.scalars(select(Staff).where(Staff.role == "senior")).all() if kind in invitations.WITH_SENIOR else ()
    return free_slots(school, staff, kind, first, last, seniors=seniors)


def booked(school: School, adult: Adult, child: Child, place: int = 0) -> Appointment:
    teacher = child.school_class.teacher
    assert teacher is not None
    return appointments.book(school, free(school, teacher)[place], child, adult, Terms())


def at(school: School, moment: datetime) -> School:
    """The same school later, after a tick."""
    later = School(school.session, moment, school.settings)
    appointments.due(later)
    return later


def notices(school: School, kind: str) -> list[Message]:
    return list(school.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id).execution_options(populate_existing=True)))


def cells(school: School) -> int:
    return school.session.scalar(select(func.count(Occupied.cell))) or 0


# Several families at once


class Families(RuleBasedStateMachine):
    """Four parents of three children, one class teacher with few times, two of them apart; a waiting list; and time that passes."""

    store: Store
    people = st.integers(0, 3)
    places = st.integers(0, 30)

    @initialize()
    def begin(self) -> None:
        self.writing = self.store.write()
        session = self.writing.__enter__()
        rules = SchoolSettings(horizon=timedelta(days=4), quiet_from=time(19), quiet_to=time(7))
        self.school = School(session, MONDAY, rules)
        staff = a_member(self.school)
        seen(self.school, staff, "012", "15:10-16:10")
        self.staff = staff
        shared, one, other = (a_child(self.school, staff) for _ in range(3))
        self.children = [shared, shared, one, other]
        self.adults = [an_adult(self.school, child) for child in self.children]
        self.deciding: dict[int, tuple[Slot, datetime]] = {}

    def teardown(self) -> None:
        if hasattr(self, "writing"):
            self.school.session.rollback()
            self.writing.__exit__(None, None, None)

    def own(self, person: int) -> list[Appointment]:
        return list(appointments.upcoming(self.school, self.adults[person]))

    def offered(self, person: int) -> list[Slot]:
        return list(appointments.offers(self.school, self.staff, MeetingKind.TEACHER, self.adults[person]).slots)

    @rule(person=people, place=places)
    def chooses(self, person: int, place: int) -> None:
        offers = self.offered(person)
        if offers:
            slot = offers[place % len(offers)]
            appointments.hold(self.school, slot, self.adults[person])
            self.deciding[person] = (slot, self.school.now + self.school.settings.hold)
            self.others_lose(person, slot)

    @rule(person=people)
    def writes(self, person: int) -> None:
        slots.renew_holds(self.school, self.adults[person])
        if person in self.deciding:
            self.deciding[person] = (self.deciding[person][0], self.school.now + self.school.settings.hold)

    @precondition(lambda self: self.deciding)
    @rule(person=people)
    def agrees(self, person: int) -> None:
        if person not in self.deciding:
            return
        slot, _ = self.deciding.pop(person)
        try:
            appointments.book(self.school, slot, self.children[person], self.adults[person], Terms())
        except TooSoon:
            assert slot.starts_at < self.school.now + self.school.settings.notice
            slots.release(self.school, self.adults[person])

    @rule(person=people, place=places)
    def moves(self, person: int, place: int) -> None:
        own, offers = self.own(person), self.offered(person)
        if own and offers:
            slot = offers[place % len(offers)]
            appointments.move(self.school, own[0], slot, self.adults[person])
            self.deciding.pop(person, None)
            self.others_lose(person, slot)

    @rule(person=people)
    def calls_off(self, person: int) -> None:
        for appointment in self.own(person)[:1]:
            appointments.cancel(self.school, appointment, self.adults[person])

    @rule(person=people, other=people)
    def touches_anothers(self, person: int, other: int) -> None:
        if person != other:
            for appointment in self.own(other):
                with pytest.raises(NotYours):
                    appointments.cancel(self.school, appointment, self.adults[person])

    @rule(person=people)
    def waits(self, person: int) -> None:
        waiting_list.join(self.school, self.adults[person], self.children[person], self.staff)

    @rule(person=people, takes=st.booleans())
    def answers_an_offer(self, person: int, takes: bool) -> None:
        for row in self.school.session.scalars(select(Waiting).where(Waiting.adult_id == self.adults[person].id, Waiting.offered.is_not(None))):
            if row.offered_until is None or row.offered_until <= self.school.now:
                continue
            if takes:
                appointments.book(self.school, Slot.from_identity(row.offered or ""), row.child, row.adult, Terms())
                self.deciding.pop(person, None)
            else:
                waiting_list.leave(self.school, row)
            self.school.session.flush()

    @rule(time=st.sampled_from([timedelta(seconds=50), timedelta(minutes=3), timedelta(hours=5), timedelta(hours=20)]))
    def time_passes(self, time: timedelta) -> None:
        self.school = School(self.school.session, self.school.now + time, self.school.settings)

    @rule()
    def ticks(self) -> None:
        before = {row.id for row in self.waiting_rows() if row.offered}
        appointments.due(self.school)
        self.school.session.flush()
        offered = [row.offered is not None for row in self.waiting_rows()]
        assert offered == sorted(offered, reverse=True)  # nobody is offered a time before who has waited longer
        for row in self.waiting_rows():
            if row.offered:
                person, slot = self.adults.index(row.adult), Slot.from_identity(row.offered)
                self.others_lose(person, slot)
                if row.id not in before and self.deciding.get(person, (None,))[0] == slot:
                    assert self.deciding.pop(person)[1] < self.school.now  # what they let lapse is now their offer
        forgotten = self.school.now - timedelta(days=1)
        self.deciding = {person: kept for person, kept in self.deciding.items() if kept[1] > forgotten}

    def waiting_rows(self) -> list[Waiting]:
        return list(self.school.session.scalars(select(Waiting).order_by(Waiting.since, Waiting.id)))

    def others_lose(self, person: int, slot: Slot) -> None:
        for other, (held, until) in list(self.deciding.items()):
            if other != person and held.starts_at < slot.ends_at and slot.starts_at < held.ends_at:
                assert until < self.school.now, "a hold was taken before it lapsed"
                del self.deciding[other]

    @invariant()
    def no_two_share_a_time(self) -> None:
        if not hasattr(self, "school"):
            return
        live = self.school.session.scalars(select(Appointment).where(Appointment.state == AppointmentState.BOOKED).order_by(Appointment.starts_at)).all()
        for one, other in pairwise(live):
            assert one.starts_at + timedelta(minutes=one.minutes) + self.school.settings.buffer <= other.starts_at

    @invariant()
    def the_cells_are_those_of_bookings_and_holds(self) -> None:
        if not hasattr(self, "school"):
            return
        expected: dict[tuple[int, int], str] = {}
        for row in self.school.session.scalars(select(Appointment).where(Appointment.state == AppointmentState.BOOKED)):
            expected |= dict.fromkeys(slots._seats(self.school, Slot(row.starts_at, row.minutes, (self.staff.id,))), f"appointment {row.id}")
        for person, (slot, _) in self.deciding.items():
            expected |= dict.fromkeys(slots._seats(self.school, slot), f"hold of {self.adults[person].id}")
        over: dict[tuple[int, int], str] = {}  # offers past their limit: kept until the next tick, unless looked at and let go of
        for waiting in self.waiting_rows():
            if waiting.offered and waiting.offered_until:
                kept = expected if waiting.offered_until > self.school.now else over
                for seat in slots._seats(self.school, Slot.from_identity(waiting.offered)):
                    kept.setdefault(seat, f"hold of {waiting.adult_id}")
        rows = self.school.session.execute(
            select(Occupied.staff_id, Occupied.cell, Occupied.appointment_id, Hold.adult_id).outerjoin(Hold, Occupied.hold_id == Hold.id)
        )
        found = {(row.staff_id, row.cell): f"appointment {row.appointment_id}" if row.appointment_id else f"hold of {row.adult_id}" for row in rows}
        assert expected.items() <= found.items()
        assert found.items() <= (over | expected).items()

    @invariant()
    def nobody_sees_anothers(self) -> None:
        if hasattr(self, "school"):
            assert all(row.adult_id == adult.id for adult in self.adults for row in appointments.upcoming(self.school, adult))


def test_families_never_collide(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        machine = type("FamiliesOfThisSchool", (Families,), {"store": store})
        run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)))


# Refusals


def test_the_minimum_notice_is_kept(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    slot = free(school, teacher)[0]
    late = School(school.session, slot.starts_at - timedelta(hours=1, minutes=59))
    for attempt in (lambda: appointments.hold(late, slot, parent), lambda: appointments.book(late, slot, child, parent, Terms())):
        with pytest.raises(TooSoon) as refused:
            attempt()
        assert refused.value.notice == timedelta(hours=2)
    assert appointments.book(School(school.session, slot.starts_at - timedelta(hours=2)), slot, child, parent, Terms()).id


FORGERIES: list[Callable[[Slot, Staff], Slot]] = [
    lambda slot, other: replace(slot, starts_at=slot.starts_at + timedelta(days=4)),  # a Friday
    lambda slot, other: replace(slot, starts_at=slot.starts_at + timedelta(minutes=5)),
    lambda slot, other: replace(slot, minutes=60),
    lambda slot, other: replace(slot, minutes=0),
    lambda slot, other: replace(slot, starts_at=slot.starts_at + timedelta(weeks=5)),
    lambda slot, other: replace(slot, kind=MeetingKind.PARENTS_EVENING),
    lambda slot, other: replace(slot, kind=MeetingKind.EHCP),
    lambda slot, other: replace(slot, kind="party"),
    lambda slot, other: replace(slot, staff_ids=(other.id,)),
    lambda slot, other: replace(slot, staff_ids=(slot.staff_ids[0], other.id)),
    lambda slot, other: replace(slot, staff_ids=slot.staff_ids * 2),
    lambda slot, other: replace(slot, staff_ids=(99999,)),
]


def test_what_is_not_offered_is_not_bookable(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    other = a_member(school)
    seen(school, other, "0123", "15:10-16:10")
    slot = free(school, teacher)[0]
    for forge in FORGERIES:
        with pytest.raises(NotBookable):
            appointments.book(school, forge(slot, other), child, parent, Terms())
    assert cells(school) == 0


def test_a_meeting_with_a_leader_needs_an_invitation_and_a_leader(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    senior = a_member(school, "senior")
    for person in (teacher, senior):
        seen(school, person, "1", "13:00-15:00", 45, MeetingKind.PLANNING)
    slot = free(school, teacher, MeetingKind.PLANNING)[0]
    assert slot.staff_ids == (teacher.id, senior.id)
    with pytest.raises(NotBookable):
        appointments.book(school, slot, child, parent, Terms())
    invited(school, child, MeetingKind.PLANNING, "2026-03-02", "2026-03-20")
    with pytest.raises(NotBookable):
        appointments.book(school, replace(slot, staff_ids=(teacher.id,)), child, parent, Terms())
    assert [person.id for person in appointments.book(school, slot, child, parent, Terms()).staff] == [teacher.id, senior.id]


def test_only_those_who_may_book_do(school: School, child: Child, teacher: Staff) -> None:
    for adult in (an_adult(school), an_adult(school, child, may_book=False)):
        with pytest.raises(NotYourChild):
            appointments.book(school, free(school, teacher)[0], child, adult, Terms())
        with pytest.raises(NotYourChild):
            waiting_list.join(school, adult, child, teacher)


def test_one_parent_knows_nothing_of_the_others_bookings(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    other = an_adult(school, child)
    appointment = booked(school, parent, child)
    assert appointments.upcoming(school, other) == []
    with pytest.raises(NotYours):
        appointments.move(school, appointment, free(school, teacher)[0], other)
    with pytest.raises(NotYours):
        appointments.cancel(school, appointment, other)
    assert appointments.upcoming(school, parent) == [appointment]


def test_what_is_over_is_not_changed(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    appointment = booked(school, parent, child)
    late = School(school.session, appointment.starts_at)
    with pytest.raises(AlreadyOver):
        appointments.cancel(late, appointment, parent)
    with pytest.raises(AlreadyOver):
        appointments.move(late, appointment, free(late, teacher)[0], parent)
    appointments.cancel(school, appointment, parent)
    with pytest.raises(AlreadyOver):
        appointments.cancel(school, appointment, parent)


def test_a_taken_time_names_the_nearest(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    wanted = free(school, teacher)[3]
    appointments.book(school, wanted, child, parent, Terms())
    other = an_adult(school, child)
    for attempt in (lambda: appointments.hold(school, wanted, other), lambda: appointments.book(school, wanted, child, other, Terms())):
        with pytest.raises(SlotTaken) as refused:
            attempt()
        assert [f"{slot.clock:%a %H:%M}" for slot in refused.value.nearest] == ["Tue 15:10", "Mon 15:35", "Wed 15:35"]
    assert len(school.session.scalars(select(Appointment)).all()) == 1


def test_a_move_that_is_refused_leaves_it_where_it_was(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    first, second = booked(school, parent, child), booked(school, an_adult(school, child), child)
    taken = Slot(second.starts_at, second.minutes, (teacher.id,))
    with pytest.raises(SlotTaken):
        appointments.move(school, first, taken, parent)
    with pytest.raises(NotBookable):
        appointments.move(school, first, replace(taken, minutes=45), parent)
    assert (first.starts_at, first.version, cells(school)) == (london("2026-03-02 15:10"), 0, 10)


def test_terms_are_remembered(school: School, child: Child, teacher: Staff) -> None:
    adult = an_adult(school, child, language="so")
    assert appointments.usual_terms(school, adult) == Terms(Way.IN_PERSON, "so", "")
    asked = Terms(Way.VIDEO, "", "step-free way")
    appointments.book(school, free(school, teacher)[0], child, adult, asked)
    assert appointments.usual_terms(school, adult) == asked


def test_a_home_visit_is_the_advisors(school: School, parent: Adult, child: Child) -> None:
    advisor = a_member(school, "advisor")
    seen(school, advisor, "0", "13:00-15:00", 60, MeetingKind.HOME_VISIT)
    visit = appointments.book(school, free(school, advisor, MeetingKind.HOME_VISIT)[0], child, parent, Terms())
    assert (visit.kind, visit.staff) == (MeetingKind.HOME_VISIT, [advisor])


def test_an_evening_is_booked_family_after_family(school: School, child: Child, teacher: Staff) -> None:
    evening(school, "2026-03-10", "15:30-16:30", 10, "16:00-16:10")
    while found := free(school, teacher, MeetingKind.PARENTS_EVENING):
        appointments.book(school, found[0], child, an_adult(school, child), Terms())
    starts = school.session.scalars(select(Appointment.starts_at).order_by(Appointment.starts_at)).all()
    assert [f"{start.astimezone(school.clock.tzinfo):%H:%M}" for start in starts] == ["15:30", "15:40", "15:50", "16:10", "16:20"]


# Reminders


@pytest.fixture
def on_the_other_side_of_the_world() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Auckland"
    clock_of_the_server.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    clock_of_the_server.tzset()


def test_each_has_one_reminder_over_a_year(school: School, on_the_other_side_of_the_world: None) -> None:
    staff = a_member(school)
    seen(school, staff, "0123456", "08:20-08:45")
    child = a_child(school, staff)
    adult = an_adult(school, child)
    settings = SchoolSettings(school_days=tuple(range(7)))
    wanted: dict[str, datetime] = {}
    end = london("2027-03-31 12:00")
    for ahead in range((end - london("2026-03-20 12:00")).days):
        noon = School(school.session, london("2026-03-20 12:00") + timedelta(days=ahead), settings)  # on the clock: London's noon, each day
        if noon.today.day in (1, 14, 24, 25, 26, 27, 28, 29, 30, 31):
            slot = next(slot for slot in free(noon, staff) if slot.clock.date() > noon.today + timedelta(days=1))
            made = appointments.book(noon, slot, child, adult, Terms())
            wanted[f"appointment:{made.id}:reminder:0"] = slot.starts_at
        for hours in (0, 4, 8):
            appointments.due(School(school.session, noon.now + timedelta(hours=hours), settings))
    told = {message.key: message for message in notices(school, "appointment_reminder")}
    assert told.keys() == {key for key, starts in wanted.items() if starts < end}
    assert len({starts.astimezone(school.clock.tzinfo).utcoffset() for starts in wanted.values()}) == 2
    for key, message in told.items():
        written, starts = message.created_at.astimezone(school.clock.tzinfo), wanted[key].astimezone(school.clock.tzinfo)
        assert written.date() == starts.date() - timedelta(days=1)
        assert written.time() == time(16)
        assert message.useless_after == wanted[key]
    assert school.session.scalars(select(Attention)).all() == []


def test_a_reminder_comes_at_its_time_and_once(school: School, parent: Adult, child: Child) -> None:
    booked(school, parent, child, 6)  # Thursday
    at(school, london("2026-03-04 15:59"))
    assert notices(school, "appointment_reminder") == []
    for _ in range(3):
        at(school, london("2026-03-04 16:00"))
    [message] = notices(school, "appointment_reminder")
    assert (message.adult_id, message.useless_after) == (parent.id, london("2026-03-05 15:10"))


def test_a_reminder_moves_with_its_appointment(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    appointment = booked(school, parent, child, 2)  # Tuesday
    appointments.move(school, appointment, free(school, teacher)[-1], parent)
    at(school, london("2026-03-02 18:00"))
    assert notices(school, "appointment_reminder") == []
    later = school.session.get_one(Appointment, appointment.id).starts_at
    at(school, later - timedelta(hours=20))
    assert len(notices(school, "appointment_reminder")) == 1


def test_one_moved_after_its_reminder_is_reminded_again(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    appointment = booked(school, parent, child, 2)
    evening = at(school, london("2026-03-02 16:30"))
    appointments.move(evening, appointment, free(evening, teacher)[-1], parent)
    assert [message.state for message in notices(school, "appointment_reminder")] == [OutboxState.CANCELLED]
    at(school, appointment.starts_at - timedelta(hours=20))
    assert [message.state for message in notices(school, "appointment_reminder")] == [OutboxState.CANCELLED, OutboxState.QUEUED]


def test_what_is_called_off_is_not_reminded(school: School, parent: Adult, child: Child) -> None:
    one, other = booked(school, parent, child, 2), booked(school, parent, child, 2)
    appointments.cancel(school, one, parent)
    at(school, london("2026-03-02 16:00"))
    appointments.cancel(school, other, parent)
    at(school, london("2026-03-02 17:00"))
    assert [(message.about, message.state) for message in notices(school, "appointment_reminder")] == [({"appointment": other.id}, OutboxState.CANCELLED)]


def test_what_is_booked_after_the_time_has_no_reminder(school: School, parent: Adult, child: Child) -> None:
    booked(School(school.session, london("2026-03-02 16:00")), parent, child, 0)
    booked(school, parent, child, 0)  # today
    at(school, london("2026-03-02 16:05"))
    at(school, london("2026-03-03 08:00"))
    at(school, london("2026-03-04 08:00"))
    assert notices(school, "appointment_reminder") == []
    assert school.session.scalars(select(Attention)).all() == []


@pytest.mark.parametrize("back, expected", [("2026-03-03 14:00", (1, 0)), ("2026-03-03 15:10", (0, 1)), ("2026-03-24 09:00", (0, 1))])
def test_after_a_stop_it_is_late_or_shown_to_staff(school: School, parent: Adult, child: Child, back: str, expected: tuple[int, int]) -> None:
    booked(school, parent, child, 2)
    for _ in range(2):
        at(school, london(back))
    seen_by_staff = school.session.scalars(select(Attention.detail)).all()
    assert (len(notices(school, "appointment_reminder")), len(seen_by_staff)) == expected
    assert set(seen_by_staff) <= {"appointment_reminder: too late"}


def test_a_reminder_that_was_told_is_never_shown_as_missed(school: School, parent: Adult, child: Child) -> None:
    booked(school, parent, child, 2)
    at(school, london("2026-03-02 16:00"))
    at(school, london("2026-03-04 16:00"))
    assert school.session.scalars(select(Attention)).all() == []


def _world_with_a_booking(world: World) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        tom, leo = demo.adult(school, "Tom"), demo.child(school, "Leo")
        assert leo.school_class.teacher is not None
        slot = next(slot for slot in free(school, leo.school_class.teacher) if slot.clock.day == 5)
        appointments.book(school, slot, leo, tom, Terms())


def test_a_late_reminder_says_today(world: World) -> None:
    _world_with_a_booking(world)
    world.at("2026-03-05 11:00")
    world.house.ticker.tick()
    world.settle()
    [text] = world.texts("Tom")
    assert "today" in text


def test_a_reminder_in_quiet_hours_waits_for_morning(make_world: Callable[..., World]) -> None:
    world = make_world(MONDAY, quiet_hours={"from": "15:00", "to": "07:30"})
    _world_with_a_booking(world)
    for moment, shown in (("2026-03-04 16:00", 0), ("2026-03-04 23:00", 0), ("2026-03-05 07:29", 0), ("2026-03-05 07:30", 1), ("2026-03-05 08:00", 1)):
        world.at(moment)
        world.house.ticker.tick()
        world.settle()
        assert len(world.texts("Tom")) == shown, moment


# Invitations


@pytest.fixture
def senior(school: School) -> Staff:
    return a_member(school, "senior")


def test_without_a_senior_leader_nobody_is_invited_and_staff_see_why(school: School, parent: Adult, child: Child) -> None:
    invited(school, child, MeetingKind.PLANNING, "2026-03-02", "2026-03-20")
    for _ in range(2):
        at(school, MONDAY)
    assert notices(school, "meeting_invitation") == []
    assert [row.detail for row in school.session.scalars(select(Attention))] == ["meeting_invitation: no senior leader among the staff"]
    assert appointments.offers(school, a_member(school), MeetingKind.PLANNING, parent).slots == ()


def test_an_invitation_is_told_once_to_those_who_may_book(school: School, parent: Adult, child: Child, senior: Staff) -> None:
    an_adult(school, child, may_book=False)
    an_adult(school)
    made = invited(school, child, MeetingKind.PLANNING, "2026-03-02", "2026-03-20")
    for _ in range(3):
        at(school, MONDAY)
    [message] = notices(school, "meeting_invitation")
    assert (message.adult_id, message.about, message.useless_after) == (parent.id, {"invitation": made.id}, london("2026-03-20 16:00"))


def test_an_invitation_waits_until_it_can_be_booked(school: School, parent: Adult, child: Child, senior: Staff) -> None:
    invited(school, child, MeetingKind.EHCP, "2026-04-20", "2026-05-08")
    at(school, MONDAY)
    assert notices(school, "meeting_invitation") == []
    at(school, london("2026-03-23 09:00"))
    assert len(notices(school, "meeting_invitation")) == 1


def test_booking_answers_an_invitation_and_calling_off_reopens_it(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    for person in (teacher, a_member(school, "senior")):
        seen(school, person, "1", "13:00-15:00", 60, MeetingKind.EHCP)
    made = invited(school, child, MeetingKind.EHCP, "2026-03-09", "2026-03-20")
    invited(school, child, MeetingKind.PLANNING, "2026-03-09", "2026-03-20")
    found = appointments.offers(school, teacher, MeetingKind.EHCP, parent, invitation=made).slots
    assert {slot.clock.date().isoformat() for slot in found} == {"2026-03-10", "2026-03-17"}
    at(school, MONDAY)
    appointment = appointments.book(school, found[0], child, parent, Terms())
    assert [open_one.kind for open_one in invitations.open_for(school, child)] == [MeetingKind.PLANNING]
    appointments.cancel(school, appointment, parent)
    assert made in invitations.open_for(school, child)
    at(school, MONDAY)
    assert len(notices(school, "meeting_invitation")) == 2  # one a kind: nothing is said twice


def test_the_planning_meeting_is_asked_for_after_six_weeks(school: School, teacher: Staff, senior: Staff) -> None:
    child = a_child(school, teacher, joined_on=date(2026, 2, 2))
    parent = an_adult(school, child)
    a_child(school, teacher, joined_on=date(2025, 9, 1))
    a_child(school, teacher)
    at(school, london("2026-02-10 09:00"))
    assert notices(school, "meeting_invitation") == []
    for _ in range(2):
        at(school, MONDAY)
    [made] = school.session.scalars(select(Invitation)).all()
    assert (made.child_id, made.kind, str(made.first_on), str(made.last_on)) == (child.id, MeetingKind.PLANNING, "2026-03-16", "2026-04-13")
    assert [message.adult_id for message in notices(school, "meeting_invitation")] == [parent.id]


def test_an_invited_meeting_stays_between_its_days(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    for person in (teacher, a_member(school, "senior")):
        seen(school, person, "1", "13:00-15:00", 60, MeetingKind.EHCP)
    made = invited(school, child, MeetingKind.EHCP, "2026-03-09", "2026-03-20")
    anywhen = appointments.offers(school, teacher, MeetingKind.EHCP, parent).slots
    inside = appointments.offers(school, teacher, MeetingKind.EHCP, parent, invitation=made).slots
    outside = next(slot for slot in anywhen if slot not in inside)
    with pytest.raises(NotBookable):
        appointments.book(school, outside, child, parent, Terms())
    appointment = appointments.book(school, inside[0], child, parent, Terms())
    assert invitations.behind(school, child, MeetingKind.EHCP, appointment) == made
    with pytest.raises(NotBookable):
        appointments.move(school, appointment, outside, parent)
    other = an_adult(school, child)
    with pytest.raises(SlotTaken) as taken:
        appointments.hold(school, inside[0], other, made)
    assert {slot.clock.date().isoformat() for slot in taken.value.nearest} <= {"2026-03-10", "2026-03-17"}


def test_a_meeting_on_a_day_that_is_closed_since_is_shown_to_staff_once(school: School, parent: Adult, child: Child) -> None:
    appointment = booked(school, parent, child, 2)
    day = appointment.starts_at.date().isoformat()
    span(school, day, day, "closed")
    for _ in range(2):
        at(school, MONDAY)
    assert [(row.need, row.adult_id, row.detail) for row in school.session.scalars(select(Attention))] == [
        (Need.CLOSED_DAY, parent.id, f"an appointment on {day}")
    ]


def test_a_meeting_with_someone_who_has_left_is_shown_to_staff_once(school: School, parent: Adult, child: Child, teacher: Staff) -> None:
    booked(school, parent, child, 2)
    teacher.has_left = True
    for _ in range(2):
        at(school, MONDAY)
    assert [row.need for row in school.session.scalars(select(Attention))] == [Need.NO_STAFF]


# The waiting list


@pytest.fixture
def full(school: School, child: Child, teacher: Staff) -> tuple[School, list[Adult]]:
    """A teacher with nothing free, and three who wait, in this order."""
    exception(school, teacher, "2026-03-30", "00:00-23:59")  # no day comes within the horizon meanwhile
    first = booked(school, an_adult(school, child), child)
    while free(school, teacher):
        booked(school, first.adult, child)
    waiting = [an_adult(school, child) for _ in range(3)]
    for minutes, adult in enumerate(waiting):
        waiting_list.join(School(school.session, MONDAY + timedelta(minutes=minutes)), adult, child, teacher)
        waiting_list.join(School(school.session, MONDAY + timedelta(hours=1)), adult, child, teacher)
    return school, waiting


def call_off(school: School, place: int) -> Appointment:
    rows = school.session.scalars(select(Appointment).where(Appointment.state == AppointmentState.BOOKED).order_by(Appointment.starts_at)).all()
    appointments.cancel(school, rows[place], rows[place].adult)
    return rows[place]


def told(school: School) -> list[int | None]:
    return [message.adult_id for message in notices(school, "slot_offered")]


def test_a_freed_time_goes_to_who_waited_longest_then_to_the_next(full: tuple[School, list[Adult]], teacher: Staff, child: Child) -> None:
    school, (one, two, three) = full
    at(school, MONDAY)
    assert told(school) == []
    freed = call_off(school, 6)
    now = at(school, london("2026-03-02 10:00"))
    assert told(school) == [one.id]
    assert appointments.offers(now, teacher, MeetingKind.TEACHER, two).slots == []
    at(school, london("2026-03-02 13:59"))
    assert told(school) == [one.id]
    at(school, london("2026-03-02 14:00"))
    assert told(school) == [one.id, two.id]
    row = school.session.scalars(select(Waiting).where(Waiting.adult_id == two.id)).one()
    waiting_list.leave(now, row)
    now = at(school, london("2026-03-02 14:05"))
    assert told(school) == [one.id, two.id, three.id]
    slot = Slot.from_identity(school.session.scalars(select(Waiting.offered)).one() or "")
    assert slot.starts_at == freed.starts_at
    appointments.book(now, slot, child, three, Terms())
    at(school, london("2026-03-03 14:05"))
    assert school.session.scalars(select(Waiting)).all() == []
    assert len(notices(school, "slot_offered")) == 3


def test_an_offer_outlasts_a_look_at_other_times(full: tuple[School, list[Adult]], teacher: Staff) -> None:
    school, (one, two, _) = full
    call_off(school, 10)
    call_off(school, 11)
    now = at(school, london("2026-03-02 10:00"))
    offered = [Slot.from_identity(row or "") for row in school.session.scalars(select(Waiting.offered).where(Waiting.offered.is_not(None)))]
    appointments.hold(now, offered[0], one)
    later = School(school.session, now.now + timedelta(hours=1))
    with pytest.raises(SlotTaken):
        appointments.hold(later, offered[0], two)
    slots.renew_holds(later, one)
    slots.release(later, one)
    assert appointments.offers(later, teacher, MeetingKind.TEACHER, one).slots == [offered[0]]
    with pytest.raises(SlotTaken):
        appointments.hold(later, offered[0], two)


def test_who_waits_follows_the_class_to_its_new_teacher(full: tuple[School, list[Adult]], child: Child) -> None:
    school, (one, *_) = full
    newcomer = a_member(school, name="Mr Blake")
    seen(school, newcomer, "01234", "15:10-16:10")
    child.school_class.teacher = newcomer
    now = at(school, london("2026-03-02 10:00"))
    assert told(school)[0] == one.id
    place = school.session.scalars(select(Waiting).where(Waiting.adult_id == one.id)).one()
    assert appointments.book(now, Slot.from_identity(place.offered or ""), child, one, Terms()).staff == [newcomer]


def test_an_offer_that_came_to_nothing_keeps_the_place(full: tuple[School, list[Adult]]) -> None:
    school, (one, two, _) = full
    call_off(school, 6)
    now = at(school, london("2026-03-02 10:00"))
    place = school.session.scalars(select(Waiting).where(Waiting.adult_id == one.id)).one()
    waiting_list.keep(now, place)
    at(school, london("2026-03-03 10:00"))
    assert two.id not in told(school)
    assert school.session.get(Waiting, place.id) is place


def test_the_limit_stands_still_in_quiet_hours(full: tuple[School, list[Adult]]) -> None:
    school, _ = full
    call_off(school, 10)
    at(school, london("2026-03-02 17:30"))
    assert school.session.scalars(select(Waiting.offered_until).where(Waiting.offered.is_not(None))).one() == london("2026-03-03 09:30")


def test_two_freed_times_are_offered_at_once(full: tuple[School, list[Adult]]) -> None:
    school, (one, two, _) = full
    call_off(school, 10)
    call_off(school, 10)
    at(school, london("2026-03-02 10:00"))
    assert told(school) == [one.id, two.id]


@pytest.mark.parametrize("moment, until", [("2026-03-02 10:00", "2026-03-02 13:10"), ("2026-03-02 12:30", None), ("2026-03-02 20:00", None)])
def test_a_time_that_is_too_near_is_not_offered(full: tuple[School, list[Adult]], moment: str, until: str | None) -> None:
    school, _ = full
    call_off(School(school.session, MONDAY), 0)
    at(school, london(moment))
    limits = school.session.scalars(select(Waiting.offered_until).where(Waiting.offered.is_not(None))).all()
    assert limits == ([london(until)] if until else [])


def test_who_may_no_longer_book_no_longer_waits(full: tuple[School, list[Adult]], child: Child) -> None:
    school, (one, two, _) = full
    school.session.get_one(Guardianship, (one.id, child.id)).may_book = False
    call_off(school, 10)
    at(school, london("2026-03-02 10:00"))
    assert told(school) == [two.id]


# The demo


def test_the_demo_school_has_bookings(school: School) -> None:
    with for_now(school, MONDAY) as school:
        demo.seed(school)
        rows = school.session.scalars(select(Appointment)).all()
        assert len(rows) == 8
        assert not {"Amina", "Tom", "Maria", "Farid", "Kate", "Dan"} & {row.adult.name.split()[0] for row in rows}
        okafor = demo.member(school, "Ms Okafor")
        assert all(row.starts_at > MONDAY + timedelta(days=7) for row in rows if okafor in row.staff)


def test_terms_and_closures_reach_what_is_offered(school: School, teacher: Staff) -> None:
    span(school, "2026-03-02", "2026-03-04", "term")
    exception(school, teacher, "2026-03-03", "08:00-17:00")
    assert [f"{slot.clock:%a %H:%M}" for slot in free(school, teacher)] == ["Mon 15:10", "Mon 15:35", "Wed 15:10", "Wed 15:35"]
