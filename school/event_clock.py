"""What falls due about events: guests are told, reminded, and asked the next one in the waiting list. May be called at any time, twice, or late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from data.events import Answer, Event, EventState, Rsvp
from data.outbox import Message
from data.people import Adult
from school import School, audiences, demo_events, events, rsvp_file, rsvps
from school.calendar import instant
from school.capability import Capability, Named
from school.data_map import time_of
from school.events import REMINDERS, key
from school.notices import tell

LOOKS = timedelta(minutes=30)
"""How often the guest list of an event to come is looked at: for those who joined a class or a group since."""
OF_USE = timedelta(hours=12)
"""How late a reminder may still go out: one 'in a week' two days before would be wrong."""
KEPT = time_of("events")
"""How long what was on, and who came, is kept."""
AT_ONCE = 20
"""Events that one tick looks at."""


def due(school: School) -> None:
    """Tell guests of what is on, remind those who come, and pass on the places that were not taken."""
    rsvps.forget_offers(school)
    rows = select(Event).where(Event.look_at <= school.now).order_by(Event.look_at).limit(AT_ONCE)
    for event in school.session.scalars(rows).all():
        _look_at(school, event)
    school.session.flush()


def _look_at(school: School, event: Event) -> None:
    if event.state != EventState.OPEN or events.has_begun(school, event):
        event.look_at = None
        return
    rsvps.drop_who_left(school, event)
    if event.invite_on is not None and event.invite_on <= school.today:
        _tell_each(school, event, "event_invitation", "invite", audiences.invited(school, event))
    for name in event.reminders:
        if reminder_time(school, event, name) <= school.now < reminder_time(school, event, name) + OF_USE:
            _tell_each(school, event, "event_reminder", f"remind:{name}:{event.on.isoformat()}", _to_remind(school, event), which=name)
    event.look_at = _next_look(school, event)


def to_invite(school: School, event: Event) -> Sequence[Adult]:
    """Who is told of it at the next look: its guests, where their day has come, but those who were told or have answered."""
    if event.state != EventState.OPEN or events.has_begun(school, event) or event.invite_on is None or event.invite_on > school.today:
        return []
    answered = {rsvp.adult_id for rsvp in rsvps.everyone(school, event)}
    return [adult for adult in _untold(school, event, "invite", audiences.invited(school, event)) if adult.id not in answered]


def reminder_time(school: School, event: Event, name: str) -> datetime:
    """When guests are reminded: at the school's set time (16:00 unless set) days before, or in the morning when quiet hours end, in London."""
    day = event.on - timedelta(days=REMINDERS[name])
    at = school.settings.quiet_to if name == "morning" else school.settings.reminder_at
    return instant(day, at) or events.begins(event) - timedelta(days=REMINDERS[name])


def _next_look(school: School, event: Event) -> datetime:
    times = [events.begins(event), school.now + LOOKS, *(reminder_time(school, event, name) for name in event.reminders)]
    return min(time for time in times if time > school.now)


def _to_remind(school: School, event: Event) -> Iterable[Adult]:
    """Those who come; of an event that asks for no answers, all who are invited and have not said no."""
    answers = {rsvp.adult_id: rsvp for rsvp in rsvps.everyone(school, event)}
    if event.asks:
        return [rsvp.adult for rsvp in answers.values() if rsvp.answer == Answer.YES]
    return [adult for adult in audiences.invited(school, event) if adult.id not in answers or answers[adult.id].answer != Answer.NO]


def _tell_each(school: School, event: Event, kind: str, what: str, adults: Iterable[Adult], **about: str) -> None:
    """Write the notice to those who have not had it."""
    for adult in _untold(school, event, what, adults):
        tell(school, adult, kind, {"event": event.id, **about}, key=key(event, what) + str(adult.id), useless_after=events.begins(event))


def _untold(school: School, event: Event, what: str, adults: Iterable[Adult]) -> Sequence[Adult]:
    told = set(school.session.scalars(select(Message.key).where(Message.key.startswith(key(event, what), autoescape=True))))
    return [adult for adult in adults if key(event, what) + str(adult.id) not in told]


def export(school: School, adult: Adult) -> Mapping[str, Any]:
    """What this adult answered to which events, and whether they came."""
    rows = school.session.scalars(select(Rsvp).where(Rsvp.adult_id == adult.id).order_by(Rsvp.event_id))
    return {
        "answers": [
            {"event": row.event.title.words, "on": row.event.on.isoformat(), "answer": row.answer, "people": row.people, "came": row.came} for row in rows
        ]
    }


def retain(school: School) -> None:
    """Remove events that are over for a year, with all that belongs to them."""
    events.remove(school, Event.ends_on < school.today - KEPT)


def erase(school: School, adult: Adult) -> None:
    """The places that they would have taken are free for others; their answers go with them."""
    rsvps.give_up(school, adult)
    school.session.execute(delete(Rsvp).where(Rsvp.adult_id == adult.id).execution_options(synchronize_session=False))


def _reminder_is(school: School, about: Mapping[str, Any]) -> Sequence[str]:
    """A reminder of an event that they come to is a reminder; of one that asks for no answers it is an invitation too."""
    event = school.session.get(Event, about["event"])
    return ("reminders",) if event is None or event.asks else ("reminders", "events")


capability = Capability(
    "events",
    due=due,
    optional={"event_invitation": ("events",), "event_reminder": _reminder_is},
    export=export,
    erase=erase,
    retain=retain,
    named=Named("event", "Event", events.titles),
    demo=demo_events.make,
    files={"Rsvp": rsvp_file.calendar_file},
)
