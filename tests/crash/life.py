"""A school's server from the first start to the verdict: killed on the way, and lied to by its providers."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from sqlalchemy import create_engine, text

from tests.crash.checker import History
from tests.crash.server import WAITS, Nursery, Server
from tests.standin.client import StandIn

CRASHES = int(os.environ.get("BOOKBAG_CRASHES", "3"))
FAULTS = int(os.environ.get("BOOKBAG_FAULTS", "1"))
"""How often each thing that a school stands on fails."""
SEED = int(os.environ.get("BOOKBAG_CRASH_SEED", str(random.SystemRandom().randrange(10**6))))
LIES = {
    "twilio.send": {
        "500_after": 0.03,
        "drop_after": 0.03,
        "drop_before": 0.03,
        "hang_after": 0.01,
        "slow": 0.02,
        "500_before": 0.02,
        "429": 0.02,
        "rubbish": 0.01,
    },
    "twilio.list": {"500_before": 0.05, "drop_before": 0.05, "429": 0.02},
    "telegram.sendMessage": {"500_after": 0.03, "drop_after": 0.02, "drop_before": 0.02, "500_before": 0.02, "429": 0.02, "slow": 0.01},
}


class Life:
    """One database with its server, and providers that lie. `chance` decides everything, from one seed."""

    lies: ClassVar[Mapping[str, Mapping[str, float]]] = LIES

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path, seed: int, **settings: str) -> None:
        self.chance = random.Random(seed)
        self._standin, self._database_url, self._seed = standin, database_url, seed
        self.server = self._born(nursery, folder, settings)
        standin.control(seed=seed, listing_delay=0.2, rates={name: {"seconds": 1.5, **rates} for name, rates in self.lies.items()})
        standin.control(twilio_target=f"{self.server.url}/webhooks/twilio/message", telegram_target=f"{self.server.url}/webhooks/telegram")

    def _born(self, nursery: Nursery, folder: Path, settings: Mapping[str, str]) -> Server:
        """What serves the school."""
        return Server(nursery, self._standin, self._database_url, folder / "server.log", {**WAITS, **settings})

    def change_callbacks(self) -> None:
        """Delivery reports come another way from now on."""
        self._standin.control(callbacks=self.chance.choice(("normal", "early", "shuffled", "repeated", "unknown")))

    def die(self) -> None:
        """Killed, and started again; one time in five nobody waits until it is there."""
        self.change_callbacks()
        self.server.kill()
        self.server.start(wait=self.chance.random() < 0.8)

    def judged(self, *, invented: set[int] | None = None, also: Callable[[History], None] = lambda _: None) -> dict[str, int]:
        """Nobody lies any more; when all is quiet, the history is judged, by `also` too."""
        if not self.server.alive:
            self.server.start()
        self._standin.control(rates={name: {} for name in LIES})
        self._wait_until_quiet()
        took = self.server.stop()
        history = History.of(self._database_url, self._standin.log(), invented=invented or ())
        also(history)
        numbers = history.check() | {"restarts": self.server.restarts}
        sys.stdout.write(f"\nseed {self._seed}: " + ", ".join(f"{count} {name}" for name, count in numbers.items()) + "\n")
        if took > 10:
            history.fault(f"stopping took {took:.1f} s")
        assert not history.faults, f"seed {self._seed}\n" + "\n".join(history.faults[:40])
        return numbers

    def _wait_until_quiet(self, within: float = 180.0) -> None:
        """Until nothing waits and everything that was written came in, for a while; a slow machine takes longer, and then it is judged as it stands."""
        engine, deadline, quiet_since = create_engine(self._database_url), time.monotonic() + within, None
        waiting = "SELECT (SELECT count(*) FROM inbox WHERE state = 'new') + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending'))"
        while time.monotonic() < deadline:
            with engine.connect() as connection:
                is_quiet = not connection.execute(text(waiting)).scalar_one() and not History.of(self._database_url, self._standin.log()).missing()
            quiet_since = (quiet_since or time.monotonic()) if is_quiet else None
            if quiet_since and time.monotonic() - quiet_since > 2.5:
                break
            time.sleep(0.2)
        engine.dispose()
