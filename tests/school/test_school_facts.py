"""School facts: only what the school wrote is said, and what nobody wrote is counted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from data.people import Adult
from data.texts import Text
from school import School, school_facts
from school.school_facts import NotSo, Plan, Topic, Why

NUTS = Plan(Topic.LUNCH, "May my child bring nuts?", "No.", "https://school.example/lunch")


def test_what_is_written_answers(school: School) -> None:
    made = school_facts.make(school, NUTS, None)
    assert school_facts.answering(school, Topic.LUNCH) == [made]
    assert school_facts.answering(school, Topic.UNIFORM) == []
    school_facts.remove(school, made)
    assert school_facts.answering(school, Topic.LUNCH) == []


def test_what_nobody_wrote_is_one_draft_however_often_it_is_asked(school: School) -> None:
    for _ in range(3):
        school_facts.is_missed(school, Topic.UNIFORM)
    [draft] = school_facts.everything(school)
    assert (draft.question.words, draft.answer, draft.asked, school_facts.count_drafts(school)) == ("What do children wear?", None, 3, 1)
    assert school_facts.answering(school, Topic.UNIFORM) == []
    school_facts.change(school, draft, Plan(Topic.UNIFORM, draft.question.words, "Soft clothes."), None)
    assert school_facts.answering(school, Topic.UNIFORM) == [draft]
    assert school_facts.count_drafts(school) == 0


def test_an_answer_that_is_taken_back_leaves_a_draft(school: School) -> None:
    made = school_facts.make(school, NUTS, None)
    school_facts.change(school, made, Plan(Topic.LUNCH, made.question.words), None)
    assert school_facts.answering(school, Topic.LUNCH) == []
    assert school.session.scalars(select(Text.words)).all() == [NUTS.question]


def test_what_families_read_is_translated_before_they_ask(school: School, parent: Adult) -> None:
    parent.language = "so"
    made = school_facts.make(school, NUTS, None)
    assert made.answer is not None
    assert [[one.language for one in text.translations] for text in (made.question, made.answer)] == [["so"], ["so"]]


@pytest.mark.parametrize(
    "plan, why",
    [
        (Plan(Topic.LUNCH, " "), {"question": Why.MISSING}),
        (Plan("", "Lunch?"), {"topic": Why.MISSING}),
        (Plan(Topic.LUNCH, "q" * 200, "a" * 700), {"question": Why.TOO_LONG, "answer": Why.TOO_LONG}),
        (Plan(Topic.LUNCH, "Lunch?", link="javascript:alert(1)"), {"link": Why.NO_LINK}),
        (Plan(Topic.LUNCH, "Lunch?", link="https://" + "x" * 400), {"link": Why.TOO_LONG}),
    ],
)
def test_what_cannot_be_says_why(school: School, plan: Plan, why: dict[str, Why]) -> None:
    with pytest.raises(NotSo) as refused:
        school_facts.make(school, plan, None)
    assert refused.value.why == why
    assert school_facts.everything(school) == []
