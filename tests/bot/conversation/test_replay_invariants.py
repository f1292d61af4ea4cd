"""What holds whatever a parent writes: every turn ends in words, a person is one message away, and the same answers get the same words."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.conversation.identity import identity, load
from bot.conversation.state import Frame, Option, Question, State, Step
from data.appointments import Invitation
from data.attention import Attention, Need
from data.people import Staff
from data.store import Store
from nlu.exact import Words
from nlu.face import Decision, Understanding, When
from school import School, demo
from tests.bot.conversation.talk import NOW, Talk, name_of, wish

quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
OUT_OF_NOWHERE = ("purple elephants", "?", "x" * 500, "ﷺ", "0", "-1", "99", "1.5", "book it now or never", "ok", "👍")
KNOWN = ("back", "menu", "help", "yes", "no", "more", "thanks", "ring me", "the last one", "book it", "change something", "nothing", "stop", "start")
SAID = st.one_of(st.sampled_from(OUT_OF_NOWHERE), st.sampled_from(KNOWN), st.integers(1, 9).map(str), st.text(max_size=20))
WISHES = st.sampled_from(
    ["book", "book tuesday", "book tuesday 15:10", "no wednesday", "move", "cancel", "list", "person", "lunch", "two things", "home visit", "unsure", "alarm"]
)
TURNS = st.lists(
    st.one_of(SAID, SAID, WISHES.map(lambda name: ("wish", name)), st.just("a day passes"), st.just("old button"), st.just("a notice asks")),
    min_size=1,
    max_size=12,
)


def wishes(name: str, talk: Talk) -> list[Understanding]:
    okafor = name_of(talk.school.session.scalars(select(Staff).where(Staff.name == "Ms Okafor")).one(), "staff")
    tuesday, wednesday = When(date(2026, 3, 3), date(2026, 3, 3)), When(date(2026, 3, 4), date(2026, 3, 4))
    at = When(date(2026, 3, 3), date(2026, 3, 3), time(15, 10), time(15, 10))
    return {
        "book": [wish("book_appointment", staff=okafor)],
        "book tuesday": [wish("book_appointment", staff=okafor, time=tuesday)],
        "book tuesday 15:10": [wish("book_appointment", staff=okafor, time=at)],
        "no wednesday": [wish("out_of_scope", decision=Decision.HAND_OVER, time=wednesday)],
        "move": [wish("move_appointment", time=wednesday)],
        "cancel": [wish("cancel_appointment")],
        "list": [wish("list_appointments")],
        "person": [wish("speak_to_person")],
        "lunch": [wish("ask_lunch")],
        "two things": [wish("list_appointments"), wish("book_appointment", time=tuesday)],
        "home visit": [wish("request_home_visit")],
        "unsure": [wish("book_appointment", decision=Decision.CONFIRM, time=wednesday)],
        "alarm": [wish("safeguarding")],
    }[name]


def talk_through(store: Store, words: Words, turns: list[Any], check: Any = None) -> list[str]:
    """All that is said in answer, in a world that is made for it and undone."""
    with store.write() as session:
        school = School(session, NOW)
        talk = Talk(school, demo.adult(school, "Shirin"), words)
        try:
            said = [talk.begin("menu")]
            old = [talk.reply.choices[0][0]]
            for turn in turns:
                school.now += timedelta(minutes=1)
                said.append(_turn(talk, turn, old))
                old += [button for button, _label in talk.reply.choices]
                if check is not None:
                    check(talk)
            return said
        finally:
            session.rollback()


def _turn(talk: Talk, turn: Any, old: list[str]) -> str:
    if turn == "a day passes":
        talk.school.now += timedelta(hours=25)
        turn = "1"
    if turn == "old button":
        return talk.hear("", button=old[len(old) // 2])
    if turn == "a notice asks":
        invited = talk.school.session.scalars(select(Invitation).order_by(Invitation.id)).first()
        assert invited is not None
        return talk.begin("notice:meeting_invitation", invitation=invited.id)
    if isinstance(turn, tuple):
        return talk.hear(turn[1], *wishes(turn[1], talk))
    return talk.hear(turn)


@quick
@given(TURNS)
@example([("wish", "book"), "1", "2", "5", "nothing", "1", ("wish", "move"), "1", "1"])
@example([("wish", "book tuesday 15:10"), "back", "more", "back", "menu", "back", "1"])
def test_whatever_is_written_is_answered(demo_store: Store, words: Words, turns: list[Any]) -> None:
    def check(talk: Talk) -> None:
        assert talk.reply.text.strip()
        assert bool(talk.state.frames) == (talk.state.question is not None)
        assert State.from_json(talk.kept).to_json() == talk.kept

    talk_through(demo_store, words, turns, check)


@quick
@given(TURNS)
def test_a_person_is_one_message_away_from_anywhere(demo_store: Store, words: Words, turns: list[Any]) -> None:
    def people(talk: Talk) -> int:
        return len(talk.school.session.scalars(select(Attention).where(Attention.need.in_([Need.FOR_OFFICE, Need.RING_ME]))).all())

    with demo_store.write() as session:
        school = School(session, NOW)
        talk = Talk(school, demo.adult(school, "Shirin"), words)
        for turn in turns:
            _turn(talk, turn, ["q.0"])
        before = people(talk)
        school.now += timedelta(minutes=1)
        talk.hear("person")
        assert people(talk) == before + 1
        session.rollback()


@quick
@given(TURNS)
def test_the_same_answers_get_the_same_words_in_a_fresh_world(demo_store: Store, words: Words, turns: list[Any]) -> None:
    assert talk_through(demo_store, words, turns) == talk_through(demo_store, words, turns)


@quick
@given(TURNS)
@example(["9"])
def test_asking_again_asks_the_same_question(demo_store: Store, words: Words, turns: list[Any]) -> None:
    """A replay with no new answer ends at the same question, with the same options."""

    def check(talk: Talk) -> None:
        question = talk.state.question
        if question is None or question.page or talk.state.misunderstood:
            return
        kept = json.dumps(talk.kept)
        talk.hear("", button="nobody.9")
        again = talk.state.question
        assert again is not None
        assert (again.id, again.key, again.sentence, again.options) == (question.id, question.key, question.sentence, question.options)
        talk.kept = json.loads(kept)

    talk_through(demo_store, words, turns, check)


NAMES = st.text(max_size=8)
IDENTITIES = st.one_of(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8)).map(identity),
    st.dates().map(identity),
    st.builds(When, st.none() | st.dates(), st.none() | st.dates(), st.none() | st.times(), st.none() | st.times(), st.booleans(), st.booleans()).map(identity),
    st.integers(1, 99).map(lambda number: ["Child", [number]]),
)
STEPS = st.builds(Step, NAMES, st.sampled_from(["answer", "auto", "once"]), IDENTITIES, st.none() | NAMES, st.none() | NAMES, st.booleans())
FRAMES = st.builds(
    Frame,
    NAMES,
    st.dictionaries(NAMES, st.none() | st.integers() | NAMES, max_size=2),
    st.lists(STEPS, max_size=3),
    st.dictionaries(NAMES, st.lists(IDENTITIES, max_size=2), max_size=2),
    NAMES,
    st.lists(NAMES, max_size=2),
    st.dictionaries(NAMES, IDENTITIES, max_size=2),
    st.dictionaries(NAMES, st.lists(IDENTITIES, max_size=2), max_size=2),
    st.lists(NAMES, max_size=2),
    st.booleans(),
)
OPTIONS = st.lists(st.builds(Option, NAMES, NAMES, NAMES, IDENTITIES), max_size=3)
QUESTIONS = st.builds(Question, NAMES, NAMES, st.sampled_from(["choose", "confirm", "text"]), OPTIONS, rest=OPTIONS, earlier=st.lists(NAMES, max_size=3))
STATES = st.builds(State, st.lists(FRAMES, min_size=1, max_size=3), st.none() | QUESTIONS, st.lists(FRAMES, max_size=2), st.integers(0, 9), st.integers(0, 2))


@given(STATES)
def test_a_state_survives_being_kept(state: State) -> None:
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


@given(STATES)
def test_what_is_kept_shares_nothing_with_the_state(state: State) -> None:
    kept = state.to_json()
    before = json.dumps(kept)
    for frame in state.frames:
        frame.steps.clear()
        frame.heard.clear()
        frame.args.clear()
    assert json.dumps(kept) == before


def test_a_state_of_another_version_is_read_as_far_as_it_is_known() -> None:
    kept = {"frames": [{"dialogue": "book", "steps": [{"key": "a", "kind": "answer", "value": ["", 1], "newer": 1}], "newer": 2}], "newer": 3}
    assert State.from_json(kept).frames == [Frame("book", steps=[Step("a", "answer", ["", 1])])]


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.dates(), st.datetimes(), st.times()))
def test_a_plain_value_is_found_again(value: Any) -> None:
    found = load(None, json.loads(json.dumps(identity(value))))  # type: ignore[arg-type]
    assert found == value
