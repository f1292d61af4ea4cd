"""Whatever way a parent takes through a questionnaire, backs, stops, restarts, other phones and nonsense on it, the same answers are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.conversation.identity import identity
from data.addresses import Address
from data.people import AdultAddress
from data.questionnaires import Respondent
from data.store import Store
from nlu.exact import Words
from nlu.face import Decision, When
from school import School, demo, questionnaires, responses
from school.audiences import Audience, AudienceKind
from school.questionnaire_form import OTHER, Asked, Form, Privacy, QuestionKind, keys
from school.responses import SKIPPED, Given
from tests.bot.conversation.talk import NOW, Talk, wish

quick = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
LAST = "last"
"""The key of a question that all are asked in the end: a wrong answer to the last one cannot be taken back, so nobody strays there."""
CHOICES = ("Cooking", "Music", "Swimming", "Reading")
DAYS = (date(2026, 2, 3), date(2026, 4, 30))
STRAYS = st.lists(st.sampled_from(["back", "menu", "nonsense", "another phone", "forgotten", "days pass", "wrong first"]), max_size=14)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Up to six questions of any kind, some of which hang on one before."""
    asked: list[Asked] = []
    for number in range(draw(st.integers(1, 6))):
        kind: QuestionKind = draw(st.sampled_from(QuestionKind))
        count = draw(st.integers(2, 4)) if kind in (QuestionKind.CHOICE, QuestionKind.SEVERAL) else 0
        steering = [other for other in asked if keys(other)]
        other = draw(st.sampled_from(steering)) if bool(steering) and draw(st.booleans()) else None
        only_if = {other.key: draw(st.lists(st.sampled_from(keys(other)), min_size=1, unique=True))} if other is not None else {}
        asked.append(
            Asked(
                f"q{number}",
                f"Question number {number}?",
                kind,
                choices=CHOICES[:count],
                takes_other=bool(count) and draw(st.booleans()),
                scale="happy" if kind is QuestionKind.SCALE else None,
                least=0 if kind is QuestionKind.NUMBER else None,
                is_optional=draw(st.booleans()),
                only_if=only_if,
            )
        )
    return Form("All about it", [*asked, Asked(LAST, "Anything else?", QuestionKind.TEXT)], privacy=Privacy.NAMED)


@st.composite
def answered(draw: st.DrawFn, asked: Asked) -> Given:
    """Something that may be answered to a question."""
    if asked.is_optional and draw(st.booleans()):
        return SKIPPED
    match asked.kind:
        case QuestionKind.NUMBER:
            return Given(number=draw(st.integers(0, 60)))
        case QuestionKind.DATE:
            return Given(on=draw(st.sampled_from(DAYS)))
        case QuestionKind.TEXT:
            return Given(words=draw(st.sampled_from(["More outings please", "It is fine", "We moved, so he is tired"])))
    most = len(keys(asked)) if asked.kind is QuestionKind.SEVERAL else 1
    chosen = draw(st.lists(st.sampled_from(keys(asked)), min_size=1, max_size=most, unique=True))
    return Given(tuple(key for key in keys(asked) if key in chosen), words="Dancing" if OTHER in chosen else "")


@st.composite
def ways(draw: st.DrawFn) -> tuple[Form, Mapping[str, Given], list[str]]:
    form = draw(forms())
    return form, {asked.key: draw(answered(asked)) for asked in form.questions}, draw(STRAYS)


class Parent:
    """Someone who knows what they want to answer, and answers whatever is open."""

    def __init__(self, talk: Talk, form: Form, wanted: Mapping[str, Given]) -> None:
        self.talk, self.form, self.wanted = talk, {asked.key: asked for asked in form.questions}, wanted

    @property
    def open(self) -> str:
        """The key of what is asked now, within the questionnaire; '' if something else is."""
        state = self.talk.state
        return state.question.key if state.question is not None and state.frames[-1].dialogue == "answer_questionnaire" else ""

    def answer(self) -> None:
        """Answer what is open truthfully."""
        key, _, more = self.open.partition("+")
        key = key.removesuffix(":words")
        asked, given = self.form[key], self.wanted[key]
        if self.open.endswith(":words"):
            self.talk.hear(given.words)
        elif more:
            self._one_more(asked, given)
        elif given == SKIPPED:
            self._skip(asked)
        elif asked.kind is QuestionKind.DATE:
            assert given.on is not None
            self.talk.hear("on that day", wish("out_of_scope", "on that day", decision=Decision.HAND_OVER, time=When(given.on, given.on)))
        elif asked.kind is QuestionKind.SEVERAL:
            places = [str(keys(asked).index(choice) + 1) for choice in given.choices]
            self.talk.hear(" and ".join(places))
        elif given.choices:
            self.talk.hear(str(keys(asked).index(given.choices[0]) + 1))
        else:
            self.talk.hear(str(given.number) if given.number is not None else given.words)

    def _one_more(self, asked: Asked, given: Given) -> None:
        frame = self.talk.state.frames[-1]
        named = {step.value[1] for step in frame.steps if step.key.partition("+")[0] == asked.key}
        left = [choice for choice in given.choices if choice not in named]
        options = [option.value for option in self.talk.state.question.options] if self.talk.state.question else []
        self.talk.hear(str(options.index(identity(left[0])) + 1) if left else "that is all")

    def _skip(self, asked: Asked) -> None:
        self.talk.hear("skip")


def _stray(parent: Parent, stray: str) -> None:
    talk = parent.talk
    match stray:
        case "another phone":
            addresses = talk.adult.addresses
            addresses.append(addresses.pop(0))
        case "forgotten":
            talk.kept = {}  # as after safeguarding, or a dialogue that was put aside too deep
        case "days pass":
            talk.school.now += timedelta(days=2)
        case "wrong first" | "nonsense" if parent.open != LAST:
            before = parent.open
            talk.hear("1" if stray == "wrong first" else "purple elephants")
            if before and parent.open != before:
                talk.hear("back")
        case "back" | "menu":
            talk.hear(stray)


def _finish(parent: Parent, strays: Sequence[str], respondent: Respondent) -> Mapping[str, Given]:
    """Answer to the end, straying on the way as often as is said."""
    talk, left = parent.talk, list(strays)
    talk.begin("answer_questionnaire")
    for _ in range(200):
        if respondent.state == "finished":
            return responses.given(talk.school, respondent)
        if left:
            _stray(parent, left.pop(0))
        if respondent.state == "finished":
            continue
        if parent.open:
            parent.answer()
        else:
            talk.begin("answer_questionnaire")
    raise AssertionError(f"it never ends: {talk.reply.text}")


def _run(store: Store, words: Words, form: Form, wanted: Mapping[str, Given], strays: Sequence[str]) -> Mapping[str, Given]:
    with store.write() as session:
        school = School(session, NOW)
        try:
            adult = demo.adult(school, "Tom")
            second = Address(channel="whatsapp", kind="phone", value="+447700900999", state="usable")
            adult.addresses.append(AdultAddress(address=second, rank=1))
            session.flush()
            maple = Audience(AudienceKind.CLASS, adult.guardianships[0].child.class_id)
            made = questionnaires.make(school, None, replace(form, audience=maple))
            questionnaires.open_up(school, None, made, closes_on=school.today + timedelta(days=60))
            respondent = session.scalars(select(Respondent).where(Respondent.adult_id == adult.id)).one()
            return dict(_finish(Parent(Talk(school, adult, words), form, wanted), strays, respondent))
        finally:
            session.rollback()


@quick
@given(way=ways())
def test_whatever_the_way_the_same_answers_are_kept(demo_store: Store, words: Words, way: tuple[Form, Mapping[str, Given], list[str]]) -> None:
    form, wanted, strays = way
    plain = _run(demo_store, words, form, wanted, [])
    assert plain.keys() <= wanted.keys()
    assert {key: wanted[key] for key in plain} == plain
    assert _run(demo_store, words, form, wanted, strays) == plain


def test_an_answer_that_was_taken_back_does_not_return_when_half_of_a_new_one_is_left(demo_store: Store, words: Words) -> None:
    several = Asked("q0", "Which clubs?", QuestionKind.SEVERAL, choices=CHOICES, takes_other=True)
    form = Form("All about it", [several, Asked(LAST, "Anything else?", QuestionKind.TEXT)], privacy=Privacy.NAMED)
    wanted = {"q0": Given(("3",)), LAST: Given(words="It is fine")}
    assert _run(demo_store, words, form, wanted, ["nonsense", "menu"]) == wanted
