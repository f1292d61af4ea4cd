"""A worker and a scheduler answer to monitoring, where they are told to, and end when told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.server import Nursery, Server
from tests.crash.test_flood import told
from tests.standin.client import StandIn

pytestmark = pytest.mark.slow


class Watched(Server):
    """A process that is given a port, whatever it does."""

    @property
    def _listens(self) -> bool:
        return True


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_it_shows_its_metrics_and_ends_when_told(nursery: Nursery, standin: StandIn, postgresql_url: str, tmp_path: Path, command: str) -> None:
    process = Watched(nursery, standin, postgresql_url, tmp_path / "log", command=command)
    process.start()
    metrics = told(process, "/metrics")
    assert f'bookbag_processes{{role="{command}"}} 1.0' in metrics
    assert 'bookbag_stage_seconds_count{stage="sent"} 0.0' in metrics
    assert "stopping" not in told(process, "/readyz")
    assert process.stop() < 10
    assert "Traceback" not in process.tail()
