"""What falls due about packs: reminders that come when they help and then stop, what is kept of whom, and that the clock asks little."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from data.packs import CopyState, HoldState, PackHold, PackLoan, WeeklyPlace
from school import School, demo, holiday_packs, kept_files, pack_clock, pack_loans, pack_queue, packs, weekly_loan
from school.demo_packs import PACKS
from school.pack_loans import Borrower
from tests.school.files_to_try import picture
from tests.school.pack_cases import a_pack, counted, families, home, later, only, spring, ticks, told, with_rules
from tests.school.small import MONDAY, a_child, an_adult, span


def reminded(school: School, family: Borrower) -> list[str]:
    """The reminders that a family was sent, without the first note that a pack is on its way home."""
    return [kind for kind in told(school, family.adult) if kind != "pack_out"]


# Before it is due


def test_the_day_before_it_is_due_a_family_is_reminded_once_at_the_schools_time(school: School) -> None:
    spring(school)
    [family] = families(school, 1)
    loan = home(school, a_pack(school), family)
    assert loan.due_on == date(2026, 3, 9)
    for clock in ("2026-03-07 16:00", "2026-03-08 15:59"):
        ticks(school, clock)
        assert reminded(school, family) == []
    for clock in ("2026-03-08 16:00", "2026-03-08 16:01", "2026-03-09 16:00"):
        ticks(school, clock)
        assert reminded(school, family) == ["pack_due"]


def test_what_is_due_together_is_said_together_to_each_adult(school: School) -> None:
    child = a_child(school)
    one, other = (Borrower(an_adult(school, child), child) for _ in range(2))
    for title in ("Bears", "Cards"):
        home(school, a_pack(school, title), one)
    home(school, a_pack(school, "Drums"), other)
    now = ticks(school, "2026-03-08 16:00")
    assert (reminded(school, one), reminded(school, other)) == (["pack_due"], ["pack_due"])
    assert [loan.pack.title.words for loan in pack_clock.due_then(now, one.adult, date(2026, 3, 9))] == ["Bears", "Cards"]


def test_what_is_on_its_way_is_not_asked_for(school: School) -> None:
    [family] = families(school, 1)
    loan = home(school, a_pack(school), family)
    pack_loans.coming_back(later(school, "2026-03-08 09:00"), loan)
    ticks(school, "2026-03-08 16:00")
    assert reminded(school, family) == []


def test_a_school_may_remind_nobody_before(school: School) -> None:
    with_rules(school, reminder_days=0)
    [family] = families(school, 1)
    home(school, a_pack(school), family)
    ticks(school, "2026-03-08 16:00")
    assert reminded(school, family) == []


# After it was due


def test_who_is_late_is_reminded_so_often_and_then_left_to_staff(school: School) -> None:
    spring(school)
    [family] = families(school, 1)
    loan = home(school, a_pack(school), family)
    ticks(school, "2026-03-11 16:00")
    assert reminded(school, family) == []
    counts = []
    for day in range(12, 31):
        ticks(school, f"2026-03-{day} 16:00")
        ticks(school, f"2026-03-{day} 17:00")
        counts.append(len(reminded(school, family)))
    # On Thursday the 12th, three days late; then on Monday the 23rd, since in half-term nobody is asked; then no more.
    assert counts == [1] * 11 + [2] * 8
    assert (loan.reminded, loan.reminded_on) == (2, date(2026, 3, 23))


def test_reminders_that_were_missed_do_not_come_all_at_once(school: School) -> None:
    span(school, "2026-01-05", "2026-07-20", "term")
    [family] = families(school, 1)
    loan = home(school, a_pack(school), family)
    for clock in ("2026-04-20 16:00", "2026-04-20 16:01", "2026-04-21 16:00", "2026-04-22 16:00"):
        ticks(school, clock)
        assert (reminded(school, family), loan.reminded) == (["pack_overdue"], 1)
    ticks(school, "2026-04-23 16:00")
    assert loan.reminded == 2


def test_all_that_is_late_is_named_at_once_and_not_again_the_next_day(school: School) -> None:
    span(school, "2026-01-05", "2026-07-20", "term")
    [family] = families(school, 1)
    home(school, a_pack(school, "Bears"), family)
    second = home(later(school, "2026-03-04 09:00"), a_pack(school, "Cards"), family)
    assert second.due_on == date(2026, 3, 10)
    now = ticks(school, "2026-03-12 16:00")
    assert len(pack_clock.late(now, family.adult)) == 2
    for clock in ("2026-03-13 16:00", "2026-03-14 16:00"):
        ticks(school, clock)
    assert reminded(school, family) == ["pack_overdue"]


def test_who_says_that_it_is_on_its_way_is_believed_for_a_while(school: School) -> None:
    span(school, "2026-01-05", "2026-07-20", "term")
    [family] = families(school, 1)
    loan = home(school, a_pack(school), family)
    pack_loans.coming_back(later(school, "2026-03-11 09:00"), loan)
    for clock in ("2026-03-12 16:00", "2026-03-13 16:00"):
        now = ticks(school, clock)
        assert (reminded(school, family), pack_clock.late(now, family.adult)) == ([], [])
    now = ticks(school, "2026-03-16 16:00")
    assert (reminded(school, family), pack_clock.late(now, family.adult)) == (["pack_overdue"], [loan])


def test_who_keeps_it_longer_is_reminded_of_the_new_day_alone(school: School) -> None:
    span(school, "2026-01-05", "2026-07-20", "term")
    [family] = families(school, 1)
    loan = home(school, a_pack(school), family)
    ticks(school, "2026-03-12 16:00")
    pack_loans.renew(later(school, "2026-03-12 17:00"), loan)
    assert (loan.due_on, loan.reminded, loan.reminded_on) == (date(2026, 3, 18), 0, None)
    for day in range(13, 20):
        ticks(school, f"2026-03-{day} 16:00")
    assert reminded(school, family) == ["pack_overdue", "pack_due"]


def test_what_is_back_or_lost_is_not_asked_for(school: School) -> None:
    [family] = families(school, 1)
    pack_loans.take_back(school, home(school, a_pack(school, "Bears"), family).copy, None)
    pack_loans.lose(school, home(school, a_pack(school, "Cards"), family).copy)
    for clock in ("2026-03-08 16:00", "2026-03-16 16:00"):
        ticks(school, clock)
    assert told(school, family.adult) == []  # not even that they went home: that was taken back before it left


# What is kept


def test_what_is_held_about_an_adult_can_be_given_to_them(school: School) -> None:
    [family] = families(school, 1)
    loan = home(school, a_pack(school, "Bears"), family)
    pack_loans.take_back(later(school, "2026-03-09 09:00"), loan.copy, None)
    pack_queue.reserve(school, a_pack(school, "Cards"), family.child, family.adult)
    weekly_loan.join(school, family.child, family.adult)
    held = pack_clock.export(school, family.adult)
    assert [(row["pack"], row["due"], row["back"]) for row in held["loans"]] == [("Bears", "2026-03-09", "2026-03-09T09:00:00+00:00")]
    assert held["holds"] == [{"pack": "Cards", "asked": "2026-03-02T09:10:00+00:00", "state": "ready"}]
    assert held["weekly"] == [{"since": "2026-03-02T09:10:00+00:00", "until": None}]


def test_who_is_erased_is_known_no_more_and_what_they_kept_goes_on(school: School) -> None:
    [one, two] = families(school, 2)
    bears, cards = a_pack(school, "Bears"), a_pack(school, "Cards")
    loan = home(school, bears, one)
    pack_queue.reserve(school, cards, one.child, one.adult)
    waits = pack_queue.reserve(school, cards, two.child, two.adult)
    weekly_loan.join(school, one.child, one.adult)
    class_name = one.child.school_class.name
    pack_clock.erase(school, one.adult)
    assert (loan.adult_id, loan.child_id, loan.class_name) == (None, None, class_name)
    assert (waits.state, school.session.scalars(select(PackHold)).all()) == (HoldState.READY, [waits])
    assert school.session.scalars(select(WeeklyPlace)).all() == []
    assert not any(pack_clock.export(school, one.adult).values())
    ticks(school, "2026-03-16 16:00")
    assert pack_loans.take_back(school, only(bears), None, counted=True) is loan


def test_who_had_what_is_forgotten_after_two_years(school: School) -> None:
    [family] = families(school, 1)
    with_rules(school, per_child=3)
    back, lost, out = (home(school, a_pack(school, title), family) for title in ("Bears", "Cards", "Drums"))
    pack_loans.take_back(school, back.copy, None)
    pack_loans.lose(school, lost.copy)
    ended = pack_queue.reserve(school, back.pack, family.child, family.adult)
    pack_queue.give_up(school, ended)
    pack_clock.retain(School(school.session, MONDAY + timedelta(days=364)))
    assert school.session.scalars(select(PackHold)).all() == [ended]
    pack_clock.retain(School(school.session, MONDAY + timedelta(days=366)))
    assert school.session.scalars(select(PackHold)).all() == []
    assert [loan.adult_id for loan in (back, lost, out)] == [family.adult.id] * 3
    pack_clock.retain(School(school.session, MONDAY + timedelta(days=731)))
    assert [loan.adult_id for loan in (back, lost, out)] == [None, None, family.adult.id]


def test_a_pack_sends_its_picture_along(school: School) -> None:
    pack = a_pack(school)
    packs.show_picture(school, pack, kept_files.keep(school, picture("PNG"), "image/png"))
    assert pack_clock.picture_file(school, pack).content


# What the clock asks


@pytest.mark.slow
def test_the_clock_asks_little_whatever_is_out(school: School) -> None:
    spring(school)
    with_rules(school, per_child=1, holds=2)
    some = families(school, 90)
    every = [a_pack(school, f"Pack {number}", copies=2) for number in range(30)]
    for number, family in enumerate(some[:50]):
        home(school, every[number % 25], family)
    for number, family in enumerate(some[:30]):
        pack_queue.reserve(school, every[(number + 1) % 25], family.child, family.adult)
    for family in some[40:]:
        weekly_loan.join(school, family.child, family.adult)
    holiday_packs.make(school, holiday_packs.Plan("Easter pack", date(2026, 3, 20), offer_on=date(2026, 3, 2)))
    for clock in ("2026-03-02 12:00", "2026-03-06 07:00", "2026-03-08 16:00", "2026-03-12 16:00"):
        ticks(school, clock)  # once for what is due then
        school.session.commit()
        school.session.expire_all()
        with counted(school) as said:
            ticks(school, clock)
        assert len(said) < 25, said


# The demo school


def test_the_demo_school_has_packs_to_show(school: School) -> None:
    assert demo.seed(school)
    assert len(packs.lent(school)) == len(PACKS)
    [copy] = [copy for pack in packs.lent(school) for copy in pack.copies if copy.state == CopyState.COUNTING]
    assert copy.pack.title.words == "Sensory box"
    mateo = demo.child(school, "Mateo")
    [place] = weekly_loan.places(school)
    assert place.child is mateo
    had = {loan.pack.title.words for loan in school.session.scalars(select(PackLoan))}
    weekly_loan.fill_bags(school)
    [hold] = packs.holds(school, place.adult)
    assert hold.pack.title.words not in had
