"""The paper that the school needs is made from what is true here, and says nothing of what is not used."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from bot import papers as files
from bot.settings import Settings
from console import papers
from data.models import ALL
from school import LONDON, School
from school.data_map import KEPT, KINDS
from school.processors import PROCESSORS
from tests.console.staff import Console
from tests.world import World
from translations import catalogs

LANGUAGES = ["en", *(folder.replace("_", "-") for folder in catalogs.shipped())]
NOW = datetime(2026, 3, 2, 9, 10, tzinfo=LONDON)
EVERYTHING = {
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "x" * 32, "sms_from": "+447700900900", "whatsapp_from": "+447700900901"},
    "telegram": {"token": "1:x"},
    "email": {"smtp_url": "smtp://127.0.0.1:1025", "from": "a@school.example"},
    "translation": {"providers": ["google_cloud", "libretranslate", "google"], "inbound_providers": ["libretranslate"]},
}


def test_the_office_opens_each_paper_from_the_schools_page(console: Console) -> None:
    office = console.as_("Mrs Hartley")
    assert 'href="/console/papers"' in office.get("/console/school")
    addresses = re.findall(r'href="(/console/papers/[\w-]+)"', office.get("/console/papers"))
    assert len(addresses) == 3 + len(LANGUAGES)
    for address in addresses:
        assert "<article" in office.get(address)
    office.get("/console/papers/no-such-paper", 404)


@pytest.mark.parametrize("name", ["Ms Okafor", "Mr Whitfield"])
def test_it_is_not_for_a_class_team(console: Console, name: str) -> None:
    console.as_(name).get("/console/papers", 404)


def test_the_data_map_tells_of_every_table_kind_and_time(console: Console) -> None:
    page = console.as_("Mrs Hartley").get("/console/papers/data-map")
    assert [table for table in ALL.metadata.tables if not re.search(rf"\b{table}\b", page)] == []
    told = re.sub("&#39;", "'", page)
    assert [kind.title for kind in KINDS.values() if kind.what not in told or kind.basis not in told] == []
    assert [kept for kept in KEPT.values() if kept.why not in told] == []


@pytest.mark.parametrize("chosen, named", [({}, set()), (EVERYTHING, set(PROCESSORS)), ({"telegram": {"token": "1:x"}}, {"telegram"})])
def test_only_processors_that_are_switched_on_are_named(chosen: dict[str, object], named: set[str]) -> None:
    settings = Settings.model_validate(chosen)
    assert set(settings.processors()) == named
    assert len(settings.processors()) == len(named)


@pytest.fixture
def written(world: World, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Has every paper of the standing school written with these settings, and gives their words by their names."""

    def write(**chosen: object) -> dict[str, str]:
        settings = Settings.model_validate({"database_url": world.house.settings.database_url, **chosen})
        assert files.write(settings, tmp_path / "papers") == 0
        return {path.stem: path.read_text("utf-8") for path in (tmp_path / "papers").iterdir()}

    return write


def test_the_command_writes_each_as_a_page_that_needs_nothing_beside_it(written: Callable[..., dict[str, str]]) -> None:
    pages = written()
    assert set(pages) == {"data-map", "processors", "dpia", *(f"privacy-{language}" for language in LANGUAGES)}
    for page in pages.values():
        assert not re.search(r"(?:src|href)=|<script|url\(", page)


def test_the_notice_speaks_of_what_is_used_alone(written: Callable[..., dict[str, str]]) -> None:
    plain, full = written()["privacy-en"], written(**EVERYTHING)["privacy-en"]
    for word in ("Twilio", "WhatsApp", "translate"):
        assert word not in plain
        assert word in full
    assert f"{KEPT['messages'].time.days if KEPT['messages'].time else ''} days" in plain


def test_every_language_has_all_its_sentences_and_its_direction(written: Callable[..., dict[str, str]]) -> None:
    pages = written(**EVERYTHING)
    english = set(re.findall(r"<p>(.*?)</p>", pages["privacy-en"]))
    assert len(english) == 12
    for language in LANGUAGES:
        theirs = re.findall(r"<p>(.*?)</p>", pages[f"privacy-{language}"])
        assert len(theirs) == 12
        assert language == "en" or not english.intersection(theirs)
        assert f'lang="{language}" dir="{"rtl" if language in ("ar", "ur") else "ltr"}"' in pages[f"privacy-{language}"]
        assert ("Draft." in pages[f"privacy-{language}"]) == (language != "en")


def test_the_assessment_counts_who_is_there_and_leaves_the_decisions_to_people(world: World, written: Callable[..., dict[str, str]]) -> None:
    page = written()["dpia"]
    with world.house.store.read() as session:
        assert papers.kinds(School(session, NOW))["dpia"]().is_draft
    assert re.search(r"Scope: \d+ children and \d+ adults are known", page)
    assert re.findall(r"<h2>(\d)\.", page) == list("1234567")
    assert page.count("(the school fills this in)") > 10


def test_a_folder_that_cannot_be_made_is_told(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    assert files.write(Settings.model_validate({"database_url": world.house.settings.database_url}), tmp_path / "taken") == 1
    assert "cannot be written" in capsys.readouterr().err
