"""Holiday packs: each family is told once, no more are promised than there are, and what is not wanted is free for others."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from data.outbox import Message, OutboxState
from data.packs import HolidayPack
from data.people import Adult, Child
from data.store import Store
from school import School, holiday_packs, leaving, pack_clock
from school.errors import NotThere, NotYourChild
from school.holiday_packs import NoneLeft, NotSo, Plan, TooLate, Why
from school.pack_loans import Borrower
from tests.school.pack_cases import counted, families, later, ticks, told
from tests.school.small import MONDAY, a_child, an_adult, at_once, london

EASTER = Plan("Easter pack", date(2026, 3, 20), "Seeds and a pot.", offer_on=date(2026, 3, 2), stock=2)


def says(school: School, pack: HolidayPack, family: Borrower, *, yes: bool = True) -> None:
    holiday_packs.answer(school, pack, family.adult, {family.child: yes})


def test_what_cannot_be_is_told_at_its_field(school: School) -> None:
    wrong = Plan(" ", date(2026, 3, 1), offer_on=date(2026, 3, 2), stock=-1)
    with pytest.raises(NotSo) as refused:
        holiday_packs.make(school, wrong)
    assert refused.value.why == {"title": Why.MISSING, "answer_by": Why.IN_THE_PAST, "offer_on": Why.AFTER_IT, "stock": Why.BELOW_PROMISED}
    with pytest.raises(NotSo) as refused:
        holiday_packs.make(school, replace(EASTER, title="x" * 81))
    assert refused.value.why == {"title": Why.TOO_LONG}
    with pytest.raises(NotThere):
        holiday_packs.find(school, 1)


def test_no_more_are_promised_than_there_are(school: School) -> None:
    pack, [one, two, three] = holiday_packs.make(school, EASTER), families(school, 3)
    for family in (one, two, one):
        says(school, pack, family)
    assert (pack.promised, holiday_packs.left(pack)) == (2, 0)
    with pytest.raises(NoneLeft) as refused:
        says(school, pack, three)
    assert refused.value.left == 0
    says(school, pack, two, yes=False)
    says(school, pack, three)
    assert pack.promised == 2
    assert {wish.child for wish in holiday_packs.wanted(school, pack)} == {one.child, three.child}
    assert holiday_packs.count_answers(school, pack) == {True: 2, False: 1}


def test_a_family_that_cannot_have_all_it_asks_for_has_what_it_had(school: School) -> None:
    children = [a_child(school) for _ in range(3)]
    parent, pack = an_adult(school, *children), holiday_packs.make(school, EASTER)
    holiday_packs.answer(school, pack, parent, {children[0]: True})
    with pytest.raises(NoneLeft):
        holiday_packs.answer(school, pack, parent, dict.fromkeys(children, True))
    assert [(wish.child_id, wish.is_wanted) for wish in holiday_packs.of(school, pack, parent)] == [(children[0].id, True)]
    holiday_packs.answer(school, pack, parent, {children[0]: False, children[1]: True, children[2]: True})
    assert pack.promised == 2


def test_answers_are_taken_from_the_first_day_to_the_last(school: School) -> None:
    [one, other] = families(school, 2)
    pack = holiday_packs.make(school, replace(EASTER, offer_on=date(2026, 3, 4)))
    for clock in ("2026-03-03 23:59", "2026-03-21 00:00"):
        with pytest.raises(TooLate):
            says(later(school, clock), pack, one)
    for clock in ("2026-03-04 00:00", "2026-03-20 23:59"):
        says(later(school, clock), pack, one)
    with pytest.raises(NotYourChild):
        holiday_packs.answer(later(school, "2026-03-05 09:00"), pack, one.adult, {other.child: True})


def test_each_family_is_told_once_and_not_who_answered_before(school: School) -> None:
    pack, [one, two] = holiday_packs.make(school, EASTER), families(school, 2)
    no_rights = an_adult(school)
    says(school, pack, two)
    for clock in ("2026-03-02 09:20", "2026-03-03 09:20"):
        ticks(school, clock)
    assert [told(school, adult) for adult in (one.adult, two.adult, no_rights)] == [["holiday_pack_offered"], [], []]
    [notice] = school.session.scalars(select(Message))
    assert notice.useless_after == london("2026-03-20 23:59")


def test_what_is_over_is_not_offered_any_more(school: School) -> None:
    pack, [family] = holiday_packs.make(school, EASTER), families(school, 1)
    ticks(school, "2026-03-02 09:20")
    holiday_packs.close(school, pack)
    assert holiday_packs.offered(school) == []
    [notice] = school.session.scalars(select(Message).execution_options(populate_existing=True))
    assert notice.state == OutboxState.CANCELLED
    with pytest.raises(TooLate):
        says(school, pack, family)


def test_a_change_may_not_break_a_promise(school: School) -> None:
    pack, [one, two] = holiday_packs.make(school, EASTER), families(school, 2)
    for family in (one, two):
        says(school, pack, family)
    with pytest.raises(NotSo) as refused:
        holiday_packs.change(school, pack, replace(EASTER, stock=1))
    assert refused.value.why == {"stock": Why.BELOW_PROMISED}
    holiday_packs.change(later(school, "2026-03-23 09:00"), pack, replace(EASTER, title="Spring pack", about="", stock=None))
    assert (pack.title.words, pack.about, holiday_packs.left(pack)) == ("Spring pack", None, None)


def test_who_left_the_school_is_promised_nothing(school: School) -> None:
    pack, [one, two] = holiday_packs.make(school, EASTER), families(school, 2)
    for family in (one, two):
        says(school, pack, family)
    [given, _] = holiday_packs.wanted(school, pack)
    holiday_packs.give(school, given)
    leaving.leave(school, [one.child, two.child], [one.adult, two.adult], None)
    ticks(school, "2026-03-02 09:20")
    assert (pack.promised, holiday_packs.wanted(school, pack)) == (1, [given])
    holiday_packs.give(school, given, is_given=False)
    assert given.given_at is None


def test_who_is_erased_leaves_what_was_promised_to_others(school: School) -> None:
    pack, [one] = holiday_packs.make(school, EASTER), families(school, 1)
    says(school, pack, one)
    assert pack_clock.export(school, one.adult)["holiday_packs"] == [{"pack": "Easter pack", "wanted": True, "given": None}]
    pack_clock.erase(school, one.adult)
    assert (pack.promised, holiday_packs.wanted(school, pack)) == (0, [])


def test_a_year_later_it_is_removed_with_its_texts(school: School) -> None:
    pack, [one] = holiday_packs.make(school, EASTER), families(school, 1)
    says(school, pack, one)
    pack_clock.retain(School(school.session, MONDAY + timedelta(days=380)))
    assert holiday_packs.everything(school) == [pack]
    pack_clock.retain(School(school.session, MONDAY + timedelta(days=400)))
    assert holiday_packs.everything(school) == []


def test_the_database_refuses_one_too_many(school: School) -> None:
    pack = holiday_packs.make(school, EASTER)
    pack.promised = 3
    with pytest.raises(IntegrityError):
        school.session.flush()
    school.session.rollback()


def test_all_who_ask_at_once_share_what_there_is(database_url: str) -> None:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            pack_id = holiday_packs.make(school, replace(EASTER, stock=3)).id
            pairs = [(family.adult.id, family.child.id) for family in families(school, 8)]

        def ask(adult_id: int, child_id: int, school: School) -> str:
            adult, child = school.session.get_one(Adult, adult_id), school.session.get_one(Child, child_id)
            try:
                holiday_packs.answer(school, holiday_packs.find(school, pack_id), adult, {child: True})
            except NoneLeft:
                return "none left"
            return "yes"

        outcomes = at_once(store, *(partial(ask, *pair) for pair in pairs))
        with store.read() as session:
            pack = session.get_one(HolidayPack, pack_id)
            assert (pack.promised, len(holiday_packs.wanted(School(session, MONDAY), pack))) == (3, 3)
    assert sorted(outcomes) == ["none left"] * 5 + ["yes"] * 3


def test_an_offer_asks_little_once_all_are_told(school: School) -> None:
    pack, some = holiday_packs.make(school, EASTER), families(school, 20)
    says(school, pack, some[0])
    ticks(school, "2026-03-02 09:20")
    with counted(school) as said:
        ticks(school, "2026-03-02 09:21")
    assert len(said) < 20
