"""Questionnaires and responses by their rules: what may be asked, who is asked, what is kept, and that finished answers are nobody's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from data.addresses import Address
from data.conversation import Conversation
from data.inbox import InboxState, Received
from data.outbox import Message
from data.people import Adult, Child, Guardianship, SchoolClass
from data.questionnaires import Answered, Per, Privacy, Question, QuestionKind, QuestionnaireLink, Respondent, Response, SealedResponse
from data.texts import Text
from school import School, costs, learnt, questionnaire_clock, questionnaires, responses
from school.audiences import Audience, AudienceKind
from school.questionnaire_file import BadFile, read
from school.questionnaire_form import Asked, Form
from school.questionnaires import NobodyToAsk, NotNow, NotReady
from school.responses import SKIPPED, Closed, Given, NoAnswer, RespondentState, Why

YEARLY = b"""
title: Your year with us
opening: Tell us how it was.
for: adult
answers: private
questions:
  - id: happy
    ask: How happy is your child at school?
    kind: scale
    points: happy
  - id: why
    ask: What would make it better?
    kind: text
    optional: yes
    only if: {happy: [1, 2]}
  - id: clubs
    ask: Which clubs would you like?
    kind: several
    choices: [Cooking, Music, Swimming]
    other: yes
  - id: often
    ask: How many times were you at school this term?
    kind: number
    least: 0
    most: 50
"""


@pytest.fixture
def families(school: School) -> list[Adult]:
    """Seven parents; the first two are one family."""
    maple = SchoolClass(name="Maple")
    adults = [Adult(name=f"Parent {number}", language="so" if number == 6 else "en") for number in range(7)]
    children = [Child(name=f"Child {number}", school_class=maple) for number in range(7)]
    school.session.add_all([*adults, *children])
    school.session.flush()
    pairs = [(0, 0), (0, 1), (1, 0), *((number, number) for number in range(2, 7))]
    school.session.add_all(Guardianship(adult_id=adults[adult].id, child_id=children[child].id) for adult, child in pairs)
    school.session.flush()
    return adults


def opened(school: School, form: Form) -> questionnaires.Questionnaire:
    made = questionnaires.make(school, None, form)
    questionnaires.open_up(school, None, made)
    return made


def of(school: School, adult: Adult) -> Respondent:
    return responses.of_adult(school, adult)[0]


def answer(school: School, respondent: Respondent, **given: Given) -> None:
    for question in respondent.questionnaire.questions:
        if question.key in given:
            responses.keep(school, respondent, question, given[question.key], "en")


ALL = {"happy": Given(("4",)), "clubs": Given(("1", "3")), "often": Given(number=3)}


def test_a_file_is_read_whole(school: School) -> None:
    form = read(school, YEARLY)
    assert [(asked.key, asked.kind) for asked in form.questions] == [
        ("happy", QuestionKind.SCALE),
        ("why", QuestionKind.TEXT),
        ("clubs", QuestionKind.SEVERAL),
        ("often", QuestionKind.NUMBER),
    ]
    assert form.questions[1].only_if == {"happy": ["1", "2"]}
    assert form.privacy is Privacy.PRIVATE


@pytest.mark.parametrize(
    "content, line, question, words",
    [
        (b"title: x\nquestions:\n  - id: a\n    ask: Well?\n    kind: choise\n", 5, "a", "must be one of"),
        (b"title: x\nquestions:\n  - id: a\n    ask: Well?\n    kind: choice\n    choices: [Yes]\n", 6, "a", "two or more"),
        (b"title: x\nquestions:\n  - id: a\n    ask: Well?\n    kind: text\n    only if: {b: [1]}\n", 6, "a", "no earlier question"),
        (b"title: x\nanswers: secret\nquestions:\n  - {id: a, ask: Well, kind: text}\n", 2, "", "must be one of"),
        (b"title: x\nto: class:Mople\nquestions:\n  - {id: a, ask: Well, kind: text}\n", 2, "", "class:Maple"),
        (b"title: x\nquestions:\n  - {id: a, ask: Well, kind: text, colour: red}\n", 3, "a", "'colour' is not known"),
        (b"title: x\nquestions:\n  - {id: a, ask: Well, kind: scale, points: joy}\n", 3, "a", "no scale 'joy'"),
        (b"title: 'x\n", 2, "", "no YAML"),
        (b"title: &x [*x]\n", 1, "", "write that out"),
        (b"title: x\nquestions:\n  - id: a\n    ask: Well?\n    kind: number\n    most: 30000000000\n", 6, "a", "goes up to"),
        (b"\xff\xfe", 0, "", "not UTF-8"),
        (b"title: x\n", 1, "", "asks nothing"),
    ],
)
def test_a_fault_is_told_by_line_and_question(school: School, families: list[Adult], content: bytes, line: int, question: str, words: str) -> None:
    with pytest.raises(BadFile) as refusal:
        read(school, content)
    assert [(fault.line, fault.question) for fault in refusal.value.faults] == [(line, question)]
    assert words in refusal.value.faults[0].what


def test_it_is_frozen_once_it_is_open(school: School, families: list[Adult]) -> None:
    form = read(school, YEARLY)
    made = opened(school, form)
    with pytest.raises(NotNow):
        questionnaires.change(school, None, made, form)
    with pytest.raises(NotNow):
        questionnaires.discard(school, None, made)
    with pytest.raises(NotNow):
        questionnaires.open_up(school, None, made)
    assert school.session.scalar(select(func.count()).where(Message.kind == "questionnaire")) == len(families)


def test_a_draft_keeps_the_texts_that_stay_as_they_were(school: School) -> None:
    form = read(school, YEARLY)
    made = questionnaires.make(school, None, form)
    before = [question.text_id for question in made.questions]
    questionnaires.change(school, None, made, form)
    assert [question.text_id for question in made.questions] == before
    assert questionnaires.form_of(made) == form
    texts = school.session.scalar(select(func.count()).select_from(Text)) or 0
    questionnaires.discard(school, None, made)
    assert school.session.scalar(select(func.count()).select_from(Text)) == texts - 9


def test_what_cannot_be_asked_is_not_opened(school: School, families: list[Adult]) -> None:
    made = questionnaires.make(school, None, Form("", []))
    with pytest.raises(NotReady) as refusal:
        questionnaires.open_up(school, None, made)
    assert [fault.where for fault in refusal.value.faults] == [("title",), ("questions",)]
    nobody = Form("x", [Asked("a", "Well?", QuestionKind.TEXT)], audience=Audience(AudienceKind.LANGUAGE, tag="fr"))
    with pytest.raises(NobodyToAsk):
        questionnaires.open_up(school, None, questionnaires.make(school, None, nobody))


def test_skip_logic_follows_the_answers(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    assert [question.key for question in responses.asked_so_far(made, {})] == ["happy", "why", "clubs", "often"]
    assert [question.key for question in responses.asked_so_far(made, {"happy": Given(("4",))})] == ["happy", "clubs", "often"]
    following = responses.next_question(made, {"happy": Given(("1",))})
    assert following is not None
    assert following.key == "why"
    assert responses.next_question(made, ALL) is None


@pytest.mark.parametrize(
    "key, given, why",
    [
        ("happy", SKIPPED, Why.NOTHING),
        ("happy", Given(("6",)), Why.UNKNOWN),
        ("happy", Given(("1", "2")), Why.UNKNOWN),
        ("clubs", Given(("other",)), Why.NOTHING),
        ("often", Given(number=-1), Why.LITTLE),
        ("often", Given(number=51), Why.MUCH),
        ("often", Given(words="three"), Why.UNKNOWN),
    ],
)
def test_what_is_no_answer_is_refused(school: School, families: list[Adult], key: str, given: Given, why: Why) -> None:
    made = opened(school, read(school, YEARLY))
    question = next(question for question in made.questions if question.key == key)
    with pytest.raises(NoAnswer) as refusal:
        responses.keep(school, of(school, families[0]), question, given, "en")
    assert refusal.value.why is why


def test_the_later_of_two_answers_counts(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY))
    respondent = of(school, families[0])
    answer(school, respondent, happy=Given(("1",)), why=Given(words="x" * 2_000))
    answer(school, respondent, happy=Given(("4",)))
    assert responses.given(school, respondent)["happy"] == Given(("4",))
    assert len(responses.given(school, respondent)["why"].words) == 2_000
    answer(school, respondent, **ALL)
    responses.finish(school, respondent)
    sealed = school.session.scalars(select(SealedResponse)).one()
    assert "why" not in sealed.answers, "it does not apply any more"


def test_finished_private_answers_are_nobodys(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY))
    respondent = of(school, families[0])
    answer(school, respondent, **ALL)
    responses.finish(school, respondent)
    assert school.session.scalar(select(func.count()).select_from(Response)) == 0
    assert respondent.state == RespondentState.FINISHED
    assert responses.of_adult(school, families[0]) == []
    with pytest.raises(Closed):
        responses.finish(school, respondent)


def test_sealed_answers_are_opened_by_fives_and_five_stay(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    for number in range(12):
        school.session.add(SealedResponse(token=f"{number:032}", questionnaire_id=made.id, language="en", answers={"happy": responses.plain(Given(("4",)))}))
        school.session.flush()
        questionnaire_clock.due(school)
        opened_now = school.session.scalar(select(func.count()).select_from(Response)) or 0
        assert opened_now == (5 if number >= 9 else 0)
    questionnaires.close(school, None, made)
    questionnaire_clock.due(school)
    assert school.session.scalar(select(func.count()).select_from(Response)) == 12
    assert school.session.scalar(select(func.count()).select_from(SealedResponse)) == 0


def test_too_few_stay_sealed(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    for adult in families[:4]:
        answer(school, of(school, adult), **ALL)
        responses.finish(school, of(school, adult))
    questionnaires.close(school, None, made)
    questionnaire_clock.due(school)
    assert school.session.scalar(select(func.count()).select_from(Response)) == 0


def carried(school: School, respondent: Respondent) -> Message:
    """A text of ours that left long ago in two parts, in which an answer stands."""
    address = Address(channel="sms", kind="phone", value=f"+4477009001{respondent.id:02}")
    school.session.add(address)
    school.session.flush()
    message = Message(uid=f"u{respondent.id}", key=f"k{respondent.id}", trace="t", kind="reply", text="secret", topic=responses.topic(respondent))
    message.address_id, message.state, message.parts, message.created_at, message.sent_at = address.id, "delivered", 2, school.now, school.now
    school.session.add(message)
    school.session.flush()
    return message


def test_a_forgotten_text_is_gone_and_still_paid_for(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY))
    for adult in families[:2]:
        respondent = of(school, adult)
        carried(school, respondent)
        answer(school, respondent, **ALL)
        responses.finish(school, respondent)
    questionnaire_clock.due(school)
    assert school.session.scalar(select(func.count()).where(Message.text == "secret")) == 0
    [cost] = [line for line in costs.month(school, school.today) if line.kind == "questionnaires"]
    assert (cost.channel, cost.messages, cost.parts, cost.school_class, cost.language) == ("sms", 2, 4, "", "")
    assert not school.session.scalars(select(Respondent).where(Respondent.words_to_forget)).first()


def test_what_was_not_finished_before_it_closed_is_forgotten(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    respondent = of(school, families[0])
    answer(school, respondent, happy=Given(("1",)), why=Given(words="Too loud"))
    left = {"frames": [{"dialogue": "menu"}, {"dialogue": "answer_questionnaire", "topic": responses.topic(respondent)}], "question": {"id": "1"}}
    school.session.add(Conversation(thread=f"a{families[0].id}", state=left, updated_at=school.now))
    questionnaires.close(school, None, made)
    questionnaire_clock.due(school)
    assert school.session.scalar(select(func.count()).select_from(Response)) == 0
    assert school.session.scalar(select(func.count()).where(Text.words == "Too loud")) == 0
    assert school.session.get_one(Conversation, f"a{families[0].id}").state["frames"] == left["frames"], "so that their next text hears that it is closed"


def test_a_forgotten_answer_is_unlearnt(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY))
    respondent = of(school, families[0])
    answered = carried(school, respondent)
    row = Received(trace="t", provider_id="SM1", address_id=answered.address_id, thread=f"a{families[0].id}", kind="text", text="far too loud")
    row.topic, row.received_at, row.state, row.corrected = answered.topic, school.now, InboxState.HANDLED, "send_feedback"
    school.session.add(row)
    answer(school, respondent, **ALL)
    responses.finish(school, respondent)
    questionnaire_clock.due(school)
    assert learnt.to_forget(school.session) == ("far too loud",)


def test_whoever_declined_and_begins_again_loses_nothing(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY))
    respondent = of(school, families[0])
    responses.decline(school, respondent)
    responses.begin(school, respondent)
    answer(school, respondent, happy=Given(("1",)))
    carried(school, respondent)
    questionnaire_clock.due(school)
    assert responses.given(school, respondent) == {"happy": Given(("1",))}
    assert school.session.scalar(select(func.count()).where(Message.text == "secret")) == 1


def test_a_number_is_kept_only_where_both_databases_can(school: School, families: list[Adult]) -> None:
    question = Question(key="n", kind=QuestionKind.NUMBER)
    for number, why in ((10**9, Why.MUCH), (-(10**9), Why.LITTLE)):
        with pytest.raises(NoAnswer) as refusal:
            responses.check(question, Given(number=number))
        assert refusal.value.why is why


def test_named_answers_stay_theirs(school: School, families: list[Adult]) -> None:
    form = read(school, YEARLY.replace(b"answers: private", b"answers: named"))
    opened(school, form)
    respondent = of(school, families[0])
    answer(school, respondent, **ALL)
    responses.finish(school, respondent)
    assert responses.given(school, respondent) == ALL
    assert not respondent.words_to_forget


def test_each_child_is_asked_about(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY.replace(b"for: adult", b"for: child")))
    assert [row.child.name for row in responses.of_adult(school, families[0]) if row.child] == ["Child 0", "Child 1"]


def test_one_answers_for_a_family(school: School, families: list[Adult]) -> None:
    opened(school, read(school, YEARLY.replace(b"for: adult", b"for: family")))
    answer(school, of(school, families[1]), happy=Given(("1",)))
    answer(school, of(school, families[0]), **ALL)
    responses.finish(school, of(school, families[0]))
    assert responses.of_adult(school, families[1]) == []
    assert responses.of_adult(school, families[2]) != []


def test_one_reminder_to_those_who_have_not_answered(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    assert made.remind_on == school.today + timedelta(days=9)
    answer(school, of(school, families[0]), **ALL)
    responses.finish(school, of(school, families[0]))
    responses.decline(school, of(school, families[1]))
    school.now += timedelta(days=9)
    for _ in range(2):
        questionnaire_clock.due(school)
    reminded = school.session.scalars(select(Message.adult_id).where(Message.kind == "questionnaire_reminder")).all()
    assert sorted(each or 0 for each in reminded) == [adult.id for adult in families[2:]]


def test_it_closes_by_itself(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    school.now += timedelta(days=13)
    questionnaire_clock.due(school)
    assert questionnaires.is_open(school, made)
    school.now += timedelta(days=1)
    assert responses.of_adult(school, families[0]) == []
    questionnaire_clock.due(school)
    assert made.state == "closed"


def anonymous(school: School, families: list[Adult]) -> tuple[questionnaires.Questionnaire, list[str]]:
    made = opened(school, read(school, YEARLY.replace(b"answers: private", b"answers: anonymous")))
    page = responses.page(school, made)
    assert page.link is not None
    tokens = [page.path_for(adult, Message()).removeprefix("/q/") for adult in families]
    school.session.flush()
    return made, tokens


def test_a_page_is_answered_once(school: School, families: list[Adult]) -> None:
    _, tokens = anonymous(school, families)
    assert school.session.scalar(select(func.count()).select_from(Respondent)) == 0
    responses.answer_page(school, tokens[0], ALL)
    with pytest.raises(Closed):
        responses.answer_page(school, tokens[0], ALL)
    with pytest.raises(NoAnswer):
        responses.answer_page(school, tokens[1], {})
    assert school.session.scalar(select(func.count()).select_from(QuestionnaireLink)) == len(families) - 1
    assert school.session.scalar(select(func.count()).select_from(SealedResponse)) == 1


def test_page_answers_are_counted_in_groups_that_are_large_enough(school: School, families: list[Adult]) -> None:
    made, tokens = anonymous(school, families)
    for token in tokens:
        responses.answer_page(school, token, ALL)
    from data.questionnaires import QuestionnaireTally

    rows = school.session.scalars(select(QuestionnaireTally).where(QuestionnaireTally.questionnaire_id == made.id)).all()
    counted = {(row.dimension, row.value): (row.asked, row.answered) for row in rows}
    maple = str(school.session.scalars(select(SchoolClass.id)).one())
    assert counted == {("all", ""): (7, 7), ("class", maple): (7, 7), ("language", ""): (7, 7)}


@pytest.mark.parametrize(
    "sizes, expected",
    [
        ({"a": 9, "b": 6}, {"a": 9, "b": 6}),
        ({"a": 9, "b": 6, "c": 1}, {"a": 9, "": 7}),
        ({"a": 9, "b": 3, "c": 4}, {"a": 9, "": 7}),
        ({"a": 3}, {"": 3}),
        ({}, {}),
    ],
)
def test_small_groups_are_told_together(sizes: dict[str, int], expected: dict[str, int]) -> None:
    assert questionnaires.merged(sizes) == expected


def test_an_opened_answer_holds_what_was_given(school: School, families: list[Adult]) -> None:
    made = opened(school, read(school, YEARLY))
    given = {"happy": Given(("2",)), "why": Given(words="More time"), "clubs": Given(("2", "other"), words="Art"), "often": Given(number=7)}
    for adult in families[:5]:
        answer(school, of(school, adult), **given)
        responses.finish(school, of(school, adult))
    questionnaires.close(school, None, made)
    questionnaire_clock.due(school)
    found = school.session.scalars(select(Response)).all()
    assert [dict(responses._read(response.answers, made)) for response in found] == [given] * 5
    assert {row.text.adult_id for row in school.session.scalars(select(Answered)) if row.text} == {None}
    assert made.closes_on == school.today + timedelta(days=13)
    assert isinstance(made.closes_on, date)
    assert made.per == Per.ADULT
