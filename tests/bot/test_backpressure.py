"""More comes in than can be worked off: what finds no room is refused and fetched later; what was accepted is never dropped, and memory stays bounded."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from sqlalchemy import select

from bot.channels.base import AddressKind, ChannelName, Inbound, InboundKind
from bot.inbox import LOOKS_EVERY, Inbox
from bot.loops import CatchUp
from bot.running import Role, Running
from bot.together import Crowded, Together
from data.inbox import InboxState, Received
from data.store import Store
from school import SchoolSettings
from tests.bot.sending import MONDAY
from tests.bot.test_outage import until
from tests.conftest import Lines
from tests.served import Served

pytestmark = pytest.mark.anyio

MOST = 10


def text(number: int, kind: InboundKind = InboundKind.TEXT) -> Inbound:
    return Inbound(f"SM{number}", ChannelName.SMS, kind, f"+4477009001{number % 100:02}", AddressKind.PHONE, "+447700900900", text="hello")


class Flooded:
    """An inbox for ten, whose seconds pass by hand."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self._store = 0.0, store
        monkeypatch.setattr("bot.inbox.PATIENCE", 60.0)
        self.inbox = Inbox(store, SchoolSettings(), lambda: MONDAY, lambda: None, most=MOST)
        self.inbox._room._stopwatch = lambda: self.now

    def worked_off(self, count: int) -> None:
        """So many of those that wait had their turn."""
        with self._store.write() as session:
            for row in session.scalars(select(Received).where(Received.state == InboxState.NEW).order_by(Received.id).limit(count)):
                row.state = InboxState.HANDLED

    async def takes(self, *messages: Inbound, fetched: bool = False) -> bool:
        try:
            await self.inbox.accept(messages, fetched=fetched)
        except Crowded:
            return False
        return True


@pytest.fixture
def flooded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flooded]:
    with closing(Store(database_url)) as store:
        yield Flooded(store, monkeypatch)


async def test_when_full_webhooks_are_refused_until_half_is_worked_off(flooded: Flooded) -> None:
    assert [await flooded.takes(text(number)) for number in range(MOST + 2)] == [True] * MOST + [False] * 2
    flooded.worked_off(2)
    flooded.now += 1
    assert not await flooded.takes(text(20))
    flooded.worked_off(3)
    assert not await flooded.takes(text(20)), "how many wait is looked up once a second"
    flooded.now += 1
    assert await flooded.takes(text(20))


async def test_what_was_refused_is_fetched_before_webhooks_are_taken_again(flooded: Flooded) -> None:
    for number in range(MOST):
        await flooded.takes(text(number))
    assert not await flooded.takes(text(30), fetched=True), "full is full"
    flooded.worked_off(4)
    flooded.now += 1
    assert not await flooded.takes(text(31))
    assert await flooded.takes(text(30), fetched=True)
    assert not await flooded.takes(text(31))


async def test_a_call_and_a_block_are_taken_however_many_wait(flooded: Flooded) -> None:
    """No provider would bring them again."""
    for number in range(MOST):
        await flooded.takes(text(number))
    assert [await flooded.takes(text(40, kind)) for kind in (InboundKind.BLOCKED, InboundKind.UNBLOCKED, InboundKind.CALL)] == [True] * 3


async def test_no_more_wait_to_be_written_than_may(anyio_backend: str) -> None:
    """However long a batch takes; who gave up makes room."""
    goes_on = threading.Event()

    def work(items: Sequence[int]) -> Sequence[int]:
        goes_on.wait(30)
        return items

    together = Together(work, most=3)
    first = asyncio.create_task(together.do(0))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(together.do(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Crowded):
        await together.do(4)
    waiting[0].cancel()
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(together.do(5)))
    await asyncio.sleep(0)
    goes_on.set()
    assert await asyncio.gather(first, *waiting[1:]) == [0, 2, 3, 5]


# The whole program


def refused(logged: Lines) -> Counter[str]:
    return Counter(line["why"] for line in logged.named("refused"))


async def test_a_flood_is_503_with_a_time_to_come_again_and_caught_up(make_served: Callable[..., Served], demo_url: str, logged: Lines) -> None:
    served = make_served(demo_url, limits={"waiting_messages": MOST, "unknown_per_day": 100})
    catch_up = CatchUp(served.house, served.house.channels[ChannelName.SMS], 1)
    await catch_up.once()
    served.standin.control(drop_webhooks=True)
    parents = [f"+4477009001{number:02}" for number in (1, 2, 5, 6, 10)]
    for round_ in range(5):
        for parent in parents:
            served.standin.inbound("sms", parent, f"{round_} hello")
    answers = [await served.text("hello", parent) for parent in parents for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * MOST + [503] * 5
    assert {answer.headers.get("Retry-After") for answer in answers[MOST:]} == {"10"}
    assert refused(logged) == {"too many wait": 5}
    with pytest.raises(Crowded):
        await catch_up.once()
    await served.settle()
    served.house.inbox._room._looked_at -= LOOKS_EVERY
    assert await catch_up.once() == 25
    await served.settle()
    for parent in parents:
        caught = [row.text for row in served.kept() if row.address.value == parent and row.text[0].isdigit()]
        assert caught == [f"{number} hello" for number in range(5)]
    assert len(served.kept()) == MOST + 25
    assert {row.state for row in served.kept()} == {"handled"}
    await served.close()


async def test_no_more_conversations_are_in_hand_than_may_be(make_served: Callable[..., Served], demo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.loops.IN_HAND", 3)
    served = make_served(demo_url)
    for number in range(12):
        await served.text("hello", f"+4477009005{number:02}")
    in_hand: list[int] = []
    take = served.house.turns.take

    def counted(thread: str) -> object:
        in_hand.append(len(served.running._turns._busy))
        return take(thread)

    monkeypatch.setattr(served.house.turns, "take", counted)
    async with served.at_work():
        await until(lambda: {row.state for row in served.kept()} == {"handled"}, 60)
    assert max(in_hand) <= 3


async def test_a_web_process_has_the_scheduler_ask_for_what_it_refused(make_served: Callable[..., Served], demo_postgresql_url: str) -> None:
    served, other = make_served(demo_postgresql_url), make_served(demo_postgresql_url)
    web, scheduler, asked = Running(served.house, roles={Role.WEB}), Running(other.house, roles={Role.SCHEDULER}), list[str]()
    scheduler.catch_up_soon = lambda: asked.append("asked")  # type: ignore[method-assign]
    await web.start()
    await scheduler.start()
    await until(lambda: len(asked) == 1)
    web.catch_up_soon()
    await until(lambda: len(asked) == 2)
    await web.stop()
    await scheduler.stop()
