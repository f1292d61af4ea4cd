"""How fast one sender of ours may send: never more than its rate within any second, measured where messages leave."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

SLACK = 0.0625
"""Seconds that a message may take from being claimed to leaving: what is a second apart when claimed is then never nearer when it leaves."""


def room_and_window(per_second: float) -> tuple[int, float]:
    """How many parts may leave within how many seconds, so that in no second more than `per_second` do."""
    room = max(int(per_second), 1)
    return room, room / per_second + SLACK


class Pace:
    """At most `per_second` parts of messages in any second; below one a second, one in its time. Time is monotonic, in seconds. Threads may share it."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._room, self._window = room_and_window(per_second)
        self._clock, self._held_until = clock, 0.0
        self._left: deque[float] = deque()
        self._lock = threading.Lock()

    def has_room(self, parts: int = 1) -> bool:
        """Whether a message of so many parts may leave now. One that is larger than a second holds may leave alone."""
        with self._lock:
            now = self._forget()
            return now >= self._held_until and len(self._left) + min(parts, self._room) <= self._room

    def take(self, parts: int = 1) -> None:
        """A message leaves. What it has beyond a second's worth is charged to the seconds after."""
        with self._lock:
            now = self._forget()
            self._left.extend(now + part // self._room * self._window for part in range(parts))

    def hold(self, seconds: float) -> None:
        """The provider asked for a pause: nothing leaves until it is over."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def wait(self) -> float:
        """Seconds until the next message may leave; 0 for now."""
        with self._lock:
            now = self._forget()
            until = self._left[len(self._left) - self._room] + self._window if len(self._left) >= self._room else 0.0
            return max(until - now, self._held_until - now, 0.0)

    def _forget(self) -> float:
        """Drop what left a window ago; the time now."""
        now = self._clock()
        while self._left and now - self._left[0] >= self._window:
            self._left.popleft()
        return now
