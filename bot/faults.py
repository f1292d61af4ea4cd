"""Named places at which a test may have the process die. Off unless BOOKBAG_FAULT names one; a real school never sets it."""

from __future__ import annotations

import os
import signal

_FATAL = os.environ.get("BOOKBAG_FAULT")
_after = int(os.environ.get("BOOKBAG_FAULT_AFTER", "0"))

POINTS = ("received", "stored", "handled", "committed", "claimed", "before POST", "after POST", "before result commit", "after")
"""In the order in which a message passes them. docs/outbox.md says what follows from a death at each."""


def reached(point: str) -> None:
    """Die here, at once and without a word, if this is the place that was named and it was passed often enough."""
    global _after  # noqa: PLW0603  # the one counter of the one fault of this process
    if point != _FATAL:
        return
    if _after > 0:
        _after -= 1
        return
    os.kill(os.getpid(), signal.SIGKILL)
