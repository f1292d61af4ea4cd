"""Events as staff look at them: who sees which, who may change which, and whose answers they are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from data.events import Answer, Event
from data.people import Adult, Child, Group, Staff
from school import School, access, event_changes, event_clock, event_list, events, groups, kept_files, rsvps
from school.access import Viewer
from school.errors import NotThere
from school.events import Guests, Over, Plan
from school.rsvps import NotInvited, NotYet
from tests.school.small import a_child, a_member, an_adult, london

COFFEE = Plan("Coffee morning", date(2026, 3, 20), time(9, 15), time(10, 15), place="Hall", invite_on=date(2026, 3, 2), reminders=())


@pytest.fixture
def okafor(school: School, teacher: Staff, child: Child) -> Viewer:
    """The teacher of the child's class."""
    child.school_class.team.append(teacher)
    school.session.flush()
    return access.viewer(school, teacher)


@pytest.fixture
def office(school: School) -> Viewer:
    return access.viewer(school, a_member(school, "office", "Mrs Doyle"))


def on(school: School, guests: Guests, *, is_draft: bool = False, **other: object) -> Event:
    [made] = events.make(school, replace(COFFEE, guests=guests, **other), None)  # type: ignore[arg-type]
    if not is_draft:
        events.open_up(school, made)
    return made


def sees(school: School, who: Viewer, event: Event) -> tuple[bool, bool]:
    """Whether they see it, and whether they may change it."""
    found = []
    for ask in (access.event, access.event_to_change):
        try:
            found.append(ask(school, who, event.id) is event)
        except NotThere:
            found.append(False)
    return found[0], found[1]


class TestWhoSeesWhat:
    def test_a_teacher_changes_what_only_their_own_families_are_invited_to(self, school: School, okafor: Viewer, parent: Adult, child: Child) -> None:
        foreign = a_child(school)
        other, group = an_adult(school, foreign), Group(name="Helpers")
        school.session.add(group)
        school.session.flush()
        own, theirs = child.school_class, foreign.school_class
        assert sees(school, okafor, on(school, Guests(classes=[own]))) == (True, True)
        assert sees(school, okafor, on(school, Guests(adults=[parent]))) == (True, True)
        assert sees(school, okafor, on(school, Guests(everyone=True))) == (True, False)
        assert sees(school, okafor, on(school, Guests(classes=[own, theirs]))) == (True, False)
        assert sees(school, okafor, on(school, Guests(classes=[own], adults=[other]))) == (True, False)
        assert sees(school, okafor, on(school, Guests(groups=[group]))) == (False, False)
        assert sees(school, okafor, on(school, Guests(classes=[theirs]))) == (False, False)

    def test_what_one_runs_is_seen(self, school: School, okafor: Viewer) -> None:
        assert sees(school, okafor, on(school, Guests(classes=[a_child(school).school_class]), staff=[okafor.staff])) == (True, False)

    def test_a_draft_of_others_is_not_seen(self, school: School, okafor: Viewer, office: Viewer, child: Child) -> None:
        everyone, own = on(school, Guests(everyone=True), is_draft=True), on(school, Guests(classes=[child.school_class]), is_draft=True)
        assert (sees(school, okafor, everyone), sees(school, okafor, own)) == ((False, False), (True, True))
        assert sees(school, office, everyone) == (True, True)

    def test_a_class_team_sees_and_does_not_change(self, school: School, okafor: Viewer, child: Child) -> None:
        assistant = a_member(school, "class", "Miss Turner")
        child.school_class.team.append(assistant)
        school.session.flush()
        assert sees(school, access.viewer(school, assistant), on(school, Guests(classes=[child.school_class]))) == (True, False)

    def test_the_technician_sees_none(self, school: School) -> None:
        assert sees(school, access.viewer(school, a_member(school, "admin", "Mr Penrose")), on(school, Guests(everyone=True))) == (False, False)

    def test_answers_of_families_of_other_classes_are_counted_and_not_shown(self, school: School, okafor: Viewer, parent: Adult) -> None:
        event, other = on(school, Guests(everyone=True)), an_adult(school, a_child(school))
        rsvps.accept(school, event, parent, 2)
        rsvps.accept(school, event, other, 1)
        found = event_list.answers(school, okafor, event)
        assert [guest.adult for guest in found.everyone] == [parent]
        [line] = event_list.coming(school, okafor)
        assert line.counts == {"yes": 3}
        assert [row[0] for row in event_list.sheet(found)] == ["name", parent.name]

    def test_single_guests_of_other_classes_are_numbered_and_not_named(self, school: School, okafor: Viewer, parent: Adult) -> None:
        event = on(school, Guests(adults=[parent, an_adult(school, a_child(school))]))
        found = event_list.invited(school, okafor, event)
        assert (found.adults, found.others) == ([parent.name], 1)


class TestTheList:
    def test_of_a_series_the_next_stands_for_all(self, school: School, office: Viewer) -> None:
        days = [date(2026, 3, 6), date(2026, 3, 13), date(2026, 3, 20)]
        made = events.make(school, replace(COFFEE, on=days[0], invite_on=None), None, days=days)
        for each in made[:2]:
            events.open_up(school, each)
        event_changes.cancel(school, made[0])
        assert [(line.event, line.days) for line in event_list.coming(school, office)] == [(made[0], 1), (made[1], 1), (made[2], 1)]
        events.open_up(school, made[2])
        assert [(line.event, line.days) for line in event_list.coming(school, office)] == [(made[0], 1), (made[1], 2)]
        assert list(events.series_of(school, made[2])) == made[1:]

    def test_what_is_over_stands_apart(self, school: School, office: Viewer) -> None:
        event = on(school, Guests(everyone=True))
        for clock, is_over in (("2026-03-20 10:14", False), ("2026-03-20 10:15", True), ("2026-03-21 08:00", True)):
            then = School(school.session, london(clock))
            assert ([line.event for line in event_list.coming(then, office)], [line.event for line in event_list.over(then, office)]) == (
                ([], [event]) if is_over else ([event], [])
            )


class TestWhoWasThere:
    def test_it_is_ticked_and_taken_back(self, school: School, parent: Adult) -> None:
        event, walked_in = on(school, Guests(everyone=True)), an_adult(school, a_child(school))
        rsvps.accept(school, event, parent, 2)
        then = School(school.session, london("2026-03-20 09:10"))
        rsvps.came(then, event, parent, 1)
        rsvps.came(then, event, walked_in, 2)
        assert event_list.came(then, event) == 3
        assert rsvps.counts(then, event) == {Answer.YES: 2, Answer.CAME: 2}
        rsvps.came(then, event, parent, 0)
        rsvps.came(then, event, walked_in, None)
        assert event_list.came(then, event) == 0
        assert rsvps.of(then, event, walked_in) is None
        assert event.taken == 2

    def test_nobody_has_been_there_before_its_day(self, school: School, parent: Adult) -> None:
        event = on(school, Guests(everyone=True))
        with pytest.raises(NotYet):
            rsvps.came(school, event, parent, 1)

    def test_nobody_comes_who_is_not_invited(self, school: School) -> None:
        event = on(school, Guests(everyone=True))
        with pytest.raises(NotInvited):
            rsvps.came(School(school.session, london("2026-03-20 09:10")), event, an_adult(school), 1)

    def test_who_is_not_invited_any_more_is_known(self, school: School, parent: Adult) -> None:
        event = on(school, Guests(everyone=True))
        rsvps.accept(school, event, parent)
        event_change = replace(events.as_planned(school, event), guests=Guests(classes=[a_child(school).school_class]))
        event_changes.change(school, event, event_change)
        assert [rsvp.adult for rsvp in rsvps.not_invited(school, event)] == [parent]


class TestAsStaffKeepThem:
    def test_planned_as_it_is_it_stays_as_it_is(self, school: School, parent: Adult, child: Child) -> None:
        guests = Guests(classes=[child.school_class], groups=[], adults=[parent])
        plan = replace(
            COFFEE,
            guests=guests,
            reminders=[],
            staff=[],
            words="Bring a friend.",
            access="No steps.",
            interpreters=["so"],
            capacity=8,
            answer_by=date(2026, 3, 18),
        )
        [event] = events.make(school, plan, None)
        assert events.as_planned(school, event) == plan
        before = events.mark(school, event)
        event_changes.change(school, event, plan)
        assert events.mark(school, event) == before
        event_changes.change(school, event, replace(plan, capacity=9))
        assert events.mark(school, event) != before

    def test_a_draft_is_thrown_away_with_its_picture_and_nothing_else_is(self, school: School) -> None:
        [draft] = events.make(school, COFFEE, None)
        pictures = [kept_files.keep(school, b"%PDF-1.4 x", "application/pdf") for _ in range(2)]
        ids = [draft.id, *(each.id for each in pictures)]
        for each in pictures:
            events.show_picture(school, draft, each)
        events.discard(school, draft)
        school.session.expunge_all()
        assert [events.find(school, ids[0]), *(kept_files.find(school, each) for each in ids[1:])] == [None, None, None]
        with pytest.raises(Over):
            events.discard(school, on(school, Guests(everyone=True)))

    def test_who_will_be_told_is_known_before(self, school: School, parent: Adult) -> None:
        event = on(school, Guests(everyone=True), is_draft=True)
        assert event_clock.to_invite(school, event) == []
        events.open_up(school, event)
        assert event_clock.to_invite(school, event) == [parent]
        event_clock.due(school)
        assert event_clock.to_invite(school, event) == []


class TestGroups:
    def test_made_renamed_and_removed(self, school: School, parent: Adult) -> None:
        made = groups.make(school, "  Dads'   breakfast ")
        assert made.name == "Dads' breakfast"
        groups.set_terms(school, made, is_open=True, staff_agree=False, about="For fathers.")
        parent.groups.append(made)
        school.session.flush()
        assert groups.members(school, made) == [parent]
        event = on(school, Guests(groups=[made]))
        assert groups.invited_to(school, made) == [event]
        for name, refusal in ((" ", groups.NoName), ("x" * 101, groups.NoName), ("DADS' breakfast", groups.NameTaken)):
            with pytest.raises(refusal):
                groups.make(school, name)
        groups.rename(school, made, "Dads' Breakfast")
        groups.remove(school, made)
        assert groups.everyone(school) == []
        assert not events.is_invited(school, parent, event)
