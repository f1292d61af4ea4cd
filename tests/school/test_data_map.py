"""Nothing is kept that the data map does not tell of, and what it says is carried out."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from school import data_map
from school.data_map import KEPT, KINDS, Kept

SCHOOL = Path(data_map.__file__).parent


def test_every_kind_has_a_time_and_every_time_is_some_kinds() -> None:
    named = {name for kind in KINDS.values() for name in kind.kept}
    assert named == set(KEPT)
    assert all(kind.kept for kind in KINDS.values())


def test_no_kind_leaves_a_question_of_the_officer_open() -> None:
    for kind in KINDS.values():
        for said in (kind.title, kind.what, kind.whose, kind.why, kind.basis, kind.seen_by, kind.source):
            assert said.strip() == said != ""


@pytest.mark.parametrize(
    "time, told", [(timedelta(days=1), "1 day"), (timedelta(days=400), "400 days"), (timedelta(days=365), "1 year"), (timedelta(days=3 * 365), "3 years")]
)
def test_a_time_is_told_as_people_say_it(time: timedelta, told: str) -> None:
    assert Kept(time, "after the day", "…").told == f"{told} after the day"


def test_what_has_no_set_time_cannot_be_counted_with() -> None:
    assert KEPT["audit"].told == "as long as the school uses Bookbag"
    with pytest.raises(ValueError, match="audit"):
        data_map.time_of("audit")
    with pytest.raises(KeyError):
        data_map.time_of("biscuits")


def test_the_rules_take_their_times_from_here_and_from_nowhere_else() -> None:
    asked: set[str] = set()
    for path in SCHOOL.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time_of", "data_map.time_of") and isinstance(node.args[0], ast.Constant):
                asked.add(str(node.args[0].value))
            if isinstance(node, ast.Assign) and [target.id for target in node.targets if isinstance(target, ast.Name) and target.id.endswith("KEPT")]:
                assert "timedelta" not in ast.unparse(node.value), f"{path.name} has a time of its own"
    carried_out = {"absences", "collection", "book", "events", "broadcasts", "questionnaires", "pack wishes", "pack loans", "imports", "forms"}
    assert asked >= carried_out
    assert asked <= set(KEPT)
