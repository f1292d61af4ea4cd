"""What is on: how events are made and changed, who sees them, who is told of what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from data.events import Event, EventState
from data.outbox import Message, OutboxState
from data.people import Adult, Child, Group
from school import School, event_changes, event_clock, events, rsvps
from school.events import Guests, NotSo, Over, Plan, Why
from tests.school.small import MONDAY, a_child, an_adult, london

COFFEE = Plan("Coffee morning", date(2026, 3, 20), time(9, 15), time(10, 15), place="Hall", invite_on=date(2026, 3, 2), reminders=("week", "day", "morning"))


def later(school: School, clock: str) -> School:
    """The same school at another time."""
    return School(school.session, london(clock))


def on(school: School, plan: Plan = COFFEE) -> Event:
    """An event that stands for its guests to see."""
    [made] = events.make(school, plan, None)
    events.open_up(school, made)
    return made


def told(school: School, adult: Adult, *, left: bool = True) -> list[str]:
    """The notices that were written to an adult, in order; all of them have left by now."""
    rows = school.session.scalars(select(Message).where(Message.adult_id == adult.id, Message.state != OutboxState.CANCELLED).order_by(Message.id)).all()
    for row in rows:
        row.state, row.claimed_at = (OutboxState.SENT, school.now) if left else (row.state, row.claimed_at)
    return [row.kind.removeprefix("event_") for row in rows]


def why(plan: Plan, school: School) -> dict[str, Why]:
    with pytest.raises(NotSo) as refused:
        events.make(school, plan, None)
    return dict(refused.value.why)


@pytest.mark.parametrize(
    "other, expected",
    [
        ({"title": " "}, {"title": Why.MISSING}),
        ({"title": "x" * 201}, {"title": Why.TOO_LONG}),
        ({"on": date(2026, 3, 1), "invite_on": None}, {"on": Why.IN_THE_PAST}),
        ({"ends": time(9, 15)}, {"ends": Why.ENDS_FIRST}),
        ({"ends_on": date(2026, 3, 19)}, {"ends": Why.ENDS_FIRST}),
        ({"on": date(2026, 3, 29), "starts": time(1, 30)}, {"starts": Why.NO_SUCH_TIME}),
        ({"on": date(2026, 3, 28), "ends_on": date(2026, 3, 29), "ends": time(1, 30)}, {"ends": Why.NO_SUCH_TIME}),
        ({"guests": Guests()}, {"guests": Why.NOBODY}),
        ({"capacity": 0, "most": 0}, {"capacity": Why.NOT_A_NUMBER, "most": Why.NOT_A_NUMBER}),
        ({"answer_by": date(2026, 3, 21)}, {"answer_by": Why.AFTER_IT}),
    ],
)
def test_what_cannot_be_is_told_at_its_field(school: School, other: dict[str, object], expected: dict[str, Why]) -> None:
    assert why(replace(COFFEE, **other), school) == expected  # type: ignore[arg-type]
    assert school.session.scalars(select(Event)).all() == []


def test_a_series_keeps_the_distance_of_its_other_days(school: School) -> None:
    plan = replace(COFFEE, invite_on=date(2026, 3, 13), answer_by=date(2026, 3, 18))
    made = events.make(school, plan, None, days=[date(2026, 3, 20), date(2026, 4, 17)])
    assert [(each.on, each.ends_on, each.invite_on, each.answer_by) for each in made] == [
        (date(2026, 3, 20), date(2026, 3, 20), date(2026, 3, 13), date(2026, 3, 18)),
        (date(2026, 4, 17), date(2026, 4, 17), date(2026, 4, 10), date(2026, 4, 15)),
    ]
    assert len({each.series for each in made}) == 1
    assert made[0].series is not None


def test_a_series_with_one_day_that_cannot_be_is_not_made_at_all(school: School) -> None:
    with pytest.raises(NotSo):
        events.make(school, replace(COFFEE, starts=time(1, 15), ends=time(3, 0)), None, days=[date(2026, 3, 22), date(2026, 3, 29)])
    assert school.session.scalars(select(Event)).all() == []


class TestWhoSeesIt:
    def test_everyone_with_a_child_here(self, school: School, parent: Adult, child: Child) -> None:
        event = on(school)
        assert list(events.coming(school, parent)) == [event]
        child.left_on = school.today
        school.session.flush()
        assert list(events.coming(school, parent)) == []

    def test_a_class_a_group_and_one_adult(self, school: School, parent: Adult, child: Child) -> None:
        of_class, helper, other = an_adult(school, a_child(school)), an_adult(school, a_child(school)), an_adult(school, a_child(school))
        group = Group(name="Helpers")
        helper.groups.append(group)
        school.session.flush()
        guests = Guests(classes=[of_class.guardianships[0].child.school_class], groups=[group], adults=[parent])
        event = on(school, replace(COFFEE, guests=guests))
        assert [adult for adult in (parent, of_class, helper, other) if events.is_invited(school, adult, event)] == [parent, of_class, helper]

    def test_not_as_a_draft_nor_when_it_has_begun_or_was_called_off(self, school: School, parent: Adult) -> None:
        [draft] = events.make(school, COFFEE, None)
        assert list(events.coming(school, parent)) == []
        events.open_up(school, draft)
        assert list(events.coming(later(school, "2026-03-20 09:14"), parent)) == [draft]
        assert list(events.coming(later(school, "2026-03-20 09:15"), parent)) == []
        event_changes.cancel(school, draft)
        assert list(events.coming(school, parent)) == []

    def test_one_who_may_not_hear_is_not_told(self, school: School, parent: Adult, child: Child) -> None:
        parent.guardianships[0].may_hear = False
        school.session.flush()
        event_clock.due(later(school, "2026-03-02 10:00"))
        event = on(school)
        event_clock.due(school)
        assert told(school, parent) == []
        assert not events.is_invited(school, parent, event)

    def test_of_those_with_one_title_the_next_is_meant(self, school: School, parent: Adult) -> None:
        events_made = events.make(school, COFFEE, None, days=[date(2026, 3, 27), date(2026, 3, 20)])
        for each in events_made:
            events.open_up(school, each)
        assert [school.session.get_one(Event, event_id).on for event_id, _ in events.titles(school, parent)] == [date(2026, 3, 20)]


class TestWhoIsTold:
    def test_each_guest_once_however_often_the_clock_ticks(self, school: School, parent: Adult) -> None:
        on(school)
        for _ in range(3):
            event_clock.due(school)
        assert told(school, parent) == ["invitation"]

    def test_not_before_its_day(self, school: School, parent: Adult) -> None:
        on(school, replace(COFFEE, invite_on=date(2026, 3, 9)))
        event_clock.due(school)
        assert told(school, parent) == []
        event_clock.due(later(school, "2026-03-09 08:00"))
        assert told(school, parent) == ["invitation"]

    def test_who_joins_a_group_later_is_told_too(self, school: School, parent: Adult) -> None:
        group = Group(name="Helpers")
        school.session.add(group)
        school.session.flush()
        on(school, replace(COFFEE, guests=Guests(groups=[group])))
        event_clock.due(school)
        parent.groups.append(group)
        school.session.flush()
        event_clock.due(later(school, "2026-03-03 09:00"))
        assert told(school, parent) == ["invitation"]

    def test_who_comes_is_reminded_a_week_and_a_day_before_and_in_the_morning(self, school: School, parent: Adult) -> None:
        other, event = an_adult(school, a_child(school)), on(school, replace(COFFEE, invite_on=None))
        rsvps.accept(school, event, parent)
        rsvps.decline(school, event, other)
        at = []
        moment = MONDAY.replace(minute=0)
        while moment < london("2026-03-20 12:00"):
            before = len(told(school, parent))
            event_clock.due(School(school.session, moment))
            at += [f"{moment:%a %d %H:%M}"] * (len(told(school, parent)) - before)
            moment += timedelta(minutes=30)
        assert at == ["Fri 13 16:00", "Thu 19 16:00", "Fri 20 07:00"]
        assert told(school, other) == []

    def test_a_reminder_that_is_half_a_day_late_is_not_sent(self, school: School, parent: Adult) -> None:
        event = on(school, replace(COFFEE, invite_on=None))
        rsvps.accept(school, event, parent)
        event_clock.due(later(school, "2026-03-14 09:00"))
        assert told(school, parent) == []

    def test_an_event_that_asks_for_no_answer_reminds_all_who_are_invited(self, school: School, parent: Adult) -> None:
        on(school, replace(COFFEE, invite_on=None, asks=False, reminders=("day",)))
        event_clock.due(later(school, "2026-03-19 16:01"))
        assert told(school, parent) == ["reminder"]

    def test_reminders_on_the_nights_the_clocks_change(self, school: School, parent: Adult) -> None:
        event = on(school, replace(COFFEE, on=date(2026, 3, 29), invite_on=None, reminders=("morning",)))
        assert event_clock.reminder_time(school, event, "morning") == london("2026-03-29 07:00")


class TestChanges:
    def test_another_time_or_place_is_told_to_those_who_count_on_it(self, school: School, parent: Adult) -> None:
        said_no, unaware = an_adult(school, a_child(school)), an_adult(school, a_child(school))
        event = on(school, replace(COFFEE, invite_on=None))
        rsvps.accept(school, event, parent)
        rsvps.decline(school, event, said_no)
        assert event_changes.change(school, event, replace(COFFEE, invite_on=None, starts=time(9, 0))) == 1
        assert [told(school, adult) for adult in (parent, said_no, unaware)] == [["changed"], [], []]

    def test_another_title_or_text_is_told_to_nobody(self, school: School, parent: Adult) -> None:
        event = on(school)
        event_clock.due(school)
        told(school, parent)
        assert event_changes.change(school, event, replace(COFFEE, title="Coffee and cake", words="Bring a friend.")) == 0
        assert told(school, parent) == ["invitation"]
        assert event.title.words == "Coffee and cake"

    def test_two_changes_in_a_row_are_told_as_one(self, school: School, parent: Adult) -> None:
        event = on(school, replace(COFFEE, invite_on=None))
        rsvps.accept(school, event, parent)
        event_changes.change(school, event, replace(COFFEE, invite_on=None, place="Library"))
        event_changes.change(school, event, replace(COFFEE, invite_on=None, place="Library", starts=time(9, 0)))
        waits = school.session.scalars(select(Message).where(Message.state == OutboxState.QUEUED)).all()
        assert [(row.kind, row.about["what"]) for row in waits] == [("event_changed", "when where")]

    def test_who_has_not_been_told_yet_is_told_only_how_it_is(self, school: School, parent: Adult) -> None:
        event = on(school)
        event_clock.due(school)
        assert event_changes.change(school, event, replace(COFFEE, starts=time(9, 0))) == 0
        assert told(school, parent) == ["invitation"]

    def test_a_moved_event_reminds_anew(self, school: School, parent: Adult) -> None:
        event = on(school, replace(COFFEE, invite_on=None, reminders=("day",)))
        rsvps.accept(school, event, parent)
        event_clock.due(later(school, "2026-03-19 16:00"))
        event_changes.change(later(school, "2026-03-19 18:00"), event, replace(COFFEE, on=date(2026, 3, 26), invite_on=None, reminders=("day",)))
        event_clock.due(later(school, "2026-03-25 16:00"))
        assert told(school, parent) == ["reminder", "changed", "reminder"]

    def test_called_off_takes_back_what_has_not_left(self, school: School, parent: Adult) -> None:
        other, event = an_adult(school, a_child(school)), on(school)
        rsvps.accept(school, event, other)
        event_clock.due(school)
        assert event_changes.cancel(school, event) == 1
        event_clock.due(later(school, "2026-03-19 16:00"))
        assert [told(school, adult) for adult in (parent, other)] == [[], ["cancelled"]]

    def test_what_is_over_or_called_off_is_not_changed(self, school: School) -> None:
        event = on(school)
        with pytest.raises(Over):
            event_changes.change(later(school, "2026-03-20 09:30"), event, COFFEE)
        event_changes.cancel(school, event)
        for act in (event_changes.cancel, events.open_up):
            with pytest.raises(Over):
                act(school, event)

    def test_fewer_places_than_are_taken_are_told_at_the_field(self, school: School, parent: Adult) -> None:
        event = on(school, replace(COFFEE, capacity=5))
        rsvps.accept(school, event, parent, 2)
        with pytest.raises(NotSo) as refused:
            event_changes.change(school, event, replace(COFFEE, capacity=1))
        assert (dict(refused.value.why), refused.value.taken) == ({"capacity": Why.BELOW_TAKEN}, 2)


def test_a_year_later_nothing_is_kept(school: School, parent: Adult) -> None:
    event = on(school)
    rsvps.accept(school, event, parent)
    event_clock.retain(later(school, "2027-03-20 12:00"))
    assert school.session.scalars(select(Event.id)).all() == [event.id]
    event_clock.retain(later(school, "2027-03-21 12:00"))
    assert school.session.scalars(select(Event.id)).all() == []


def test_dst_year(school: School, parent: Adult) -> None:
    """Over a school year with both changes of the clock, every meeting of a weekly series is told of once and reminded of once."""
    days = [date(2026, 3, 6) + timedelta(weeks=week) for week in range(0, 44, 4)]
    plan = replace(COFFEE, on=days[0], invite_on=days[0] - timedelta(days=3), reminders=("day",))
    made: Sequence[Event] = events.make(school, plan, None, days=days)
    for each in made:
        events.open_up(school, each)
        rsvps.accept(school, each, parent)
    moment = MONDAY
    while moment < datetime(2027, 1, 20, tzinfo=MONDAY.tzinfo):
        event_clock.due(School(school.session, moment))
        moment += timedelta(hours=11)  # a reminder may go out half a day late
    kinds = told(school, parent)
    assert kinds.count("reminder") == len(days)
    assert kinds.count("invitation") == len(days)
    assert {each.state for each in made} == {EventState.OPEN}
    assert {each.look_at for each in made} == {None}
