"""The database is away, or we are: nothing is acknowledged that was not stored, and all that came meanwhile is caught up, once and in order."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from datetime import timedelta

import pytest
import uvicorn
from sqlalchemy import select

from bot import health
from bot.channels.base import ChannelName
from bot.loops import CatchUp
from bot.settings import Settings
from data.attention import Attention, Need
from tests import postgres
from tests.conftest import Lines
from tests.served import AMINA, FARIDS_CHAT, PUBLIC, TWILIO, Served
from tests.standin.wire import listen

pytestmark = pytest.mark.anyio

TOM, MARIA = "+447700900102", "whatsapp:+447700900103"


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another program holds the SQLite file."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def pragma(served: Served, during: str, afterwards: str) -> Iterator[None]:
    """What holds of the writing connection for a while."""
    for when in (during, afterwards):
        connection = served.house.store._writer.raw_connection()
        connection.cursor().execute(f"PRAGMA {when}")
        connection.close()
        if when == during:
            yield


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """/readyz believes its last look at the database for a second; here it looks anew."""
    monkeypatch.setattr(health, "LOOKS_LAST", 0)


async def refuses_within_2_seconds(served: Served) -> None:
    """Every webhook is answered 503, and soon; and monitoring says why."""
    began = time.monotonic()
    answers = await asyncio.gather(served.text("hello"), served.telegram("hello"))
    assert [answer.status_code for answer in answers] == [503, 503]
    assert time.monotonic() - began < 2
    async with served.caller() as caller:
        ready = await caller.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["reasons"] == ["the database cannot be reached or written"]
        assert (await caller.get("/healthz")).status_code == 200
        assert (await caller.get("/metrics")).status_code == 200


async def takes_again(served: Served) -> None:
    """It is as if nothing had been."""
    before = len(served.kept())
    assert (await served.text("hello")).status_code == 200
    assert len(served.kept()) == before + 1
    async with served.caller() as caller:
        assert (await caller.get("/readyz")).status_code == 200


async def test_a_locked_file_is_503(served_on_sqlite: Served, demo_sqlite_url: str, logged: Lines) -> None:
    with locked(demo_sqlite_url):
        await refuses_within_2_seconds(served_on_sqlite)
    assert [line["status"] for line in logged.named("refused")] == [503, 503]
    await takes_again(served_on_sqlite)


async def test_a_read_only_file_is_503(served_on_sqlite: Served) -> None:
    with pragma(served_on_sqlite, "query_only=ON", "query_only=OFF"):
        await refuses_within_2_seconds(served_on_sqlite)
    await takes_again(served_on_sqlite)


async def test_a_full_disk_is_503_and_what_was_acknowledged_is_there(served_on_sqlite: Served) -> None:
    statuses: list[int] = []
    with pragma(served_on_sqlite, "max_page_count=1", "max_page_count=1000000"):
        while 503 not in statuses and len(statuses) < 40:
            statuses.append((await served_on_sqlite.text("x" * 1_500)).status_code)
    assert statuses[-1] == 503
    assert len(served_on_sqlite.kept()) == statuses.count(200)
    await takes_again(served_on_sqlite)


async def test_a_stopped_postgresql_is_503(make_served: Callable[..., Served], demo_postgresql_url: str, cluster: postgres.Cluster) -> None:
    served = make_served(demo_postgresql_url)
    with postgres.stopped(cluster):
        await refuses_within_2_seconds(served)
        async with served.caller() as caller:
            assert "bookbag_database_up 0.0" in (await caller.get("/metrics")).text
    await takes_again(served)
    await served.close()


@asynccontextmanager
async def listening(served: Served) -> AsyncIterator[None]:
    """The whole program on a port, where the stand-in calls it as the providers would."""
    socket = listen()
    served.standin.control(routes={PUBLIC: f"http://127.0.0.1:{socket.getsockname()[1]}"}, twilio_target=f"{PUBLIC}{TWILIO}")
    server = uvicorn.Server(uvicorn.Config(served.app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[socket]))
    try:
        await until(lambda: bool(served.standin.log("telegram.setWebhook")))
        yield
    finally:
        server.should_exit = True
        await serving


async def until(is_so: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(is_so):
        if time.monotonic() > deadline:
            pytest.fail("it never came true")
        await asyncio.sleep(0.05)


def away(request: pytest.FixtureRequest, url: str) -> AbstractContextManager[None]:
    """The database of this address is away."""
    return locked(url) if url.startswith("sqlite") else postgres.stopped(request.getfixturevalue("cluster"))


async def write_twice(served: Served, sender: str, channel: str) -> list[int]:
    """How their two messages were answered."""
    return [(await asyncio.to_thread(served.standin.inbound, channel, sender, f"{number} hello"))["statuses"][0] for number in range(2)]


@pytest.mark.slow
async def test_what_came_while_the_database_was_away_is_caught_up_without_a_restart(
    request: pytest.FixtureRequest, make_served: Callable[..., Served], demo_url: str
) -> None:
    served = make_served(demo_url)
    maria = MARIA.removeprefix("whatsapp:")
    writers = [(AMINA, "sms"), (TOM, "sms"), (maria, "whatsapp"), (FARIDS_CHAT, "telegram")]
    async with listening(served):
        with away(request, demo_url):
            assert await asyncio.gather(*(write_twice(served, *writer) for writer in writers)) == [[503, 503]] * 4
            served.standin.control(drop_webhooks=True)
            await asyncio.to_thread(served.standin.inbound, "sms", AMINA, "2 never told by webhook")
            served.standin.control(drop_webhooks=False)
        await until(lambda: [row.state for row in served.kept()] == ["handled"] * 9)
        await until(lambda: all(message.state == "sent" for message in served.said(AMINA)))
    texts: dict[str, list[str]] = {}
    for row in served.kept():
        texts.setdefault(row.address.value, []).append(row.text[0])
    texts[FARIDS_CHAT].sort()  # Telegram holds up a chat behind an update that fails; the stand-in does not
    assert texts == {AMINA: list("012"), TOM: list("01"), maria: list("01"), FARIDS_CHAT: list("01")}


async def catch_up(served: Served) -> int:
    """Both of Twilio's channels are asked once; how much we lacked."""
    return sum([await CatchUp(served.house, served.house.channels[name], 1).once() for name in (ChannelName.SMS, ChannelName.WHATSAPP)])


async def test_an_hour_s_outage_is_caught_up_in_order_and_once(served: Served) -> None:
    assert await catch_up(served) == 0
    parents = [f"+4477009001{number:02}" for number in (1, 2, 5, 6, 10)]
    for number in range(6):
        for parent in parents:
            served.standin.inbound("sms", parent, f"{number} hello", webhook=False)
    served.standin.inbound("whatsapp", MARIA.removeprefix("whatsapp:"), "hello", webhook=False)
    served.later = timedelta(hours=1)
    assert await catch_up(served) == 31
    assert await catch_up(served) == 0
    await served.settle()
    for parent in parents:
        assert [row.text[0] for row in served.kept() if row.address.value == parent] == list("012345")
        assert len(served.said(parent)) == 6
    assert {row.state for row in served.kept()} == {"handled"}


async def test_what_is_caught_up_too_late_goes_to_staff_and_the_parent_is_told(served: Served) -> None:
    await catch_up(served)
    served.standin.inbound("sms", TOM, "can i see ms okafor tomorrow at 3", webhook=False)
    served.later = timedelta(hours=2, minutes=5)
    await catch_up(served)
    await served.settle()
    assert [row.state for row in served.kept()] == ["for_staff"]
    [said] = served.said(TOM)
    assert str(said.text).endswith("Your message reached us late. I have given it to the office, who will get back to you.")
    with served.house.store.read() as session:
        [need] = session.scalars(select(Attention))
        assert (need.need, need.text) == (Need.LATE, "can i see ms okafor tomorrow at 3")


async def test_who_dies_in_the_first_second_of_the_first_start_is_caught_up_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(served.house.dispatcher, "recover", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await served.running.start()
    served.standin.inbound("sms", AMINA, "hello", webhook=False)
    served.later = timedelta(minutes=1)
    assert await catch_up(served) == 1


async def test_nothing_from_before_the_first_start_is_taken_in(served: Served) -> None:
    served.standin.inbound("sms", AMINA, "from another life", webhook=False)
    await asyncio.sleep(0.01)
    served.later = timedelta(seconds=30)
    assert await catch_up(served) == 0


def test_by_default_a_gap_is_caught_up_within_two_minutes() -> None:
    asks = Settings().catch_up
    assert asks.interval + 10 < 120
    assert asks.polling_interval < 120
