"""What changes about an event that is known already, and who is told: exactly those who would otherwise come at the wrong time, or to nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from data.events import Answer, Event, EventState, Rsvp
from data.outbox import Message, OutboxState
from data.people import Adult
from school import School, events, rsvps, texts
from school.events import Over, Plan, key
from school.notices import tell, withdraw

WHEN, WHERE = "when", "where"


def change(school: School, event: Event, plan: Plan) -> int:
    """It is so from now on; how many adults are told of another time or place. Refuses with NotSo or Over; a draft may be given another day at any time.

    Each is told once, of all that changed: what has not left yet of an earlier change is taken back and told with this one.
    """
    if event.state == EventState.CANCELLED or (event.state == EventState.OPEN and events.has_begun(school, event)):
        raise Over
    was = _times(event), event.place
    is_moved = (plan.on, plan.starts, plan.last_day, plan.ends) != was[0]
    events.check(school, plan, taken=event.taken, is_new=is_moved)
    if plan.title.strip() != event.title.words:
        texts.rewritten(event.title, plan.title.strip())
    events.put(school, event, plan)
    changed = {what for what, is_so in ((WHEN, is_moved), (WHERE, event.place != was[1])) if is_so}
    event.version, event.changed_at = event.version + 1, school.now
    school.session.flush()
    if event.state == EventState.DRAFT:
        return 0
    event.look_at = school.now
    events.want_in_every_language(school, event)
    rsvps.offer_freed(school, event)
    return _tell_of(school, event, changed) if changed else 0


def cancel(school: School, event: Event) -> int:
    """It will not be; how many adults are told. What has not left yet about it is taken back, and a draft is gone for good. Refuses with Over."""
    if event.state == EventState.DRAFT:
        events.discard(school, event)
        return 0
    if event.state == EventState.CANCELLED or events.has_begun(school, event):
        raise Over
    withdraw(school, key(event))
    event.state, event.look_at = EventState.CANCELLED, None
    event.version, event.changed_at = event.version + 1, school.now
    school.session.flush()
    about = {"event": event.id}
    return sum(
        tell(school, adult, "event_cancelled", about, key=key(event, "cancelled", adult.id), useless_after=events.begins(event))
        for adult in counting_on(school, event)
    )


def counting_on(school: School, event: Event) -> Sequence[Adult]:
    """The adults who think that it will be as it was: they were told of it, or answered, and have not said no."""
    told = select(Message.adult_id).where(Message.key.startswith(key(event), autoescape=True), Message.claimed_at.is_not(None))
    answered, declined = (
        select(Rsvp.adult_id).where(Rsvp.event_id == event.id, condition) for condition in (Rsvp.answer != Answer.NO, Rsvp.answer == Answer.NO)
    )
    known = Adult.id.in_(told) | Adult.id.in_(answered)
    return school.session.scalars(select(Adult).where(known, Adult.id.not_in(declined), Adult.left_on.is_(None)).order_by(Adult.id)).all()


def _tell_of(school: School, event: Event, changed: Collection[str]) -> int:
    waits = select(Message).where(Message.key.startswith(key(event, "changed"), autoescape=True), Message.state == OutboxState.QUEUED)
    before = {what for message in school.session.scalars(waits) for what in str(message.about["what"]).split()}
    withdraw(school, key(event, "changed"))
    about: dict[str, int | str] = {"event": event.id, "version": event.version, "what": " ".join(sorted(before | set(changed)))}
    return sum(
        tell(school, adult, "event_changed", about, key=key(event, "changed", event.version) + str(adult.id), useless_after=events.begins(event))
        for adult in counting_on(school, event)
    )


def _times(event: Event) -> tuple[object, ...]:
    return event.on, event.starts, event.ends_on, event.ends
