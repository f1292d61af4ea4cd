"""Answering: what one who is asked has answered so far, and how finished answers come to stand apart from the person.

A private or anonymous set of answers is sealed when it is finished: it has no tie to anybody, and no time. Sealed ones are opened, shuffled, in batches of
five or more, while five or more stay sealed until the questionnaire closes: so that no figure, compared with that of an hour ago, is one person's.
docs/decisions/0020-private-and-anonymous.md says what each promises.

Its own refusals:

    Refusal
    ├── NoAnswer        it is no answer to this question; `why` says what it lacks
    └── Closed          answers are no longer taken
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select, update

from data.outbox import Message
from data.people import Adult
from data.questionnaires import (
    Answered,
    Privacy,
    Question,
    QuestionKind,
    Questionnaire,
    QuestionnaireLink,
    QuestionnaireState,
    QuestionnaireTally,
    Respondent,
    RespondentState,
    Response,
    SealedResponse,
)
from data.texts import Text
from school import LONDON, School, questionnaires, texts
from school.errors import Refusal
from school.files import File
from school.questionnaire_form import LARGEST, OTHER, SCALES
from school.questionnaires import SMALLEST_GROUP

__all__ = [
    "SKIPPED",
    "Closed",
    "Given",
    "NoAnswer",
    "Respondent",
    "RespondentState",
    "Why",
    "answer_page",
    "asked_so_far",
    "begin",
    "check",
    "decline",
    "drop",
    "finish",
    "given",
    "is_own_words",
    "keep",
    "keys_of",
    "looked_over",
    "next_question",
    "of_adult",
    "open_sealed",
    "page",
    "page_of",
    "plain",
    "response_of",
    "topic",
]

PLACE = "/q/"
LONGEST = 4_000
"""Characters of an answer in their own words that are kept: a text message has at most 1,600, and several may be one answer."""
_SHUFFLE = secrets.SystemRandom()


class Why(StrEnum):
    """What an answer lacks."""

    NOTHING = "nothing"  # the question must be answered
    UNKNOWN = "unknown"  # it is none of the choices
    LITTLE = "little"  # less than the least
    MUCH = "much"  # more than the most, or too long


@dataclass(eq=False)
class NoAnswer(Refusal):
    """It is no answer to this question."""

    why: Why


class Closed(Refusal):
    """Answers are no longer taken."""


@dataclass(frozen=True)
class Given:
    """What was answered to one question: the keys that were chosen, with `words` beside 'other'; a number; a day; words. Nothing of it: left out."""

    choices: tuple[str, ...] = ()
    number: int | None = None
    on: date | None = None
    words: str = ""


SKIPPED = Given()


# Which question is next


def keys_of(question: Question) -> Sequence[str]:
    """The keys by which an answer names what was chosen; none where nothing is."""
    if question.kind == QuestionKind.YES_NO:
        return ("yes", "no")
    if question.kind not in (QuestionKind.CHOICE, QuestionKind.SEVERAL, QuestionKind.SCALE):
        return ()
    own = [choice.key for choice in question.choices] or [str(number + 1) for number in range(SCALES.get(question.scale or "", 0))]
    return (*own, *([OTHER] if question.takes_other else []))


def applies(question: Question, answers: Mapping[str, Given]) -> bool:
    """Whether it is asked of whom answered so: each question that it hangs on was answered by one of the choices that count."""
    return all(not set(wanted).isdisjoint(answers.get(key, SKIPPED).choices) for key, wanted in question.only_if.items())


def asked_so_far(questionnaire: Questionnaire, answers: Mapping[str, Given]) -> Sequence[Question]:
    """The questions that are asked of whom answered so, as far as that is known: those behind the first without an answer may still fall away."""
    counted: dict[str, Given] = {}
    found: list[Question] = []
    is_open = False
    for question in questionnaire.questions:
        if is_open and any(key not in counted for key in question.only_if):
            found.append(question)
        elif applies(question, counted):
            found.append(question)
            is_open = is_open or question.key not in answers
            if question.key in answers:
                counted[question.key] = answers[question.key]
    return found


def next_question(questionnaire: Questionnaire, answers: Mapping[str, Given]) -> Question | None:
    """The first question that is asked and has no answer yet; None where all are answered."""
    return next((question for question in asked_so_far(questionnaire, answers) if question.key not in answers), None)


def check(question: Question, answer: Given) -> Given:
    """The answer as it is kept. Refuses with NoAnswer."""
    words = answer.words.strip()
    if answer == SKIPPED or (question.kind == QuestionKind.TEXT and not words):
        if question.is_optional:
            return SKIPPED
        raise NoAnswer(Why.NOTHING)
    if question.kind in (QuestionKind.NUMBER, QuestionKind.DATE) and (answer.on is None if question.kind == QuestionKind.DATE else answer.number is None):
        raise NoAnswer(Why.UNKNOWN)
    known = keys_of(question)
    if known and (not answer.choices or not set(answer.choices) <= set(known) or (question.kind != QuestionKind.SEVERAL and len(answer.choices) > 1)):
        raise NoAnswer(Why.UNKNOWN)
    if answer.number is not None and answer.number < (-LARGEST if question.least is None else question.least):
        raise NoAnswer(Why.LITTLE)
    if (answer.number is not None and answer.number > (LARGEST if question.most is None else question.most)) or len(words) > LONGEST:
        raise NoAnswer(Why.MUCH)
    if OTHER in answer.choices and not words:
        raise NoAnswer(Why.NOTHING)
    return replace(answer, choices=tuple(key for key in known if key in answer.choices), words=words)


def looked_over(questionnaire: Questionnaire, answers: Mapping[str, Given]) -> tuple[Mapping[str, Given], Mapping[str, NoAnswer]]:
    """The answers as they would be kept, and what is no answer, both by the question's key. What was answered to a question that is not asked is in neither."""
    counted: dict[str, Given] = {}
    refused: dict[str, NoAnswer] = {}
    for question in questionnaire.questions:
        if applies(question, counted):
            try:
                counted[question.key] = check(question, answers.get(question.key, SKIPPED))
            except NoAnswer as refusal:
                refused[question.key] = refusal
    return counted, refused


# In the chat


def of_adult(school: School, adult: Adult) -> Sequence[Respondent]:
    """What this adult is asked now and has not finished, what they have begun first, then the oldest."""
    rows = (
        select(Respondent)
        .join(Questionnaire)
        .where(
            Respondent.adult_id == adult.id,
            Respondent.state.in_((RespondentState.INVITED, RespondentState.STARTED, RespondentState.DECLINED)),
            Questionnaire.state == QuestionnaireState.OPEN,
            Questionnaire.closes_on >= school.today,
        )
        .order_by(Respondent.state != RespondentState.STARTED, Questionnaire.id, Respondent.id)
    )
    return school.session.scalars(rows).all()


def topic(respondent: Respondent) -> str:
    """What messages are about in which this one's answers stand; '' where they may stand there for ever."""
    return f"questionnaire:{respondent.id}" if respondent.questionnaire.privacy != Privacy.NAMED else ""


def begin(school: School, respondent: Respondent) -> None:
    """They begin, or go on. Refuses with Closed."""
    _open(school, respondent)
    respondent.state = RespondentState.STARTED
    school.session.flush()


def decline(school: School, respondent: Respondent) -> None:
    """They do not wish to; nobody reminds them. Whatever they have answered is forgotten."""
    if respondent.state in (RespondentState.INVITED, RespondentState.STARTED, RespondentState.DECLINED):
        drop(school, response_of(school, respondent))
        respondent.state = RespondentState.DECLINED
        respondent.words_to_forget = bool(topic(respondent))
        school.session.flush()


def given(school: School, respondent: Respondent) -> Mapping[str, Given]:
    """What they have answered so far, by the question's key."""
    response = response_of(school, respondent)
    return _read(response.answers, respondent.questionnaire) if response is not None else {}


def keep(school: School, respondent: Respondent, question: Question, answer: Given, language: str) -> None:
    """Keep one answer, in place of one that was given before: the later counts. Refuses with NoAnswer or Closed."""
    checked = check(question, answer)
    _open(school, respondent)
    response = response_of(school, respondent)
    if response is None:
        response = Response(questionnaire_id=respondent.questionnaire_id, respondent_id=respondent.id)
        school.session.add(response)
        school.session.flush()
    _remove(school, response, question)
    response.answers += _rows(school, question, checked, language, respondent.adult)
    respondent.state = RespondentState.STARTED
    school.session.flush()


def take_back(school: School, respondent: Respondent, question: Question) -> None:
    """What they answered to a question is not so any more, and the new answer is not all there yet. Refuses with Closed."""
    _open(school, respondent)
    response = response_of(school, respondent)
    if response is not None:
        _remove(school, response, question)


def _remove(school: School, response: Response, question: Question) -> None:
    for row in [row for row in response.answers if row.question_id == question.id]:
        response.answers.remove(row)
        if row.text is not None:
            school.session.delete(row.text)
    school.session.flush()


def finish(school: School, respondent: Respondent) -> None:
    """All is answered. Named answers are theirs for ever; others are sealed, and the texts that carried them are forgotten. Refuses with Closed.

    Where one answers for a family, the others of it are asked no more.
    """
    # Two of one family may finish in the same moment: the second finds that the first has answered for both.
    school.session.refresh(respondent.questionnaire, with_for_update={"of": Questionnaire, "key_share": True})
    school.session.refresh(respondent)
    _open(school, respondent)
    questionnaire, answers = respondent.questionnaire, dict(given(school, respondent))
    counted = {question.key: answers[question.key] for question in asked_so_far(questionnaire, answers) if question.key in answers}
    response = response_of(school, respondent)
    if questionnaire.privacy == Privacy.NAMED:
        for question in questionnaire.questions:
            if response is not None and question.key not in counted:
                response.answers = [row for row in response.answers if row.question_id != question.id]
        if response is not None:
            response.is_finished = True
            _for_staff(response.answers)
    else:
        drop(school, response)
        _seal(school, questionnaire, counted, respondent.adult.language)
    respondent.state, respondent.finished_on = RespondentState.FINISHED, school.today
    respondent.words_to_forget = bool(topic(respondent))
    _cover_the_family(school, respondent)
    school.session.flush()


def _cover_the_family(school: School, respondent: Respondent) -> None:
    if not respondent.household:
        return
    others = select(Respondent).where(
        Respondent.questionnaire_id == respondent.questionnaire_id,
        Respondent.household == respondent.household,
        Respondent.id != respondent.id,
        Respondent.state != RespondentState.FINISHED,
    )
    for other in school.session.scalars(others):
        drop(school, response_of(school, other))
        other.state, other.words_to_forget = RespondentState.COVERED, bool(topic(other))


def _open(school: School, respondent: Respondent) -> None:
    if not questionnaires.is_open(school, respondent.questionnaire) or respondent.state in (RespondentState.FINISHED, RespondentState.COVERED):
        raise Closed


def response_of(school: School, respondent: Respondent) -> Response | None:
    """What they have answered so far, as a row; named answers for ever."""
    return school.session.scalar(select(Response).where(Response.respondent_id == respondent.id))


def drop(school: School, response: Response | None) -> None:
    """Forget a set of answers, with the words in it."""
    if response is None:
        return
    written = [row.text for row in response.answers if row.text is not None]
    school.session.delete(response)
    school.session.flush()
    for text in written:
        school.session.delete(text)
    school.session.flush()


# As rows, and as JSON


def _rows(school: School, question: Question, answer: Given, language: str, adult: Adult | None) -> list[Answered]:
    text = texts.write(school, answer.words, language, adult=adult) if answer.words else None
    chosen: Iterable[str | None] = answer.choices or [None]
    return [Answered(question_id=question.id, choice=key, number=answer.number, on=answer.on, text=text if key in (None, OTHER) else None) for key in chosen]


def _read(rows: Iterable[Answered], questionnaire: Questionnaire) -> Mapping[str, Given]:
    by_question: dict[int, list[Answered]] = {}
    for row in rows:
        by_question.setdefault(row.question_id, []).append(row)
    return {question.key: _together(by_question[question.id]) for question in questionnaire.questions if question.id in by_question}


def _together(rows: Sequence[Answered]) -> Given:
    chosen = tuple(row.choice for row in rows if row.choice is not None)
    words = next((row.text.words for row in rows if row.text is not None), "")
    return Given(chosen, rows[0].number, rows[0].on, words)


def plain(answer: Given) -> dict[str, Any]:
    """An answer as JSON can hold it."""
    return asdict(answer) | {"choices": list(answer.choices), "on": answer.on.isoformat() if answer.on else None}


def _given(kept: Mapping[str, Any]) -> Given:
    return Given(tuple(kept["choices"]), kept["number"], date.fromisoformat(kept["on"]) if kept["on"] else None, kept["words"])


# Apart from the person


def _seal(school: School, questionnaire: Questionnaire, answers: Mapping[str, Given], language: str) -> None:
    """Seal a set of answers, and all that are sealed already anew, in a new order.

    For PostgreSQL writes beside each row which transaction wrote it: one that was written by the transaction which also wrote that its parent has finished
    would be theirs for everyone to see. Written anew, all are the last one's. The language is kept only for the sake of words that are in it.
    """
    school.session.flush()
    school.session.execute(select(Questionnaire.id).where(Questionnaire.id == questionnaire.id).with_for_update(key_share=True))
    before = delete(SealedResponse).where(SealedResponse.questionnaire_id == questionnaire.id).returning(SealedResponse.language, SealedResponse.answers)
    sealed = [(row.language, row.answers) for row in school.session.execute(before.execution_options(synchronize_session=False))]
    sealed.append((language if any(answer.words for answer in answers.values()) else "", {key: plain(answer) for key, answer in answers.items()}))
    _SHUFFLE.shuffle(sealed)
    rows = [{"token": secrets.token_hex(16), "questionnaire_id": questionnaire.id, "language": tag, "answers": kept} for tag, kept in sealed]
    school.session.execute(insert(SealedResponse), rows)


def open_sealed(school: School, questionnaire: Questionnaire) -> int:
    """Open what is sealed, shuffled: five or more at once, and all but five or more while answers still come in. How many were opened."""
    sealed = list(school.session.scalars(select(SealedResponse).where(SealedResponse.questionnaire_id == questionnaire.id)))
    stay = SMALLEST_GROUP if questionnaire.state == QuestionnaireState.OPEN else 0
    if len(sealed) - stay < SMALLEST_GROUP:
        return 0
    _SHUFFLE.shuffle(sealed)
    opened = sealed[stay:]
    for one in opened:
        made = Response(questionnaire_id=questionnaire.id, is_finished=True)
        school.session.add(made)
        for question in questionnaire.questions:
            if question.key in one.answers:
                made.answers += _rows(school, question, _given(one.answers[question.key]), one.language, None)
        _for_staff(made.answers)
        for row in made.answers:
            if row.text is not None:
                row.text.created_at = datetime.combine(school.today, time(), LONDON)  # no time finer than a day
        school.session.flush()
        school.session.delete(one)
    school.session.flush()
    return len(opened)


def _for_staff(answers: Iterable[Answered]) -> None:
    """Have what was said in words translated for those who read the results."""
    for row in answers:
        if row.text is not None:
            texts.want(row.text, [texts.STAFF_READ])


# On the page


def page_of(school: School, token: str) -> QuestionnaireLink | None:
    """The link with this token, where it can be answered: not used, its questionnaire open. Looking changes nothing."""
    link = school.session.get(QuestionnaireLink, _hash(token))
    found = questionnaires.get(school, link.questionnaire_id) if link is not None else None
    return link if found is not None and questionnaires.is_open(school, found) else None


def answer_page(school: School, token: str, answers: Mapping[str, Given]) -> None:
    """Take what was answered on the page, once: the link is gone with it. Refuses with Closed, or with NoAnswer to a question that must be answered."""
    link = page_of(school, token)
    if link is None:
        raise Closed
    questionnaire = questionnaires.get(school, link.questionnaire_id)
    assert questionnaire is not None
    counted, refused = looked_over(questionnaire, answers)
    for refusal in refused.values():
        raise refusal
    groups = {"all": "", "class": str(link.class_id or ""), "language": link.language}
    gone = delete(QuestionnaireLink).where(QuestionnaireLink.hash == link.hash).returning(QuestionnaireLink.language)
    language = school.session.scalar(gone.execution_options(synchronize_session=False))
    if language is None:
        raise Closed
    school.session.expunge(link)
    _seal(school, questionnaire, counted, language)
    for dimension, value in groups.items():
        _count(school, questionnaire, dimension, value)
    school.session.flush()


def _count(school: School, questionnaire: Questionnaire, dimension: str, value: str) -> None:
    """One more answer; in the group of those that are too few to be named, where its own is not."""
    of_it = (QuestionnaireTally.questionnaire_id == questionnaire.id, QuestionnaireTally.dimension == dimension)
    for each in (value, ""):
        one_more = update(QuestionnaireTally).where(*of_it, QuestionnaireTally.value == each).values(answered=QuestionnaireTally.answered + 1)
        if school.session.execute(one_more.returning(QuestionnaireTally.value).execution_options(synchronize_session=False)).first():
            return


def page(school: School, questionnaire: Questionnaire) -> File:
    """The page as what goes along with a message: a link that is made as the message leaves, and that nothing here ties to its reader."""

    def link(adult: Adult, _: Message) -> str:
        token = secrets.token_urlsafe(24)
        value = questionnaires.class_of(adult)
        is_named = bool(value) and school.session.get(QuestionnaireTally, (questionnaire.id, "class", value)) is not None  # else they are too few
        class_id = int(value) if is_named else None
        school.session.add(QuestionnaireLink(hash=_hash(token), questionnaire_id=questionnaire.id, language=adult.language, class_id=class_id))
        return PLACE + token

    return File("", "text/html", b"", link=link, is_page=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def is_own_words(school: School, text: Text) -> bool:
    """Whether it is what someone answered in their own words."""
    return school.session.scalar(select(Answered.id).where(Answered.text_id == text.id).limit(1)) is not None
