"""The bill of materials names all that is locked and runs, and refuses to speak of anything else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bot.bill import NotAsLocked, bill
from tests.standin.client import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
NOW = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


def test_it_names_every_locked_package_and_every_kept_file() -> None:
    done = subprocess.run([sys.executable, "-m", "bot.bill"], cwd=ROOT, capture_output=True, text=True, check=True)
    made = json.loads(done.stdout)
    assert (made["bomFormat"], made["specVersion"], made["metadata"]["component"]["name"]) == ("CycloneDX", "1.6", "bookbag")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    named = {component["name"]: component for component in made["components"]}
    everywhere = set(re.findall(r"^([a-z0-9][\w.-]*)==\S+ \\$", LOCK, re.MULTILINE))
    assert everywhere - set(named) == set()
    assert {"htmx.org", "@picocss/pico"} < set(named)
    assert named["htmx.org"]["hashes"][0]["alg"] == "SHA-256"
    refs = [component["bom-ref"] for component in made["components"]]
    assert len(set(refs)) == len(refs)
    assert {ref for row in made["dependencies"] for ref in (row["ref"], *row["dependsOn"])} == {*refs, made["metadata"]["component"]["bom-ref"]}
    assert [name for name, component in named.items() if not component.get("licenses")] == []
    assert "://" not in re.sub(r"https?://[^\"]*licen[^\"]*", "", done.stdout)


def test_what_is_needed_by_what_is_told() -> None:
    made = bill(LOCK, "", NOW)
    needs = {row["ref"].partition("@")[0]: [ref.partition("@")[0] for ref in row["dependsOn"]] for row in made["dependencies"]}
    assert "pkg:pypi/starlette" in needs["pkg:pypi/fastapi"]


@pytest.mark.parametrize("lock, why", [("fastapi==0.1 \\\n", "fastapi .* is installed; 0.1 is locked"), ("no-such-package==1 \\\n", "is not installed")])
def test_what_is_not_as_locked_gives_no_bill(lock: str, why: str) -> None:
    with pytest.raises(NotAsLocked, match=why):
        bill(lock, "", NOW)


def test_what_is_locked_for_other_systems_may_be_missing() -> None:
    assert bill("no-such-package==1 ; sys_platform == 'win32' \\\n", "", NOW)["components"] == []
