"""`bookbag whatsapp setup`: the openers, which WhatsApp must approve, in every language that it approves anything in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import whatsapp
from bot.channels.twilio_templates import ApprovedTemplate, whatsapp_language
from data.store import Store
from school import School, openers
from tests.served import settings_for
from tests.standin.client import StandIn
from translations import catalogs, keywords

SHIPPED = sorted(tag.partition("_")[0] for tag in catalogs.shipped())
UNKNOWN_TO_WHATSAPP = {"so", "ti", "yo"}


@pytest.fixture
def standin(providers: StandIn) -> StandIn:
    providers.reset()
    return providers


def kept(url: str) -> Mapping[str, openers.Opener]:
    store = Store(url)
    with store.read() as session:
        found = openers.approved(School(session, datetime.now(UTC)))
    store.close()
    return found


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.partition("a day:\n")[2].splitlines()


def test_openers_are_handed_in_once_and_kept_when_approved(standin: StandIn, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_for(standin, sqlite_url, languages=["en", "es", "so", "pl", "ar"])
    standin.control(approvals={"pl": "pending", "ar": "rejected"})
    assert whatsapp.setup(settings) == 0
    assert lines(capsys) == [
        "  English: waits for WhatsApp's approval: run this again later",
        "  Spanish: waits for WhatsApp's approval: run this again later",
        "  Somali: WhatsApp approves nothing in this language; these families get a text",
        "  Polish: waits for WhatsApp's approval: run this again later",
        "  Arabic: waits for WhatsApp's approval: run this again later",
    ]
    assert kept(sqlite_url) == {}
    assert whatsapp.setup(settings) == 0
    assert lines(capsys) == [
        "  English: approved",
        "  Spanish: approved",
        "  Somali: WhatsApp approves nothing in this language; these families get a text",
        "  Polish: waits for WhatsApp's approval: run this again later",
        "  Arabic: refused by WhatsApp: INVALID_FORMAT",
    ]
    asked = standin.accepted("twilio.approval")
    assert [(entry["language"], entry["category"]) for entry in asked] == [(code, "UTILITY") for code in ("en_GB", "es", "pl", "ar")]
    assert {language: opener.sid for language, opener in kept(sqlite_url).items()} == {"en": asked[0]["sid"], "es": asked[1]["sid"]}
    assert kept(sqlite_url)["es"].words("Cherry Garden") == "Hay un mensaje de Cherry Garden para usted. Responda ABRIR y se lo enviamos."


def test_one_that_is_paused_later_is_sent_no_more(standin: StandIn, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_for(standin, sqlite_url, languages=["en"])
    for _ in range(2):
        whatsapp.setup(settings)
    assert list(kept(sqlite_url)) == ["en"]
    standin.control(approvals={"en_GB": "paused"})
    capsys.readouterr()
    whatsapp.setup(settings)
    assert (lines(capsys), kept(sqlite_url)) == (["  English: refused by WhatsApp: paused"], {})


def test_while_new_words_wait_the_old_ones_are_sent(standin: StandIn, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(standin, sqlite_url, languages=["en"])
    for _ in range(2):
        whatsapp.setup(settings)
    before = kept(sqlite_url)
    standin.control(approvals={"en_GB": "pending"})
    monkeypatch.setattr(whatsapp, "WORDS", type(whatsapp.WORDS)("We have written to you: {school}. Reply {open}."))
    for _ in range(2):
        whatsapp.setup(settings)
    assert kept(sqlite_url) == before
    standin.control(approvals={})
    whatsapp.setup(settings)
    assert kept(sqlite_url)["en"].sid != before["en"].sid


def made(language: str) -> ApprovedTemplate | None:
    return whatsapp._opener(language, "Cherry Garden School")


@pytest.mark.parametrize("language", ["en", *SHIPPED])
def test_every_opener_is_as_whatsapp_wants_it(language: str) -> None:
    template = made(language)
    assert (template is None) == (language in UNKNOWN_TO_WHATSAPP)
    if template is None:
        return
    asked: dict[str, Any] = json.loads(json.dumps(template.request().to_dict()))
    body = asked["types"]["twilio/quick-reply"]["body"] if "twilio/quick-reply" in asked["types"] else template.body
    before, after = body.split(openers.PLACE)
    assert any(letter.isalpha() for letter in before), "a place may not stand first"
    assert any(letter.isalpha() for letter in after), "nor last"
    assert template.button in after
    assert len(template.button) <= 20
    assert template.name == template.name.lower()
    assert template.name.replace("_", "").isalnum()


def test_the_word_to_open_is_no_other_word() -> None:
    others = (keywords.MENU, keywords.PERSON, keywords.LANGUAGE, keywords.ORIGINAL, keywords.MOVE, keywords.CALL_OFF)
    for language in ("en", *SHIPPED):
        assert keywords.OPEN.render(language) not in {other.render(language) for other in others}


@pytest.mark.parametrize("language,code", [("en", "en_GB"), ("pt-BR", "pt_PT"), ("zh-Hans", "zh_CN"), ("pl", "pl"), ("so", None), ("ti", None)])
def test_whatsapps_codes(language: str, code: str | None) -> None:
    assert whatsapp_language(language) == code
