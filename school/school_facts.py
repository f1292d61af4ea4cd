"""School facts: what parents ask again and again, answered in the school's own words. Nothing is made up: what nobody wrote becomes a draft for staff.

Its own refusal:

    Refusal
    └── NotSo            a field of a fact cannot be as it was given
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select

from data.people import Staff
from data.school_facts import Fact
from data.texts import Text
from school import School, audiences, demo, texts
from school.capability import Capability
from school.errors import NotThere, Refusal

__all__ = ["Fact"]

LONGEST_QUESTION = 120
LONGEST_ANSWER = 600
LONGEST_LINK = 400


class Topic(StrEnum):
    """What parents ask about: by the names of the intents."""

    TERM_DATES = "ask_term_dates"
    HOURS = "ask_school_hours"
    CLOSED = "ask_school_closed"
    LUNCH = "ask_lunch"
    UNIFORM = "ask_uniform"
    TEACHER = "ask_teacher"
    TRANSPORT = "ask_transport"
    ILLNESS = "ask_illness_rules"
    PORTAL = "ask_learning_portal"
    CONTACT = "ask_contact"
    SUPPORT = "ask_support"


ASKED: Mapping[Topic, str] = {
    Topic.TERM_DATES: "When are term dates and holidays?",
    Topic.HOURS: "When does school start and end?",
    Topic.CLOSED: "Is the school closed?",
    Topic.LUNCH: "What about lunch?",
    Topic.UNIFORM: "What do children wear?",
    Topic.TEACHER: "Who is my child's teacher?",
    Topic.TRANSPORT: "How does my child get to school?",
    Topic.ILLNESS: "When must a child who is ill stay at home?",
    Topic.PORTAL: "Where is the learning portal?",
    Topic.CONTACT: "How can we reach the school?",
    Topic.SUPPORT: "What help is there for families?",
}
"""The question as it stands in a draft, until staff write their own."""


FROM_RECORDS = frozenset({Topic.TERM_DATES, Topic.CLOSED, Topic.TEACHER})
"""What is answered from the calendar and the register, with what the school has written beside it."""


class Why(StrEnum):
    """Why a field cannot be as it was given."""

    MISSING = "missing"
    TOO_LONG = "too long"
    NO_LINK = "no address of a page"


@dataclass
class NotSo(Refusal):
    """What was given cannot be: each field with the reason."""

    why: Mapping[str, Why]


@dataclass(frozen=True)
class Plan:
    """A fact as it is wanted. `topic` is the value of a Topic. An empty answer leaves it a draft."""

    topic: str
    question: str
    answer: str = ""
    link: str = ""


def find(school: School, fact_id: int) -> Fact:
    """One fact, by its id. Refuses with NotThere."""
    found = school.session.get(Fact, fact_id)
    if found is None:
        raise NotThere
    return found


def everything(school: School) -> Sequence[Fact]:
    """All of them: drafts first, the most asked at the top; then by topic and question."""
    rows = school.session.scalars(select(Fact).order_by(Fact.id)).all()
    order = list(Topic)
    return sorted(
        rows, key=lambda fact: (fact.answer is not None, -fact.asked if fact.answer is None else 0, order.index(Topic(fact.topic)), fact.question.words)
    )


def answering(school: School, topic: Topic) -> Sequence[Fact]:
    """What the school has written about a topic."""
    return school.session.scalars(select(Fact).where(Fact.topic == topic, Fact.answer_id.is_not(None)).order_by(Fact.id)).all()


def is_missed(school: School, topic: Topic) -> None:
    """A parent asked what nobody has written: it becomes a draft, or is counted in the one that there is. What they wrote is not kept in it."""
    draft = school.session.scalars(select(Fact).where(Fact.topic == topic, Fact.answer_id.is_(None))).first()
    if draft is None:
        draft = Fact(topic=topic, question=texts.write(school, ASKED[topic], texts.STAFF_READ), changed_at=school.now, asked=0)
        school.session.add(draft)
    draft.asked, draft.asked_at = draft.asked + 1, school.now
    school.session.flush()


def count_drafts(school: School) -> int:
    """How many wait to be written."""
    return school.session.scalar(select(func.count()).where(Fact.answer_id.is_(None))) or 0


def make(school: School, plan: Plan, by: Staff | None) -> Fact:
    """A new fact. Refuses with NotSo."""
    _check(plan)
    made = Fact(question=texts.write(school, plan.question.strip(), texts.STAFF_READ))
    _put(school, made, plan, by)
    return made


def change(school: School, fact: Fact, plan: Plan, by: Staff | None) -> None:
    """It is so from now on. Refuses with NotSo."""
    _check(plan)
    if fact.question.words != plan.question.strip():
        texts.rewritten(fact.question, plan.question.strip())
    _put(school, fact, plan, by)


def remove(school: School, fact: Fact) -> None:
    """It is said no more."""
    written = [text for text in (fact.question_id, fact.answer_id) if text is not None]
    school.session.delete(fact)
    school.session.flush()
    school.session.execute(delete(Text).where(Text.id.in_(written)).execution_options(synchronize_session=False))


def _check(plan: Plan) -> None:
    why: dict[str, Why] = {}
    if plan.topic not in set(Topic):
        why["topic"] = Why.MISSING
    if not plan.question.strip():
        why["question"] = Why.MISSING
    elif len(plan.question.strip()) > LONGEST_QUESTION:
        why["question"] = Why.TOO_LONG
    if len(plan.answer.strip()) > LONGEST_ANSWER:
        why["answer"] = Why.TOO_LONG
    if plan.link.strip() and not plan.link.strip().startswith(("https://", "http://")):
        why["link"] = Why.NO_LINK
    elif len(plan.link.strip()) > LONGEST_LINK:
        why["link"] = Why.TOO_LONG
    if why:
        raise NotSo(why)


def _put(school: School, fact: Fact, plan: Plan, by: Staff | None) -> None:
    words, before = plan.answer.strip(), fact.answer
    if words and before is not None:
        if before.words != words:
            texts.rewritten(before, words)
    else:
        fact.answer = texts.write(school, words, texts.STAFF_READ) if words else None
        if before is not None:
            school.session.delete(before)
    fact.topic, fact.link, fact.changed_at, fact.changed_by_id = plan.topic, plan.link.strip(), school.now, by.id if by is not None else None
    school.session.add(fact)
    school.session.flush()
    for text in filter(None, (fact.question, fact.answer)):
        texts.want(text, audiences.languages(school))


def _demo(school: School) -> None:
    for topic, question, answer in (
        (Topic.HOURS, "When does school start and end?", "Doors open at 8:50 and school ends at 3:15, every day."),
        (Topic.LUNCH, "Is there a halal lunch?", "Yes. The kitchen cooks halal and vegetarian food every day."),
        (Topic.LUNCH, "May my child bring their own lunch?", "Yes. Please send no nuts."),
        (Topic.ILLNESS, "When may my child come back after being sick?", "Two full days after the last time they were sick."),
    ):
        fact = make(school, Plan(topic, question, answer), None)
        for text in filter(None, (fact.question, fact.answer)):
            demo.in_every_language(text)


capability = Capability("school_facts", demo=_demo)
