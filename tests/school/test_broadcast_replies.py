"""What a family's few words after a broadcast are about."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from sqlalchemy import update

from data.events import EventGuests
from data.outbox import Message, OutboxState
from data.people import Adult, Child
from school import School, broadcast_replies, broadcasts
from school.broadcasts import Content, Repeat, When
from school.notices import tell
from tests.school.test_audiences import an_event
from tests.school.test_broadcasts import a_parent, at


@pytest.fixture
def parent(school: School, child: Child) -> Adult:
    return a_parent(school, child)


def tells(school: School, words: str) -> broadcasts.Broadcast:
    made = broadcasts.make(school, None, Content(words))
    broadcasts.send(school, None, made)
    left(school)
    return made


def left(school: School) -> None:
    school.session.execute(update(Message).where(Message.state == OutboxState.QUEUED).values(state=OutboxState.SENT, claimed_at=school.now))


@pytest.mark.parametrize(
    "words, is_question",
    [
        ("Can you help at the fair?", True),
        ("We need two cakes. Please reply by Friday.", True),
        ("The pool is closed. Tell us if you would rather come on Monday.", True),
        ("The pool is closed on Friday.", False),
        ("The pool is closed. No need to reply.", False),
        ("Please do not answer this message.", False),
        ("The list is at https://school.example/list?page=2 from today.", False),
        ("Do not forget the towels. Who has one to spare?", True),
    ],
)
def test_a_question_is_what_wants_an_answer(school: School, parent: Adult, words: str, is_question: bool) -> None:
    tells(school, words)
    assert (broadcast_replies.question_to(school, parent) is not None) is is_question


def test_it_is_about_what_was_told_last_and_lately(school: School, parent: Adult) -> None:
    tells(school, "Can you help at the fair?")
    assert broadcast_replies.question_to(at(school, "2026-03-05 09:00"), parent) is not None
    assert broadcast_replies.question_to(at(school, "2026-03-05 09:20"), parent) is None
    later = School(school.session, school.now + timedelta(hours=1))
    tell(later, parent, "appointment_reminder", {"appointment": 1}, key="k")
    left(later)
    assert broadcast_replies.question_to(later, parent) is None


@pytest.mark.parametrize(
    "words, title",
    [
        ("Coffee morning on Thursday: will you come?", "Coffee morning"),
        ("Can you help tidy the playground?", None),
        ("Play: will you come?", "Play"),
    ],
)
def test_the_event_is_the_one_that_it_names_by_whole_words(school: School, parent: Adult, words: str, title: str | None) -> None:
    for each in ("Play", "Coffee morning"):
        an_event(school, EventGuests(), title=each)
    tells(school, words)
    told = broadcast_replies.question_to(school, parent)
    assert told is not None
    event = broadcast_replies.event_of(school, parent, told)
    assert (event.title.words if event is not None else None) == title


def test_it_is_judged_by_what_they_were_told_not_by_what_the_next_will_say(school: School, parent: Adult) -> None:
    made = broadcasts.make(school, None, Content("Can you help on Friday?"))
    broadcasts.send(school, None, made, When(date(2026, 3, 2), time(9, 10), Repeat.WEEKLY, date(2026, 3, 30)))
    left(school)
    broadcasts.change(school, None, made, Content("Thank you for helping."))
    told = broadcast_replies.question_to(school, parent)
    assert told is not None
    assert told.words == "Can you help on Friday?"
