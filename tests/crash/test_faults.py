"""What a school stands on fails while parents write: its database, the way there, its disk, its providers, its clock. Whoever was answered 200 is answered once.

`make faults N=20` lets each of them fail twenty times. A failure prints its seed: BOOKBAG_CRASH_SEED=… replays it, as far as processes can be replayed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests import postgres
from tests.crash.judge import answers_between
from tests.crash.life import FAULTS, SEED
from tests.crash.proxy import Proxy
from tests.crash.server import Nursery
from tests.crash.trial import PROCESSES, Trial
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


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[Proxy]:
    """The way to a fresh database."""
    with Proxy(postgresql_url) as running:
        yield running


def test_the_way_to_postgresql_may_break(nursery: Nursery, standin: StandIn, proxy: Proxy, tmp_path: Path) -> None:
    school = Trial(nursery, standin, proxy.url, tmp_path, SEED + 3100)
    school.live()
    for _ in range(FAULTS):
        proxy.cut()
        school.goes_on(10)
        proxy.cut_commits(20)
        school.until(lambda: not proxy.commits_to_cut, "nothing is committed")
        school.goes_on(10)
        for is_away in (proxy.closed, proxy.frozen):
            with is_away():
                began = time.time()
                time.sleep(AWAY)
                ended = time.time()
            assert set(answers_between(standin.log(), began, ended)) == {503}
            school.goes_on(10)
    assert school.server.alive
    school.verdict()


def test_what_always_fails_for_some_delays_nobody_else(nursery: Nursery, standin: StandIn, database_url: str, tmp_path: Path) -> None:
    away, silent, refused, unreadable = poisoned = [f"+447700900{number}" for number in (105, 106, 139, 140)]
    processes = {} if database_url.startswith("sqlite") else PROCESSES
    school = Trial(nursery, standin, database_url, tmp_path, SEED + 3200, processes=processes, DELIVERY__RETRIES="2")
    school.live()
    healthy = set(school.judge().waits)
    standin.fault("twilio.send", "500_before", number=away, times=-1)
    standin.fault("twilio.send", "hang_before", number=silent, times=-1, seconds=2.0)
    standin.fault("twilio.send", "refuse", number=refused, times=-1, code=99_999)
    for _ in range(FAULTS):
        school.poison(unreadable)
        school.goes_on(but_for=poisoned)
    waits = school.verdict(but_for=poisoned).waits
    others = [median(wait for (who, day), wait in waits.items() if who not in poisoned and ((who, day) in healthy) is was) for was in (True, False)]
    sys.stdout.write("an answer to the others took {:.2f} s before and {:.2f} s meanwhile, in the median\n".format(*others))
