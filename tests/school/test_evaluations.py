"""After an event its guests are asked how it was: once, in time, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from data.outbox import Message
from data.people import Adult
from data.questionnaires import Questionnaire
from school import School, evaluations, event_changes, events, rsvps
from school.events import Event
from tests.school.small import MONDAY, a_child, an_adult
from tests.school.test_events import COFFEE, on


def held(school: School, *guests: Adult) -> Event:
    """A coffee morning to which these have said yes."""
    event = on(school, replace(COFFEE, asks_after=True))
    for guest in guests:
        rsvps.accept(school, event, guest)
    return event


def later(school: School, event: Event, hours: float) -> School:
    """So many hours after its end."""
    return School(school.session, events.ended(event) + timedelta(hours=hours))


def asked(school: School) -> list[int | None]:
    return list(school.session.scalars(select(Message.adult_id).where(Message.kind == "questionnaire")))


def test_guests_are_asked_an_hour_after_it_once(school: School, parent: Adult) -> None:
    an_adult(school, a_child(school))
    event = held(school, parent)
    for hours in (-1, 0.5, 1, 2, 30):
        evaluations.due(later(school, event, hours))
        assert asked(school) == ([parent.id] if hours >= 1 else [])
    made = school.session.scalars(select(Questionnaire)).one()
    assert made.title.words == "How was it: Coffee morning?"
    assert (len(made.questions), made.privacy, made.event_id) == (2, "private", event.id)


def test_nobody_is_asked_days_later(school: School, parent: Adult) -> None:
    event = held(school, parent)
    evaluations.due(later(school, event, 49))
    assert asked(school) == []


def test_nobody_is_asked_about_what_was_called_off_or_had_no_guests(school: School, parent: Adult) -> None:
    event = held(school)
    evaluations.due(later(school, event, 2))
    other = held(school, parent)
    event_changes.cancel(School(school.session, MONDAY), other)
    evaluations.due(later(school, other, 2))
    assert school.session.scalars(select(Questionnaire)).all() == []
