"""Who gets a copy, and when: first come, first served among those who may have one more; nobody is skipped, nobody is told twice."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from data.outbox import Message, OutboxState
from data.packs import CopyState, HoldState, Pack, PackCopy, PackHold, Way
from data.people import Adult, Child, Guardianship
from data.store import Store
from school import School, leaving, pack_loans, pack_queue, packs, weekly_loan
from school.errors import NotYourChild
from school.pack_loans import Borrower
from school.pack_queue import Ended, HasIt, NotLent, TooManyHolds, Waits
from tests.school.pack_cases import a_pack, counted, families, home, later, only, spring, ticks, told, with_rules
from tests.school.small import MONDAY, a_child, an_adult, at_once, london


def asks(school: School, pack: Pack, family: Borrower, way: Way = Way.BAG) -> PackHold:
    return pack_queue.reserve(school, pack, family.child, family.adult, way)


def comes_back(school: School, pack: Pack) -> None:
    """The copy that is out comes back, and nothing is missing."""
    copy = next(copy for copy in pack.copies if copy.state == CopyState.OUT)
    pack_loans.take_back(school, copy, None, counted=True)


def test_who_asks_for_what_is_on_the_shelf_has_it_at_once_and_untold(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    hold = asks(school, pack, family)
    assert (hold.state, hold.copy, only(pack).state, hold.keep_until) == (HoldState.READY, only(pack), CopyState.KEPT, None)
    assert told(school, family.adult) == []


def test_first_come_first_served(school: School) -> None:
    pack, [has_it, first, second] = a_pack(school), families(school, 3)
    home(school, pack, has_it)
    one, two = asks(school, pack, first), asks(later(school, "2026-03-02 09:20"), pack, second)
    assert [pack_queue.turn_of(school, hold) for hold in (one, two)] == [1, 2]
    comes_back(school, pack)
    assert (one.state, two.state) == (HoldState.READY, HoldState.WAITING)
    assert (told(school, first.adult), told(school, second.adult)) == (["pack_ready"], [])


def test_refusals(school: School) -> None:
    pack, other, [one, two] = a_pack(school), a_pack(school, "Bears", copies=0), families(school, 2)
    with pytest.raises(NotYourChild):
        pack_queue.reserve(school, pack, two.child, one.adult)
    with pytest.raises(NotLent):
        asks(school, other, one)
    hold = asks(school, pack, one)
    with pytest.raises(Waits) as waits:
        asks(school, pack, one)
    assert waits.value.hold is hold
    loan = pack_loans.hand_out(school, only(pack), None)
    with pytest.raises(HasIt) as has:
        asks(school, pack, one)
    assert has.value.loan is loan
    with pytest.raises(Ended):
        pack_queue.give_up(school, hold)


def test_a_family_waits_for_so_many_and_staff_may_ask_for_more(school: School) -> None:
    with_rules(school, holds=1)
    has_them, asks_much = families(school, 2)
    all_three = [a_pack(school, title) for title in ("Bears", "Cards", "Drums")]
    for pack in all_three:
        pack_loans.hand_out(school, only(pack), None, has_them, beyond=True)
    asks(school, all_three[0], asks_much)
    with pytest.raises(TooManyHolds) as refused:
        asks(school, all_three[1], asks_much)
    assert refused.value.most == 1
    pack_queue.reserve(school, all_three[1], asks_much.child, asks_much.adult, staff=True)
    assert len(packs.holds(school, asks_much.adult)) == 2


def test_what_is_ready_does_not_count_as_waiting(school: School) -> None:
    with_rules(school, holds=1)
    [family, other] = families(school, 2)
    asks(school, a_pack(school, "Bears"), family)
    cards = a_pack(school, "Cards")
    home(school, cards, other)
    assert asks(school, cards, family).state == HoldState.WAITING


def test_who_has_as_many_as_they_may_is_passed_over_and_keeps_their_place(school: School) -> None:
    with_rules(school, per_child=1)
    bears, cards, [full, other] = a_pack(school, "Bears"), a_pack(school, "Cards"), families(school, 2)
    home(school, bears, full)
    waits = asks(school, cards, full)
    assert (waits.state, only(cards).state) == (HoldState.WAITING, CopyState.SHELF)
    assert asks(later(school, "2026-03-02 09:20"), cards, other).state == HoldState.READY
    comes_back(school, bears)
    pack_loans.hand_out(school, only(cards), None)
    comes_back(school, cards)
    assert waits.state == HoldState.READY


def test_who_brings_one_back_is_served_from_the_shelf(school: School) -> None:
    with_rules(school, per_child=1)
    bears, cards, [family] = a_pack(school, "Bears"), a_pack(school, "Cards"), families(school, 1)
    loan = home(school, bears, family)
    waits = asks(school, cards, family)
    pack_loans.take_back(school, loan.copy, None)
    assert (waits.state, told(school, family.adult)) == (HoldState.READY, ["pack_ready"])


def test_brother_and_sister_share_what_the_family_may_have(school: School) -> None:
    with_rules(school, per_child=1, per_family=1)
    one, two = a_child(school), a_child(school)
    parent = an_adult(school, one, two)
    assert asks(school, a_pack(school, "Bears"), Borrower(parent, one)).state == HoldState.READY
    assert asks(school, a_pack(school, "Cards"), Borrower(parent, two)).state == HoldState.WAITING
    with_rules(school, per_family=2)
    pack_queue.pass_on_what_is_free(school)
    assert [hold.state for hold in packs.holds(school, parent)] == [HoldState.READY, HoldState.READY]


def test_families_that_never_had_one_come_first_where_the_school_wants_that(school: School) -> None:
    pack, [has_it, had_one, never] = a_pack(school), families(school, 3)
    for family in (had_one, has_it):
        home(school, pack, family)
        if family is had_one:
            comes_back(school, pack)
    waits, new = asks(school, pack, had_one), asks(later(school, "2026-03-02 09:20"), pack, never)
    assert pack_queue.turn_of(school, waits) == 1
    with_rules(school, first_loan_first=True)
    assert pack_queue.turn_of(school, new) == 1
    comes_back(school, pack)
    assert (waits.state, new.state) == (HoldState.WAITING, HoldState.READY)


def test_what_is_given_up_goes_to_the_next(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    hold, waits = asks(school, pack, one), asks(school, pack, two)
    pack_queue.give_up(school, hold)
    assert (hold.state, waits.state, waits.copy) == (HoldState.GIVEN_UP, HoldState.READY, only(pack))


def test_a_notice_that_has_not_left_is_taken_back_with_its_cause(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    home(school, pack, one)
    hold = asks(school, pack, two)
    comes_back(school, pack)
    pack_queue.give_up(school, hold)
    [notice] = school.session.scalars(select(Message).where(Message.adult_id == two.adult.id).execution_options(populate_existing=True))
    assert notice.state == OutboxState.CANCELLED


def test_who_has_to_wait_again_is_told_again_when_it_is_ready(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    home(school, pack, one)
    hold = asks(school, pack, two)
    comes_back(school, pack)
    pack_loans.to_repair(later(school, "2026-03-02 10:00"), only(pack))
    assert (hold.state, told(school, two.adult)) == (HoldState.WAITING, ["pack_not_yet"])
    pack_loans.repaired(later(school, "2026-03-03 10:00"), only(pack))
    assert (hold.state, told(school, two.adult)) == (HoldState.READY, ["pack_not_yet", "pack_ready"])


# The days for which it is kept


def test_what_is_collected_is_kept_for_some_days_of_school(school: School) -> None:
    spring(school)
    [family] = families(school, 1)
    hold = asks(school, a_pack(school), family, Way.COLLECT)
    assert hold.keep_until == london("2026-03-09 23:59")


def test_half_term_does_not_count(school: School) -> None:
    spring(school)
    [family] = families(school, 1)
    hold = asks(later(school, "2026-03-12 09:00"), a_pack(school), family, Way.COLLECT)
    assert hold.keep_until == london("2026-03-26 23:59")


def test_what_was_not_collected_goes_to_the_next_and_both_are_told_once(school: School) -> None:
    spring(school)
    pack, [one, two] = a_pack(school), families(school, 2)
    hold, waits = asks(school, pack, one, Way.COLLECT), asks(school, pack, two, Way.COLLECT)
    ticks(school, "2026-03-09 23:58")
    assert hold.state == HoldState.READY
    for clock in ("2026-03-09 23:59", "2026-03-10 00:01"):
        ticks(school, clock)
    assert (hold.state, waits.state, waits.keep_until) == (HoldState.LAPSED, HoldState.READY, london("2026-03-16 23:59").replace(day=23))
    assert (told(school, one.adult), told(school, two.adult)) == (["pack_lapsed"], ["pack_ready"])


def test_what_goes_in_the_bag_does_not_lapse(school: School) -> None:
    [family] = families(school, 1)
    hold = asks(school, a_pack(school), family)
    ticks(school, "2026-06-02 09:00")
    assert hold.state == HoldState.READY


# Those who go


def test_what_was_set_aside_for_a_family_that_left_goes_on_in_silence(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    hold, waits = asks(school, pack, one), asks(school, pack, two)
    leaving.leave(school, [one.child], [one.adult], None)
    ticks(school, "2026-03-02 09:20")
    assert (hold.state, waits.state, told(school, one.adult), told(school, two.adult)) == (HoldState.GONE, HoldState.READY, [], ["pack_ready"])


def test_who_may_hear_of_the_child_no_more_waits_no_more(school: School) -> None:
    pack, [one] = a_pack(school), families(school, 1)
    hold, place = asks(school, pack, one), weekly_loan.join(school, one.child, one.adult)
    school.session.get_one(Guardianship, (one.adult.id, one.child.id)).may_hear = False
    ticks(school, "2026-03-02 09:20")
    assert (hold.state, only(pack).state, told(school, one.adult)) == (HoldState.GONE, CopyState.SHELF, [])
    assert place.ended_at is not None


def test_who_waits_for_a_pack_that_is_retired_is_told(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    loan = home(school, pack, one)
    hold = asks(school, pack, two)
    pack_loans.lose(school, loan.copy)
    packs.retire(school, pack)
    for clock in ("2026-03-02 09:20", "2026-03-02 09:21"):
        ticks(school, clock)
    assert (hold.state, told(school, two.adult)) == (HoldState.GONE, ["pack_gone"])


# When it will be


def test_it_is_expected_on_the_bag_day_after_it_is_due(school: School) -> None:
    pack, [one, two, three] = a_pack(school), families(school, 3)
    home(school, pack, one)  # due on Monday the 9th
    first, second = asks(school, pack, two), asks(later(school, "2026-03-02 09:20"), pack, three)
    assert pack_queue.expected(school, pack, first) == date(2026, 3, 13)
    assert pack_queue.expected(school, pack, second) == date(2026, 3, 20)
    assert pack_queue.expected(school, pack) == date(2026, 3, 27)
    packs.add_copy(school, pack)
    assert pack_queue.expected(school, pack, second) == date(2026, 3, 13)


def test_a_late_one_is_expected_tomorrow_and_a_lost_one_never(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    loan = home(school, pack, one)
    hold = asks(school, pack, two)
    assert pack_queue.expected(later(school, "2026-03-17 09:00"), pack, hold) == date(2026, 3, 20)
    pack_loans.lose(school, loan.copy)
    assert pack_queue.expected(school, pack, hold) is None


def test_loans_that_last_longer_in_truth_are_expected_to(school: School) -> None:
    pack, [one, two, three] = a_pack(school), families(school, 3)
    for week in range(pack_queue.KNOWN):
        home(later(school, f"2026-01-{1 + week:02} 09:00"), pack, one).out_at = MONDAY - timedelta(days=60)
        pack_loans.take_back(School(school.session, MONDAY - timedelta(days=40)), only(pack), None, counted=True)
    home(school, pack, one)
    asks(school, pack, two)
    second = asks(later(school, "2026-03-02 09:20"), pack, three)
    assert pack_queue.expected(school, pack, second) == date(2026, 4, 10)  # due on the 9th, 21 days on; the 3rd is Good Friday


def test_who_has_as_many_as_they_may_is_expected_to_bring_one_back_first(school: School) -> None:
    with_rules(school, per_child=1)
    [family] = families(school, 1)
    cards = a_pack(school, "Cards")
    home(school, a_pack(school, "Bears"), family)
    assert pack_queue.expected(school, cards, asks(school, cards, family)) == date(2026, 3, 13)


# At once


def test_two_who_ask_at_once_do_not_get_one_copy(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            pack_id, pairs = a_pack(school, copies=2).id, [(family.adult.id, family.child.id) for family in families(school, 8)]

        def ask(adult_id: int, child_id: int, school: School) -> None:
            child, adult = school.session.get_one(Child, child_id), school.session.get_one(Adult, adult_id)
            pack_queue.reserve(school, school.session.get_one(Pack, pack_id), child, adult)

        at_once(store, *(partial(ask, *pair) for pair in pairs))
        with store.read() as session:
            states = sorted(session.scalars(select(PackHold.state)))
            assert list(session.scalars(select(PackCopy.state))) == [CopyState.KEPT, CopyState.KEPT]
    assert states == [HoldState.READY] * 2 + [HoldState.WAITING] * 6


def test_a_long_queue_is_asked_for_in_few_questions(school: School) -> None:
    pack, [has_it, *queue] = a_pack(school), families(school, 30)
    loan = home(school, pack, has_it)
    for family in queue:
        asks(school, pack, family)
    with counted(school) as said:
        pack_loans.take_back(school, loan.copy, None, counted=True)
    assert len(said) < 40
