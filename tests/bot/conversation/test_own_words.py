"""A question that takes own words: what is an option, what is an answer in their words, what is heard as something else, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import pytest

from bot.conversation import Chat, dialogue, identified
from bot.conversation.mentions import stands_in
from nlu.face import When
from school import School, demo
from tests.bot.conversation.talk import NOW, Talk, name_of, wish
from translations import _


@identified
class Weather(StrEnum):
    """What it is like outside."""

    RAIN = "rain"
    OTHER = "other"


NAMES = {Weather.RAIN: _("It rains"), Weather.OTHER: _("Something else")}


@pytest.fixture(autouse=True)
def dialogues() -> None:
    """One that asks about the weather, until ten o'clock, and one that sells fruit."""

    @dialogue(intent="weather")
    def weather(chat: Chat, school: School) -> None:
        """Asks, and says what it understood."""
        answer = chat.choose_or_tell(
            "weather", list(NAMES), _("Does it rain?"), like=["grumble"], hears="time", yes=Weather.RAIN, no=Weather.OTHER,
            until=NOW + timedelta(hours=1), label=NAMES.__getitem__,
        )  # fmt: skip
        chat.say(_("{what}"), what=f"option {answer.value}" if isinstance(answer, Weather) else f"words {answer}")

    @dialogue(intent="shop", about=_("Shop"))
    def shop(chat: Chat, school: School) -> None:
        """Sells something."""
        chat.say(_("Sold."))


@pytest.mark.parametrize(
    "written, understood",
    [
        ("1", "option rain"),
        ("it rains", "option rain"),
        ("yes", "option rain"),
        ("no", "option other"),
        ("it rains since monday and i am wet", "words it rains since monday and i am wet"),
        ("not sure", "words not sure"),
        ("7", "words 7"),
    ],
)
def test_an_option_is_named_exactly_and_all_else_is_words(talk: Talk, written: str, understood: str) -> None:
    talk.begin("weather")
    assert talk.hear(written) == understood


def test_its_buttons_work(talk: Talk) -> None:
    talk.begin("weather")
    assert talk.press("Something else") == "option other"


def test_a_few_words_are_an_answer_whatever_they_are_taken_for(talk: Talk) -> None:
    talk.begin("weather")
    assert talk.hear("it is foggy here", wish("shop")) == "words it is foggy here"


def test_a_clear_wish_at_length_is_heard_and_the_question_comes_back(talk: Talk) -> None:
    talk.begin("weather")
    assert talk.hear("can i buy some of your fruit please", wish("shop")) == "Sold.\nDoes it rain?"


def test_an_unsure_wish_is_an_answer(talk: Talk) -> None:
    talk.begin("weather")
    assert talk.hear("can i buy some of your fruit please", replace(wish("shop"), confidence=0.4)).startswith("words can i")


def test_what_is_like_an_answer_is_one(talk: Talk) -> None:
    talk.begin("weather")
    assert talk.hear("this weather is a great annoyance to me", wish("grumble")).startswith("words this weather")


def test_a_value_it_hears_runs_the_dialogue_again(talk: Talk) -> None:
    talk.begin("weather")
    assert talk.hear("since yesterday", wish("weather", time=When(NOW.date(), NOW.date()))) == "Does it rain?"
    assert talk.state.frames[-1].heard["time"][0][0] == "When"


def test_a_word_or_two_may_correct_an_earlier_answer(talk: Talk) -> None:
    first, second = demo.child(talk.school, "Leo"), demo.child(talk.school, "Ella")

    @dialogue(intent="why")
    def why(chat: Chat, school: School) -> None:
        """About one of two."""
        child = chat.choose("child", [first, second], _("Who?"), heard="child", hears="child")
        chat.say(_("{child}: {why}"), child=child, why=str(chat.choose_or_tell("why", [], _("Why {child}?"), child=child)))

    talk.begin("why")
    talk.hear("1")
    assert talk.hear("no, i mean ella", wish("why", child=name_of(second, "child"))) == "Why Ella?"
    assert talk.hear("because") == "Ella: because"


def test_after_its_time_what_is_said_was_not_asked_for(talk: Talk) -> None:
    talk.begin("weather")
    talk.school.now = NOW + timedelta(hours=1)
    assert talk.hear("can i buy fruit", wish("shop")) == "Sold."
    assert talk.state.frames == []


def test_after_its_time_an_old_button_belongs_to_an_earlier_question(talk: Talk) -> None:
    talk.begin("weather")
    talk.school.now = NOW + timedelta(hours=1)
    assert talk.press("It rains").startswith("That button belongs to an earlier question.")


@pytest.mark.parametrize(
    "text, words, is_there",
    [
        ("Leo is ILL.", "ill, sick", True),
        ("he will come", "ill", False),
        ("she's not well", "not well", True),
        ("vomiting all night", "vomit*", True),
        ("vomiting all night", "vomit", False),
        ("está enfermo", "enferm*", True),
        ("孩子生病了", "生病, 发烧", True),
        ("孩子来了", "生病, 发烧", False),
        ("ابني مريض", "مريض، حرارة", True),
        ("anything", "", False),
        ("", "ill", False),
    ],
)
def test_words_of_a_list_are_found_as_words(text: str, words: str, is_there: bool) -> None:
    assert stands_in(text, words) == is_there


@pytest.mark.parametrize(
    "text, words, is_there",
    [
        ("he is pourly", "poorly", True),
        ("at the hosiptal", "hospital*", True),
        ("a dentsit", "dentist*", True),
        ("he has never been here", "fever", False),
        ("a letter came", "better", False),
        ("she is ill", "il", False),
    ],
)
def test_a_long_word_may_have_one_letter_wrong(text: str, words: str, is_there: bool) -> None:
    assert stands_in(text, words, misspelt=True) == is_there


def test_a_wish_says_words_in_the_readers_language_and_in_english(talk: Talk) -> None:
    heard: list[bool] = []

    @dialogue(intent="ill")
    def ill(chat: Chat, school: School) -> None:
        """Listens for words."""
        heard.append(chat.says(_("Book it, ill")))

    for language, text in (("en", "he is ill"), ("es", "está ill"), ("en", "he is well")):
        talk.adult.language = language
        talk.hear(text, wish("ill", text))
    assert heard == [True, True, False]
