"""Every capability has what it needs, and a new one needs no file edited: docs/dialogues.md's example is put into a temporary folder and used."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.conversation import registry
from bot.conversation.registry import Dialogue
from bot.house import EXAMPLES, Embedded
from data.models import ALL
from nlu.embedded.build import Sources
from nlu.embedded.encoders import Usem3
from nlu.face import Context, Decision
from nlu.rasa_format import read
from school import LONDON
from school.data_map import KINDS
from tests.model import MODEL
from tests.transcripts.play import play
from tests.world import World

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/dialogues.md").read_text(encoding="utf-8")
RULES = (ROOT / "tests/bot/conversation/test_rules_of_the_replay.py").read_text(encoding="utf-8")
TRANSCRIPTS = sorted((ROOT / "tests/transcripts").rglob("*.txt"))
NOW = datetime(2026, 3, 2, 9, 10, tzinfo=LONDON)
MENU = [pytest.param(found, id=found.name) for found in registry.menu()]


def block(language: str, begins: str) -> str:
    """The page's block of code in a language that begins with these words."""
    blocks: list[tuple[str, str]] = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
    return next(text for found, text in blocks if found == language and text.startswith(begins))


@pytest.fixture
def lost_property(tmp_path: Path) -> Iterator[Path]:
    """The page's example as a capability in a folder of its own."""
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "lost_property.py").write_text(block("python", '"""Lost property'), encoding="utf-8")
    (tmp_path / "lost_property.yml").write_text(block("yaml", "version"), encoding="utf-8")
    (tmp_path / "finds_a_jumper.txt").write_text(block("", "# Tom looks"), encoding="utf-8")
    with registry.for_now(folder):
        yield tmp_path


@pytest.mark.parametrize("dialogue", MENU)
def test_what_stands_in_the_menu_is_understood(dialogue: Dialogue) -> None:
    assert dialogue.name in intents()


@pytest.mark.parametrize("dialogue", MENU)
def test_what_stands_in_the_menu_has_a_transcript(dialogue: Dialogue, understander: Embedded) -> None:
    assert any(reaches(path, dialogue, understander) for path in TRANSCRIPTS), f"no conversation in tests/transcripts comes to {dialogue.name}"


def test_every_dialogue_says_what_it_is_for() -> None:
    assert [found.name for found in registry.all_dialogues() if not (found.run.__doc__ or "").strip()] == []


def test_a_new_capability_needs_no_file_edited(lost_property: Path, make_world: Callable[..., World]) -> None:
    written = lost_property / "finds_a_jumper.txt"
    assert play(written, make_world(NOW)) == written.read_text(encoding="utf-8")


def test_a_new_capability_stands_in_the_menu(lost_property: Path, make_world: Callable[..., World]) -> None:
    assert "Ask about lost property" in make_world(NOW).say("Tom", "menu")[-1].text


def test_what_was_for_now_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "lost_property.py").write_text(block("python", '"""Lost property'), encoding="utf-8")
    for _time in range(2):
        with registry.for_now(tmp_path):
            assert registry.find("lost_property") is not None
        assert registry.find("lost_property") is None


@pytest.mark.slow
def test_a_new_capability_is_understood_from_its_examples(lost_property: Path, understander: Embedded) -> None:
    assert understander.ready  # the vectors of all other examples are there
    shutil.copytree(MODEL, lost_property / "model", ignore=shutil.ignore_patterns("*.lock"))
    embedded = Embedded(lost_property / "model", [Usem3()])
    embedded.engine.warm(Sources([EXAMPLES, lost_property / "lost_property.yml"]), lost_property / "model", is_beside=False)
    understood = embedded.parse("has anybody found a red coat, my son lost it at school", Context(NOW))
    assert (understood.intent, understood.decision) == ("lost_property", Decision.ACT)


def test_the_page_names_tests_that_are_there() -> None:
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) == 10
    assert [name for name in named if f"def {name}(" not in RULES] == []


@pytest.mark.parametrize("number", range(1, 11))
def test_each_rule_has_its_tests_and_its_line(number: int) -> None:
    assert len(re.findall(rf"^def test_{number}_", RULES, re.MULTILINE)) >= 3
    assert re.search(rf"^{number}\. \*\*", PAGE, re.MULTILINE)


def intents() -> set[str]:
    """What there are examples for."""
    return {example.intent for example in read([EXAMPLES]).examples}


def reaches(path: Path, dialogue: Dialogue, understander: Embedded) -> bool:
    """Whether the parent in this transcript wishes for the dialogue in their own words, or chooses it from the menu."""
    answer = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("<"):
            answer = line
        elif line.startswith(">"):
            text = line.lstrip("> +")
            if _means(text, understander) == dialogue.name or f"  {text.strip('[]')} {dialogue.menu.render('en') if dialogue.menu else ''}" in answer:
                return True
    return False


def _means(text: str, understander: Embedded) -> str | None:
    known = understander.exact(text, "en") or registry.by_keyword(text, "en")
    return known or (understander.parse(text, Context(NOW)).intent if understander.number(text, "en") is None else None)


def test_every_table_stands_under_one_kind_of_data() -> None:
    counted = Counter(table for kind in KINDS.values() for table in kind.tables)
    tables = set(ALL.metadata.tables)
    assert tables - set(counted) == set(), "the data map does not say what is in these tables"
    assert set(counted) - tables == set(), "there are no such tables"
    assert [table for table, times in counted.items() if times > 1] == []
