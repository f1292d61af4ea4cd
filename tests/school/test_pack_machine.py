"""Whatever families and staff do with packs, and whenever: no copy is promised twice, nobody is passed over, and nothing is said twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from data.outbox import Message, OutboxState
from data.packs import OPEN_HOLDS, CopyState, HoldState, PackCopy, PackHold, PackLoan, ProblemKind, Way, WeeklyPlace
from data.store import Store
from school import School, leaving, pack_clock, pack_loans, pack_queue, pack_rules, packs, weekly_loan
from school.errors import NotYourChild, Refusal
from school.pack_loans import Borrower, NoRoom, NotHere, NotOut, Over, SomeoneWaits, TooOften
from school.pack_queue import Ended, HasIt, NotLent, TooManyHolds, Waits
from school.pack_rules import PackRules
from school.packs import Plan, StillOut
from tests.school.small import MONDAY, a_child, an_adult, span

WHO = st.integers(0, 4)
SOME = st.integers(0, 20)


class Shelf(RuleBasedStateMachine):
    """Five pairs of adult and child, of four families (one has two children, one child has two adults that are apart), three packs with four copies."""

    url = ""

    @initialize(
        per_child=st.integers(1, 2),
        per_family=st.integers(1, 3),
        holds=st.integers(1, 3),
        pick_up_days=st.integers(1, 3),
        first=st.booleans(),
        renewals=st.integers(0, 1),
    )
    def begin(self, per_child: int, per_family: int, holds: int, pick_up_days: int, first: bool, renewals: int) -> None:
        self.store = Store(self.url)
        self.scope = self.store.write()
        self.session = self.scope.__enter__()
        self.now = MONDAY
        span(self.school, "2026-01-05", "2026-07-20", "term")
        span(self.school, "2026-03-16", "2026-03-20", "half-term")
        allowed = PackRules(
            loan_days=3, per_child=per_child, per_family=per_family, holds=holds, pick_up_days=pick_up_days, first_loan_first=first, renewals=renewals
        )
        pack_rules.set_rules(self.school, allowed)
        one, two, shared, alone = (a_child(self.school) for _ in range(4))
        large = an_adult(self.school, one, two)
        pairs = [
            (large, one),
            (large, two),
            (an_adult(self.school, shared), shared),
            (an_adult(self.school, shared), shared),
            (an_adult(self.school, alone), alone),
        ]
        self.pairs = [Borrower(adult, child) for adult, child in pairs]
        self.packs = [packs.make(self.school, Plan(title, items=[("bears", 3)]), copies) for title, copies in (("Bears", 1), ("Cards", 1), ("Drums", 2))]
        self.excused: set[int] = set()
        self.ready: set[int] = set()
        self.given_back: set[int] = set()
        self.waits_again: set[int] = set()

    @property
    def school(self) -> School:
        return School(self.session, self.now)

    def a_moment_later(self) -> School:
        self.now += timedelta(minutes=1)
        return self.school

    def copy(self, number: int, *states: CopyState) -> PackCopy | None:
        """One of the copies that are in these states."""
        rows = select(PackCopy).where(PackCopy.state.in_(states or list(CopyState))).order_by(PackCopy.id)
        found = self.session.scalars(rows).all()
        return found[number % len(found)] if found else None

    # What families do

    @rule(who=WHO, pack=st.integers(0, 2), way=st.sampled_from(Way), staff=st.booleans())
    def asks(self, who: int, pack: int, way: Way, staff: bool) -> None:
        school, them = self.a_moment_later(), self.pairs[who]
        try:
            pack_queue.reserve(school, self.packs[pack], them.child, them.adult, way, staff=staff)
        except TooManyHolds:
            assert not staff
        except (NotYourChild, NotLent, HasIt, Waits):
            return
        waits = sum(packs.waits(hold) for hold in packs.holds(school, them.adult))
        assert staff or waits <= pack_rules.rules(school).holds or self.waits_again

    @rule(pack=st.integers(0, 2), way=st.sampled_from(Way))
    def everyone_asks_for_one(self, pack: int, way: Way) -> None:
        for who in range(len(self.pairs)):
            self.asks(who, pack, way, staff=False)

    @rule(who=WHO)
    def one_asks_for_all(self, who: int) -> None:
        for pack in range(len(self.packs)):
            self.asks(who, pack, Way.BAG, staff=True)

    @rule(number=SOME)
    def gives_up(self, number: int) -> None:
        school, rows = self.a_moment_later(), self.holds(*OPEN_HOLDS) or self.holds(*HoldState)
        if rows:
            hold = rows[number % len(rows)]
            if hold.state in OPEN_HOLDS:
                pack_queue.give_up(school, hold)
            else:
                with pytest.raises(Ended):
                    pack_queue.give_up(school, hold)

    @rule(number=SOME, staff=st.booleans())
    def keeps_it_longer(self, number: int, staff: bool) -> None:
        school, rows = self.a_moment_later(), self.loans()
        if not rows:
            return
        loan = rows[number % len(rows)]
        before, waits = loan.due_on, [turn.adult.id for turn in pack_queue.line(school, loan.pack) if turn.adult.id != loan.adult_id]
        try:
            assert pack_loans.renew(school, loan, staff=staff) > before
            assert staff or not waits
        except SomeoneWaits:
            assert waits
            assert not staff
        except TooOften:
            assert loan.renewals >= pack_rules.rules(school).renewals
            assert not staff
        except Over:
            assert not pack_loans.is_open(loan)

    @rule(number=SOME)
    def says_it_is_on_its_way(self, number: int) -> None:
        rows = [loan for loan in self.loans() if pack_loans.is_open(loan)]
        if rows:
            pack_loans.coming_back(self.a_moment_later(), rows[number % len(rows)])

    @rule(who=WHO)
    def signs_up(self, who: int) -> None:
        with suppress(NotYourChild):
            weekly_loan.join(self.a_moment_later(), self.pairs[who].child, self.pairs[who].adult)

    @rule(who=WHO)
    def signs_off(self, who: int) -> None:
        school, them = self.a_moment_later(), self.pairs[who]
        place = weekly_loan.place_of(school, them.child, them.adult)
        if place is not None:
            weekly_loan.leave(school, place)

    def leaves_the_school(self, who: int) -> None:
        school, them = self.a_moment_later(), self.pairs[who]
        if sum(pair.adult.left_on is None for pair in self.pairs) > 3:
            leaving.leave(school, [them.child], leaving.adults_without_others(school, [them.child]), None)
            self.clock_ticks()

    # What staff do

    @rule(number=SOME)
    def hands_out_what_is_kept(self, number: int) -> None:
        school, copy = self.a_moment_later(), self.copy(number, CopyState.KEPT) or self.copy(number)
        assert copy is not None
        hold = pack_loans.hold_of(school, copy)
        try:
            loan = pack_loans.hand_out(school, copy, None)
            assert hold is not None
            assert (loan.adult_id, hold.state) == (hold.adult_id, HoldState.TAKEN)
        except NotHere:
            assert hold is None

    @rule(number=SOME, who=WHO, beyond=st.booleans())
    def lends_at_the_desk(self, number: int, who: int, beyond: bool) -> None:
        school, copy, them = self.a_moment_later(), self.copy(number, CopyState.SHELF, CopyState.KEPT), self.pairs[who]
        if copy is None:
            return
        had_room = pack_queue.has_room(school, them.adult, them.child)
        is_theirs = any(hold.copy_id == copy.id for hold in packs.holds(school, them.adult))
        try:
            pack_loans.hand_out(school, copy, None, them, beyond=beyond)
            assert is_theirs or had_room or beyond
            if not is_theirs and not had_room:
                self.excused.add(them.adult.id)
        except NoRoom:
            assert not had_room
            assert not beyond
        except (NotHere, NotYourChild):
            assert not is_theirs

    @rule(number=SOME, counted=st.booleans())
    def takes_back(self, number: int, counted: bool) -> None:
        school, copy = self.a_moment_later(), self.copy(number, CopyState.OUT) or self.copy(number)
        assert copy is not None
        loan = pack_loans.loan_of(school, copy)
        try:
            assert pack_loans.take_back(school, copy, None, counted=counted) is loan
        except NotOut:
            assert loan is None

    @rule(number=SOME)
    def undoes_handing_out(self, number: int) -> None:
        school, rows = self.a_moment_later(), self.loans()
        if rows:
            loan = rows[number % len(rows)]
            out_at, adult_id, copy = loan.out_at, loan.adult_id, loan.copy
            with suppress(Over):
                pack_loans.undo_hand_out(school, loan)
                hold = pack_loans.hold_of(school, copy)
                if hold is not None and hold.adult_id == adult_id and hold.ready_at != out_at:
                    self.ready.add(hold.id)  # it is theirs again, whoever waits
                    self.given_back.add(hold.id)

    @rule(number=SOME)
    def undoes_taking_back(self, number: int) -> None:
        school, copy = self.a_moment_later(), self.copy(number)
        assert copy is not None
        with suppress(Over):
            loan = pack_loans.undo_take_back(school, copy)
            self.excused |= {loan.adult_id} if loan.adult_id is not None else set()

    @rule(number=SOME, missing=st.booleans(), to_repair=st.booleans())
    def counts(self, number: int, missing: bool, to_repair: bool) -> None:
        school, copy = self.a_moment_later(), self.copy(number, CopyState.COUNTING, CopyState.REPAIR)
        if copy is not None:
            with suppress(NotOut):
                pack_loans.count(school, copy, {copy.pack.items[0]: ProblemKind.MISSING} if missing else {}, to_repair=to_repair)
                assert len(pack_loans.problems(school, copy)) == missing

    @rule(number=SOME, act=st.sampled_from([pack_loans.lose, pack_loans.repaired, pack_loans.to_repair, pack_loans.retire_copy]))
    def sets_a_copy_apart(self, number: int, act: Any) -> None:
        school, copy = self.a_moment_later(), self.copy(number)
        assert copy is not None
        hold = pack_loans.hold_of(school, copy)
        with suppress(NotOut):
            act(school, copy)
            if hold is not None:
                self.ready.discard(hold.id)
                self.waits_again.add(hold.id)  # they may now wait for more than they might ask for

    @rule(number=SOME, what=st.integers(0, 3))
    def what_is_seldom(self, number: int, what: int) -> None:
        (self.leaves_the_school, self.adds_a_copy, self.retires_a_pack_or_lends_it_again, self.changes_the_rules)[what](number % (5 if what == 0 else 3))

    def adds_a_copy(self, pack: int) -> None:
        if len(self.packs[pack].copies) < 3:
            packs.add_copy(self.a_moment_later(), self.packs[pack])
            self.clock_ticks()

    def retires_a_pack_or_lends_it_again(self, pack: int) -> None:
        school, changed = self.a_moment_later(), self.packs[pack]
        with suppress(StillOut):
            (packs.lend_again if changed.is_retired else packs.retire)(school, changed)
        self.clock_ticks()

    def changes_the_rules(self, number: int) -> None:
        school = self.a_moment_later()
        pack_rules.set_rules(school, replace(pack_rules.rules(school), per_child=1 + number % 2, per_family=1 + number % 3))
        self.excused |= {pair.adult.id for pair in self.pairs}
        self.clock_ticks()

    @rule()
    def fills_the_bags(self) -> None:
        weekly_loan.fill_bags(self.a_moment_later())

    @rule(hours=st.sampled_from([0.1, 7, 24, 50, 100, 170]))
    def time_goes_by(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self.clock_ticks()

    def clock_ticks(self) -> None:
        """Twice, of which the second changes nothing."""
        pack_clock.due(self.school)
        before = self.everything()
        pack_clock.due(self.school)
        assert self.everything() == before
        for hold in self.holds(*OPEN_HOLDS):
            assert (hold.adult.left_on, hold.child.left_on, hold.pack.is_retired) == (None, None, False)

    # What is always so

    def everything(self) -> list[Any]:
        rows = (
            select(PackCopy.id, PackCopy.state).order_by(PackCopy.id),
            select(PackHold.id, PackHold.state, PackHold.copy_id).order_by(PackHold.id),
            select(PackLoan.id, PackLoan.reminded).order_by(PackLoan.id),
            select(WeeklyPlace.id, WeeklyPlace.missed_on, WeeklyPlace.ended_at).order_by(WeeklyPlace.id),
            select(Message.id, Message.state).order_by(Message.id),
        )
        return [self.session.execute(each).all() for each in rows]

    def holds(self, *states: HoldState) -> Sequence[PackHold]:
        return self.session.scalars(select(PackHold).where(PackHold.state.in_(states)).order_by(PackHold.id)).all()

    def loans(self) -> Sequence[PackLoan]:
        return self.session.scalars(select(PackLoan).order_by(PackLoan.id)).all()

    @invariant()
    def nothing_is_wrong(self) -> None:
        if not hasattr(self, "pairs"):
            return
        self.session.flush()
        loans, waiting, ready = [loan for loan in self.loans() if pack_loans.is_open(loan)], self.holds(HoldState.WAITING), self.holds(HoldState.READY)
        self.each_copy_is_in_one_place(loans, ready)
        self.nobody_has_too_many(loans, ready)
        self.whoever_waited_longest_is_served(loans, waiting, ready)
        self.nothing_is_said_twice(ready)
        assert max(Counter((hold.pack_id, hold.adult_id) for hold in (*waiting, *ready)).values(), default=1) == 1
        assert not any(hold.is_weekly for hold in waiting)

    def each_copy_is_in_one_place(self, loans: Sequence[PackLoan], ready: Sequence[PackHold]) -> None:
        copies = self.session.scalars(select(PackCopy)).all()
        assert sorted(loan.copy_id for loan in loans) == sorted(copy.id for copy in copies if copy.state == CopyState.OUT)
        assert sorted(hold.copy_id or 0 for hold in ready) == sorted(copy.id for copy in copies if copy.state == CopyState.KEPT)

    def nobody_has_too_many(self, loans: Sequence[PackLoan], ready: Sequence[PackHold]) -> None:
        allowed = pack_rules.rules(self.school)
        pairs = [*((loan.adult_id, loan.child_id) for loan in loans), *((hold.adult_id, hold.child_id) for hold in ready)]
        self.of_family = Counter(adult for adult, _ in pairs)
        self.of_child = Counter(pairs)
        over = {adult for adult, count in self.of_family.items() if count > allowed.per_family}
        over |= {adult for (adult, _), count in self.of_child.items() if count > allowed.per_child}
        assert over <= self.excused
        self.excused &= {adult for adult in over if adult is not None}

    def has_room(self, adult_id: int, child_id: int) -> bool:
        allowed = pack_rules.rules(self.school)
        return self.of_family[adult_id] < allowed.per_family and self.of_child[adult_id, child_id] < allowed.per_child

    def whoever_waited_longest_is_served(self, loans: Sequence[PackLoan], waiting: Sequence[PackHold], ready: Sequence[PackHold]) -> None:
        """Nobody who has room waits while a copy is on the shelf, nor while someone after them was given one."""
        first = pack_rules.rules(self.school).first_loan_first
        all_loans = self.loans()
        had_one = {loan.adult_id for loan in all_loans} if first else set()
        wait = [(hold.pack_id, hold.adult_id in had_one, hold.asked_at) for hold in waiting if self.has_room(hold.adult_id, hold.child_id)]
        had = {(loan.pack_id, loan.adult_id, loan.child_id) for loan in all_loans}
        has = {(loan.pack_id, loan.adult_id) for loan in loans} | {(hold.pack_id, hold.adult_id) for hold in (*waiting, *ready)}
        for place in self.session.scalars(select(WeeklyPlace).where(WeeklyPlace.ended_at.is_(None), WeeklyPlace.missed_on.is_not(None))):
            if self.has_room(place.adult_id, place.child_id):
                new = (pack.id for pack in self.packs if (pack.id, place.adult_id, place.child_id) not in had and (pack.id, place.adult_id) not in has)
                wait += [(pack_id, place.adult_id in had_one, place.served_at or place.since) for pack_id in new]
        lent = {pack.id for pack in self.packs if not pack.is_retired}
        free = set(self.session.scalars(select(PackCopy.pack_id).where(PackCopy.state == CopyState.SHELF, PackCopy.pack_id.in_(lent))))
        assert not [turn for turn in wait if turn[0] in free]
        for hold in ready:
            if hold.id not in self.ready:
                turn = (hold.pack_id, hold.adult_id in had_one, hold.asked_at)
                assert not [before for before in wait if before[0] == hold.pack_id and before < turn]
        self.ready = {hold.id for hold in ready}

    def nothing_is_said_twice(self, ready: Sequence[PackHold]) -> None:
        rows = self.session.execute(select(Message.kind, Message.adult_id, Message.about).where(Message.state != OutboxState.CANCELLED))
        said = Counter((kind, adult_id, *sorted(about.items())) for kind, adult_id, about in rows)
        assert max(said.values(), default=1) == 1
        for hold in ready:
            # Who has it at once is told in the answer; who has it back, or has it every week, is not told.
            is_silent = hold.is_weekly or hold.ready_at == hold.asked_at or hold.id in self.given_back
            assert said["pack_ready", hold.adult_id, ("hold", hold.id)] == (not is_silent) or hold.id in self.given_back

    def teardown(self) -> None:
        if hasattr(self, "scope"):
            self.session.rollback()
            self.scope.__exit__(None, None, None)
            self.store.close()


def test_whatever_families_and_staff_do(database_url: str) -> None:
    machine = type("OfThis", (Shelf,), {"url": database_url})
    quick = settings(max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=quick)


def test_refusals_of_packs_are_refusals() -> None:
    for refusal in (Ended, HasIt, NotLent, TooManyHolds, Waits, NoRoom, NotHere, NotOut, Over, SomeoneWaits, TooOften, StillOut):
        assert issubclass(refusal, Refusal)
