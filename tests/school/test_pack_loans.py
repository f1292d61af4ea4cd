"""What goes home and comes back: nothing is in two places, slips can be undone, and what is missing is known."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest
from sqlalchemy import select

from data.packs import CopyState, HoldState, Pack, PackCopy, Way
from data.people import Adult
from data.store import Store
from school import School, leaving, pack_loans, pack_queue, packs
from school.errors import NotYourChild
from school.pack_loans import Borrower, NoRoom, NotHere, NotOut, Over, PackLoan, ProblemKind, SomeoneWaits, TooOften
from tests.school.pack_cases import a_pack, families, home, later, only, spring, ticks, told, with_rules
from tests.school.small import MONDAY, a_member, at_once


def asks(school: School, pack: Pack, family: Borrower) -> pack_queue.PackHold:
    return pack_queue.reserve(school, pack, family.child, family.adult)


# Out


def test_what_is_set_aside_goes_home_to_whom_it_is_kept_for(school: School) -> None:
    spring(school)
    pack, [family], office = a_pack(school), families(school, 1), a_member(school, "office")
    hold = asks(school, pack, family)
    loan = pack_loans.hand_out(school, only(pack), office)
    assert (loan.adult, loan.child, loan.due_on, loan.way, loan.handed_by_id) == (family.adult, family.child, date(2026, 3, 9), Way.BAG, office.id)
    assert (loan.language, loan.class_name, loan.waited_since) == ("en", family.child.school_class.name, MONDAY)
    assert (hold.state, hold.copy, only(pack).state, told(school, family.adult)) == (HoldState.TAKEN, None, CopyState.OUT, ["pack_out"])


def test_a_family_at_the_desk_has_what_is_on_the_shelf(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    loan = pack_loans.hand_out(school, only(pack), None, family)
    assert (loan.adult, loan.way, loan.waited_since) == (family.adult, Way.COLLECT, None)
    assert packs.holds(school, family.adult) == []


def test_what_is_kept_for_one_is_not_handed_to_another(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    asks(school, pack, one)
    with pytest.raises(NotHere) as refused:
        pack_loans.hand_out(school, only(pack), None, two)
    assert (refused.value.state, refused.value.loan) == (CopyState.KEPT, None)
    assert pack_loans.hand_out(school, only(pack), None, one).adult is one.adult


def test_what_is_not_here_is_not_handed_out_and_who_has_it_is_told(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    loan = home(school, pack, one)
    with pytest.raises(NotHere) as refused:
        pack_loans.hand_out(school, only(pack), None, two)
    assert (refused.value.state, refused.value.loan) == (CopyState.OUT, loan)
    pack_loans.take_back(school, only(pack), None)
    with pytest.raises(NotHere) as refused:
        pack_loans.hand_out(school, only(pack), None, two)
    assert refused.value.state == CopyState.COUNTING


def test_at_the_desk_limits_hold_unless_staff_go_beyond(school: School) -> None:
    with_rules(school, per_child=1)
    [family, other] = families(school, 2)
    home(school, a_pack(school, "Bears"), family)
    cards = a_pack(school, "Cards")
    with pytest.raises(NotYourChild):
        pack_loans.hand_out(school, only(cards), None, Borrower(family.adult, other.child))
    with pytest.raises(NoRoom):
        pack_loans.hand_out(school, only(cards), None, family)
    assert pack_loans.hand_out(school, only(cards), None, family, beyond=True).adult is family.adult


def test_who_had_another_copy_set_aside_takes_that_one(school: School) -> None:
    pack, [family] = a_pack(school, copies=2), families(school, 1)
    kept = asks(school, pack, family).copy
    other = next(copy for copy in pack.copies if copy is not kept)
    with pytest.raises(NotHere):
        pack_loans.hand_out(school, other, None, family)


def test_a_slip_is_undone_before_the_family_hears_of_it(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    hold = asks(school, pack, family)
    loan = pack_loans.hand_out(later(school, "2026-03-02 10:00"), only(pack), None)
    pack_loans.undo_hand_out(later(school, "2026-03-02 10:01"), loan)
    assert (hold.state, hold.copy, only(pack).state, told(school, family.adult)) == (HoldState.READY, only(pack), CopyState.KEPT, [])
    assert packs.at_home(school, family.adult) == []


def test_what_went_to_the_wrong_family_at_the_desk_is_on_the_shelf_again(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    loan = home(school, pack, family)
    pack_loans.undo_hand_out(school, loan)
    assert (only(pack).state, packs.holds(school, family.adult)) == (CopyState.SHELF, [])


def test_an_earlier_loan_is_not_what_is_undone(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    before = asks(school, pack, family)
    pack_loans.hand_out(school, only(pack), None)
    pack_loans.take_back(school, only(pack), None, counted=True)
    loan = home(later(school, "2026-03-09 09:00"), pack, family)
    pack_loans.undo_hand_out(later(school, "2026-03-09 09:01"), loan)
    assert (before.state, only(pack).state) == (HoldState.TAKEN, CopyState.SHELF)


def test_yesterdays_slip_and_what_is_back_cannot_be_undone(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    loan = home(school, pack, family)
    with pytest.raises(Over):
        pack_loans.undo_hand_out(later(school, "2026-03-03 09:00"), loan)
    pack_loans.take_back(school, only(pack), None)
    with pytest.raises(Over):
        pack_loans.undo_hand_out(school, loan)
    with pytest.raises(Over):
        pack_loans.undo_take_back(later(school, "2026-03-03 09:00"), only(pack))


# Back


def test_what_is_taken_back_twice_says_whose_it_was(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    loan = home(school, pack, family)
    pack_loans.take_back(later(school, "2026-03-05 09:00"), only(pack), None, counted=True)
    with pytest.raises(NotOut) as refused:
        pack_loans.take_back(later(school, "2026-03-05 09:01"), only(pack), None, counted=True)
    assert (refused.value.state, refused.value.last) == (CopyState.SHELF, loan)


def test_what_is_counted_later_waits_to_be_counted(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    home(school, pack, one)
    waits = asks(school, pack, two)
    pack_loans.take_back(school, only(pack), None)
    assert (only(pack).state, waits.state) == (CopyState.COUNTING, HoldState.WAITING)
    pack_loans.count(school, only(pack), {})
    assert (only(pack).state, waits.state) == (CopyState.KEPT, HoldState.READY)
    with pytest.raises(NotOut):
        pack_loans.count(school, only(pack), {})


def test_what_is_not_back_after_all_is_out_again(school: School) -> None:
    pack, [family, next_family] = a_pack(school), families(school, 2)
    loan = home(school, pack, family)
    for counted in (False, True):
        pack_loans.take_back(school, only(pack), None, counted=counted)
        assert pack_loans.undo_take_back(school, only(pack)) is loan
        assert (only(pack).state, packs.at_home(school, family.adult)) == (CopyState.OUT, [loan])
    asks(school, pack, next_family)
    pack_loans.take_back(school, only(pack), None, counted=True)
    with pytest.raises(Over):
        pack_loans.undo_take_back(school, only(pack))
    assert only(pack).state == CopyState.KEPT


def test_two_who_take_one_back_at_once_are_told_apart(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            pack, [has_it, waits] = a_pack(school), families(school, 2)
            home(school, pack, has_it)
            asks(school, pack, waits)
            copy_id, has_it_id, waits_id = only(pack).id, has_it.adult.id, waits.adult.id

        def takes(school: School) -> str:
            try:
                pack_loans.take_back(school, school.session.get_one(PackCopy, copy_id), None, counted=True)
            except NotOut as refused:
                return f"{refused.state}, had by {refused.last.adult_id if refused.last else None}"
            return "back"

        outcomes = at_once(store, takes, takes)
        with store.read() as session:
            assert session.get_one(PackCopy, copy_id).state == CopyState.KEPT
            assert [loan.back_at for loan in session.scalars(select(PackLoan))] == [MONDAY]
            assert told(School(session, MONDAY), session.get_one(Adult, waits_id)) == ["pack_ready"]
    assert sorted(outcomes) == ["back", f"kept, had by {has_it_id}"]


def test_a_family_that_left_with_a_pack_still_has_it(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    loan = home(school, pack, family)
    hold = asks(school, a_pack(school, "Bears"), family)
    leaving.leave(school, [family.child], [family.adult], None)
    ticks(school, "2026-03-20 16:30")
    assert (pack_loans.is_open(loan), pack_loans.loan_of(school, only(pack)), hold.state) == (True, loan, HoldState.GONE)
    assert told(school, family.adult) == []
    pack_loans.take_back(school, only(pack), None, counted=True)
    assert only(pack).state == CopyState.SHELF


# What is wrong with it


def test_what_is_counted_settles_what_was_told(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    book, animals = pack.items
    loan = home(school, pack, family)
    told_of = pack_loans.tell_problem(school, loan, animals, ProblemKind.MISSING)
    assert pack_loans.tell_problem(school, loan, animals, ProblemKind.DAMAGED) is told_of
    pack_loans.take_back(school, only(pack), None)
    pack_loans.count(school, only(pack), {book: ProblemKind.MISSING, animals: ProblemKind.MISSING}, to_repair=True)
    problems = pack_loans.problems(school, only(pack))
    assert [(each.item, each.kind, each.told_by_family) for each in problems] == [(animals, "missing", True), (book, "missing", False)]
    assert {each.loan_id for each in problems} == {loan.id}
    pack_loans.mend(school, problems[0])
    pack_loans.repaired(school, only(pack))
    assert [each.item for each in pack_loans.problems(school, only(pack))] == [book]
    assert only(pack).state == CopyState.SHELF


def test_what_is_there_after_all_is_settled_by_counting(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    loan = home(school, pack, family)
    pack_loans.tell_problem(school, loan, None, ProblemKind.MISSING)
    pack_loans.tell_problem(school, loan, pack.items[0], ProblemKind.MISSING)
    pack_loans.take_back(school, only(pack), None)
    pack_loans.count(school, only(pack), {})
    assert pack_loans.problems(school, only(pack)) == []


def test_that_all_of_it_is_damaged_is_for_a_person_to_settle(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    told = pack_loans.tell_problem(school, home(school, pack, family), None, ProblemKind.DAMAGED)
    pack_loans.take_back(school, only(pack), None)
    pack_loans.count(school, only(pack), {}, to_repair=True)
    assert pack_loans.problems(school, only(pack)) == [told]
    pack_loans.repaired(school, only(pack))
    assert pack_loans.problems(school, only(pack)) == []


def test_what_is_lost_is_owed_no_more_and_may_be_found(school: School) -> None:
    with_rules(school, per_child=1)
    pack, bears, [family] = a_pack(school), a_pack(school, "Bears"), families(school, 1)
    loan = home(school, pack, family)
    waits = asks(school, bears, family)
    pack_loans.lose(school, only(pack))
    assert (only(pack).state, packs.at_home(school, family.adult), waits.state) == (CopyState.LOST, [], HoldState.READY)
    assert not pack_loans.is_open(loan)
    with pytest.raises(NotOut):
        pack_loans.lose(school, only(pack))
    pack_loans.repaired(school, only(pack))
    assert only(pack).state == CopyState.SHELF


def test_a_copy_that_is_out_is_not_set_apart(school: School) -> None:
    pack, [family] = a_pack(school), families(school, 1)
    home(school, pack, family)
    for act in (pack_loans.to_repair, pack_loans.retire_copy, pack_loans.repaired):
        with pytest.raises(NotOut):
            act(school, only(pack))


def test_whose_copy_is_set_apart_waits_again_as_the_first(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    first, second = asks(school, pack, one), asks(later(school, "2026-03-02 09:20"), pack, two)
    pack_loans.to_repair(school, only(pack))
    assert ([turn.hold for turn in pack_queue.line(school, pack)], first.copy) == ([first, second], None)
    packs.add_copy(school, pack)
    pack_queue.pass_on_what_is_free(school)
    assert (first.state, second.state) == (HoldState.READY, HoldState.WAITING)


# Longer


def test_a_loan_is_renewed_from_the_day_it_is_due_or_from_today(school: School) -> None:
    spring(school)
    pack, [family] = a_pack(school), families(school, 1)
    loan = home(school, pack, family)
    assert pack_loans.renew(school, loan) == date(2026, 3, 23)  # the 15th lies before half-term
    assert pack_loans.renew(later(school, "2026-03-25 09:00"), loan) == date(2026, 4, 13)
    with pytest.raises(TooOften) as refused:
        pack_loans.renew(school, loan)
    assert refused.value.most == 2
    assert pack_loans.renew(school, loan, staff=True) > date(2026, 4, 13)
    assert loan.renewals == 3


def test_nobody_keeps_longer_what_another_waits_for_unless_staff_allow_it(school: School) -> None:
    pack, [one, two] = a_pack(school), families(school, 2)
    loan = home(school, pack, one)
    waits = asks(school, pack, two)
    with pytest.raises(SomeoneWaits):
        pack_loans.renew(school, loan)
    assert pack_loans.renew(school, loan, staff=True) == loan.due_on
    pack_queue.give_up(school, waits)
    assert pack_loans.renew(school, loan) == loan.due_on


def test_what_is_back_or_lost_is_not_renewed(school: School) -> None:
    pack, [family] = a_pack(school, copies=2), families(school, 1)
    back, lost = home(school, pack, family), home(school, pack, family)
    pack_loans.take_back(school, back.copy, None)
    pack_loans.lose(school, lost.copy)
    for loan in (back, lost):
        with pytest.raises(Over):
            pack_loans.renew(school, loan)
