"""The first page: what needs me, and nothing else."""

from __future__ import annotations

import pytest

from school import demo
from tests.console.staff import Console


def test_an_empty_day_says_so(console: Console) -> None:
    assert "Nothing needs you now" in console.as_("Ms Okafor").get("/console")


@pytest.mark.parametrize("name", [entry.partition(": ")[2] for entry in demo.log_ins()])
def test_every_role_has_a_first_page(console: Console, name: str) -> None:
    assert "<h1>Today</h1>" in console.as_(name).get("/console")
