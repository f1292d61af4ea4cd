"""Killed at every step and at random, against providers that lie: nothing acknowledged is lost, nothing is said twice, nothing is left unsaid.

`make crash-test N=200` kills two hundred times. A failure prints its seed: BOOKBAG_CRASH_SEED=… replays it, as far as processes can be replayed.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from bot.faults import POINTS
from tests.crash.checker import History
from tests.crash.life import CRASHES, SEED, Life
from tests.crash.parents import Crowd
from tests.crash.server import Nursery
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

A_LIFE = 20
"""How often one school is killed before its history is checked."""


class School(Life):
    """The demo school and its parents, who write all the time once it has been started for the first time: what came before is none of its business."""

    def __init__(self, nursery: Nursery, standin: StandIn, database_url: str, folder: Path, seed: int) -> None:
        super().__init__(nursery, standin, database_url, folder, seed)
        self.server.seed()
        self._invented = {row["id"] for row in History.of(database_url, []).appointments}
        self._crowd = Crowd(standin, seed)

    def live(self) -> None:
        """The parents begin to write."""
        self.server.start()
        self._crowd.start()

    def verdict(self) -> dict[str, int]:
        """A little later nobody writes any more."""
        if not self.server.alive:
            self.server.start()
        time.sleep(1.5)
        self._crowd.stop()
        return self.judged(invented=self._invented)


def test_it_may_die_at_every_step(nursery: Nursery, standin: StandIn, sqlite_url: str, tmp_path: Path) -> None:
    school = School(nursery, standin, sqlite_url, tmp_path, SEED)
    school.live()
    survived = []
    for point in POINTS:
        school.server.kill()
        school.change_callbacks()
        school.server.start(point, school.chance.randrange(8), wait=False)
        if not school.server.wait_for_death(20):
            survived.append(point)
    numbers = school.verdict()
    assert not survived
    assert numbers["restarts"] == len(POINTS) + 2


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
        time.sleep(school.chance.triangular(0, 6, 1))
        school.die()


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
