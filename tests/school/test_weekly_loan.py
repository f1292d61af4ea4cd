"""The weekly loan: on the bag day each child that is signed up has something new, and whoever went without comes first."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from data.packs import CopyState, HoldState, PackHold
from school import School, leaving, pack_loans, pack_queue, packs, weekly_loan
from school.pack_loans import Borrower
from tests.school.pack_cases import a_pack, counted, families, home, later, only, spring, ticks, told, with_rules
from tests.school.small import a_child, an_adult

FRIDAY = "2026-03-06 07:00"


def ready(school: School, family: Borrower) -> list[str]:
    """What is set aside for them by the weekly loan."""
    holds = packs.holds(school, family.adult)
    return [hold.pack.title.words for hold in holds if hold.is_weekly and hold.state == HoldState.READY]


def join(school: School, *some: Borrower) -> list[weekly_loan.WeeklyPlace]:
    return [weekly_loan.join(school, family.child, family.adult) for family in some]


def test_who_is_signed_up_stays_as_they_are(school: School) -> None:
    [family] = families(school, 1)
    [place], [again] = join(school, family), join(later(school, "2026-03-03 09:00"), family)
    assert (place, weekly_loan.places_of(school, family.adult)) == (again, [place])


def test_bags_are_filled_once_on_the_bag_day_after_quiet_hours(school: School) -> None:
    spring(school)
    [family] = families(school, 1)
    a_pack(school, "Bears")
    a_pack(school, "Cards")
    join(school, family)
    for clock in ("2026-03-05 12:00", "2026-03-06 06:59"):
        ticks(school, clock)
        assert ready(school, family) == []
    for clock in (FRIDAY, "2026-03-06 07:01", "2026-03-06 15:00"):
        ticks(school, clock)
        assert ready(school, family) == ["Bears"]
    assert told(school, family.adult) == []


def test_no_bags_are_filled_in_half_term(school: School) -> None:
    spring(school)
    [family] = families(school, 1)
    a_pack(school)
    join(school, family)
    ticks(school, "2026-03-20 09:00")
    assert ready(school, family) == []


def test_each_week_brings_something_new_and_what_is_kept_brings_nothing(school: School) -> None:
    [family] = families(school, 1)
    bears, cards = a_pack(school, "Bears"), a_pack(school, "Cards")
    join(school, family)
    weekly_loan.fill_bags(later(school, FRIDAY))
    loan = pack_loans.hand_out(later(school, FRIDAY), only(bears), None)
    assert loan.is_weekly
    weekly_loan.fill_bags(later(school, "2026-03-13 07:00"))
    assert (ready(school, family), only(cards).state) == ([], CopyState.SHELF)
    pack_loans.take_back(later(school, "2026-03-19 09:00"), only(bears), None, counted=True)
    weekly_loan.fill_bags(later(school, "2026-03-20 07:00"))
    assert ready(school, family) == ["Cards"]


def test_who_went_without_has_what_comes_back_first(school: School) -> None:
    [has_it, one, two] = families(school, 3)
    bears = a_pack(school, "Bears")
    home(school, bears, has_it)
    [first] = join(school, one)
    [second] = join(later(school, "2026-03-02 10:00"), two)
    assert weekly_loan.fill_bags(later(school, FRIDAY)) == 0
    assert weekly_loan.went_without(school, later(school, FRIDAY).today) == [first, second]
    pack_loans.take_back(later(school, "2026-03-06 09:00"), only(bears), None, counted=True)
    assert (ready(school, one), first.missed_on) == (["Bears"], None)
    assert weekly_loan.went_without(school, later(school, FRIDAY).today) == [second]


def test_nobody_keeps_longer_what_is_new_to_a_child_that_went_without(school: School) -> None:
    [has_it, one] = families(school, 2)
    loan = home(school, a_pack(school, "Bears"), has_it)
    join(school, one)
    assert pack_loans.renew(school, loan) == loan.due_on
    weekly_loan.fill_bags(later(school, FRIDAY))
    with pytest.raises(pack_loans.SomeoneWaits):
        pack_loans.renew(school, loan)


def test_a_new_copy_goes_to_who_went_without(school: School) -> None:
    [has_it, one] = families(school, 2)
    bears = a_pack(school, "Bears")
    home(school, bears, has_it)
    join(school, one)
    ticks(school, FRIDAY)
    packs.add_copy(school, bears)
    ticks(school, "2026-03-06 09:00")
    assert ready(school, one) == ["Bears"]


def test_who_asked_by_name_comes_before_the_weekly_loan(school: School) -> None:
    with_rules(school, per_child=1)
    [asks, weekly] = families(school, 2)
    bears, cards = a_pack(school, "Bears"), a_pack(school, "Cards")
    home(school, cards, asks)
    hold = pack_queue.reserve(school, bears, asks.child, asks.adult)
    join(school, weekly)
    with_rules(school, per_child=2)
    weekly_loan.fill_bags(later(school, FRIDAY))
    assert (hold.state, ready(school, weekly), told(school, asks.adult)[1:]) == (HoldState.READY, [], ["pack_ready"])


def test_what_they_wait_for_by_name_does_not_come_in_the_weekly_bag(school: School) -> None:
    with_rules(school, per_child=1)
    one, two = a_child(school), a_child(school)
    parent = an_adult(school, one, two)
    bears, cards = a_pack(school, "Bears"), a_pack(school, "Cards")
    home(school, cards, Borrower(parent, one))
    pack_queue.reserve(school, bears, one, parent)
    weekly_loan.join(school, two, parent)
    weekly_loan.fill_bags(later(school, FRIDAY))
    assert ready(school, Borrower(parent, two)) == []


def test_a_child_that_has_as_many_as_it_may_did_not_go_without(school: School) -> None:
    with_rules(school, per_child=1)
    [family] = families(school, 1)
    bears = a_pack(school, "Bears")
    [place] = join(school, family)
    place.missed_on = later(school, "2026-02-27 09:00").today
    home(school, bears, family)
    weekly_loan.fill_bags(later(school, FRIDAY))
    assert place.missed_on is None


def test_whose_weekly_pack_cannot_be_lent_has_another(school: School) -> None:
    [family, other] = families(school, 2)
    bears = a_pack(school, "Bears")
    [place] = join(school, family)
    weekly_loan.fill_bags(later(school, FRIDAY))
    pack_loans.to_repair(later(school, "2026-03-06 08:00"), only(bears))
    assert (ready(school, family), place.missed_on, place.served_at) == ([], later(school, FRIDAY).today, place.since)
    cards, drums = a_pack(school, "Cards"), a_pack(school, "Drums")
    home(school, cards, other)
    pack_queue.reserve(school, cards, family.child, family.adult)  # what they wait for is no hindrance
    ticks(school, "2026-03-06 09:00")
    assert (ready(school, family), only(drums).state) == (["Drums"], CopyState.KEPT)


def test_who_leaves_the_loan_or_the_school_gives_up_what_is_set_aside(school: School) -> None:
    [one, two, three] = families(school, 3)
    bears = a_pack(school, "Bears")
    [place, *_] = join(school, one, two, three)
    weekly_loan.fill_bags(later(school, FRIDAY))
    weekly_loan.leave(later(school, FRIDAY), place)
    assert (ready(school, one), ready(school, two)) == ([], ["Bears"])
    leaving.leave(school, [two.child], [two.adult], None)
    ticks(school, "2026-03-06 09:00")
    assert (ready(school, two), ready(school, three), weekly_loan.places_of(school, two.adult)) == ([], ["Bears"], [])
    assert only(bears).state == CopyState.KEPT


def test_the_bags_of_a_whole_school_are_filled_quickly(school: School) -> None:
    join(school, *families(school, 40))
    for number in range(10):
        a_pack(school, f"Pack {number}", copies=2)
    with counted(school) as said:
        assert weekly_loan.fill_bags(later(school, FRIDAY)) == 20
    assert len(said) < 20 * 15  # so many for each that is given; none for each that goes without
    assert len(school.session.scalars(select(PackHold)).all()) == 20
