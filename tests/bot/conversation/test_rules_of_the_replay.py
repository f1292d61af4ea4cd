"""The ten rules of the replay (docs/dialogues.md), each with the facts that make it true. The dialogues here are made for the tests, but for rule 10."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.channels.base import ChannelName
from bot.conversation import Chat, dialogue, notice
from bot.conversation.engine import DEEPEST, Conversation
from bot.conversation.errors import KeyUsedTwice, WriteOutsideOnce
from bot.conversation.state import State
from data.attention import Attention, Need
from data.conversation import Conversation as Kept
from data.inbox import InboxState, Received
from data.outbox import Message
from data.people import Child
from nlu.face import Decision, When
from school import School, demo
from school.attention import call_for_a_person
from school.errors import AlreadyOver, Refusal
from school.notices import tell
from tests.bot.conversation.talk import Talk, name_of, wish
from tests.world import World
from translations import _

FRUIT = ["apple", "pear", "plum"]


def fruit(chat: Chat, key: str = "fruit", question: str = "Which fruit?", **more: Any) -> str:
    chosen: str = chat.choose(key, FRUIT, _(question), **more)
    return chosen


def call(school: School, key: str, text: str = "") -> str:
    """A rule that changes something."""
    call_for_a_person(school, Need.FOR_OFFICE, key=key, text=text)
    return key


def calls(school: School) -> Sequence[str]:
    return school.session.scalars(select(Attention.key).order_by(Attention.id)).all()


# 1. What was said before an answered question is not said again.


def test_1_what_was_said_before_an_answered_question_is_not_said_again(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.say(_("Welcome."))
        chosen = fruit(chat)
        chat.say(_("A good {fruit}."), fruit=chosen)
        chat.ask("name", _("Your name?"))
        chat.say(_("Goodbye."))

    assert talk.begin("shop") == "Welcome.\nWhich fruit?"
    assert talk.hear("2") == "A good pear.\nYour name?"
    assert talk.hear("Tom") == "Goodbye."


def test_1_what_follows_the_newest_answer_is_said_again_with_its_question(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.say(_("Welcome."))
        chosen = fruit(chat)
        chat.say(_("A good {fruit}."), fruit=chosen)
        chat.choose("bag", ["paper", "none"], _("Which bag?"))

    talk.begin("shop")
    talk.hear("2")
    assert talk.hear("nonsense") == "Sorry, I did not understand that. Please reply with a number.\nA good pear.\nWhich bag?"


def test_1_a_file_that_was_sent_before_is_not_sent_again(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.say(_("A list."), attach=chat.adult, must_arrive=True)
        fruit(chat)
        chat.say(_("Goodbye."))

    talk.begin("shop")
    assert talk.reply.attachment == ["Adult", [talk.adult.id]]
    talk.hear("1")
    assert not talk.reply.attachment
    assert not talk.reply.must_arrive


# 2. A run that ends in a question keeps nothing but the conversation and what went through `once`.


def test_2_what_goes_through_once_happens_exactly_once(talk: Talk, school: School) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        assert chat.once("first", call, school, "one") == "one"
        fruit(chat)
        assert chat.once("second", call, school, "two") == "two"
        fruit(chat, "more", "And more?")
        call(school, "three")
        chat.say(_("Goodbye."))

    talk.begin("shop")
    for text in ("nonsense", "1", "nonsense", "2"):
        talk.hear(text)
    assert calls(school) == ["one", "two", "three"]


def test_2_a_pending_write_outside_once_at_a_question_is_an_error_in_tests(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        call(school, "one")
        fruit(chat)

    with pytest.raises(WriteOutsideOnce):
        talk.begin("shop")


@pytest.mark.parametrize(
    "write",
    [
        lambda school: setattr(demo.adult(school, "Tom"), "language", "so"),
        lambda school: school.session.execute(update(Child).values(name="X")),
        lambda school: school.session.delete(demo.adult(school, "Piotr")),
    ],
    ids=["attribute", "statement", "delete"],
)
def test_2_every_kind_of_write_is_noticed(talk: Talk, write: Callable[[School], None]) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        write(school)
        fruit(chat)

    with pytest.raises(WriteOutsideOnce):
        talk.begin("shop")


def test_2_a_write_that_a_rule_undid_itself_is_no_pending_write(talk: Talk, school: School) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        attempt = school.session.begin_nested()
        call(school, "one")
        attempt.rollback()
        fruit(chat)

    assert talk.begin("shop") == "Which fruit?"


def test_2_outside_tests_such_a_write_is_undone(talk: Talk, school: School) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.once("first", call, school, "kept")
        call(school, "undone")
        fruit(chat)

    talk.strict = False
    assert talk.begin("shop") == "Which fruit?"
    assert calls(school) == ["kept"]


def test_2_a_refusal_inside_once_leaves_nothing_behind(talk: Talk, school: School) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        try:
            chat.once("first", refuse, school)
        except Refusal:
            fruit(chat)

    def refuse(school: School) -> None:
        call(school, "half done")
        raise AlreadyOver

    assert talk.begin("shop") == "Which fruit?"
    assert calls(school) == []
    assert [step.key for step in talk.state.frames[0].steps] == []


def test_2_a_row_that_once_has_just_made_is_found_again(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        made = chat.once("made", make, school)
        fruit(chat)
        chat.say(_("{text}"), text=made.text)

    def make(school: School) -> Attention:
        row = Attention(key="made", need=Need.FOR_OFFICE, text="just made", created_at=school.now)
        school.session.add(row)
        return row

    talk.begin("shop")
    assert talk.hear("1") == "just made"


def test_2_a_handler_that_swallows_exceptions_swallows_no_question(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        try:
            fruit(chat)
            chat.end()
        except Exception:  # noqa: BLE001  # what a careless handler does
            chat.say(_("Swallowed."))

    assert talk.begin("shop") == "Which fruit?"
    assert "Swallowed" not in talk.hear("1")


def test_2_a_key_used_twice_in_a_run_is_an_error(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        fruit(chat)
        fruit(chat)

    talk.begin("shop")
    with pytest.raises(KeyUsedTwice):
        talk.hear("1")


def test_2_a_rule_that_refuses_with_no_answer_goes_to_a_person(talk: Talk, school: School) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        fruit(chat)
        call(school, "half done")
        raise AlreadyOver

    talk.begin("shop")
    assert talk.hear("1") == "I cannot do that here. Someone at school will look at it and get back to you."
    assert [(row.need, row.detail) for row in school.session.scalars(select(Attention))] == [(Need.REFUSED, "shop: AlreadyOver")]


# 3. An answer is matched against the options as shown, and loaded by identity ever after.


@pytest.fixture
def shop_of_labels(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        label = {"a": _("In person"), "b": _("By phone, please"), "c": _("By video")}.__getitem__
        chosen = chat.choose("way", ["a", "b", "c"], _("How?"), label=label)
        chat.say(_("{chosen}!"), chosen=chosen)


@pytest.mark.parametrize(
    "text, chosen",
    [("2", "b"), ("two", "b"), ("the last one", "c"), ("by phone please", "b"), ("IN PERSON", "a"), ("in", "a"), ("video", "c"), ("phone", "b")],
)
def test_3_an_answer_is_matched_by_number_label_or_its_beginning(talk: Talk, shop_of_labels: None, text: str, chosen: str) -> None:
    talk.begin("shop")
    assert talk.hear(text) == f"{chosen}!"


@pytest.mark.parametrize("text", ["4", "by", "person phone video"])
def test_3_what_means_none_or_several_is_asked_again(talk: Talk, shop_of_labels: None, text: str) -> None:
    talk.begin("shop")
    assert talk.hear(text).endswith("How?")


def test_3_an_answer_is_matched_by_button(talk: Talk, shop_of_labels: None) -> None:
    talk.begin("shop")
    assert talk.press("By video") == "c!"


def test_3_an_answer_is_matched_in_english_too(talk: Talk) -> None:
    @dialogue(intent="day")
    def day(chat: Chat, school: School) -> None:
        chosen = chat.choose("day", [date(2026, 3, 3), date(2026, 3, 4)], _("When?"))
        chat.say(_("{day}"), day=chosen.isoformat())

    talk.begin("day")
    question = talk.state.question
    assert question is not None
    question.options[0].label = "mar. 3 de marzo"  # as a Spanish catalog would show it
    talk.kept["question"]["options"][0]["label"] = "mar. 3 de marzo"
    before = talk.kept
    assert talk.hear("tue 3 march") == "2026-03-03"
    talk.kept = before
    assert talk.hear("mar 3 de") == "2026-03-03"


def test_3_the_answer_counts_that_was_shown_not_what_is_offered_by_now(talk: Talk) -> None:
    offered = ["pear", "plum"]

    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chosen = chat.choose("fruit", offered, _("Which fruit?"))
        chat.say(_("{chosen}!"), chosen=chosen)

    talk.begin("shop")
    offered[:] = ["apple"]
    assert talk.hear("2") == "plum!"


def test_3_what_is_gone_is_dropped_with_all_after_it_and_a_sentence(talk: Talk, school: School) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        need = chat.choose("need", lambda: school.session.scalars(select(Attention)).all(), _("Which?"), label=lambda row: row.text)
        fruit(chat)
        chat.say(_("{text}"), text=need.text)

    for text in ("first", "second", "third"):
        call(school, text, text)
    talk.begin("shop")
    talk.hear("first")
    school.session.delete(school.session.scalars(select(Attention).where(Attention.key == "first")).one())
    assert talk.hear("1") == "What you chose before is not there any more.\nWhich?"
    assert talk.labels == ["second", "third"]


def test_3_a_text_that_only_begins_like_the_way_out_is_a_text(talk: Talk) -> None:
    @dialogue(intent="note")
    def note(chat: Chat, school: School) -> None:
        text = chat.ask("note", _("Anything else?"), skip=_("Nothing"))
        chat.say(_("[{text}]"), text=text)

    for said, kept in [("nothing much, but she is tired", "nothing much, but she is tired"), ("nothing", ""), ("1", ""), ("no", "")]:
        talk.begin("note")
        assert talk.hear(said) == f"[{kept}]"


def test_3_further_options_are_shown_a_page_at_a_time(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chosen = chat.choose("letter", list("abcdefg"), _("Which letter?"), page=3)
        chat.say(_("{chosen}!"), chosen=chosen)

    talk.begin("shop")
    assert talk.labels == ["a", "b", "c", "More"]
    assert talk.hear("more") == "Which letter?"
    assert talk.labels == ["d", "e", "f", "g"]
    talk.hear("back")
    assert talk.labels == ["a", "b", "c", "More"]
    before = talk.kept
    assert talk.hear("the last one") == "c!"
    talk.kept = before
    talk.hear("4")
    assert talk.hear("4") == "g!"


# 4. Changing or dropping an answer drops every answer reached after it.


@pytest.fixture
def order(talk: Talk, school: School) -> dict[str, str]:
    facts = {"price": "1"}

    @dialogue(intent="order", about=_("Your order"))
    def run(chat: Chat, school: School) -> None:
        chosen = fruit(chat, hears="fruit")
        held = chat.once("held", call, school, f"{chosen} {len(calls(school))}")
        size = chat.choose("size", ["small", "big"], _("Which size?"))
        note = chat.ask("note", _("A note?")) if chat.wants("note") else ""
        bag = chat.choose("bag", ["paper", "cloth"], _("Which bag?")) if chat.wants("bag") else chat.keep("bag", "paper")
        if not chat.confirm(
            "sure", _("{size} {fruit} {bag} {note} {price}?"), yes=_("Yes"), no=_("No"), size=size, fruit=chosen, bag=bag, note=note, price=facts["price"]
        ):
            chat.change(_("Change what?"), nothing=_("Leave it"), otherwise=_("Left."), fruit=_("Fruit"), note=_("Note"), bag=_("Bag"))
        chat.say(_("Ordered, {held}."), held=held)

    return facts


def test_4_back_drops_the_last_answer(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.hear("plum")
    assert talk.hear("small") == "small plum paper  1?"
    assert talk.hear("back") == "Which size?"
    assert talk.hear("back") == "Which fruit?"
    assert "What would you like to do?" in talk.hear("back")


def test_4_changing_an_answer_asks_again_what_came_after_it(talk: Talk, order: dict[str, str], school: School) -> None:
    talk.begin("order")
    for text in ("plum", "small", "no"):
        talk.hear(text)
    assert talk.hear("fruit") == "Which fruit?"
    assert talk.hear("pear") == "Which size?"
    assert talk.hear("big") == "big pear paper  1?"
    assert talk.hear("yes") == "Ordered, pear 1."
    assert calls(school) == ["plum 0", "pear 1"]  # what `once` did for the other fruit is not the answer for this one


def test_4_what_was_not_yet_asked_can_be_changed_too(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    for text in ("plum", "small", "no"):
        talk.hear(text)
    assert talk.hear("bag") == "Which bag?"
    assert talk.hear("cloth") == "small plum cloth  1?"


def test_4_what_was_told_besides_is_not_lost_when_an_earlier_answer_changes(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    for text in ("plum", "small", "no", "note", "ripe please", "no", "bag"):
        talk.hear(text)
    assert talk.hear("cloth") == "small plum cloth ripe please 1?"
    talk.hear("no")
    talk.hear("fruit")
    talk.hear("pear")
    assert talk.hear("big") == "big pear cloth ripe please 1?"


def test_4_changing_nothing_ends_it(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    for text in ("plum", "small", "no"):
        talk.hear(text)
    assert talk.hear("leave it") == "Left."
    assert talk.state.frames == []


def test_4_a_confirmation_is_asked_again_if_what_it_confirmed_differs(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.hear("plum")
    talk.hear("small")
    order["price"] = "2"
    assert talk.hear("yes") == "small plum paper  2?"
    assert talk.hear("yes") == "Ordered, plum 0."


def test_4_what_led_to_a_confirmation_that_is_asked_again_is_said_again(talk: Talk) -> None:
    price = ["1"]

    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.say(_("It costs {price}."), price=price[0])
        chat.confirm("sure", _("Buy for {price}?"), yes=_("Yes"), no=_("No"), price=price[0])

    talk.begin("shop")
    price[0] = "2"
    assert talk.hear("yes") == "It costs 2.\nBuy for 2?"


def test_4_back_does_not_let_a_heard_value_fill_it_again(talk: Talk, school: School) -> None:
    @dialogue(intent="about_child")
    def about_child(chat: Chat, school: School) -> None:
        child = chat.choose("child", children, _("Which child?"), heard="child", hears="child")
        chat.confirm("sure", _("{child}?"), yes=_("Yes"), no=_("No"), child=child)

    children = school.session.scalars(select(Child).order_by(Child.id)).all()[:3]
    assert talk.hear("…", wish("about_child", child=name_of(children[1], "child"))) == f"{children[1].first_name}?"
    assert talk.hear("back") == "Which child?"
    assert talk.hear("2") == f"{children[1].first_name}?"


def test_4_a_question_reached_out_of_order_drops_nothing(talk: Talk) -> None:
    flipped: list[bool] = []

    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        for key in ["two", "one"] if flipped else ["one", "two"]:
            fruit(chat, key, f"{key}?")
        fruit(chat, "three", "three?")
        fruit(chat, "four", "four?")

    talk.begin("shop")
    talk.hear("1")
    assert talk.hear("1") == "three?"
    flipped.append(True)
    assert talk.hear("1") == "four?"


def test_4_asking_again_never_settles_by_itself(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chosen = chat.choose("fruit", ["apple", "pear"], _("Which fruit?"))
        if chosen == "apple":
            chat.ask_again("fruit", _("No apples."), ["pear"])
        chat.say(_("{chosen}!"), chosen=chosen)

    talk.begin("shop")
    assert talk.hear("apple") == "No apples.\nWhich fruit?"
    assert talk.labels == ["pear"]
    talk.hear("help")
    assert talk.labels == ["pear"]  # the same options after an interruption
    assert talk.hear("1") == "pear!"


# 5. A heard value is absolute, used once, and spoken back.


def test_5_a_heard_time_is_the_day_it_meant_when_it_was_received(talk: Talk) -> None:
    @dialogue(intent="visit")
    def visit(chat: Chat, school: School) -> None:
        fruit(chat)
        chat.say(_("{day}"), day=chat.heard("time")[0].first)

    talk.hear("can i come tomorrow", wish("visit", time=When(date(2026, 3, 3), date(2026, 3, 3))))
    talk.school.now += timedelta(hours=20)
    assert talk.hear("1") == "Tue 3 March"


def test_5_a_heard_value_is_used_once(talk: Talk, school: School) -> None:
    @dialogue(intent="two_children")
    def two_children(chat: Chat, school: School) -> None:
        first = chat.choose("first", children, _("The first?"), heard="child")
        second = chat.choose("second", children, _("The second?"), heard="child")
        chat.say(_("{first} and {second}."), first=first, second=second)

    children = school.session.scalars(select(Child).order_by(Child.id)).all()[:3]
    assert talk.hear("…", wish("two_children", child=name_of(children[0], "child"))) == "The second?"


def test_5_of_two_that_were_mentioned_it_is_asked_which(talk: Talk, school: School) -> None:
    @dialogue(intent="one_child")
    def one_child(chat: Chat, school: School) -> None:
        chat.choose("child", children, _("Which child?"), heard="child")

    children = school.session.scalars(select(Child).order_by(Child.id)).all()[:3]
    assert talk.hear("…", wish("one_child", child=[name_of(child, "child") for child in children[:2]])) == "Which child?"


def test_5_a_heard_value_belongs_to_its_own_wish(talk: Talk) -> None:
    @dialogue(intent="first")
    def first(chat: Chat, school: School) -> None:
        chat.say(_("First {number}."), number=len(chat.heard("time")))

    @dialogue(intent="second")
    def second(chat: Chat, school: School) -> None:
        chat.say(_("Second {number}."), number=len(chat.heard("time")))

    said = talk.hear("…", wish("first", time=When(date(2026, 3, 3))), wish("second"))
    assert said.endswith("First 1.\nSecond 0.")


@pytest.mark.parametrize("open_question", ["fruit", "size"])
def test_5_a_value_that_is_mentioned_changes_its_answer(talk: Talk, school: School, open_question: str) -> None:
    @dialogue(intent="about_child")
    def about_child(chat: Chat, school: School) -> None:
        child = chat.choose("child", children, _("Which child?"), heard="child", hears="child")
        chat.say(_("{child}."), child=child)
        fruit(chat)

    children = school.session.scalars(select(Child).order_by(Child.id)).all()[:3]
    talk.begin("about_child")
    if open_question == "size":
        talk.hear("1")
    assert talk.hear("no, the other", wish("out_of_scope", decision=Decision.HAND_OVER, child=name_of(children[1], "child"))) == (
        f"{children[1].first_name}.\nWhich fruit?"
    )


def test_5_a_correction_takes_every_value_and_leaves_other_wishes_their_turn(talk: Talk, school: School) -> None:
    @dialogue(intent="about_child", about=_("A child"))
    def about_child(chat: Chat, school: School) -> None:
        child = chat.choose("child", children, _("Which child?"), heard="child", hears="child")
        days = [time.first for time in chat.heard("time")] or [date(2026, 3, 4), date(2026, 3, 5)]
        day = chat.choose("day", days, _("Which day?"), hears="time")
        chat.confirm("sure", _("{child} on {day}?"), yes=_("Yes"), no=_("No"), child=child, day=day)

    @dialogue(intent="lunch")
    def lunch(chat: Chat, school: School) -> None:
        chat.say(_("Fish."))

    children = school.session.scalars(select(Child).order_by(Child.id)).all()[:3]
    talk.hear("…", wish("about_child", child=name_of(children[0], "child"), time=When(date(2026, 3, 3))))
    changed = wish("about_child", child=name_of(children[1], "child"), time=When(date(2026, 3, 6)))
    said = talk.hear("the other one on friday. and what will the weather be", changed, wish("lunch"))
    assert said == f"I will do these one after the other.\n{children[1].first_name} on Fri 6 March?"
    assert talk.hear("yes") == "Fish."


def test_5_a_value_that_does_not_help_is_not_taken_twice(talk: Talk, school: School) -> None:
    @dialogue(intent="about_child", about=_("A child"))
    def about_child(chat: Chat, school: School) -> None:
        chat.choose("child", children[:2], _("Which child?"), heard="child", hears="child")

    children = school.session.scalars(select(Child).order_by(Child.id)).all()[:3]
    other = wish("out_of_scope", decision=Decision.HAND_OVER, child=name_of(children[2], "child"))
    talk.begin("about_child")
    assert talk.hear("the third", other) == "Which child?"
    assert talk.hear("the third", other).startswith("Sorry, I did not understand that.")
    assert talk.hear("the third", other).startswith("Sorry, I still do not understand.")


def test_5_what_was_heard_is_spoken_back_before_anything_is_booked(world: World) -> None:
    shown = world.say("Tom", "can i see ms okafor tuesday 15:10")
    assert "Tue 3 March, 15:10 with Ms Okafor about Leo" in shown[-1].text
    assert "Shall I book it?" in shown[-1].text


# 6. Every question has an id, and one is open at a time.


def test_6_a_stale_button_offers_the_open_question_again(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    stale = talk.reply.choices[0][0]
    talk.hear("plum")
    assert talk.hear("", button=stale) == "That button belongs to an earlier question.\nWhich size?"
    assert [step.value for step in talk.state.frames[0].steps if step.key == "fruit"] == [["", "plum"]]


def test_6_every_button_carries_the_id_of_its_question(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    first = talk.state.question
    talk.hear("plum")
    second = talk.state.question
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert all(button.startswith(f"{second.id}.") for button, _label in talk.reply.choices)


def test_6_a_question_that_is_asked_again_unchanged_keeps_its_buttons(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    button = talk.reply.choices[1][0]
    talk.hear("nonsense")
    assert talk.hear("", button=button) == "Which size?"


@pytest.mark.parametrize("text", ["1", "yes"])
def test_6_a_bare_answer_answers_only_a_question_that_was_sent_before_it(talk: Talk, text: str) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.confirm("one", _("One?"), yes=_("Yes"), no=_("No"))
        chat.confirm("two", _("Two?"), yes=_("Yes"), no=_("No"))
        chat.ask("text", _("Why?"))

    talk.begin("shop")
    talk.hear("1")
    talk.unsent = {f"m{talk.state.asked}"}
    assert talk.hear(text) == "Two?"
    talk.unsent = set()
    assert talk.hear(text) == "Why?"


def test_6_the_same_question_sent_twice_counts_from_its_first_sending(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.hear("nonsense")
    question = talk.kept["question"]
    question["outbox"] = "second"
    talk.unsent = {"second"}
    assert talk.hear("1") == "Which size?"


def test_6_ids_differ_between_those_who_share_a_phone(school: School, talk: Talk, order: dict[str, str]) -> None:
    other = Talk(school, demo.adult(school, "Kate"), talk.words)
    talk.begin("order")
    other.begin("order")
    assert talk.reply.choices[0][0] != other.reply.choices[0][0]


def test_6_a_notice_that_asks_waits_for_the_open_question(world: World) -> None:
    @notice("asks")
    def asks(chat: Chat, school: School) -> None:
        fruit(chat)
        chat.say(_("Thanks."))

    world.say("Tom", "can i see ms okafor")
    _tell(world, "asks")
    world.settle()
    assert not any("Which fruit?" in text for text in world.texts("Tom"))
    world.say("Tom", "1")
    assert world.say("Tom", "1")[-1].text.startswith("Booked")
    world.pass_time(timedelta(minutes=5))
    world.settle()
    assert world.texts("Tom")[-1].startswith("Which fruit?")
    assert world.say("Tom", "1")[-1].text == "Thanks."


def test_6_a_notice_that_asks_nothing_leaves_the_open_question_open(world: World) -> None:
    @notice("tells")
    def tells(chat: Chat, school: School) -> None:
        chat.say(_("School is closed tomorrow."))

    world.say("Tom", "can i see ms okafor")
    _tell(world, "tells")
    world.settle()
    assert world.texts("Tom")[-1] == "School is closed tomorrow."
    assert "Shall I book it?" in world.say("Tom", "1")[-1].text


def test_6_a_notice_waits_for_its_answer_longer_than_a_day(talk: Talk) -> None:
    @notice("asks")
    def asks(chat: Chat, school: School) -> None:
        chat.say(_("{fruit}!"), fruit=fruit(chat))

    talk.begin("notice:asks")
    talk.school.now += timedelta(days=3)
    assert talk.hear("2") == "pear!"


def _tell(world: World, kind: str) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        tell(school, demo.adult(school, "Tom"), kind, {}, key=f"{kind}:1")


# 7. Turns are in order per adult, whatever the channel.


def test_7_turns_of_one_adult_are_in_order_over_all_channels(world: World) -> None:
    sms, whatsapp = world.phones[ChannelName.SMS], world.phones[ChannelName.WHATSAPP]
    world.receive(sms.says(world.address("Maria", "sms"), "message to the office"))
    world.settle()
    world.receive(whatsapp.says(world.address("Maria", "whatsapp"), "He is ill."))
    world.receive(sms.says(world.address("Maria", "sms"), "thanks"))
    world.settle()
    with world.house.store.read() as session:
        handled = session.scalars(select(Received.text).order_by(Received.handled_at, Received.id)).all()
        assert handled == ["message to the office", "He is ill.", "thanks"]
        assert [row.text for row in session.scalars(select(Attention))] == ["He is ill."]


def test_7_two_texts_within_seconds_are_one_while_free_text_is_awaited(world: World) -> None:
    world.say("Tom", "message to the office")
    phone, address = world.phones[ChannelName.SMS], world.address("Tom", "sms")
    world.receive(phone.says(address, "Leo has lost his"))
    world.moment += timedelta(seconds=2)
    world.receive(phone.says(address, "blue jumper"))
    world.settle()
    with world.house.store.read() as session:
        assert session.scalars(select(Attention.text)).all() == ["Leo has lost his\nblue jumper"]


def test_7_a_stop_right_after_a_text_is_a_stop(world: World) -> None:
    world.say("Maria", "message to the office", "whatsapp")
    phone, address = world.phones[ChannelName.WHATSAPP], world.address("Maria", "whatsapp")
    world.receive(phone.says(address, "He is ill"), phone.says(address, "STOP"))
    world.settle()
    assert any("no more messages" in text for text in world.texts("Maria", "whatsapp"))


# 8. An urgent intent goes first; several wishes wait their turn; what was left is offered again.


def test_8_an_urgent_intent_puts_the_dialogue_aside_and_it_is_taken_up_again(talk: Talk, order: dict[str, str]) -> None:
    @dialogue(intent="alarm", urgent=True)
    def alarm(chat: Chat, school: School) -> None:
        chat.say(_("Help comes."))

    talk.begin("order")
    talk.hear("plum")
    assert talk.hear("…", wish("alarm")) == "Help comes.\nBack to: Your order.\nWhich size?"
    assert talk.hear("small") == "small plum paper  1?"


def test_8_the_urgent_one_of_several_wishes_goes_first(talk: Talk, order: dict[str, str]) -> None:
    @dialogue(intent="alarm", urgent=True)
    def alarm(chat: Chat, school: School) -> None:
        chat.say(_("Help comes."))

    assert talk.hear("…", wish("order"), wish("alarm")) == "I will do these one after the other.\nHelp comes.\nWhich fruit?"


def test_8_of_several_wishes_the_rest_wait_and_the_parent_is_told(talk: Talk, order: dict[str, str]) -> None:
    @dialogue(intent="lunch")
    def lunch(chat: Chat, school: School) -> None:
        chat.say(_("Fish."))

    assert talk.hear("…", wish("order"), wish("lunch")) == "I will do these one after the other.\nWhich fruit?"
    talk.hear("plum")
    talk.hear("small")
    assert talk.hear("yes") == "Ordered, plum 0.\nFish."


def test_8_two_parts_of_one_wish_are_one_wish(talk: Talk, order: dict[str, str]) -> None:
    day = When(date(2026, 3, 3))
    talk.hear("i want plums. on tuesday please. what will the weather be", wish("order"), wish("order", time=day), wish("ask_weather"))
    assert [frame.dialogue for frame in talk.state.waiting] == ["ask_weather"]
    assert list(talk.state.frames[0].heard) == ["time"]


def test_8_a_wish_that_waits_and_has_no_dialogue_reaches_a_person(talk: Talk, order: dict[str, str], school: School) -> None:
    talk.hear("plums please. what will the weather be", wish("order"), wish("ask_weather"))
    talk.hear("plum")
    talk.hear("small")
    assert talk.hear("yes").endswith("\nI have passed your message to the office.")
    passed_on = select(Attention).where(Attention.detail == "ask_weather")
    assert [row.text for row in school.session.scalars(passed_on)] == ["plums please. what will the weather be"]


def test_8_what_a_person_reads_whole_is_one_wish(talk: Talk) -> None:
    for intent, place in (("to_class", 50), ("health", 45)):

        @dialogue(intent=intent, order=place, whole=True)
        def keeps(chat: Chat, school: School, intent: str = intent) -> None:
            chat.say(_("{intent}: {text}"), intent=intent, text=chat.text)

    said = "bad night. seizure at 4. what will the weather be"
    assert talk.hear(said, wish("to_class"), wish("health"), wish("ask_weather")) == f"health: {said}"


def test_8_two_wishes_for_different_children_are_two(talk: Talk, order: dict[str, str], school: School) -> None:
    one, two = school.session.scalars(select(Child).order_by(Child.id)).all()[:2]
    talk.hear("…", wish("order", child=name_of(one, "child")), wish("order", child=name_of(two, "child")))
    assert len(talk.state.waiting) == 1


def test_8_the_same_dialogue_begins_anew_and_stands_once(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.hear("plum")
    talk.hear("help")
    assert talk.hear("i would like to order something else please", wish("order")) == "Which fruit?"
    assert [frame.dialogue for frame in talk.state.frames] == ["order"]


def test_8_only_so_many_dialogues_are_kept_put_aside(talk: Talk) -> None:
    for number in range(DEEPEST + 2):

        @dialogue(intent=f"d{number}", about=_("One of many"))
        def one(chat: Chat, school: School) -> None:
            fruit(chat)

    for number in range(DEEPEST + 2):
        talk.hear("i would now like something else", wish(f"d{number}"))
    assert [frame.dialogue for frame in talk.state.frames] == [f"d{number}" for number in range(2, DEEPEST + 2)]


def test_8_back_from_an_interruption_comes_back_and_drops_nothing(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.hear("plum")
    talk.hear("menu")
    assert talk.hear("back") == "Back to: Your order.\nWhich size?"


def test_8_a_conversation_left_a_day_is_offered_again(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.hear("plum")
    talk.school.now += timedelta(hours=25)
    assert talk.hear("1") == "Last time we talked about: Your order. Shall we go on?"
    talk.school.now += timedelta(hours=25)
    assert talk.hear("1") == "Last time we talked about: Your order. Shall we go on?"
    assert talk.hear("go on") == "Back to: Your order.\nWhich size?"


def test_8_what_was_left_can_be_left_for_good(talk: Talk, order: dict[str, str]) -> None:
    talk.begin("order")
    talk.school.now += timedelta(hours=25)
    talk.hear("hm")
    assert "What would you like to do?" in talk.hear("2")
    assert [frame.dialogue for frame in talk.state.frames] == ["menu"]


def test_8_a_clear_wish_after_a_day_goes_first_and_then_the_old_one_is_offered(talk: Talk, order: dict[str, str]) -> None:
    @dialogue(intent="lunch")
    def lunch(chat: Chat, school: School) -> None:
        chat.say(_("Fish."))

    talk.begin("order")
    talk.school.now += timedelta(hours=25)
    assert talk.hear("what will the weather be", wish("lunch")) == "Fish.\nLast time we talked about: Your order. Shall we go on?"


def test_8_a_menu_left_for_a_day_is_no_conversation(talk: Talk) -> None:
    talk.hear("menu")
    talk.school.now += timedelta(hours=25)
    assert talk.hear("2") == "What would you like to do?"


def test_8_what_is_chosen_from_the_menu_was_not_wished_for_in_words(talk: Talk) -> None:
    @dialogue(intent="echo", menu=_("Echo"), order=1)
    def echo(chat: Chat, school: School) -> None:
        chat.say(_("[{text}]"), text=chat.text)

    talk.hear("menu")
    assert talk.hear("1") == "[]"
    assert talk.hear("say something", wish("echo")) == "[say something]"


# 9. A message that fails three times goes to a person.


def test_9_a_message_that_fails_three_times_goes_to_a_person_and_those_behind_go_on(world: World) -> None:
    @notice("broken")
    def broken(chat: Chat, school: School) -> None:
        if chat.wants("fruit"):
            raise ZeroDivisionError
        fruit(chat)

    _tell(world, "broken")
    world.settle()
    phone, address = world.phones[ChannelName.SMS], world.address("Tom", "sms")
    world.receive(phone.says(address, "2"), phone.says(address, "who is this?"))
    world.settle()
    told = world.texts("Tom")
    assert told[-2] == "Something went wrong here. I have given your message to the office, who will get back to you."
    assert told[-1].startswith("I am a computer")
    with world.house.store.read() as session:
        failed = session.scalars(select(Received).where(Received.text == "2")).one()
        assert (failed.attempts, failed.state) == (3, InboxState.FOR_STAFF)
        assert session.scalars(select(Attention.need)).all() == [Need.FAILED]
        assert State.from_json(session.scalars(select(Kept)).one().state).frames == []


def test_9_a_conversation_that_cannot_be_read_goes_to_a_person_and_begins_anew(world: World) -> None:
    phone, address = world.phones[ChannelName.SMS], world.address("Tom", "sms")
    world.receive(phone.says(address, "menu"))
    world.settle()
    with world.house.store.write() as session:
        session.scalars(select(Kept)).one().state = {"asked": 5, "frames": 7}
    world.receive(phone.says(address, "2"), phone.says(address, "who is this?"))
    world.settle()
    told = world.texts("Tom")
    assert told[-2] == "Something went wrong here. I have given your message to the office, who will get back to you."
    assert told[-1].startswith("I am a computer")
    with world.house.store.read() as session:
        assert session.scalars(select(Attention.need)).all() == [Need.FAILED]
        assert session.scalars(select(Kept)).one().state["asked"] >= 5


def test_9_a_dialogue_that_goes_in_a_circle_fails_instead_of_going_on(talk: Talk) -> None:
    @dialogue(intent="circle")
    def circle(chat: Chat, school: School) -> None:
        chat.go("circle")

    with pytest.raises(RecursionError):
        talk.begin("circle")


def test_9_an_answer_whose_cause_is_gone_gets_a_sentence(talk: Talk) -> None:
    @notice("offer")
    def offer(chat: Chat, school: School) -> None:
        if not chat.answered("fruit"):
            fruit(chat)

    talk.begin("notice:offer")
    assert talk.hear("1") == "What you chose before is not there any more."


# 10. A dialogue spares the parent's money.


def test_10_booking_a_named_time_takes_at_most_three_texts(world: World) -> None:
    texts = ["can i see ms okafor tuesday 15:10", "1", "1"]
    for number, text in enumerate(texts, start=1):
        if world.say("Tom", text)[-1].text.startswith("Booked:"):
            assert number <= 3
            return
    pytest.fail("not booked in three texts")


def test_10_what_is_known_is_proposed_inside_the_confirmation(world: World) -> None:
    world.speak("Amina", "sw")
    assert "in person, with an interpreter (Swahili). Shall I book it?" in world.say("Amina", "can i see ms okafor tuesday 15:10")[-1].text


def test_10_a_single_option_is_taken_without_asking(talk: Talk) -> None:
    @dialogue(intent="shop")
    def shop(chat: Chat, school: School) -> None:
        chat.say(_("{chosen}!"), chosen=chat.choose("fruit", ["apple"], _("Which fruit?")))

    assert talk.begin("shop") == "apple!"


def test_10_a_reply_is_one_message_however_much_is_said(world: World) -> None:
    world.say("Tom", "can i see ms okafor tuesday 15:10")
    assert len(world.say("Tom", "help")) == 1


def test_a_stranger_is_not_led_into_the_dialogues_of_parents(school: School, talk: Talk) -> None:
    said = Conversation(school, None, talk.adult.addresses[0].address, State(), language="en").begin("book_appointment")
    assert (said.text, said.question) == ("", None)
    assert school.session.scalars(select(Message)).all() == []
