"""What people write reaches its readers in their language, once, with every name and time in place; and nothing else waits for that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.conversation.registry import for_now
from bot.translate import translate
from data.outbox import Message
from data.people import Adult
from data.texts import PERSON, Text, TextTranslation, TranslationState
from data.translation_memory import Translation
from school import School, attention, demo, notices, texts
from school.attention import Need
from tests.standin.client import StandIn
from tests.world import World
from translations import memory

NEWS = """
from bot.conversation import notice
from school import texts
from translations import _


@notice("news")
def news(chat, school):
    text = texts.find(school, chat.args["text"])
    if text is not None:
        chat.say(_("{text}"), text=text)
"""
SNOW = "Amina, please bring £2 on Tue 3 March at 3pm. Thank you for your help."
AT = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def news(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "news.py").write_text(NEWS, encoding="utf-8")
    with for_now(folder):
        yield


@pytest.fixture
def translated(make_world: Callable[..., World], providers: StandIn) -> World:
    """The school with a LibreTranslate server that may have everything."""
    providers.reset()
    libre = {"providers": ["libretranslate"], "inbound_providers": ["libretranslate"], "libretranslate": {"url": providers.url}}
    return make_world(AT, translation=libre)


@pytest.fixture
def alone(make_world: Callable[..., World]) -> World:
    """The school without any translator."""
    return make_world(AT)


def tell(world: World, words: str, *names: str) -> int:
    """Staff write once, in English, and it goes to each of these."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        text = texts.write(school, words, "en")
        for name in names:
            notices.tell(school, demo.adult(school, name), "news", {"text": text.id}, key=f"news:{text.id}:{name}")
        return text.id


def arrive(world: World) -> None:
    """The translations come, and what waited for them leaves."""
    world.settle()
    world.pass_time(timedelta(seconds=6))
    world.settle()


def asked(providers: StandIn) -> list[str]:
    """The texts that the translator was asked for."""
    return [entry["text"] for entry in providers.log("libretranslate.translate")]


def last(world: World, name: str, channel: str = "sms") -> str:
    return world.texts(name, channel)[-1]


def test_a_parents_words_reach_staff_in_english(translated: World) -> None:
    translated.speak("Maria", "es")
    translated.say("Maria", "mensaje a la oficina: el niño ha perdido su abrigo azul en el patio", "whatsapp")
    with translated.house.store.read() as session:
        school = School(session, translated.moment)
        row = next(row for row in attention.open_needs(school) if "abrigo" in row.text)
        reading = attention.in_english(school, row)
    assert reading.is_machine
    assert reading.words != row.text


def test_every_reader_gets_it_in_their_language_with_all_values(translated: World, providers: StandIn) -> None:
    translated.speak("Amina", "es")
    translated.speak("Tom", "fr")
    tell(translated, SNOW, "Amina", "Tom", "Kate")
    arrive(translated)
    for name, day, hour in (("Amina", "martes, 3 de marzo", "15:00"), ("Tom", "mardi 3 mars", "15:00"), ("Kate", "Tue 3 March", "3pm")):
        assert all(value in last(translated, name) for value in ("Amina", "£2", day, hour)), last(translated, name)
    assert "Thank you for your help" in last(translated, "Kate")
    assert "Thank you for your help" not in last(translated, "Amina")


def test_no_name_is_shown_to_the_translator(translated: World, providers: StandIn) -> None:
    translated.speak("Amina", "es")
    tell(translated, "Dear Amina, Ayaan and miss oakafor will be at the gate at 3pm", "Amina")
    arrive(translated)
    assert len(asked(providers)) == 1
    assert not any(name in asked(providers)[0] for name in ("Amina", "Ayaan", "oakafor", "3pm"))


def test_a_text_is_translated_once_for_all_names_and_times(translated: World, providers: StandIn) -> None:
    for name in ("Amina", "Tom", "Kate"):
        translated.speak(name, "es")
    tell(translated, "Dear Amina, please come on Friday at 3pm", "Amina", "Tom")
    tell(translated, "Dear Kate, please come on Thursday at 2pm", "Kate")
    arrive(translated)
    assert len(asked(providers)) == 1
    assert "Kate" in last(translated, "Kate")
    assert "jueves" in last(translated, "Kate")


def test_that_a_computer_translated_is_said_once_a_day(translated: World) -> None:
    translated.speak("Amina", "sw")  # a language without a catalog: the line itself is English
    for hour in range(2):
        tell(translated, f"Please bring a coat to the {['zoo', 'farm'][hour]}", "Amina")
        arrive(translated)
    assert sum("Translated by a computer" in text for text in translated.texts("Amina")) == 1
    translated.pass_time(timedelta(days=1))
    tell(translated, "Please bring a drink", "Amina")
    arrive(translated)
    assert "Translated by a computer" in last(translated, "Amina")


def test_the_original_can_be_asked_for(translated: World) -> None:
    translated.speak("Amina", "sw")
    tell(translated, "Please bring a coat", "Amina")
    arrive(translated)
    assert translated.say("Amina", "original")[-1].text == "As it was written: Please bring a coat"
    assert translated.say("Tom", "ORIGINAL")[-1].text.endswith("No message was translated for you in the last days.")


def test_without_a_translator_it_goes_out_as_it_was_written_and_says_so(alone: World) -> None:
    alone.speak("Amina", "sw")
    tell(alone, "Please bring your wellies", "Amina")
    arrive(alone)
    assert last(alone, "Amina").endswith("Please bring your wellies\nThis message is in English: nobody could translate it yet. PERSON gets you a person.")


def test_a_slow_translator_holds_it_up_for_ten_minutes_at_most(translated: World, providers: StandIn) -> None:
    providers.fault("libretranslate.translate", "429", times=99)
    translated.speak("Amina", "sw")
    tell(translated, "Please bring your wellies", "Amina")
    arrive(translated)
    assert not any("wellies" in text for text in translated.texts("Amina"))
    translated.pass_time(timedelta(minutes=11))
    translated.settle()
    assert "nobody could translate it yet" in last(translated, "Amina")


def test_nothing_else_waits_for_a_translation(translated: World, providers: StandIn) -> None:
    providers.fault("libretranslate.translate", "429", times=99)
    translated.speak("Amina", "sw")
    tell(translated, "Please bring your wellies", "Amina")
    translated.settle()
    assert "What would you like to do?" in translated.say("Amina", "menu")[-1].text


def test_a_safeguarding_matter_is_shown_to_no_translator(translated: World, providers: StandIn) -> None:
    translated.speak("Maria", "es")
    translated.say("Maria", "mi marido pega a mi hijo con el cinturón y tengo miedo", "whatsapp")
    with translated.house.store.write() as session:
        school = School(session, translated.moment)
        row = next(row for row in attention.open_needs(school) if row.need == Need.SAFEGUARDING)
        assert attention.in_english(school, row).is_foreign
        assert asked(providers) == []
        text = session.scalars(select(Text).where(Text.attention_id == row.id)).one()
        texts.want_sensitive(text, "en")
    translated.settle()
    assert len(asked(providers)) == 1


def test_a_persons_translation_is_used_for_good(translated: World, providers: StandIn) -> None:
    translated.speak("Amina", "sw")
    with translated.house.store.write() as session:
        memory.remember(session, "en", "sw", "Please bring a coat", "Tafadhali leta koti", PERSON, translated.moment)
        memory.remember(session, "en", "sw", "Please bring a drink", "?", "libretranslate", translated.moment - timedelta(days=200))
    tell(translated, "Please bring a coat", "Amina")
    arrive(translated)
    assert last(translated, "Amina").endswith("Tafadhali leta koti")
    assert asked(providers) == []
    tell(translated, "Please bring a drink", "Amina")
    arrive(translated)
    assert len(asked(providers)) == 1


def test_more_words_are_translated_anew(translated: World) -> None:
    with translated.house.store.write() as session:
        school = School(session, translated.moment)
        text = texts.write(school, "Hola amigos", "es")
        texts.want(text, ["en"])
        number = text.id
    translated.settle()
    with translated.house.store.write() as session:
        text = session.get_one(Text, number)
        before = text.read_in("en").words
        texts.rewritten(text, "Hola amigos y familias")
    translated.settle()
    with translated.house.store.read() as session:
        after = session.get_one(Text, number).read_in("en")
    assert after.is_machine
    assert after.words != before


def test_what_nobody_translates_is_tried_four_times_and_then_given_up(translated: World, providers: StandIn) -> None:
    providers.control(tricks={"Hola": "echo"})
    with translated.house.store.write() as session:
        text = texts.write(School(session, translated.moment), "Hola amigos", "es")
        texts.want(text, ["en"])
        number = text.id
    for _ in range(6):
        translated.settle()
        translated.moment += timedelta(hours=2)
    with translated.house.store.read() as session:
        row = session.get_one(TextTranslation, (number, "en"))
        assert (row.state, row.attempts) == (TranslationState.FAILED, 4)
        assert "libretranslate" in row.reason


def test_the_memory_holds_no_name(translated: World) -> None:
    translated.speak("Amina", "es")
    tell(translated, "Dear Amina, Ayaan was happy", "Amina")
    arrive(translated)
    with translated.house.store.read() as session:
        kept = session.scalars(select(Translation).where(Translation.origin == "libretranslate")).all()
    assert kept
    assert not any("Amina" in row.source + row.text or "Ayaan" in row.source + row.text for row in kept)


def test_a_message_knows_which_text_it_carries(translated: World) -> None:
    tell(translated, "Please bring a coat", "Tom")
    translated.settle()
    with translated.house.store.read() as session:
        school = School(session, translated.moment)
        tom = session.scalars(select(Adult).where(Adult.name.startswith("Tom"))).one()
        assert texts.last_translated_for(school, tom) is None  # he reads English: nothing was translated
        assert (session.scalars(select(Message).where(Message.kind == "news")).one().text or "").endswith("Please bring a coat")


def test_the_command_says_who_answered_and_what_was_masked(translated: World, capsys: pytest.CaptureFixture[str]) -> None:
    settings = translated.house.settings
    assert translate(settings, "Amina, please come at 3pm", to="es", source="en", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["provider"] == "libretranslate"
    assert [(one["kind"], one["text"]) for one in told["masked"]] == [("name", "Amina"), ("time", "3pm")]
    assert "Amina" in told["text"]
    assert told["sent"] == "⟦1⟧, please come at ⟦2⟧"


def test_the_command_names_near_languages(translated: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert translate(translated.house.settings, "hello", to="somali", source=None, as_json=False) == 2
    assert "so (Somali)" in capsys.readouterr().err


def test_the_command_without_a_translator_says_what_to_set(alone: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert translate(alone.house.settings, "Please bring your wellies", to="es", source="en", as_json=False) == 1
    assert "translation.providers" in capsys.readouterr().err
    assert translate(alone.house.settings, "Thank you for your help.", to="es", source="en", as_json=False) == 0
    assert "Gracias por su ayuda." in capsys.readouterr().out


def test_a_translation_can_be_read_back(translated: World, providers: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    settings = translated.house.settings
    assert translate(settings, "Amina, please do not bring nuts at 3pm", to="es", source="en", as_json=True, with_back=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["looks_fine"] is True
    assert told["back"] == "Amina, please do not bring nuts at 15:00"


def test_english_alone_brings_the_original_and_asks_about_the_rest(translated: World) -> None:
    translated.speak("Amina", "sw")
    tell(translated, "Please bring a coat", "Amina")
    arrive(translated)
    said = translated.say("Amina", "English")[-1].text
    assert said.startswith("As it was written: Please bring a coat")
    assert "Would you like me to write in English?" in said
    assert "From now on I write to you in English" in translated.say("Amina", "yes")[-1].text


def test_english_alone_is_a_choice_where_nothing_was_translated(translated: World) -> None:
    translated.speak("Amina", "sw")
    assert "From now on I write to you in English" in translated.say("Amina", "English")[-1].text
