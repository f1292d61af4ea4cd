"""Who comes: places are never given twice, whoever waits is asked in order, and nobody is told twice."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from datetime import date, time, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from data.events import Answer, Event, Rsvp
from data.outbox import Message
from data.people import Adult
from data.store import Store
from school import School, event_changes, event_clock, events, rsvps
from school.errors import Refusal
from school.events import Plan
from school.rsvps import Full, NotInvited, TooLate, TooMany
from tests.school.small import MONDAY, a_child, an_adult, at_once, london

SMALL = Plan("Workshop", date(2026, 3, 20), time(13, 30), time(15, 0), capacity=3, reminders=())


def on(school: School, plan: Plan = SMALL) -> Event:
    [made] = events.make(school, plan, None)
    events.open_up(school, made)
    return made


def later(school: School, clock: str) -> School:
    return School(school.session, london(clock))


def adults(school: School, count: int) -> list[Adult]:
    return [an_adult(school, a_child(school)) for _ in range(count)]


def answers(school: School, event: Event) -> dict[int, str]:
    return {row.adult_id: row.answer for row in school.session.scalars(select(Rsvp).where(Rsvp.event_id == event.id))}


def test_places_are_counted(school: School) -> None:
    event, (one, other) = on(school), adults(school, 2)
    rsvps.accept(school, event, one, 2)
    with pytest.raises(Full) as full:
        rsvps.accept(school, event, other, 2)
    assert full.value.left == 1
    rsvps.accept(school, event, other, 1)
    assert (event.taken, rsvps.left(event)) == (3, 0)


def test_who_says_another_number_needs_only_the_difference(school: School) -> None:
    event, (one,) = on(school, replace(SMALL, capacity=2)), adults(school, 1)
    rsvps.accept(school, event, one, 1)
    rsvps.accept(school, event, one, 2)
    rsvps.accept(school, event, one, 1)
    assert event.taken == 1


@pytest.mark.parametrize("act", [rsvps.decline, rsvps.perhaps])
def test_a_place_that_is_given_back_goes_to_the_first_who_fits(school: School, act: Any) -> None:
    event, (one, needs_two, needs_one) = on(school, replace(SMALL, capacity=1)), adults(school, 3)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, needs_two, 2)
    rsvps.wait(later(school, "2026-03-02 09:20"), event, needs_one, 1)
    act(school, event, one)
    assert answers(school, event)[needs_one.id] == Answer.OFFERED
    assert answers(school, event)[needs_two.id] == Answer.WAITING
    assert event.taken == 1


def test_an_offer_is_kept_for_its_time_and_then_goes_on(school: School) -> None:
    event, (one, second, third) = on(school, replace(SMALL, capacity=1)), adults(school, 3)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, second)
    rsvps.wait(later(school, "2026-03-02 09:30"), event, third)
    rsvps.decline(school, event, one)
    event_clock.due(later(school, "2026-03-02 13:09"))
    assert answers(school, event)[second.id] == Answer.OFFERED
    event_clock.due(later(school, "2026-03-02 13:10"))
    assert answers(school, event) == {one.id: Answer.NO, second.id: Answer.NO, third.id: Answer.OFFERED}


def test_the_limit_stands_still_in_quiet_hours(school: School) -> None:
    event, (one, other) = on(school, replace(SMALL, capacity=1)), adults(school, 2)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, other)
    rsvps.decline(later(school, "2026-03-02 17:00"), event, one)
    offered = rsvps.of(school, event, other)
    assert offered is not None
    assert offered.offered_until == london("2026-03-03 09:00")


def test_what_is_offered_can_be_taken_after_the_last_day_for_answers(school: School) -> None:
    event, (one, other) = on(school, replace(SMALL, capacity=1, answer_by=date(2026, 3, 3))), adults(school, 2)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, other)
    late = later(school, "2026-03-04 10:00")
    rsvps.decline(late, event, one)
    assert rsvps.accept(late, event, other).answer == Answer.YES


def test_too_late_to_ask_anyone_the_place_is_free_for_whoever_asks(school: School) -> None:
    event, (one, waits, comes) = on(school, replace(SMALL, capacity=1)), adults(school, 3)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, waits)
    last_minute = later(school, "2026-03-20 12:45")
    rsvps.decline(last_minute, event, one)
    assert answers(school, event)[waits.id] == Answer.WAITING
    assert rsvps.accept(last_minute, event, comes).answer == Answer.YES


def test_more_places_are_offered_at_once(school: School) -> None:
    event, (one, waits) = on(school, replace(SMALL, capacity=1)), adults(school, 2)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, waits)
    event_changes.change(school, event, replace(SMALL, capacity=2))
    assert answers(school, event)[waits.id] == Answer.OFFERED


def test_refusals(school: School) -> None:
    event, (one,) = on(school, replace(SMALL, answer_by=date(2026, 3, 10))), adults(school, 1)
    nobody = an_adult(school)
    with pytest.raises(NotInvited):
        rsvps.accept(school, event, nobody)
    with pytest.raises(TooMany):
        rsvps.accept(school, event, one, 3)
    with pytest.raises(TooLate):
        rsvps.accept(later(school, "2026-03-11 09:00"), event, one)
    with pytest.raises(TooLate):
        rsvps.decline(later(school, "2026-03-20 13:30"), event, one)


def test_who_leaves_the_school_gives_their_place_up(school: School) -> None:
    event, (one, waits) = on(school, replace(SMALL, capacity=1)), adults(school, 2)
    rsvps.accept(school, event, one)
    rsvps.wait(school, event, waits)
    one.left_on = school.today
    school.session.flush()
    event_clock.due(school)
    assert answers(school, event) == {one.id: Answer.NO, waits.id: Answer.OFFERED}


def test_who_is_erased_gives_their_place_up(school: School) -> None:
    event, (one,) = on(school), adults(school, 1)
    rsvps.accept(school, event, one, 2)
    assert event_clock.export(school, one)["answers"][0]["people"] == 2
    event_clock.erase(school, one)
    assert (event.taken, answers(school, event)) == (0, {})


def test_the_database_refuses_one_too_many(school: School) -> None:
    event = on(school)
    event.taken = 4
    with pytest.raises(IntegrityError):
        school.session.flush()
    school.session.rollback()


def test_two_who_answer_at_once_do_not_get_one_place(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            event_id, ids = on(school, replace(SMALL, capacity=4)).id, [adult.id for adult in adults(school, 12)]

        def comes(adult_id: int, school: School) -> str:
            try:
                rsvps.accept(school, school.session.get_one(Event, event_id), school.session.get_one(Adult, adult_id))
            except Full:
                return "full"
            return "yes"

        outcomes = at_once(store, *(partial(comes, adult_id) for adult_id in ids))
        with store.read() as session:
            assert session.get_one(Event, event_id).taken == 4
    assert sorted(outcomes) == ["full"] * 8 + ["yes"] * 4


class Evening(RuleBasedStateMachine):
    """A dozen families who answer, change their minds and wait, while the clock goes on: places are never given twice, nobody waits while there is room."""

    url = ""

    @initialize(capacity=st.integers(1, 6), most=st.integers(1, 3))
    def begin(self, capacity: int, most: int) -> None:
        self.store = Store(self.url)
        self.scope = self.store.write()
        self.session = self.scope.__enter__()
        self.now = MONDAY
        self.savepoint = self.session.begin_nested()
        self.plan = replace(SMALL, capacity=capacity, most=most)
        self.event = on(self.school, self.plan)
        self.adults = adults(self.school, 6)

    @property
    def school(self) -> School:
        return School(self.session, self.now)

    @rule(who=st.integers(0, 5), people=st.integers(1, 4), act=st.sampled_from([rsvps.accept, rsvps.wait]))
    def asks(self, who: int, people: int, act: Any) -> None:
        with suppress(Full, TooMany, TooLate):
            act(self.school, self.event, self.adults[who], people)

    @rule(who=st.integers(0, 5), act=st.sampled_from([rsvps.decline, rsvps.perhaps]))
    def does_not_come(self, who: int, act: Any) -> None:
        try:
            act(self.school, self.event, self.adults[who])
        except TooLate:
            assert events.has_begun(self.school, self.event)

    @rule(hours=st.sampled_from([0.1, 1, 4, 13, 50, 200]))
    def time_goes_by(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        event_clock.due(self.school)

    @precondition(lambda self: not events.has_begun(self.school, self.event))
    @rule(more=st.integers(-2, 3))
    def staff_change_the_number(self, more: int) -> None:
        try:
            plan = replace(self.plan, capacity=(self.event.capacity or 0) + more)
            event_changes.change(self.school, self.event, plan)
        except Refusal:
            assert more < 0

    @invariant()
    def places_are_counted_right(self) -> None:
        rows = self.session.scalars(select(Rsvp).where(Rsvp.event_id == self.event.id)).all()
        kept = sum(row.people for row in rows if row.answer in (Answer.YES, Answer.OFFERED))
        assert kept == self.event.taken <= (self.event.capacity or 0)

    @invariant()
    def nobody_waits_while_there_is_room_and_time(self) -> None:
        if rsvps.decides_by(self.school, self.event) is None:
            return
        assert all(row.people > (rsvps.left(self.event) or 0) for row in rsvps.waiting(self.school, self.event))

    @invariant()
    def each_offer_was_told_once(self) -> None:
        keys = list(self.session.scalars(select(Message.key).where(Message.kind == "event_place_offered")))
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        if hasattr(self, "scope"):
            self.savepoint.rollback()
            self.scope.__exit__(None, None, None)
            self.store.close()


def test_whatever_families_answer_and_whenever(database_url: str) -> None:
    machine = type("OfThis", (Evening,), {"url": database_url})
    quick = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=quick)
