"""A school in many processes on PostgreSQL, of which any may die or stand still at any moment: what is true of one process is true of all together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.crash.fleet import Fleet
from tests.crash.life import CRASHES, SEED
from tests.crash.server import WAITS, Nursery
from tests.crash.test_crash import A_LIFE, School
from tests.standin.client import StandIn

pytestmark = [pytest.mark.crash, pytest.mark.slow]


class ManyProcesses(School):
    """The demo school, served by five processes."""

    def _born(self, nursery: Nursery, folder: Path, settings: Mapping[str, str]) -> Fleet:
        self.fleet = Fleet(nursery, self._standin, self._database_url, folder, {"web": 1, "worker": 2, "scheduler": 2}, {**WAITS, **settings})
        return self.fleet


@pytest.mark.parametrize("life", range(-(-max(CRASHES, 1) // A_LIFE)))
def test_any_of_them_may_die_or_stand_still(nursery: Nursery, standin: StandIn, postgresql_url: str, tmp_path: Path, life: int) -> None:
    school = ManyProcesses(nursery, standin, postgresql_url, tmp_path, SEED + 2000 + life)
    school.live()
    for _ in range(min(A_LIFE, max(CRASHES, 1))):
        time.sleep(school.chance.triangular(0, 3, 1))
        school.fleet.strike(school.chance)
    school.verdict()
