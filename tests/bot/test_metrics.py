"""What monitoring is told: how long each stage takes, what waits, what asks the database for long; and nothing of what families wrote or who they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.health import health_alone
from bot.metrics import Metrics
from bot.running import Role, Running
from bot.timings import Passed, Timings, without_values
from data.addresses import Address
from tests.conftest import Lines
from tests.served import AMINA, STATUS, Served
from tests.standin.client import ROOT

pytestmark = pytest.mark.anyio

PRIVATE = ("7700900101", "7700 900101", "amina", "yusuf", "ayaan", "okafor", "wednesday", "fadlan", "tuesday")


async def shown(app: FastAPI) -> str:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("127.0.0.1", 1)), base_url="http://testserver") as caller:
        return (await caller.get("/metrics")).text


def passed(metrics: str) -> dict[str, float]:
    """How many messages have passed each stage."""
    found = re.findall(r'^bookbag_stage_seconds_count\{stage="([\w ]+)"\} ([\d.]+)$', metrics, re.MULTILINE)
    return {stage: float(count) for stage, count in found}


def value(metrics: str, line: str) -> float:
    """What stands behind the name and labels of a metric."""
    found = re.search(rf"^{re.escape(line)} (\S+)$", metrics, re.MULTILINE)
    assert found, f"{line} is not shown"
    return float(found[1])


async def test_a_message_leaves_its_time_at_every_stage(served: Served) -> None:
    await served.text("hello")
    await served.settle()
    [sent] = served.said(AMINA)
    for state in ("delivered", "delivered", "read"):
        form = {"MessageSid": str(sent.provider_id), "MessageStatus": state, "AccountSid": served.standin.account_sid}
        await served.post(f"{STATUS}?id={sent.uid}", form)
    assert passed(await shown(served.app)) == dict.fromkeys(map(str, Passed), 1.0)


async def test_the_stages_add_up_to_what_a_parent_waited(served: Served) -> None:
    """Half a minute passes before its turn, and another before the reply leaves."""
    await served.text("hello")
    served.later += timedelta(seconds=30)
    served.house.take_waiting_turns()
    served.later += timedelta(seconds=30)
    await served.settle()
    metrics = await shown(served.app)
    took = {point: value(metrics, f'bookbag_stage_seconds_sum{{stage="{point}"}}') for point in (Passed.UNDERSTOOD, Passed.CLAIMED, Passed.SENT)}
    assert took[Passed.UNDERSTOOD] >= 30
    assert took[Passed.CLAIMED] >= 29.9
    assert took[Passed.SENT] < 30


async def test_what_waits_is_counted_and_how_long(served: Served) -> None:
    await served.text("hello")
    await served.text("good morning")
    served.later += timedelta(seconds=40)
    metrics = await shown(served.app)
    assert value(metrics, 'bookbag_inbox{state="new"}') == 2
    assert 40 <= value(metrics, 'bookbag_oldest_waiting_seconds{queue="inbox"}') < 80
    assert value(metrics, 'bookbag_oldest_waiting_seconds{queue="outbox"}') == 0
    served.house.take_waiting_turns()
    served.later += timedelta(seconds=50)
    metrics = await shown(served.app)
    assert value(metrics, 'bookbag_outbox{state="queued"}') == 2
    assert value(metrics, 'bookbag_oldest_waiting_seconds{queue="inbox"}') == 0
    assert 50 <= value(metrics, 'bookbag_oldest_waiting_seconds{queue="outbox"}') < 90
    assert value(metrics, 'bookbag_in_memory{queue="to be stored"}') == 0


async def test_connections_in_use_are_shown(served: Served) -> None:
    free = value(await shown(served.app), "bookbag_connections")
    with served.house.store.read() as session:
        session.scalar(select(Address.id))
        assert value(await shown(served.app), "bookbag_connections") == free + 1
    assert value(await shown(served.app), "bookbag_connections_most") == 16


async def test_a_slow_statement_is_named_and_none_of_its_values(make_served: Callable[..., Served], demo_url: str, logged: Lines) -> None:
    """Every statement counts as slow here: what a whole booking asks of the database shows nothing of the family."""
    served = make_served(demo_url, log={"slow_query_seconds": 0})
    for said in ("Fadlan, can Amina see Ms Okafor on wednesday about Ayaan", "1", "1", "haa", "1"):
        await served.text(said)
        await served.settle()
    metrics = await shown(served.app)
    await served.close()
    slow = logged.named("slow query")
    assert {"insert inbox", "update inbox", "insert outbox", "select outbox", "update outbox"} <= {line["query"].rpartition(" ")[0] for line in slow}
    assert value(metrics, f'bookbag_slow_queries_total{{query="{slow[0]["query"]}"}}') >= 1
    said_of_it = " ".join(str(line) for line in slow).lower() + metrics.lower()
    assert [private for private in PRIVATE if private in said_of_it] == []
    assert all(line.keys() >= {"query", "seconds", "statement"} for line in slow)


async def test_a_quick_statement_is_not_told(served: Served, logged: Lines) -> None:
    served.house.store.watch(60, lambda statement, seconds: pytest.fail(statement))
    await served.text("hello")
    await served.settle()
    assert "bookbag_slow_queries_total{" not in await shown(served.app)


@pytest.mark.parametrize(
    "one, other",
    [
        ("SELECT a\nFROM inbox WHERE id IN (?, ?, ?)", "SELECT a FROM inbox WHERE id IN (?)"),
        ("SELECT a FROM inbox WHERE id IN (%(id_1_1)s, %(id_1_2)s)", "SELECT a FROM inbox WHERE id IN (%(id_1_1)s)"),
        ("INSERT INTO seen (hash) VALUES (%(a)s::BYTEA)", "INSERT INTO seen (hash) VALUES (%(b)s::BYTEA)"),
        ("SELECT a FROM adults WHERE name = 'O''Brien' AND id = 7", "SELECT a FROM adults WHERE name = 'Amina Yusuf' AND id = 12"),
    ],
)
def test_a_statement_is_the_same_whatever_it_is_given(one: str, other: str) -> None:
    assert without_values(one) == without_values(other)
    assert not re.search(r"Brien|Yusuf|\d", without_values(one) + without_values(other))


def test_a_clock_that_was_set_back_counts_as_no_time() -> None:
    timings = Timings()
    timings.took(Passed.CLAIMED, -3600)
    sums = {sample.labels["stage"]: sample.value for metric in timings.stages.collect() for sample in metric.samples if sample.name.endswith("_sum")}
    assert sums[Passed.CLAIMED] == 0


async def test_a_worker_shows_its_own(make_served: Callable[..., Served], demo_postgresql_url: str) -> None:
    """What passes there is seen there: the web process knows nothing of it."""
    served = make_served(demo_postgresql_url)
    app = health_alone(served.house, Running(served.house, roles={Role.WORKER}), Metrics())
    await served.text("hello")
    await served.settle()
    assert passed(await shown(app))[Passed.SENT] == 1
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("203.0.113.9", 1)), base_url="http://testserver") as elsewhere:
        assert [(await elsewhere.get(path)).status_code for path in ("/metrics", "/healthz", "/webhooks/twilio/message", "/console")] == [403, 200, 404, 404]
    await served.close()


async def test_every_stage_and_metric_stands_in_the_guide(served_on_sqlite: Served) -> None:
    guide = (ROOT / "docs/operations.md").read_text("utf-8")
    names = [name for name in re.findall(r"^# TYPE (\w+) ", await shown(served_on_sqlite.app), re.MULTILINE) if not name.endswith("_created")]
    assert [name for name in [*names, *Passed] if f"`{name}" not in guide] == []
