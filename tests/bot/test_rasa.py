"""Understanding with Rasa beside: whose word counts for what, what goes on without Rasa, and who is told. The real server: tests/nlu/test_real_rasa.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.house import Embedded, House
from bot.rasa import WithRasa
from bot.settings import Settings
from nlu.face import Context, Decision
from nlu.rasa_client import FAILURES, RasaClient
from school import LONDON
from tests.conftest import Lines
from tests.rasa_server import PATIENCE, SURE, TEXT, Behaviour, Server, answers, hangs, says, serving
from tests.served import Served
from tests.standin.client import StandIn

ROOT = Path(__file__).parent.parent.parent
HERE = Context(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON))
NOTE = "Rasa does not answer: the embedded engine understands alone"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def both(server: Server, understander: Embedded) -> WithRasa:
    return WithRasa(understander, RasaClient(server.url, PATIENCE))


def guesses(intent: str | None, confidence: float) -> Behaviour:
    return answers({"intent": {"name": intent, "confidence": confidence}, "intent_ranking": [{"name": intent, "confidence": confidence}]})


def test_the_intent_is_rasas_and_all_else_the_embedded_engines(server: Server, both: WithRasa, understander: Embedded) -> None:
    server.behaviour = guesses("ask_lunch", 0.93)
    text = "Can Farid see Ms Okafor on Thursday?"
    found, ours = both.parse(text, HERE), understander.parse(text, HERE)
    assert (found.intent, found.confidence, found.decision, found.ranking) == ("ask_lunch", 0.93, Decision.ACT, (("ask_lunch", 0.93),))
    assert ours.first("time") is not None
    assert (found.text, found.language, found.entities) == (ours.text, ours.language, ours.entities)
    assert server.asked == [{"text": ours.text}]


@pytest.mark.parametrize(
    "intent, confidence, decision",
    [
        ("ask_lunch", 0.6, Decision.ACT),
        ("ask_lunch", 0.59, Decision.CONFIRM),
        ("ask_lunch", 0.3, Decision.CONFIRM),
        ("ask_lunch", 0.29, Decision.HAND_OVER),
        ("out_of_scope", 0.99, Decision.HAND_OVER),
        ("nlu_fallback", 0.99, Decision.HAND_OVER),
    ],
)
def test_a_sure_guess_is_acted_on_and_a_fair_one_asked_about(server: Server, both: WithRasa, intent: str, confidence: float, decision: Decision) -> None:
    server.behaviour = guesses(intent, confidence)
    assert both.parse(TEXT, HERE).decision is decision


@pytest.mark.parametrize("text", ["menu", "7", "🙂", "", "the teacher hit my son and he has a bruise", "quiero hablar con la maestra de mi hijo esta semana"])
def test_rasa_is_not_asked_what_is_certain_urgent_or_in_a_language_it_never_learnt(server: Server, both: WithRasa, understander: Embedded, text: str) -> None:
    assert both.parse(text, HERE) == understander.parse(text, HERE)
    assert server.asked == []


def test_a_school_whose_rasa_knows_spanish_asks_it(server: Server, understander: Embedded) -> None:
    both = WithRasa(understander, RasaClient(server.url, PATIENCE), ["en", "es"])
    assert both.parse("quiero hablar con la maestra de mi hijo esta semana", HERE).confidence == 0.93


def test_where_rasa_knows_nothing_of_it_the_embedded_engine_says(server: Server, both: WithRasa, understander: Embedded) -> None:
    server.behaviour = guesses(None, 0.0)
    assert both.parse(TEXT, HERE) == understander.parse(TEXT, HERE)


@pytest.mark.parametrize("behaviour", [hangs, says(b"", 500), says(b"rubbish")])
def test_without_rasa_the_embedded_engine_goes_on(server: Server, both: WithRasa, understander: Embedded, behaviour: Behaviour) -> None:
    assert both.rasa_answers
    server.behaviour = behaviour
    for _ in range(FAILURES + 1):
        assert both.parse(TEXT, HERE) == understander.parse(TEXT, HERE)
    assert len(server.asked) == 1 + FAILURES
    assert not both.rasa_answers


def test_lists_numbers_and_the_watch_are_never_rasas(server: Server, both: WithRasa, understander: Embedded) -> None:
    assert both.exact("stop", "en") == understander.exact("stop", "en") == "stop"
    assert both.number("two", "en") == 2
    harm = "her uncle touches her at night"
    assert both.watch(harm, "en") == understander.watch(harm, "en")
    assert both.watch(harm, "en") is not None
    assert server.asked == []


def test_the_settings_choose_the_engine(sqlite_url: str, server: Server) -> None:
    for nlu, with_rasa in (({}, False), ({"rasa_url": server.url}, False), ({"engine": "rasa", "rasa_url": server.url}, True)):
        house = House(Settings.model_validate({"database_url": sqlite_url, "nlu": nlu}), {})
        assert (house.rasa is not None) is with_rasa
        assert house.embedded is not None
        house.embedded.close()
        house.close()


@pytest.fixture
def served_with_rasa(providers: StandIn, both: WithRasa, demo_sqlite_url: str) -> Served:
    providers.reset()
    providers.control(callbacks="none")
    return Served(providers, both, demo_sqlite_url)


@pytest.mark.anyio
async def test_monitoring_is_told_whether_rasa_answers(served_with_rasa: Served, server: Server, logged: Lines) -> None:
    async with served_with_rasa.caller() as caller:
        assert NOTE not in (await caller.get("/readyz")).json()["notes"]
        assert "bookbag_rasa_up 1.0" in (await caller.get("/metrics")).text
        server.behaviour = says(b"", 500)
        for _ in range(FAILURES):
            await served_with_rasa.text("could i please see the class teacher some time this week")
            await served_with_rasa.settle()
        ready = await caller.get("/readyz")
        assert ready.status_code == 200
        assert NOTE in ready.json()["notes"]
        assert "bookbag_rasa_up 0.0" in (await caller.get("/metrics")).text
    assert [line["event"] for line in logged.events() if line["level"] == "warning"] == ["rasa does not answer: status 500"]
    assert "teacher" not in logged.getvalue()
    await served_with_rasa.close()


@pytest.mark.anyio
async def test_a_school_without_rasa_hears_nothing_of_it(served_on_sqlite: Served) -> None:
    async with served_on_sqlite.caller() as caller:
        assert "asa" not in str((await caller.get("/readyz")).json()["notes"])
        assert "bookbag_rasa" not in (await caller.get("/metrics")).text


@pytest.mark.anyio
async def test_a_turn_goes_by_what_rasa_says(served_with_rasa: Served, server: Server, logged: Lines) -> None:
    server.behaviour = answers(SURE | {"intent": {"name": "ask_lunch", "confidence": 0.9}})
    await served_with_rasa.text("could i please see the class teacher some time this week")
    await served_with_rasa.settle()
    assert server.asked
    assert [line["intent"] for line in logged.named("turn")] == ["ask_lunch"]
    await served_with_rasa.close()


def dry_run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "--no-print-directory", *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_make_rasa_serves_this_computer_alone_and_sends_no_telemetry() -> None:
    serving_line = dry_run("-n", "rasa").stdout.splitlines()[-1]
    for flag in ("-i 127.0.0.1", '-p "5055"', "RASA_TELEMETRY_ENABLED=false"):
        assert flag in serving_line


def test_make_rasa_says_what_is_missing_where_no_python_will_do(tmp_path: Path) -> None:
    made = dry_run("-f", str(ROOT / "Makefile"), "PATH=/nowhere", f"HOME={tmp_path}", ".venv-rasa/bin/pip", cwd=tmp_path)
    assert made.returncode == 2
    assert made.stdout.startswith("Rasa 3.6.21 needs Python 3.8, 3.9 or 3.10")
    assert "PYTHON_RASA=" in made.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_rasa_learns_by_default_is_there() -> None:
    told = dry_run("-n", "-W", "nlu/rasa/config.yml", "rasa").stdout
    copied = next(line for line in told.splitlines() if " cp " in line).partition(" cp ")[2].split()[:-1]
    assert len(copied) == 9
    assert [name for name in copied if not (ROOT / name).is_file()] == []
