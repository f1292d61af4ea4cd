"""What guests are asked after an event: two questions, of those who said that they come. May be called at any time, twice, or late."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from data.events import Event, EventState
from data.questionnaires import Questionnaire
from school import School, audiences, events, questionnaires
from school.audiences import Audience, AudienceKind
from school.capability import Capability
from school.questionnaire_file import read, shipped_files
from school.texts import STAFF_READ

AFTER = timedelta(hours=1)
"""How long after an event its guests are asked: when they are on their way home it is too soon."""
LATE = timedelta(days=2)
"""How long after it they still know how it was."""


def due(school: School) -> None:
    """Ask the guests of what is over since an hour or more, each event's once."""
    is_asked = exists().where(Questionnaire.event_id == Event.id)
    lately = Event.ends_on.between((school.clock - LATE).date(), school.today)
    rows = select(Event).where(Event.asks_after, Event.state == EventState.OPEN, lately, ~is_asked).order_by(Event.id)
    for event in school.session.scalars(rows).all():
        if AFTER <= school.now - events.ended(event) < LATE:
            _ask(school, event)


def _ask(school: School, event: Event) -> None:
    guests = Audience(AudienceKind.EVENT, event.id)
    if not audiences.adults(school, guests):
        return
    title = f"How was it: {event.title.read_in(STAFF_READ).words}?"
    form = replace(read(school, shipped_files()["event"]), title=title, audience=guests)
    with suppress(IntegrityError, questionnaires.NobodyToAsk), school.session.begin_nested():  # another clock may ask in this very moment
        questionnaires.open_up(school, None, questionnaires.make(school, None, form, event_id=event.id))


capability = Capability("evaluations", due=due)
