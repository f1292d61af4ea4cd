"""With the real Rasa, which `make rasa` sets up: trained on a few lines, served on loopback, killed. `make test-rasa` runs this."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from bot.house import Embedded
from bot.rasa import WithRasa
from nlu.errors import RasaAway
from nlu.face import Context, Decision
from nlu.rasa_client import FAILURES, RasaClient
from nlu.rasa_format import to_training
from school import LONDON

ROOT = Path(__file__).parent.parent.parent
RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.skipif(not RASA.exists(), reason="Rasa is not set up: make rasa")]

HERE = Context(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON))
STARTS_WITHIN = 180  # seconds: half a minute alone, more where others compute too
EXAMPLES = {
    "book_appointment": (
        "i want to see the teacher",
        "can i meet his teacher",
        "book a meeting with the teacher",
        "an appointment with miss please",
        "i need to talk to the teacher in person",
        "when can i come and see the teacher",
    ),
    "ask_lunch": (
        "what is for lunch today",
        "send me the lunch menu",
        "is the school dinner halal",
        "what do they eat at lunch",
        "lunch menu for next week",
        "is there pasta for dinner",
    ),
    "report_absence": (
        "my son is ill today",
        "she is sick and stays at home",
        "he has a fever and is not coming",
        "my daughter will be absent",
        "not coming in because he is poorly",
        "ill again and in bed",
    ),
}
ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rasa")


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    """Our own pipeline, trained on a few lines: with so few it takes more rounds to be sure of itself."""
    config = (ROOT / "nlu/rasa/config.yml").read_text(encoding="utf-8")
    (folder / "config.yml").write_text(config.replace("epochs: 20", "epochs: 100"), encoding="utf-8")
    (folder / "nlu.yml").write_text(to_training([(text, intent) for intent, texts in EXAMPLES.items() for text in texts]), encoding="utf-8")
    trained = subprocess.run(
        [RASA, "train", "nlu", "--nlu", "nlu.yml", "--config", "config.yml", "--out", ".", "--fixed-model-name", "tiny"],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert trained.returncode == 0, trained.stderr[-3000:]
    return folder / "tiny.tar.gz"


class Rasa:
    """A Rasa server of the tests' own, on a free port of loopback."""

    def __init__(self, model: Path, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{self.port}", log
        command: list[str | Path] = [RASA, "run", "--enable-api", "-i", "127.0.0.1", "-p", str(self.port), "-m", model]
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=model.parent, env=os.environ | ENVIRONMENT, stdout=out, stderr=out, start_new_session=True)

    def wait_until_it_answers(self) -> None:
        until, client = time.monotonic() + STARTS_WITHIN, RasaClient(self.url, 10)
        while True:
            try:
                client.ask("hello")
            except RasaAway:
                assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]
                assert time.monotonic() < until
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(model: Path) -> Iterator[Rasa]:
    rasa = Rasa(model, model.parent / "server.log")
    try:
        rasa.wait_until_it_answers()
        yield rasa
    finally:
        rasa.kill()


@pytest.fixture(scope="module")
def rasa(model: Path) -> Iterator[Rasa]:
    with running(model) as started:
        yield started


@pytest.mark.parametrize(
    "text, intent",
    [("could i see the teacher", "book_appointment"), ("what is on the lunch menu", "ask_lunch"), ("he is ill and not coming in", "report_absence")],
)
def test_what_it_learnt_it_understands_through_the_client(rasa: Rasa, understander: Embedded, text: str, intent: str) -> None:
    client = RasaClient(rasa.url)
    guess = client.parse(text)
    assert guess.intent == intent
    assert guess.ranking[0] == (intent, guess.confidence)
    assert {name for name, _confidence in guess.ranking} == set(EXAMPLES)
    found = WithRasa(understander, client).parse(text, HERE)
    assert (found.intent, found.decision) == (intent, Decision.ACT)
    assert found.confidence == pytest.approx(guess.confidence, abs=0.001)


def test_the_entities_beside_its_intent_are_the_embedded_engines(rasa: Rasa, understander: Embedded) -> None:
    found = WithRasa(understander, RasaClient(rasa.url)).parse("could i see the teacher on thursday", HERE)
    assert found.intent == "book_appointment"
    assert [entity.text for entity in found.entities] == ["on thursday"]


def test_a_text_it_knows_no_letter_of_is_no_failure(rasa: Rasa) -> None:
    assert 0 <= RasaClient(rasa.url).parse("老师 🎒").confidence <= 1


def test_it_writes_no_text_down(rasa: Rasa) -> None:
    RasaClient(rasa.url).parse("my zanzibarian teacher is ill")
    assert "zanzibarian" not in rasa.log.read_text(errors="replace")


def test_it_listens_on_loopback_alone(rasa: Rasa) -> None:
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", 0))
        assert elsewhere.connect_ex(("127.0.0.2", rasa.port)) != 0


def test_killed_it_leaves_the_embedded_engine_to_go_on(rasa: Rasa, understander: Embedded) -> None:
    """The last test of the file: it ends the server that the others ask."""
    client = RasaClient(rasa.url, clock=lambda: 1000.0)
    both, text = WithRasa(understander, client), "could i see the teacher on thursday"
    alone = understander.parse(text, HERE)
    before = both.rasa_answers, both.parse(text, HERE) == alone
    assert before == (True, False)
    rasa.kill()
    began = time.monotonic()
    reasons = []
    for _ in range(FAILURES + 1):
        assert both.parse(text, HERE) == alone
        with pytest.raises(RasaAway) as away:
            client.parse(text)
        reasons.append(away.value.reason)
    assert reasons[0] == "ConnectionRefusedError"
    assert reasons[-1] == "resting"
    assert not both.rasa_answers
    assert time.monotonic() - began < 5
