"""What a school stands on fails while parents write: its database and the way there, its disk, its providers, its clock. Whoever was told 200 is answered once.

`make faults N=20` lets each of them fail twenty times. A failure prints its seed: BOOKBAG_CRASH_SEED=… replays it, as far as processes can be replayed.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from scheduler.lease import LASTS
from tests import postgres
from tests.crash.life import FAULTS, SEED
from tests.crash.parents import ASKERS
from tests.crash.proxy import Proxy
from tests.crash.server import WAITS, Nursery, Server
from tests.crash.trial import PROCESSES, Trial
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]

SMALL = 96_000_000
"""Bytes of the disk that will be full."""
AWAY = 2.0
"""Seconds for which something is away, at least."""
CLAIMED, LEADS = float(WAITS["DELIVERY__CLAIM_EXPIRES"]), LASTS.total_seconds()
SHORTENED = 300
DOWN = {"500_before": 0.4, "drop_before": 0.4, "hang_before": 0.1, "429": 0.1}
ON_TELEGRAM = {parent.sender for parent in ASKERS if parent.channel == "telegram"}
"""Where nobody can be asked what became of an answer: it is not repeated, and a person is told."""


@pytest.fixture
def proxy(demo_postgresql_url: str) -> Iterator[Proxy]:
    """The way to a fresh database."""
    with Proxy(demo_postgresql_url) as running:
        yield running


class SmallDisk:
    """A folder that can be full: a disk of its own where one may be mounted, else files that may not grow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
        self._is_a_disk = os.geteuid() == 0 and subprocess.run(mounting, capture_output=True, check=False).returncode == 0

    def with_a_copy_of(self, database_url: str) -> str:
        """The address of a database in it that begins as this one stands."""
        shutil.copyfile(database_url.removeprefix("sqlite:///"), self.folder / "school.db")
        return f"sqlite:///{self.folder}/school.db"

    @contextmanager
    def full(self, server: Server) -> Iterator[None]:
        """There is no room for anything more; then there is again."""
        assert server.pid
        rest = self.folder / "rest"
        if self._is_a_disk:
            with rest.open("wb", buffering=0) as everything, suppress(OSError):
                while True:
                    everything.write(bytes(4096))
            yield
            rest.unlink()
        else:
            before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            yield
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)

    def close(self) -> None:
        if self._is_a_disk:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "disk")
    yield made
    made.close()


def test_postgresql_the_way_there_processes_and_providers_may_fail(
    nursery: Nursery, standin: StandIn, proxy: Proxy, cluster: postgres.Cluster, tmp_path: Path
) -> None:
    school = Trial(nursery, standin, proxy.url, tmp_path, SEED + 3000, processes=PROCESSES | {"scheduler": 2})
    school.live()
    for _ in range(FAULTS):
        for is_away in (partial(postgres.stopped, cluster), proxy.closed, proxy.frozen):
            _is_refused_meanwhile(school, is_away)
            school.goes_on()
        proxy.cut()
        proxy.cut_commits(10)
        school.until(lambda: not proxy.commits_to_cut, "nothing is committed")
        school.goes_on()
        _stands_still(school, "worker", CLAIMED + 1)
    if FAULTS > 1:  # it takes half a minute
        leading = time.time()
        _stands_still(school, "scheduler", LEADS + 2)
        asked = [entry["at"] for entry in standin.log("twilio.list") if entry["query"].get("To") == standin.sms_number and entry["at"] > leading]
        sys.stdout.write(f"whoever asked the provider stood still: another did {max(later - one for one, later in pairwise(asked)):.1f} s after it, at most\n")
    _providers_are_down(school)
    assert school.server.alive
    school.verdict(but_for=ON_TELEGRAM)
    sys.stdout.write(f"{FAULTS} times dead, {proxy.cuts} connections cut, {20 * FAULTS} of them in the middle of a commit\n")


def _stands_still(school: Trial, command: str, seconds: float) -> None:
    """One after the other, each process of a kind stops in the midst of whatever it does, for longer than it may hold that, and goes on."""
    for process in school.processes(command):
        process.pause()
        time.sleep(seconds)
        process.resume()
        school.goes_on(4)


def _providers_are_down(school: Trial) -> None:
    """An hour, where everything waits a three-hundredth of what it waits at a school, or less: nothing is taken and nothing can be looked up."""
    school.providers(**{"twilio.send": DOWN, "twilio.list": {"500_before": 1.0}, "telegram.sendMessage": DOWN})
    accepted = len(school.judge().accepted)
    time.sleep(3600 / SHORTENED)
    school.until(lambda: len(school.judge().accepted) > accepted, "nothing comes in")
    school.providers(**{"twilio.send": {}, "twilio.list": {}, "telegram.sendMessage": {}})


def _is_refused_meanwhile(school: Trial, is_away: Callable[[], AbstractContextManager[object]]) -> None:
    """Something that the school cannot do without is away, until some have written and were told 503, and nobody 200."""
    with is_away():
        began = time.time()
        time.sleep(AWAY)
        school.until(partial(_has_refused, school, began), "nobody is refused")
        told = school.told_between(began, time.time())
    assert set(told) == {503}, told


def _has_refused(school: Trial, since: float) -> bool:
    return school.told_between(since, time.time())[503] >= 3


def test_what_always_fails_for_some_delays_nobody_else(nursery: Nursery, standin: StandIn, demo_url: str, tmp_path: Path) -> None:
    away, silent, refused, unreadable = poisoned = [f"+447700900{number}" for number in (105, 106, 139, 140)]
    processes = {} if demo_url.startswith("sqlite") else PROCESSES
    school = Trial(nursery, standin, demo_url, tmp_path, SEED + 3200, processes=processes, DELIVERY__RETRIES="2")
    school.live()
    school.until(lambda: {who for who, _ in school.judge().waits} >= set(poisoned), "somebody is not answered though nothing fails")
    healthy = set(school.judge().asked.values())
    standin.fault("twilio.send", "500_before", number=away, times=-1)
    standin.fault("twilio.send", "hang_before", number=silent, times=-1, seconds=2.0)
    standin.fault("twilio.send", "refuse", number=refused, times=-1, code=99_999)
    for _ in range(FAULTS):
        school.poison(unreadable)
        school.goes_on(but_for=poisoned)
    school.until(lambda: {who for who, _ in {*school.judge().asked.values()} - healthy} >= set(poisoned), "somebody writes no more")
    judge = school.verdict(but_for=poisoned)
    assert {row["where"] for row in judge.attention} == {f"sms …{number[-3:]}" for number in poisoned}
    waits = judge.waits
    others = [median(wait for (who, day), wait in waits.items() if who not in poisoned and ((who, day) in healthy) is was) for was in (True, False)]
    sys.stdout.write("an answer to the others took {:.2f} s before and {:.2f} s meanwhile, in the median\n".format(*others))


def test_the_disk_may_be_full_and_the_providers_down(nursery: Nursery, standin: StandIn, demo_sqlite_url: str, small_disk: SmallDisk, tmp_path: Path) -> None:
    url = small_disk.with_a_copy_of(demo_sqlite_url)
    school = Trial(nursery, standin, url, small_disk.folder, SEED + 3300, processes={})
    school.live()
    for _ in range(FAULTS):
        with small_disk.full(school.server):
            school.until(partial(_has_refused, school, time.time()), "nobody is refused")
        school.goes_on()
    _providers_are_down(school)
    assert school.server.alive
    school.verdict(but_for=ON_TELEGRAM)
