"""How fast one sender of ours may send: a bucket of tokens that fills at a steady rate."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """At most `per_second` messages a second, and no burst above one second's worth. Time is monotonic, in seconds."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = per_second, clock
        self._size = max(per_second, 1.0)
        self._tokens, self._filled_at, self._held_until = self._size, clock(), 0.0

    @property
    def is_open(self) -> bool:
        """Whether one more message may leave now."""
        self._fill()
        return self._tokens >= 1 and self._clock() >= self._held_until

    @property
    def is_spent(self) -> bool:
        """Whether the next message must wait."""
        return not self.is_open

    def take(self) -> None:
        """One message leaves."""
        self._fill()
        self._tokens -= 1

    def hold(self, seconds: float) -> None:
        """The provider asked for a pause: nothing leaves until it is over."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def wait(self) -> float:
        """Seconds until the next message may leave."""
        self._fill()
        return max((1 - self._tokens) / self._rate, self._held_until - self._clock(), 0.001)

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
