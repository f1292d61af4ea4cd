"""What can be looked up of school facts in a transcript."""

from __future__ import annotations

from collections.abc import Callable

from school import School, school_facts


def drafts(school: School) -> list[str]:
    """What was asked and nobody has written yet."""
    return [f"{fact.question.words} asked {fact.asked}" for fact in school_facts.everything(school) if fact.answer is None]


ACTS: dict[str, Callable[..., None]] = {}
FACTS: dict[str, Callable[..., list[str]]] = {r"drafts of facts": drafts}
