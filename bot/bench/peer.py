"""Rasa 3.6 beside us: trained on the same files and asked the same messages in the same run, on loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Final

from bot.bench.limits import free_port, memory
from nlu.errors import RasaAway
from nlu.rasa_client import RasaClient

ROOT: Final = Path(__file__).parents[2]
RASA: Final = ROOT / ".venv-rasa" / "bin" / "rasa"
PIPELINE: Final = ROOT / "nlu" / "rasa" / "config.yml"
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
        command = [str(RASA), "run", "--enable-api", "-i", "127.0.0.1", "-p", str(port), "-m", str(folder / "peer.tar.gz")]
        with subprocess.Popen(
            command, cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as server:
            try:
                client = RasaClient(f"http://127.0.0.1:{port}", timeout=30)
                _wait(client, server)
                yield Served(client, round(trained, 1), memory(server.pid)["now"])
            finally:
                os.killpg(server.pid, signal.SIGKILL)


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run([str(RASA), *arguments], cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _environment(folder: Path) -> dict[str, str]:
    """No telemetry, no graphics card, no word about its own libraries."""
    own = {"RASA_TELEMETRY_ENABLED": "false", "RASA_CACHE_DIRECTORY": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ} | own | {"PYTHONWARNINGS": "ignore"}


def _wait(client: RasaClient, server: subprocess.Popen[bytes]) -> None:
    """Until it answers. Raises TimeoutError, and ChildProcessError where it has ended instead."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            raise ChildProcessError(server.returncode)
        with suppress(RasaAway):
            client.ask("hello")
            return
        time.sleep(0.5)
    raise TimeoutError(server.args)
