"""Whoever writes very much in an hour is told that the office has it, once; STOP and a person are always answered; a robot gets nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from school import School, attention
from tests.world import World


@pytest.fixture
def patient(make_world: Callable[..., World]) -> World:
    """The school that answers three messages an hour."""
    return make_world(datetime(2026, 3, 2, 9, 10, tzinfo=UTC), limits={"per_number_per_hour": 3})


def waiting(world: World) -> list[str]:
    with world.house.store.read() as session:
        return [row.text for row in attention.open_needs(School(session, world.moment)) if "more messages" in row.detail]


def test_what_is_too_much_is_with_the_office_and_they_are_told_once(patient: World) -> None:
    answers = [patient.say("Tom", f"my words number {number}") for number in "abcdef"]
    assert answers[3][-1].text.endswith("I have passed your message to the office.")
    assert answers[4:] == [[], []]
    assert waiting(patient) == ["my words number d / my words number e / my words number f"]


@pytest.mark.parametrize("word, answer", [("person", "Someone will answer you today"), ("help", "Write what you need")])
def test_some_words_are_always_answered(patient: World, word: str, answer: str) -> None:
    for _ in range(5):
        patient.say("Tom", "hello")
    assert answer in patient.say("Tom", word)[-1].text
