"""A circuit that opens where a provider fails, so that it is left in peace and nobody waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from translations.providers.errors import Busy, ProviderError, Refused, Resting, Why

_log = logging.getLogger(__name__)

_AT_ONCE = {Why.KEY, Why.BLOCKED}
_ITS_OWN_FAULT = {Why.PAIR, Why.LENGTH, Why.REQUEST}  # of this text or language: the provider itself answers well


@dataclass(frozen=True)
class State:
    """How a provider fares. While it rests, `until` is when it is tried again (aware), and `why` what it failed with."""

    name: str
    is_resting: bool
    until: datetime | None = None
    why: str | None = None


class Circuit:
    """Whether a provider may be asked. For one event loop; `clock` gives the current instant, aware.

    It opens at once where the provider asks for peace (Busy) or keeps us out (Refused for our key or address), else after `failures` in a row. It stays
    open for `first`, or for longer if the provider asked for that; then one call tries, and each failed try doubles the rest, to `longest`.
    """

    def __init__(self, name: str, first: timedelta, longest: timedelta, failures: int, clock: Callable[[], datetime]) -> None:
        self._name, self._first, self._longest, self._most_failures, self._clock = name, first, longest, failures, clock
        self._failures, self._rest, self._is_tried = 0, first, False
        self._until: datetime | None = None
        self._why = ""

    @property
    def state(self) -> State:
        """How the provider fares now."""
        return State(self._name, True, self._until, self._why) if self._until is not None else State(self._name, False)

    def look(self) -> None:
        """Raises Resting where the provider may not be asked now."""
        if self._until is not None and (self._is_tried or self._clock() < self._until):
            raise Resting(None if self._is_tried else self._until, self._why)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Around one request: raises Resting before it, or takes note of how it ended. A request that was given up tells nothing."""
        self.look()
        tries = self._is_tried = self._until is not None
        try:
            yield
        except ProviderError as error:
            if isinstance(error, Refused) and error.why in _ITS_OWN_FAULT:
                self._answered(tries=tries)
            else:
                self._failed(error, tries=tries)
            raise
        else:
            self._answered(tries=tries)
        finally:
            if tries:
                self._is_tried = False

    def _answered(self, *, tries: bool) -> None:
        """An answer to a question of before the circuit opened does not close it."""
        if tries or self._until is None:
            if tries:
                _log.info("translation provider %s is back", self._name)
            self._failures, self._rest, self._until, self._why = 0, self._first, None, ""

    def _failed(self, error: ProviderError, *, tries: bool) -> None:
        if tries:
            self._rest = min(self._rest * 2, self._longest)
            self._open(error)
        elif self._until is None:
            self._failures += 1
            opens = isinstance(error, Busy) or (isinstance(error, Refused) and error.why in _AT_ONCE)
            if opens or self._failures >= self._most_failures:
                self._open(error)

    def _open(self, error: ProviderError) -> None:
        wished = error.after if isinstance(error, Busy) and error.after is not None else timedelta()
        self._until, self._why = self._clock() + max(self._rest, wished), error.reason
        _log.warning("translation provider %s rests until %s: %s", self._name, self._until.isoformat(timespec="seconds"), self._why)
