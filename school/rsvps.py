"""Who comes: answers to invitations, places that are never given twice, and the waiting list of an event that is full.

Its own refusals:

    Refusal
    ├── Full             fewer places are left than were asked for
    ├── TooMany          one adult may not bring so many
    ├── TooLate          answers are not taken any more, or it has begun or was called off
    ├── NotInvited       this adult is not among its guests
    └── NotYet           its day has not come: nobody can have been there
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from data.events import Answer, Event, EventState, Rsvp
from data.outbox import Message
from data.people import Adult
from school import School, audiences, broadcast_replies, broadcast_runs, events
from school.broadcast_replies import STILL_ABOUT
from school.calendar import after_waking, end_of_quiet
from school.errors import Refusal
from school.events import key
from school.notices import tell, withdraw

__all__ = ["Answer", "Rsvp"]

DECIDES_IN = timedelta(hours=1)
"""The least time in which someone can answer the offer of a freed place."""
ABOUT_AN_EVENT = ("event_invitation", "event_reminder", "event_changed", "event_place_offered")
BROADCASTS_IN_DOUBT = 5
COMING = (Answer.YES, Answer.OFFERED)
"""Answers for which places are kept."""


@dataclass
class Full(Refusal):
    """Fewer places are `left` than were asked for."""

    left: int


@dataclass
class TooMany(Refusal):
    """One adult may bring no more than `most`, themselves included."""

    most: int


class TooLate(Refusal):
    """Answers are not taken any more, or it has begun or was called off."""


class NotInvited(Refusal):
    """This adult is not among its guests."""


class NotYet(Refusal):
    """Its day has not come, or it stands for nobody to come to."""


def of(school: School, event: Event, adult: Adult) -> Rsvp | None:
    """What this adult has answered; None if nothing."""
    return school.session.get(Rsvp, (event.id, adult.id))


def last_about(school: School, adult: Adult) -> Event | None:
    """The event that the school and this adult wrote about last, within three days: what a bare 'we will come' is about."""
    told, event = _told_about(school, adult)
    answers = select(Rsvp).where(Rsvp.adult_id == adult.id, Rsvp.answered_at > school.now - STILL_ABOUT)
    said = school.session.scalars(answers.order_by(Rsvp.answered_at.desc()).limit(1)).first()
    if said is not None and (told is None or told.claimed_at is None or said.answered_at >= told.claimed_at):
        return said.event
    return event


def _told_about(school: School, adult: Adult) -> tuple[Message | None, Event | None]:
    """The last message to this adult that was about an event, and that event; of the broadcasts only the newest few are looked at."""
    kinds = Message.kind.in_((*ABOUT_AN_EVENT, broadcast_runs.KIND))
    since = select(Message).where(Message.adult_id == adult.id, kinds, Message.claimed_at > school.now - STILL_ABOUT)
    for message in school.session.scalars(since.order_by(Message.claimed_at.desc()).limit(BROADCASTS_IN_DOUBT)):
        if message.kind != broadcast_runs.KIND:
            return message, events.find(school, int(message.about["event"]))
        told = broadcast_replies.told_by(school, message)
        event = broadcast_replies.event_of(school, adult, told) if told is not None else None
        if event is not None:
            return message, event
    return None, None


def left(event: Event) -> int | None:
    """How many places are left; None where there is room for any number."""
    return None if event.capacity is None else event.capacity - event.taken


def takes_answers(school: School, event: Event) -> bool:
    """Whether someone may still say that they come."""
    return event.asks and events.is_on(school, event) and (event.answer_by is None or school.today <= event.answer_by)


def accept(school: School, event: Event, adult: Adult, people: int = 1) -> Rsvp:
    """So many come, this adult included. Refuses with NotInvited, TooLate, TooMany or Full; then what they answered before stands."""
    event = _locked(school, event)
    _require(school, event, adult, people)
    kept = _places(of(school, event, adult))
    free = left(event)
    if free is not None and people - kept > free:
        raise Full(free + kept)
    rsvp = _set(school, event, adult, Answer.YES, people)
    offer_freed(school, event)
    return rsvp


def decline(school: School, event: Event, adult: Adult) -> Rsvp:
    """They do not come, or not any more; the places they had go to those who wait. Refuses with NotInvited, or with TooLate once it has begun."""
    return _without_places(school, event, adult, Answer.NO)


def perhaps(school: School, event: Event, adult: Adult) -> Rsvp:
    """They do not know yet: no place is kept. Refuses as `decline` does."""
    return _without_places(school, event, adult, Answer.MAYBE)


def wait(school: School, event: Event, adult: Adult, people: int = 1) -> Rsvp:
    """Put them on the waiting list for so many places; who is there keeps their turn. Refuses with NotInvited, TooLate or TooMany."""
    event = _locked(school, event)
    _require(school, event, adult, people)
    rsvp = _set(school, event, adult, Answer.WAITING, people)
    offer_freed(school, event)
    return rsvp


def forget_offers(school: School) -> None:
    """Offers that nobody took in their time: whoever had one waits no more, and the next is asked."""
    over = school.session.scalars(select(Rsvp).where(Rsvp.offered_until <= school.now).order_by(Rsvp.offered_until)).all()
    for rsvp in over:
        event = _locked(school, rsvp.event)
        school.session.refresh(rsvp)
        if rsvp.offered_until is not None and rsvp.offered_until <= school.now:
            _set(school, event, rsvp.adult, Answer.NO, rsvp.people)
            offer_freed(school, event)


def give_up(school: School, adult: Adult) -> None:
    """Whoever is leaving does not come to what is still on: their places go to those who wait."""
    for rsvp in school.session.scalars(select(Rsvp).where(Rsvp.adult_id == adult.id, Rsvp.answer != Answer.NO)).all():
        if events.is_on(school, rsvp.event):
            _set(school, _locked(school, rsvp.event), adult, Answer.NO, rsvp.people)
            offer_freed(school, rsvp.event)


def drop_who_left(school: School, event: Event) -> None:
    """The same for those who said that they come and have left the school since."""
    gone = select(Rsvp).join(Adult).where(Rsvp.event_id == event.id, Rsvp.answer != Answer.NO, Adult.left_on.is_not(None))
    for rsvp in school.session.scalars(gone).all():
        give_up(school, rsvp.adult)


def offer_freed(school: School, event: Event) -> None:
    """Keep the places that are free for whoever has waited longest of those for whom they suffice, and tell them; the limit stands still in quiet hours."""
    until = decides_by(school, event)
    if until is None or event.capacity is None:
        return
    for rsvp in waiting(school, event):
        if (left(event) or 0) >= rsvp.people:
            _set(school, event, rsvp.adult, Answer.OFFERED, rsvp.people, until)
            about = {"event": event.id}
            tell(school, rsvp.adult, "event_place_offered", about, key=key(event, "offer", rsvp.adult_id) + until.isoformat(), useless_after=until)


def waiting(school: School, event: Event) -> Sequence[Rsvp]:
    """Who waits for a place, the longest first."""
    rows = select(Rsvp).where(Rsvp.event_id == event.id, Rsvp.answer == Answer.WAITING)
    return school.session.scalars(rows.order_by(Rsvp.waiting_since, Rsvp.adult_id)).all()


def waits_for(school: School, adult: Adult) -> Sequence[Rsvp]:
    """The places for which this adult waits at events that are still to come, the one asked for first first."""
    rows = school.session.scalars(select(Rsvp).where(Rsvp.adult_id == adult.id, Rsvp.answer == Answer.WAITING).order_by(Rsvp.waiting_since))
    return [rsvp for rsvp in rows if events.is_on(school, rsvp.event)]


def turn(school: School, rsvp: Rsvp) -> int:
    """Which place in the waiting list this is, 1 the next."""
    return [each.adult_id for each in waiting(school, rsvp.event)].index(rsvp.adult_id) + 1


def everyone(school: School, event: Event) -> Sequence[Rsvp]:
    """Every answer, those who come first, then by when it was given."""
    order = {Answer.YES: 0, Answer.OFFERED: 1, Answer.WAITING: 2, Answer.MAYBE: 3, Answer.CAME: 4, Answer.NO: 5}
    rows = school.session.scalars(select(Rsvp).where(Rsvp.event_id == event.id)).all()
    return sorted(rows, key=lambda rsvp: (order[Answer(rsvp.answer)], rsvp.waiting_since or rsvp.answered_at, rsvp.adult_id))


def counts(school: School, event: Event) -> Mapping[str, int]:
    """How many people each answer stands for, by the answer."""
    rows = select(Rsvp.answer, func.sum(Rsvp.people)).where(Rsvp.event_id == event.id).group_by(Rsvp.answer)
    return {answer: int(people) for answer, people in school.session.execute(rows)}


def came(school: School, event: Event, adult: Adult, people: int | None) -> None:
    """So many of theirs were there, 0 for none; None takes that back. Whoever had not answered is written down as having come.

    Refuses with NotYet, or with NotInvited.
    """
    if event.state != EventState.OPEN or school.today < event.on:
        raise NotYet
    rsvp = of(school, event, adult)
    if rsvp is None and not events.is_invited(school, adult, event):
        raise NotInvited
    if rsvp is not None and rsvp.answer == Answer.CAME and not people:
        school.session.delete(rsvp)
    elif rsvp is not None:
        rsvp.came = people
    elif people:
        school.session.add(Rsvp(event_id=event.id, adult_id=adult.id, answer=Answer.CAME, people=people, answered_at=school.now, came=people))
    school.session.flush()


def not_invited(school: School, event: Event) -> Sequence[Rsvp]:
    """Those who come, may come or wait, and are not among its guests any more: nothing is said to them."""
    guests = {adult.id for adult in audiences.invited(school, event)}
    return [rsvp for rsvp in everyone(school, event) if rsvp.adult_id not in guests and rsvp.answer not in (Answer.NO, Answer.CAME)]


def _locked(school: School, event: Event) -> Event:
    """The event, for this transaction alone: places are counted in its row, so that two who answer at the same moment do so one after the other."""
    return school.session.scalars(select(Event).where(Event.id == event.id).with_for_update(of=Event).execution_options(populate_existing=True)).one()


def _require(school: School, event: Event, adult: Adult, people: int) -> None:
    if not events.is_invited(school, adult, event):
        raise NotInvited
    # Whoever is asked by us may say yes until the offer ends, whatever the day for answers was.
    rsvp = of(school, event, adult)
    is_offered = rsvp is not None and rsvp.answer == Answer.OFFERED
    if not takes_answers(school, event) and not (is_offered and events.is_on(school, event)):
        raise TooLate
    if people > event.most:
        raise TooMany(event.most)


def _without_places(school: School, event: Event, adult: Adult, answer: Answer) -> Rsvp:
    event = _locked(school, event)
    if not events.is_on(school, event):
        raise TooLate
    before = of(school, event, adult)
    if before is None and not events.is_invited(school, adult, event):
        raise NotInvited
    rsvp = _set(school, event, adult, answer, before.people if before else 1)
    offer_freed(school, event)
    return rsvp


def _set(school: School, event: Event, adult: Adult, answer: Answer, people: int, until: datetime | None = None) -> Rsvp:
    """Write an answer down, and count its places in the event."""
    rsvp = of(school, event, adult)
    if rsvp is None:
        rsvp = Rsvp(event_id=event.id, adult_id=adult.id, answer=answer, people=people)
        school.session.add(rsvp)
        kept = 0
    else:
        kept = _places(rsvp)
    if rsvp.answer == Answer.OFFERED != answer:
        withdraw(school, key(event, "offer", adult.id))
    if answer == Answer.WAITING:
        rsvp.waiting_since = rsvp.waiting_since or school.now
    elif answer != Answer.OFFERED:
        rsvp.waiting_since = None
    rsvp.answer, rsvp.people, rsvp.offered_until = answer, people, until
    if answer != Answer.OFFERED:
        rsvp.answered_at = school.now
    event.taken += _places(rsvp) - kept
    school.session.flush()
    return rsvp


def _places(rsvp: Rsvp | None) -> int:
    """How many places are kept for this answer."""
    return rsvp.people if rsvp is not None and rsvp.answer in COMING else 0


def decides_by(school: School, event: Event) -> datetime | None:
    """Until when someone who is offered a place now may take it; None where too little time is left to ask anyone."""
    if event.state != EventState.OPEN:
        return None
    until = min(after_waking(school, school.now, school.settings.offer_lasts), events.begins(event))
    told_at = end_of_quiet(school, school.now)
    return until if until - told_at >= min(DECIDES_IN, school.settings.offer_lasts) else None
