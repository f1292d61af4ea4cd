"""Rasa 3.6 beside us, on loopback in the same run: its classifier, trained on the same files and asked the same messages; and a whole bot that books."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Final

from bot.bench.limits import free_port, memory
from nlu.errors import RasaAway
from nlu.rasa_client import RasaClient

ROOT: Final = Path(__file__).parents[3]
RASA: Final = ROOT / ".venv-rasa" / "bin" / "rasa"
PIPELINE: Final = ROOT / "nlu" / "rasa" / "config.yml"
BOT: Final = Path(__file__).parent / "rasa"
"""A bot that books a time by a form."""
WEBHOOK: Final = "/webhooks/rest/webhook"
EPOCHS: Final = 100
"""How often its classifier sees the examples: as in the project that `rasa init` makes, and five times as often as `make rasa`, which has many more of them."""
PATIENCE: Final = 180.0
"""Seconds that its server may take to answer at first: it loads TensorFlow."""


@dataclass(frozen=True)
class Served:
    """A Rasa that answers, and what it took. `parse` asks it."""

    client: RasaClient
    trained_in_seconds: float
    megabytes: float


@dataclass(frozen=True)
class Bot:
    """A Rasa that converses: its port and its process."""

    port: int
    process: int


def why_not() -> str | None:
    """What stands in the way of measuring Rasa; None where it is set up."""
    return None if RASA.exists() else f"there is no Rasa in {RASA.parent.parent.name}: `make .venv-rasa/.ready` sets it up, with a Python of 3.8 to 3.10"


@contextmanager
def rasa(training: Sequence[Path]) -> Iterator[Served]:
    """Train Rasa on these files and serve it while the block lasts; it and all that it started end with the block."""
    with tempfile.TemporaryDirectory(prefix="bench-rasa-") as name:
        folder = Path(name)
        data = folder / "data"
        data.mkdir()
        for path in training:
            copyfile(path, data / path.name)
        pipeline = folder / "config.yml"
        pipeline.write_text(re.sub(r"epochs: \d+", f"epochs: {EPOCHS}", PIPELINE.read_text(encoding="utf-8")), encoding="utf-8")
        began = time.perf_counter()
        _run(folder, "train", "nlu", "--nlu", str(data), "--config", str(pipeline), "--out", str(folder), "--fixed-model-name", "peer")
        trained = time.perf_counter() - began
        port = free_port()
        client = RasaClient(f"http://127.0.0.1:{port}", timeout=30)
        with _serving(folder, port, "--enable-api", until=lambda: client.ask("hello")) as process:
            yield Served(client, round(trained, 1), memory(process)["now"])


@contextmanager
def bot() -> Iterator[Bot]:
    """Train the bot that books and serve it while the block lasts, over its REST channel. It keeps its conversations in memory, as it does unless told else."""
    with tempfile.TemporaryDirectory(prefix="bench-rasa-") as name:
        folder, port = Path(name), free_port()
        parts = {part: str(BOT / f"{part}.yml") for part in ("config", "domain", "nlu", "rules", "credentials")}
        training = ("--config", parts["config"], "--domain", parts["domain"], "--data", parts["nlu"], parts["rules"])
        _run(folder, "train", *training, "--out", str(folder), "--fixed-model-name", "peer")
        with _serving(folder, port, "--credentials", parts["credentials"], until=lambda: _greet(port)) as process:
            yield Bot(port, process)


def _greet(port: int) -> None:
    """Raises RasaAway until it says something."""
    body = json.dumps({"sender": "nobody", "message": "menu"}).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{WEBHOOK}", body, timeout=30) as answer:
            if not json.load(answer):
                raise RasaAway("silent")
    except (OSError, ValueError) as error:
        raise RasaAway(type(error).__name__) from error


@contextmanager
def _serving(folder: Path, port: int, *how: str, until: Callable[[], object]) -> Iterator[int]:
    """Serve the model in `folder`, from when `until` raises RasaAway no more; the process."""
    command = [str(RASA), "run", *how, "-i", "127.0.0.1", "-p", str(port), "-m", str(folder / "peer.tar.gz")]
    with subprocess.Popen(
        command, cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            _wait(until, server)
            yield server.pid
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run([str(RASA), *arguments], cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _environment(folder: Path) -> dict[str, str]:
    """No telemetry, no graphics card, no word about its own libraries."""
    own = {"RASA_TELEMETRY_ENABLED": "false", "RASA_CACHE_DIRECTORY": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ} | own | {"PYTHONWARNINGS": "ignore"}


def _wait(until: Callable[[], object], server: subprocess.Popen[bytes]) -> None:
    """Until it answers. Raises TimeoutError, and ChildProcessError where it has ended instead."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            raise ChildProcessError(server.returncode)
        with suppress(RasaAway):
            until()
            return
        time.sleep(0.5)
    raise TimeoutError(server.args)
