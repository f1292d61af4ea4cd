"""`docs/security.md` names, for each threat and each requirement, the tests that show what stops it: they are there, and each threat has one."""

from __future__ import annotations

import ast
import re

import pytest

from tests.standin.client import ROOT

TOLD = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TOLD)))
THREATS = re.findall(r"^\| \*\*([^*]+)\*\* \|(.*)\|(.*)\|$", TOLD, re.MULTILINE)
ASKED = (
    "spoofed sender",
    "SIM swap",
    "shared phone",
    "hostile ex-partner",
    "curious staff",
    "stolen tablet",
    "forged webhook",
    "hostile provider answer",
    "cost attack",
    "lost backup",
    "restored old backup",
)


@pytest.mark.parametrize("path, name", NAMED)
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not name or name in functions


def test_every_threat_has_what_stops_it_and_a_test_that_shows_it() -> None:
    assert tuple(name for name, _, _ in THREATS) == ASKED
    for name, stops, shown in THREATS:
        assert len(stops.strip()) > 40, name
        assert re.search(r"`tests/[\w/]+\.py::test_\w+`", shown), name
