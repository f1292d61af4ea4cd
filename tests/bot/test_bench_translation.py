"""The benchmark of translation measures what it says: a call a language at first, none once it is remembered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW = "from bot.bench import translation; translation.FAMILIES = 34; raise SystemExit(translation.translate(as_json=True))"


@pytest.mark.slow
def test_a_news_item_costs_one_call_a_language_and_then_none() -> None:
    done = subprocess.run([sys.executable, "-c", FEW], cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert [(told[part]["sent"], told[part]["provider_calls"]) for part in ("cold", "memory warm")] == [(34, 16), (34, 0)]
    assert told["catalogs"]["languages"] == 16
