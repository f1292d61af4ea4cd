"""What a handler's author meets: the refusals of Chat's own methods, and who may have which dialogue."""

from __future__ import annotations

from enum import Enum

import pytest
from sqlalchemy import select

from bot.conversation import Chat, dialogue, identified
from bot.conversation.engine import Conversation
from bot.conversation.identity import Gone, identity, load
from bot.conversation.state import State
from data.attention import Attention, Need
from data.store import Store
from nlu.exact import Words
from nlu.face import Decision
from school import School, demo
from school.attention import call_for_a_person
from tests.bot.conversation.talk import NOW, Talk, wish
from translations import _


def test_to_choose_among_nothing_is_an_error(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.choose("fruit", [], _("Which fruit?"))

    with pytest.raises(LookupError):
        talk.begin("shop")


def test_to_go_where_there_is_nothing_is_an_error(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.go("nowhere")

    with pytest.raises(LookupError):
        talk.begin("shop")


def test_what_cannot_be_kept_cannot_be_handed_on(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.go("menu", adult=chat.adult)

    with pytest.raises(TypeError):
        talk.begin("shop")


def test_two_dialogues_for_one_intent_are_an_error() -> None:
    def again(chat: Chat, school: School) -> None:
        """Once more."""

    dialogue(intent="again")(again)
    with pytest.raises(ValueError, match="again"):
        dialogue(intent="again")(again)


def test_a_value_is_kept_as_it_was_first(talk: Talk) -> None:
    known = ["paper"]

    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        bag = chat.keep("bag", known[0])
        chat.choose("fruit", ["apple", "pear"], _("Which fruit?"))
        chat.say(_("{bag}"), bag=bag)

    talk.begin("shop")
    known[0] = "cloth"
    assert talk.hear("1") == "paper"


def test_an_enum_and_a_row_are_answers_and_others_must_be_registered(school: School) -> None:
    @identified
    class Colour(Enum):
        RED = "red"

    class Unknown:
        pass

    assert load(school.session, identity(Colour.RED)) is Colour.RED
    tom = demo.adult(school, "Tom")
    assert load(school.session, identity(tom)) is tom
    for value in (Unknown(), Attention(key="x")):
        with pytest.raises(TypeError):
            identity(value)


@pytest.mark.parametrize("kept", [["Colour", "blue"], ["Adult", [9999]], ["Removed", [1]]], ids=["value", "row", "model"])
def test_what_an_identity_names_may_be_gone(school: School, kept: list[object]) -> None:
    @identified
    class Colour(Enum):
        RED = "red"

    with pytest.raises(Gone):
        load(school.session, kept)


def test_a_stranger_may_have_only_what_is_for_strangers(school: School, talk: Talk) -> None:
    @dialogue(intent="say_hello", strangers=True)
    def for_all(chat: Chat, school: School) -> None:
        if not chat.known:
            chat.say(_("Hello, stranger."))
        chat.say(_("{name}"), name=chat.adult.name)

    address = talk.adult.addresses[0].address
    assert Conversation(school, None, address, State(), language="en").begin("say_hello").text == "Hello, stranger."
    assert Conversation(school, None, address, State(), language="en").begin("menu").text == ""


def test_a_wish_without_a_dialogue_goes_to_a_person(talk: Talk) -> None:
    assert talk.hear("what will the weather be", wish("ask_weather")) == "I have passed your message to the office."
    assert [(row.text, row.detail) for row in talk.school.session.scalars(select(Attention))] == [("what will the weather be", "ask_weather")]


def test_an_unsure_wish_is_asked_about_and_keeps_its_words(talk: Talk) -> None:
    @dialogue(intent="echo", about=_("An echo"))
    def echo(chat: Chat, school: School) -> None:
        chat.say(_("[{text}]"), text=chat.text)

    assert talk.hear("hello out there", wish("echo", decision=Decision.CONFIRM)) == "Do you mean: An echo?"
    assert talk.hear("yes") == "[hello out there]"


def test_savepoints_hold_on_both_databases(database_url: str, words: Words) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.once("first", call, school, "kept")
        call(school, "undone")
        chat.choose("fruit", ["apple", "pear"], _("Which fruit?"))

    def call(school: School, key: str) -> None:
        call_for_a_person(school, Need.FOR_OFFICE, key=key)

    store = Store(database_url)
    try:
        with store.write() as session:
            school = School(session, NOW)
            demo.seed(school)
            Talk(school, demo.adult(school, "Tom"), words, strict=False).begin("shop")
        with store.read() as session:
            assert session.scalars(select(Attention.key)).all() == ["kept"]
    finally:
        store.close()
