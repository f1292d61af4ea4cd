"""A questionnaire as a parent would read it: worded by the dialogue that asks it, with nothing sent and nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest
from sqlalchemy import func, select

from bot import questionnaire_preview
from bot.questionnaire_preview import Script
from data.outbox import Message
from data.questionnaires import Questionnaire, Respondent, SealedResponse
from data.texts import TextTranslation
from school import School, questionnaires
from school.questionnaire_form import Asked, Form, Per, Privacy, QuestionKind
from tests.world import World

TERM = Form(
    "Your term with us",
    [
        Asked("happy", "How happy is your child?", QuestionKind.SCALE, scale="happy"),
        Asked("why", "What would make it better?", QuestionKind.TEXT, is_optional=True, only_if={"happy": ["1", "2"]}),
        Asked("clubs", "Which clubs?", QuestionKind.SEVERAL, choices=["Cooking", "Music and dancing on Fridays"], takes_other=True),
        Asked("times", "How many times were you here?", QuestionKind.NUMBER, least=0),
        Asked("day", "Which day suits you?", QuestionKind.DATE),
        Asked("again", "Shall we ask again?", QuestionKind.YES_NO),
    ],
    opening="Tell us how it was.",
    thanks="We read every answer.",
)


@pytest.fixture
def read(world: World) -> partial[Script | None]:
    return partial(questionnaire_preview.script, world.house.store, world.house.school_settings, world.moment, public_url=None)


def draft(world: World, form: Form) -> int:
    with world.house.store.write() as session:
        return questionnaires.make(School(session, world.moment, world.house.school_settings), None, form).id


def counts(world: World) -> Mapping[str, int]:
    with world.house.store.read() as session:
        kept = (Message, Respondent, SealedResponse, TextTranslation)
        return {table.__name__: session.scalar(select(func.count()).select_from(table)) or 0 for table in kept}


def test_every_question_is_read_in_its_order_and_nothing_is_kept(world: World, read: partial[Script | None]) -> None:
    made, before = draft(world, TERM), counts(world)
    found = read(made, "en")
    assert found is not None
    assert "Your term with us\nTell us how it was.\n6 questions.\nIt takes at most 7 texts from you." in found.lines[0].text
    assert [line.text.partition("\n")[0] for line in found.lines[1:-1]] == [
        "1 of 6: How happy is your child?",
        "2 of 6: What would make it better?",
        "3 of 6: Which clubs?",
        "4 of 6: How many times were you here?",
        "5 of 6: Which day suits you?",
        "6 of 6: Shall we ask again?",
    ]
    assert found.lines[-1].text == "That was the last question. Thank you!\nWe read every answer."
    assert counts(world) == before
    with world.house.store.read() as session:
        assert session.get_one(Questionnaire, made).state == "draft"


def test_each_channel_shows_choices_in_its_own_way(world: World, read: partial[Script | None]) -> None:
    found = read(draft(world, TERM), "en")
    assert found is not None
    with world.house.store.read() as session:
        shown = questionnaire_preview.on_channels(School(session, world.moment, world.house.school_settings), found, "en", None)
    scale, clubs = shown[1].on, shown[3].on
    assert scale["sms"].text.endswith("\n1 Very unhappy\n2 Unhappy\n3 In between\n4 Happy\n5 Very happy")
    assert (scale["sms"].buttons, scale["sms"].parts) == ((), 1)
    assert scale["telegram"].buttons == scale["whatsapp"].buttons == ["Very unhappy", "Unhappy", "In between", "Happy", "Very happy"]
    assert clubs["whatsapp"].buttons == ["1", "2", "3"]  # too long for a button there
    assert clubs["telegram"].buttons == ["Cooking", "Music and dancing on Fridays", "Something else"]
    assert shown[0].on["sms"].parts >= 2


def test_it_reads_in_another_language_and_says_once_who_translated_it(world: World, read: partial[Script | None]) -> None:
    made = draft(world, TERM)
    plain = read(made, "pl")
    assert plain is not None
    found = read(made, "pl", translated={key: f"PL {words}" for key, words in plain.written.items()})
    assert found is not None
    assert "PL Your term with us" in found.lines[0].text
    assert [choice.label for choice in found.lines[3].choices][:2] == ["PL Cooking", "PL Music and dancing on Fridays"]
    by_computer = [line for line in found.lines if "ORYGINA" in line.text.upper()]
    assert by_computer == [found.lines[0]]


def test_the_questions_of_an_anonymous_one_stand_on_its_page(world: World, read: partial[Script | None]) -> None:
    anonymous = Form(TERM.title, TERM.questions, privacy=Privacy.ANONYMOUS)
    made = draft(world, anonymous)
    found = read(made, "en", public_url="https://school.example")
    assert found is not None
    assert found.lines[0].text.endswith("\nhttps://school.example/q/…")
    assert [line.text for line in found.lines[1:]] == [asked.ask for asked in TERM.questions]
    assert all(line.is_on_page for line in found.lines[1:])


def test_one_about_each_child_names_the_child(world: World, read: partial[Script | None]) -> None:
    found = read(draft(world, Form(TERM.title, TERM.questions, per=Per.CHILD)), "en")
    assert found is not None
    assert len(found.lines) == 8
    assert ", 1 of 6: How happy is your child?" in found.lines[1].text


def test_what_cannot_be_opened_is_not_read(world: World, read: partial[Script | None]) -> None:
    assert read(draft(world, Form("x", [])), "en") is None
    assert read(999_999, "en") is None
