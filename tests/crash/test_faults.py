"""What a school stands on fails while parents write: its database and the way there, its disk, its providers, its clock. Whoever was told 200 is answered once.

`make faults N=20` lets each of them fail twenty times. A failure prints its seed: BOOKBAG_CRASH_SEED=… replays it, as far as processes can be replayed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from tests import postgres
from tests.crash.life import FAULTS, SEED
from tests.crash.proxy import Proxy
from tests.crash.server import Nursery
from tests.crash.trial import PROCESSES, Trial
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

AWAY = 2.0
"""Seconds for which something is away, at least."""


@pytest.fixture
def proxy(demo_postgresql_url: str) -> Iterator[Proxy]:
    """The way to a fresh database."""
    with Proxy(demo_postgresql_url) as running:
        yield running


def test_postgresql_and_the_way_there_may_break(nursery: Nursery, standin: StandIn, proxy: Proxy, cluster: postgres.Cluster, tmp_path: Path) -> None:
    school = Trial(nursery, standin, proxy.url, tmp_path, SEED + 3000)
    school.live()
    for _ in range(FAULTS):
        for is_away in (partial(postgres.stopped, cluster), proxy.closed, proxy.frozen):
            _is_refused_meanwhile(school, is_away)
            school.goes_on()
        proxy.cut()
        proxy.cut_commits(10)
        school.until(lambda: not proxy.commits_to_cut, "nothing is committed")
        school.goes_on()
    assert school.server.alive
    school.verdict()
    sys.stdout.write(f"{FAULTS} times dead, {proxy.cuts} connections cut, {20 * FAULTS} of them in the middle of a commit\n")


def _is_refused_meanwhile(school: Trial, is_away: Callable[[], AbstractContextManager[object]]) -> None:
    """Something that the school cannot do without is away, until some have written and were told 503, and nobody 200."""
    with is_away():
        began = time.time()
        time.sleep(AWAY)
        school.until(lambda: school.told_between(began, time.time()).total() >= 3, "nobody writes")
        told = school.told_between(began, time.time())
    assert set(told) == {503}, told


def test_what_always_fails_for_some_delays_nobody_else(nursery: Nursery, standin: StandIn, demo_url: str, tmp_path: Path) -> None:
    away, silent, refused, unreadable = poisoned = [f"+447700900{number}" for number in (105, 106, 139, 140)]
    processes = {} if demo_url.startswith("sqlite") else PROCESSES
    school = Trial(nursery, standin, demo_url, tmp_path, SEED + 3200, processes=processes, DELIVERY__RETRIES="2")
    school.live()
    healthy = set(school.judge().waits)
    standin.fault("twilio.send", "500_before", number=away, times=-1)
    standin.fault("twilio.send", "hang_before", number=silent, times=-1, seconds=2.0)
    standin.fault("twilio.send", "refuse", number=refused, times=-1, code=99_999)
    for _ in range(FAULTS):
        school.poison(unreadable)
        school.goes_on(20, but_for=poisoned)
    waits = school.verdict(but_for=poisoned).waits
    others = [median(wait for (who, day), wait in waits.items() if who not in poisoned and ((who, day) in healthy) is was) for was in (True, False)]
    sys.stdout.write("an answer to the others took {:.2f} s before and {:.2f} s meanwhile, in the median\n".format(*others))
