"""What a school stands on fails while parents write: its database, the way there, its disk, its providers, its clock. Whoever was answered 200 is answered once.

`make faults N=20` lets each of them fail twenty times. A failure prints its seed: BOOKBAG_CRASH_SEED=… replays it, as far as processes can be replayed.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests import postgres
from tests.crash.judge import answers_between
from tests.crash.life import FAULTS, SEED
from tests.crash.server import Nursery
from tests.crash.trial import Trial
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

AWAY = 2.5
"""Seconds for which something is away: parents who are refused write on meanwhile."""


def test_postgresql_may_die(nursery: Nursery, standin: StandIn, postgresql_url: str, cluster: postgres.Cluster, tmp_path: Path) -> None:
    school = Trial(nursery, standin, postgresql_url, tmp_path, SEED + 3000)
    school.live()
    for _ in range(FAULTS):
        cluster.stop()
        stopped = time.time()
        time.sleep(AWAY)
        began = time.time()
        cluster.start()
        assert set(answers_between(standin.log(), stopped, began)) == {503}
        school.goes_on()
    assert school.server.alive
    judge = school.verdict()
    assert judge.statuses[503] >= FAULTS
