"""School facts: what parents ask again and again, with the school's answers; what was asked and nobody has written yet stands on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import school_facts
from school.access import Power
from school.school_facts import Fact, NotSo, Plan, Topic, Why

page = Page("facts", "Facts", order=58, powers=frozenset({Power.SET_UP}), waits=lambda desk: school_facts.count_drafts(desk.school))
Show = Callable[[Desk], Response]
TOPICS: Mapping[Topic, str] = {
    Topic.TERM_DATES: "Term dates",
    Topic.HOURS: "School hours",
    Topic.CLOSED: "Is the school open",
    Topic.LUNCH: "Lunch",
    Topic.UNIFORM: "What children wear",
    Topic.TEACHER: "Teachers",
    Topic.TRANSPORT: "The way to school",
    Topic.ILLNESS: "Illness",
    Topic.PORTAL: "Learning portal, Tapestry",
    Topic.CONTACT: "How to reach the school",
    Topic.SUPPORT: "Help for families",
}
SAID: Mapping[tuple[str, Why], str] = {
    ("topic", Why.MISSING): "Say what it is about: parents who ask about that are told it.",
    ("question", Why.MISSING): "Write the question as a parent would ask it.",
    ("question", Why.TOO_LONG): f"At most {school_facts.LONGEST_QUESTION} letters: the rest belongs into the answer.",
    ("answer", Why.TOO_LONG): f"At most {school_facts.LONGEST_ANSWER} letters: it is read on a phone. Put the rest behind a link.",
    ("link", Why.NO_LINK): "A link begins with https://.",
    ("link", Why.TOO_LONG): f"At most {school_facts.LONGEST_LINK} letters.",
}


@page.get()
def show_all(desk: Desk) -> Response:
    """Every fact, by topic; drafts first."""
    found = school_facts.everything(desk.school)
    answered = {Topic(fact.topic) for fact in found if fact.answer is not None} | school_facts.FROM_RECORDS
    return desk.render("school_facts/list.html", facts=found, topics=TOPICS, unwritten=[words for topic, words in TOPICS.items() if topic not in answered])


@page.get("/new")
def new(desk: Desk) -> Response:
    """Where a fact is written."""
    return _form(desk, None)


@page.post("/new")
def make(desk: Desk) -> Response:
    """Write a new fact."""
    try:
        made = school_facts.make(desk.school, _plan(desk), desk.viewer.staff)
    except NotSo as refusal:
        desk.wrong(new, **_words(refusal))
    desk.changed("wrote a school fact", "fact", made.id)
    return desk.to(page.href, _told(made))


@page.get("/{fact_id:int}")
def edit(desk: Desk, fact_id: int) -> Response:
    """Where a fact is changed."""
    return _form(desk, school_facts.find(desk.school, fact_id))


@page.post("/{fact_id:int}")
def change(desk: Desk, fact_id: int) -> Response:
    """Change a fact; without an answer it is a draft."""
    fact = school_facts.find(desk.school, fact_id)
    try:
        school_facts.change(desk.school, fact, _plan(desk), desk.viewer.staff)
    except NotSo as refusal:
        desk.wrong(partial(edit, fact_id=fact_id), **_words(refusal))
    desk.changed("changed a school fact", "fact", fact_id)
    return desk.to(page.href, _told(fact))


@page.post("/{fact_id:int}/remove")
def remove(desk: Desk, fact_id: int) -> Response:
    """It is said no more."""
    school_facts.remove(desk.school, school_facts.find(desk.school, fact_id))
    desk.changed("removed a school fact", "fact", fact_id)
    return desk.to(page.href, "It is removed. Whoever asks is passed on to the office.")


def _form(desk: Desk, fact: Fact | None) -> Response:
    return desk.render(
        "school_facts/edit.html", fact=fact, topics=[("", "Choose…")] * (fact is None) + [(topic.value, words) for topic, words in TOPICS.items()]
    )


def _plan(desk: Desk) -> Plan:
    return Plan(
        desk.form.text("topic", 40),
        desk.form.text("question", school_facts.LONGEST_QUESTION + 1),
        desk.form.text("answer", school_facts.LONGEST_ANSWER + 1),
        desk.form.text("link", school_facts.LONGEST_LINK + 1),
    )


def _words(refusal: NotSo) -> dict[str, str]:
    return {name: SAID[name, why] for name, why in refusal.why.items()}


def _told(fact: Fact) -> str:
    return (
        "Kept. Parents are told it from now on, each in their language."
        if fact.answer is not None
        else "Kept as a draft: parents are told it once it has an answer."
    )
