"""Whatever parents write, providers do and the clock says, and wherever the process dies in between: nothing is lost, said twice, left unsaid or untrue.

BOOKBAG_SCHOOLS=200 tries so many schools; without it there are few, since each lives through some thirty things on a database of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from bot import faults
from bot.outbox import NOT_DELIVERED
from data.addresses import Address, AddressState, Consent
from data.appointments import Appointment, AppointmentState, Occupied
from data.attention import Attention, Need
from data.inbox import InboxState, Received
from data.outbox import STILL_TO_LEAVE, Message, OutboxState
from data.people import Adult
from data.store import Store
from school import School, demo, notices
from tests.bot.mortal import COMMITS, PLACES, Accepted, Process, reports, text
from tests.bot.sending import MONDAY
from tests.postgres import Cluster

TOM, AMINA, FARID = ("sms", "+447700900102"), ("sms", "+447700900101"), ("telegram", "447700900104")
SCHOOLS = int(os.environ.get("BOOKBAG_SCHOOLS", "10"))
NAMES = {"Tom": TOM, "Amina": AMINA, "Farid": FARID}
WHO = st.sampled_from([TOM, AMINA, FARID])
WORDS = st.sampled_from(["menu", "1", "1", "1", "2", "back", "help", "STOP", "START"])
OUTCOMES = st.sampled_from(["later", "refused", "no such number", "account", "never arrived", "answer lost", "answer lost", "reported first"])
STATES = st.lists(st.sampled_from(["sent", "delivered", "undelivered", "failed", "read"]), min_size=1, max_size=3)
NUMBER = st.integers(0, 10)
"""Which one, of however many there are."""


class Messages(RuleBasedStateMachine):
    """Three parents of the demo school, two on SMS, where the provider can be asked afterwards, one on Telegram, where it cannot."""

    fresh: ClassVar[Callable[[], AbstractContextManager[str]]]
    models: ClassVar[Path]
    patch: ClassVar[pytest.MonkeyPatch]

    def __init__(self) -> None:
        super().__init__()
        self.scope = type(self).fresh()
        self.process = Process(self.scope.__enter__(), MONDAY, self.models)
        self.patch.setattr(faults, "reached", self.process.fate.reached)
        self.written: dict[str, tuple[tuple[str, str], str]] = {}
        self.acknowledged: set[str] = set()
        self.told = 0
        self.invented = {row.id for row in self.rows(Appointment)}

    def rows(self, table: type[Any]) -> list[Any]:
        with self.process.store.read() as session:
            return list(session.scalars(select(table).order_by(*table.__table__.primary_key.columns)))

    @property
    def taken(self) -> list[Accepted]:
        return [*self.process.sms.taken, *self.process.telegram.taken]

    # What happens

    @rule(who=WHO, words=WORDS)
    def somebody_writes(self, who: tuple[str, str], words: str) -> None:
        provider_id = f"SM{len(self.written)}"
        self.written[provider_id] = (who, words)
        self.arrives(provider_id)

    @precondition(lambda self: self.written)
    @rule(number=NUMBER)
    def a_provider_repeats_itself(self, number: int) -> None:
        self.arrives(list(self.written)[number % len(self.written)])

    def arrives(self, provider_id: str) -> None:
        who, words = self.written[provider_id]
        new = self.process.do(self.process.inbox.accept([text(provider_id, *who, words)]))
        assert not new or provider_id not in self.acknowledged
        if new is not None:
            self.acknowledged.add(provider_id)

    @rule()
    def the_providers_are_asked_for_what_was_missed(self) -> None:
        for provider_id in self.written.keys() - self.acknowledged:
            self.arrives(provider_id)

    @rule(number=NUMBER)
    def a_turn_is_taken(self, number: int) -> None:
        self.process.take_a_turn(number)

    @rule()
    def what_is_due_is_sent(self) -> None:
        self.process.do(self.process.dispatcher.run_once())

    @rule(who=WHO, slot=st.sampled_from("12"), sure=st.sampled_from(["1", "1", "2"]))
    def somebody_books(self, who: tuple[str, str], slot: str, sure: str) -> None:
        for said in ("menu", "1", slot, sure):
            self.somebody_writes(who, said)
            self.process.take_a_turn(0)
            self.what_is_due_is_sent()

    @rule(who=st.sampled_from(sorted(NAMES)), word=st.sampled_from(["STOP", "STOP", "START"]))
    def somebody_is_written_to_after_a_stop(self, who: str, word: str) -> None:
        self.somebody_writes(NAMES[who], word)
        self.process.take_a_turn(0)
        self.process.now += timedelta(seconds=1)
        self.the_school_has_something_to_say(who)
        self.what_is_due_is_sent()

    @rule()
    def it_claims_and_stands_still(self) -> None:
        self.process.claim()

    @rule()
    def it_goes_on_with_what_it_claimed(self) -> None:
        self.process.hand_over()

    @rule(who=st.sampled_from(sorted(NAMES)))
    def the_school_has_something_to_say(self, who: str) -> None:
        self.told += 1
        with Store.write(self.process.store) as session:
            school = School(session, self.process.now)
            notices.tell(school, demo.adult(school, who), "rang", {"on": school.today.isoformat()}, key=f"rang:{self.told}")

    @rule(outcome=OUTCOMES, is_sms=st.booleans())
    def the_next_sending_goes_so(self, outcome: str, is_sms: bool) -> None:
        (self.process.sms if is_sms else self.process.telegram).will.append(outcome)

    @precondition(lambda self: self.process.sms.taken)
    @rule(number=NUMBER, states=STATES)
    def reports_come(self, number: int, states: list[str]) -> None:
        taken = self.process.sms.taken[-1 - number % len(self.process.sms.taken)]
        for state in states:
            if self.process.do(self.process.dispatcher.report(reports(taken, state))) is not None:
                taken.reported.add(state)

    @rule(seconds=st.sampled_from([1, 6, 61, 61, 130, 960, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.process.now += timedelta(seconds=seconds)

    @rule(place=st.sampled_from(PLACES), passes=st.integers(0, 2))
    def it_is_going_to_die(self, place: str, passes: int) -> None:
        self.process.fate.is_to_die(place, passes * 2 if place in COMMITS else passes)

    @rule()
    def it_dies_at_once(self) -> None:
        self.process.bury()

    # What is true all the time

    @invariant()
    def what_was_acknowledged_is_there_once(self) -> None:
        stored = [row.provider_id for row in self.rows(Received)]
        assert self.acknowledged <= set(stored)
        assert len(stored) == len(set(stored))

    @invariant()
    def nothing_is_said_twice(self) -> None:
        assert self.process.sms.said_twice + self.process.telegram.said_twice == []

    @invariant()
    def what_is_told_is_true(self) -> None:
        """Who reads 'booked' has a time, and its cells are theirs; nobody else has."""
        held = {row.appointment_id for row in self.rows(Occupied)}
        booked = [row for row in self.rows(Appointment) if row.id not in self.invented]
        told = sum("Booked:" in taken.outgoing.text for taken in self.taken)
        assert len(booked) >= told - len(self.repeated())
        assert {row.id for row in booked if row.state == AppointmentState.BOOKED} <= held

    def repeated(self) -> list[Message]:
        return [row for row in self.rows(Message) if row.key.endswith(":again") or row.attempts > 1]

    # What is true in the end

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.everything_was_answered()
            self.nothing_is_left_unsaid()
            self.reports_are_shown()
            self.stop_was_heeded()
            self.what_was_acknowledged_is_there_once()
            self.nothing_is_said_twice()
            self.what_is_told_is_true()
            places = {row.uid: (row.lane, row.id) for row in self.rows(Message) if row.attempts == 1 and row.code is None}
            assert [network.out_of_order(places) for network in (self.process.sms, self.process.telegram)] == [[], []]
        finally:
            self.process.close()
            self.scope.__exit__(None, None, None)

    def come_to_rest(self) -> None:
        """Nobody dies or lies any more, and a day goes by."""
        self.process.fate.is_to_die("", 0)
        for network in (self.process.sms, self.process.telegram):
            network.will.clear()
        self.the_providers_are_asked_for_what_was_missed()
        for _ in range(40):
            while self.process.turns.waiting():
                self.process.take_a_turn(0)
                self.process.now += timedelta(seconds=4)
            self.what_is_due_is_sent()
            if not any(row.state in STILL_TO_LEAVE for row in self.rows(Message)):
                break
            self.process.now += timedelta(minutes=40)

    def everything_was_answered(self) -> None:
        """Each message has its answer, but what a carrier answers, and what cannot be answered: that staff have."""
        replies = {row.key.split(":")[1] for row in self.rows(Message) if row.key.startswith("reply:")}
        assert [row.key for row in self.rows(Attention) if row.need == Need.FAILED] == [], "a turn failed three times"
        shown = {row.key for row in self.rows(Attention)}
        together = {row.handled_at for row in self.rows(Received) if str(row.id) in replies}
        for row in self.rows(Received):
            assert row.state in {InboxState.HANDLED, InboxState.FOR_STAFF, InboxState.ASIDE}, (row.text, row.state)
            is_carriers = row.text in {"STOP", "START", "help"} and row.address.channel == "sms"
            assert str(row.id) in replies or is_carriers or f"blocked:{row.id}" in shown or row.handled_at in together, row.text
        assert {row.provider_id for row in self.rows(Received)} == set(self.written)

    def nothing_is_left_unsaid(self) -> None:
        shown = {row.key for row in self.rows(Attention)}
        for row in self.rows(Message):
            assert row.state not in STILL_TO_LEAVE, (row.kind, row.state, row.next_at)
            if row.state in {*NOT_DELIVERED, OutboxState.UNCONFIRMED, OutboxState.EXPIRED}:
                assert f"outbox:{row.id}" in shown, (row.kind, row.state, row.verdict)

    def stop_was_heeded(self) -> None:
        """Between a STOP and the next START nothing is claimed for that address but answers."""
        said = self.rows(Consent)
        for row in self.rows(Message):
            if row.kind != "reply" and row.state not in {OutboxState.FAILED, OutboxState.CANCELLED} and row.claimed_at is not None:
                before = [each for each in said if each.address_id == row.address_id and each.at < row.claimed_at]
                assert not before or before[-1].is_given or any(each.at == row.claimed_at for each in said), (row.kind, row.state)

    def reports_are_shown(self) -> None:
        """The best that was reported of a message is what is shown of it, whatever was reported before or after."""
        by_provider = {row.provider_id: row for row in self.rows(Message) if row.provider_id}
        by_uid = {row.uid: row for row in self.rows(Message)}
        for taken in self.process.sms.taken:
            row = by_provider.get(taken.provider_id) or by_uid[taken.outgoing.id]
            best = "read" if "read" in taken.reported else "delivered"
            if best in taken.reported and row.state not in {OutboxState.CANCELLED, OutboxState.EXPIRED}:
                assert row.state in {best, OutboxState.READ}, (taken.reported, row.state)


@pytest.fixture(scope="module")
def monday_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("monday") / "bookbag.db"
    copyfile(migrated_sqlite, path)
    _seed(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def monday_postgres(cluster: Cluster, migrated_postgres: str) -> Iterator[str]:
    with cluster.filled(_seed, migrated_postgres) as name:
        yield name


def _seed(url: str) -> None:
    """The demo school, whose people all read English, so that the words of a booking can be told."""
    store = Store(url)
    with store.write() as session:
        demo.seed(School(session, MONDAY))
        for adult in session.scalars(select(Adult)):
            adult.language = "en"
        for message in session.scalars(select(Message)):
            session.delete(message)
        for address in session.scalars(select(Address)):
            address.first_greeted_at = MONDAY
            assert address.state == AddressState.USABLE or address.value not in {TOM[1], AMINA[1], FARID[1]}
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_whatever_happens_and_wherever_it_dies(request: pytest.FixtureRequest, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def copied() -> Iterator[str]:
        path = tmp_path / "school.db"
        for old in tmp_path.glob("school.db*"):
            old.unlink()
        copyfile(request.getfixturevalue("monday_sqlite"), path)
        yield f"sqlite:///{path}"

    def made() -> Any:
        cluster: Cluster = request.getfixturevalue("cluster")
        return cluster.database(template=request.getfixturevalue("monday_postgres"))

    for module in ("inbox", "dispatcher"):
        monkeypatch.setattr(f"bot.{module}.PATIENCE", 60.0)
    given = {"fresh": staticmethod(copied if engine == "sqlite" else made), "models": tmp_path / "models", "patch": monkeypatch}
    machine = type("OfThis", (Messages,), given)
    quick = settings(
        max_examples=SCHOOLS if engine == "sqlite" else SCHOOLS // 2, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=quick)
