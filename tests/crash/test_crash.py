"""Killed at every step and at random, against providers that lie: nothing acknowledged is lost, nothing is said twice, nothing is left unsaid.

`make crash-test N=200` kills two hundred times. A failure prints its seed: BOOKBAG_CRASH_SEED=… replays it, as far as processes can be replayed.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.faults import POINTS
from tests.crash.checker import History
from tests.crash.parents import Crowd
from tests.crash.server import Nursery, Server
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

CRASHES = int(os.environ.get("BOOKBAG_CRASHES", "3"))
SEED = int(os.environ.get("BOOKBAG_CRASH_SEED", str(random.SystemRandom().randrange(10**6))))
A_LIFE = 20
"""How often one school is killed before its history is checked."""
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


class School:
    """One school, its providers and its parents, from the first start to the verdict."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self._standin, self._database_url, self._seed = standin, database_url, seed
        self.server = Server(nursery, standin, database_url, folder / "server.log")
        self.server.seed()
        self._invented = {row["id"] for row in History.of(database_url, []).appointments}
        standin.control(seed=seed, listing_delay=0.2, rates={name: {"seconds": 1.5, **rates} for name, rates in LIES.items()})
        standin.control(twilio_target=f"{self.server.url}/webhooks/twilio/message", telegram_target=f"{self.server.url}/webhooks/telegram")
        self._crowd = Crowd(standin, seed)

    def live(self, *, with_server: bool = True) -> None:
        """The parents begin to write."""
        if with_server:
            self.server.start()
        self._crowd.start()

    def change_callbacks(self) -> None:
        """Delivery reports come another way from now on."""
        self._standin.control(callbacks=self.chance.choice(("normal", "early", "shuffled", "repeated", "unknown")))

    def verdict(self) -> dict[str, int]:
        """A little later nobody writes any more and nobody lies; when all is quiet, the history is judged."""
        if not self.server.alive:
            self.server.start()
        time.sleep(1.5)
        self._crowd.stop()
        self._standin.control(rates={name: {} for name in LIES})
        self._wait_until_quiet()
        took = self.server.stop()
        history = History.of(self._database_url, self._standin.log(), invented=self._invented)
        numbers = history.check() | {"restarts": self.server.restarts}
        sys.stdout.write(f"\nseed {self._seed}: " + ", ".join(f"{count} {name}" for name, count in numbers.items()) + "\n")
        if took > 10:
            history.fault(f"stopping took {took:.1f} s")
        assert not history.faults, f"seed {self._seed}\n" + "\n".join(history.faults[:40])
        return numbers

    def _wait_until_quiet(self, within: float = 45.0) -> None:
        """Until nothing waits and everything that was written came in, for longer than a catch-up takes."""
        engine, deadline, quiet_since = create_engine(self._database_url), time.monotonic() + within, None
        waiting = "SELECT (SELECT count(*) FROM inbox WHERE state = 'new') + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending'))"
        while time.monotonic() < deadline:
            with engine.connect() as connection:
                is_quiet = not connection.execute(text(waiting)).scalar_one()
            quiet_since = (quiet_since or time.monotonic()) if is_quiet else None
            if quiet_since and time.monotonic() - quiet_since > 2.5:
                break
            time.sleep(0.2)
        engine.dispose()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(process=True, seed=SEED) as running:
        yield running


def test_it_may_die_at_every_step(nursery: Nursery, standin: StandIn, sqlite_url: str, tmp_path: Path) -> None:
    school = School(nursery, standin, sqlite_url, tmp_path, SEED)
    school.live(with_server=False)
    survived = []
    for point in POINTS:
        school.change_callbacks()
        school.server.start(point, school.chance.randrange(8), wait=False)
        if not school.server.wait_for_death(20):
            survived.append(point)
            school.server.kill()
    numbers = school.verdict()
    assert not survived
    assert numbers["restarts"] == len(POINTS) + 1


@pytest.mark.parametrize("life", range(-(-CRASHES // A_LIFE)))
def test_it_may_die_at_any_moment(nursery: Nursery, standin: StandIn, sqlite_url: str, tmp_path: Path, life: int) -> None:
    school = School(nursery, standin, sqlite_url, tmp_path, SEED + life)
    _kill_at_random(school, min(A_LIFE, CRASHES - life * A_LIFE))
    school.verdict()


@pytest.mark.parametrize("life", range(-(-max(CRASHES // 4, 1) // A_LIFE)))
def test_it_may_die_on_postgresql_too(nursery: Nursery, standin: StandIn, postgresql_url: str, tmp_path: Path, life: int) -> None:
    school = School(nursery, standin, postgresql_url, tmp_path, SEED + 1000 + life)
    _kill_at_random(school, min(A_LIFE, max(CRASHES // 4, 1)))
    school.verdict()


def _kill_at_random(school: School, times: int) -> None:
    """Killed after up to six seconds, sometimes while it starts."""
    school.live()
    for _ in range(times):
        school.change_callbacks()
        time.sleep(school.chance.triangular(0, 6, 1))
        school.server.kill()
        school.server.start(wait=school.chance.random() < 0.8)


def test_the_checker_sees_what_it_is_for() -> None:
    """A checker that never complains would prove nothing."""
    row = {
        "kind": "reply",
        "text": "Hello",
        "attempts": 1,
        "code": None,
        "must_arrive": False,
        "attachment": None,
        "choices": "[]",
        "address_id": 1,
        "channel": "sms",
        "value": "+44",
    }
    said = {"operation": "twilio.send", "accepted": True, "to": "+44", "body": "Hello", "fault": None}
    history = History(
        inbox=[{"id": 1, "provider_id": "SM1", "thread": "a1", "kind": "text", "text": "hi", "state": "handled", "handled_at": 1, "address_id": 1}],
        outbox=[row | {"id": 1, "uid": "u1", "key": "reply:9", "state": "sent"}, row | {"id": 2, "uid": "u2", "key": "reply:10", "state": "sending"}],
        appointments=[{"id": 1, "starts_at": 0, "minutes": 20, "state": "booked", "token": "t", "adult_id": 1}],
        cells=[],
        people=[],
        attention=[],
        log=[{"operation": "twilio.webhook", "accepted": True, "sid": "SM2"}, *[said | {"outbox_id": uid} for uid in ("u2", "u1", "u1")]],
    )
    history.check()
    seen = Counter(fault.split(":")[0].rstrip("0123456789 ") for fault in history.faults)
    words = " ".join(history.faults)
    for breach in ("acknowledged and lost", "was not answered", "said 3 times", "still sending", "came after", "nobody was told", "with 0 cells"):
        assert breach in words, (breach, seen)
