"""What is on: events as staff make and change them, and as a family sees them. Answers and the waiting list are in `rsvps`, what guests are told in
`event_changes` and `event_clock`.

Policy: 'keep parents up to date with news and events', 'invite parents to coffee mornings, workshops, parents' evenings'.

Its own refusals:

    Refusal
    ├── NotSo            what was given cannot be: which fields, and why
    └── Over             it has begun or was called off: it can no longer be changed
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select

from data.events import Event, EventGuests, EventState, Rsvp
from data.kept_files import KeptFile
from data.people import Adult, Child, Group, Guardianship, SchoolClass, Staff, adult_groups
from data.texts import Text
from school import School, audiences, texts
from school.calendar import instant
from school.errors import Refusal

__all__ = ["Event", "EventState"]

Invitable = TypeVar("Invitable", SchoolClass, Group, Adult)

REMINDERS: Mapping[str, int] = {"week": 7, "day": 1, "morning": 0}
"""When guests can be reminded, and how many days before that is."""
LONGEST_TITLE = 200
LONGEST_PLACE = 200
AHEAD = timedelta(days=120)
"""How far ahead a family is told what is on."""
ONE_TITLE = 20
"""Events that are known by name to a family that writes."""


class Why(StrEnum):
    """Why a field of an event cannot be as it was given."""

    MISSING = "missing"
    TOO_LONG = "too long"
    IN_THE_PAST = "in the past"
    ENDS_FIRST = "ends before it starts"
    NO_SUCH_TIME = "a time that the clock skips that night"
    AFTER_IT = "after the event itself"
    BELOW_TAKEN = "fewer than the places that are taken"
    NOT_A_NUMBER = "less than one"
    NOBODY = "nobody is invited"


@dataclass
class NotSo(Refusal):
    """What was given cannot be: each field with the reason. `taken` is how many places are, where it is about the capacity."""

    why: Mapping[str, Why]
    taken: int = 0


class Over(Refusal):
    """The event has begun or was called off."""


@dataclass(frozen=True)
class Guests:
    """Who is invited: the whole school, or the adults of these classes, the members of these groups, and these adults."""

    everyone: bool = False
    classes: Collection[SchoolClass] = ()
    groups: Collection[Group] = ()
    adults: Collection[Adult] = ()

    @property
    def is_nobody(self) -> bool:
        """Whether nobody at all is named."""
        return not (self.everyone or self.classes or self.groups or self.adults)


@dataclass(frozen=True)
class Plan:
    """An event as it is wanted; what each field means stands at `data.events.Event`. Days and times are the school's clock's."""

    title: str
    on: date
    starts: time
    ends: time
    ends_on: date | None = None  # None: the same day
    words: str = ""
    place: str = ""
    access: str = ""
    interpreters: Sequence[str] = ()
    asks: bool = True
    asks_after: bool = False
    answer_by: date | None = None
    capacity: int | None = None
    most: int = 2
    invite_on: date | None = None
    reminders: Sequence[str] = ("day",)
    guests: Guests = field(default_factory=lambda: Guests(everyone=True))
    staff: Sequence[Staff] = ()

    @property
    def last_day(self) -> date:
        """The day on which it ends."""
        return self.ends_on or self.on


# As it is


def find(school: School, event_id: int) -> Event | None:
    """One event, by its id."""
    return school.session.get(Event, event_id)


def begins(event: Event) -> datetime:
    """The instant (UTC) at which it begins."""
    return _instant(event.on, event.starts)


def would_begin(plan: Plan) -> datetime:
    """The instant (UTC) at which it would begin; where the clock skips that time, an hour later."""
    return _instant(plan.on, plan.starts)


def ended(event: Event) -> datetime:
    """When it is over, as an instant."""
    return _instant(event.ends_on, event.ends)


def is_over(school: School, event: Event) -> bool:
    """Whether its end has passed."""
    return ended(event) <= school.now


def has_begun(school: School, event: Event) -> bool:
    """Whether it is under way or over."""
    return begins(event) <= school.now


def is_on(school: School, event: Event) -> bool:
    """Whether it is open and still to come."""
    return event.state == EventState.OPEN and not has_begun(school, event)


def coming(school: School, adult: Adult, *, first: date | None = None, last: date | None = None) -> Sequence[Event]:
    """The events that this adult is invited to and that have not begun, the next first: between two days where they are given, else in the coming months."""
    between = Event.on >= max(first or school.today, school.today), Event.on <= (last or school.today + AHEAD)
    rows = school.session.scalars(select(Event).where(Event.state == EventState.OPEN, *between, _invites(adult)).order_by(Event.on, Event.starts, Event.id))
    return [event for event in rows if not has_begun(school, event)]


def titles(school: School, adult: Adult) -> Sequence[tuple[int, Text]]:
    """The events that this adult may mean by their title, as ids and titles: of those that share one, the next."""
    named: dict[str, Event] = {}
    for event in coming(school, adult):
        named.setdefault(event.title.words.casefold(), event)
    return [(event.id, event.title) for event in named.values()][:ONE_TITLE]


def is_invited(school: School, adult: Adult, event: Event) -> bool:
    """Whether this adult is among its guests."""
    return school.session.scalar(select(Event.id).where(Event.id == event.id, _invites(adult))) is not None


def _invites(adult: Adult) -> ColumnElement[bool]:
    """Which events this adult is invited to, as a condition on Event: those for whom a guest list holds them and a child of theirs is here."""
    mine = and_(Guardianship.adult_id == adult.id, Guardianship.may_hear, Guardianship.child_id == Child.id, Child.left_on.is_(None))
    classes = select(Child.class_id).where(mine)
    groups = select(adult_groups.c.group_id).where(adult_groups.c.adult_id == adult.id)
    is_whole_school = and_(EventGuests.class_id.is_(None), EventGuests.group_id.is_(None), EventGuests.adult_id.is_(None))
    is_theirs = or_(is_whole_school, EventGuests.class_id.in_(classes), EventGuests.group_id.in_(groups), EventGuests.adult_id == adult.id)
    return and_(exists().where(mine), exists().where(EventGuests.event_id == Event.id, is_theirs))


def _instant(day: date, at: time) -> datetime:
    moment = instant(day, at)
    if moment is None:  # refused when it was made; the law on summer time may change after that
        moment = instant(day, at.replace(hour=at.hour + 1))
    assert moment is not None
    return moment


# As staff make it


def make(school: School, plan: Plan, by: Staff | None, *, days: Sequence[date] = (), source: str | None = None) -> Sequence[Event]:
    """A draft of it; with `days`, one on each of them, as one series. Refuses with NotSo.

    `plan.on` is the first day then, and the days on which guests are told and may answer by are as far before each as before the first.
    """
    plans = [_on(plan, day) for day in days] or [plan]
    for each in plans:
        check(school, each)
    series = secrets.token_hex(8) if len(plans) > 1 else None
    return [_make(school, each, by, series, source) for each in plans]


def _on(plan: Plan, day: date) -> Plan:
    """The same plan on another day."""
    by = day - plan.on

    def moved(when: date | None) -> date | None:
        return when + by if when is not None else None

    return replace(plan, on=day, ends_on=moved(plan.ends_on), answer_by=moved(plan.answer_by), invite_on=moved(plan.invite_on))


def _make(school: School, plan: Plan, by: Staff | None, series: str | None, source: str | None) -> Event:
    made = Event(
        series=series,
        source=source,
        title=texts.write(school, plan.title.strip(), texts.STAFF_READ),
        made_by_id=by.id if by else None,
        made_at=school.now,
        changed_at=school.now,
    )
    put(school, made, plan)
    school.session.add(made)
    school.session.flush()
    return made


def as_planned(school: School, event: Event) -> Plan:
    """The event as a plan: what `change` would leave as it is."""
    rows = event.guests
    guests = Guests(
        everyone=any(row.is_everyone for row in rows),
        classes=_those(school, SchoolClass, [row.class_id for row in rows]),
        groups=_those(school, Group, [row.group_id for row in rows]),
        adults=_those(school, Adult, [row.adult_id for row in rows]),
    )
    words, access = (text.words if text is not None else "" for text in (event.words, event.access))
    ends_on = None if event.ends_on == event.on else event.ends_on
    return Plan(
        title=event.title.words,
        on=event.on,
        starts=event.starts,
        ends=event.ends,
        ends_on=ends_on,
        words=words,
        place=event.place,
        access=access,
        interpreters=event.interpreters,
        asks=event.asks,
        asks_after=event.asks_after,
        answer_by=event.answer_by,
        capacity=event.capacity,
        most=event.most,
        invite_on=event.invite_on,
        reminders=event.reminders,
        guests=guests,
        staff=event.staff,
    )


def _those(school: School, kind: type[Invitable], ids: Sequence[int | None]) -> Sequence[Invitable]:
    wanted = [each for each in ids if each is not None]
    return school.session.scalars(select(kind).where(kind.id.in_(wanted)).order_by(kind.name, kind.id)).all() if wanted else []


def mark(school: School, event: Event) -> str:
    """A word that is another one once anything of it was changed: whoever changes what they saw some time ago is told so."""
    plan = as_planned(school, event)
    people = [[each.id for each in some] for some in (plan.guests.classes, plan.guests.groups, plan.guests.adults, plan.staff)]
    said = repr((replace(plan, guests=Guests(plan.guests.everyone), staff=()), people, event.state))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def series_of(school: School, event: Event) -> Sequence[Event]:
    """The events of its series that are not called off, by day; itself alone where it is in none."""
    if event.series is None:
        return [event]
    rows = select(Event).where(Event.series == event.series, Event.state != EventState.CANCELLED)
    return school.session.scalars(rows.order_by(Event.on, Event.starts, Event.id)).all()


def discard(school: School, event: Event) -> None:
    """A draft that is wanted no more is gone. Refuses with Over what guests may have seen."""
    if event.state != EventState.DRAFT:
        raise Over
    remove(school, Event.id == event.id)
    school.session.expunge(event)


def remove(school: School, condition: ColumnElement[bool]) -> None:
    """Remove the events of which this is true, with the answers to them, what was written about them, and their pictures."""
    columns = select(Event.title_id, Event.words_id, Event.access_id, Event.picture_id).where(condition)
    rows = school.session.execute(columns).all()
    written, pictures = [each for row in rows for each in row[:3] if each], [row.picture_id for row in rows if row.picture_id]
    for gone in (delete(Event).where(condition), delete(Text).where(Text.id.in_(written)), delete(KeptFile).where(KeptFile.id.in_(pictures))):
        school.session.execute(gone.execution_options(synchronize_session=False))


def show_picture(school: School, event: Event, picture: KeptFile | None) -> None:
    """It has this picture from now on, or none; the one that it had is kept no longer."""
    before, event.picture_id = event.picture_id, picture.id if picture is not None else None
    school.session.flush()
    if before is not None:
        school.session.execute(delete(KeptFile).where(KeptFile.id == before))


def try_out(school: School, event: Event) -> Adult | None:
    """Open it to see how its invitation reads, in a transaction that the caller undoes: a guest to whom it can be read. None where there is none."""
    event.state = EventState.OPEN
    answered = set(school.session.scalars(select(Rsvp.adult_id).where(Rsvp.event_id == event.id)))
    return next((adult for adult in audiences.invited(school, event) if adult.id not in answered), None)


def open_up(school: School, event: Event) -> None:
    """It stands for its guests to see, and they are told when its day for that has come. Refuses with Over."""
    if event.state == EventState.CANCELLED or has_begun(school, event):
        raise Over
    event.state, event.look_at = EventState.OPEN, school.now
    school.session.flush()
    want_in_every_language(school, event)


def want_in_every_language(school: School, event: Event) -> None:
    """Have what staff wrote of it translated for every language that its guests read, before anyone asks."""
    languages = {adult.language for adult in audiences.invited(school, event)}
    for text in (event.title, event.words, event.access):
        if text is not None:
            texts.want(text, sorted(languages))


def check(school: School, plan: Plan, *, taken: int = 0, is_new: bool = True) -> None:
    """Refuses with NotSo, and every fault at once. `is_new`: it must still be to come; `taken` is how many places are."""
    why: dict[str, Why] = {}
    if not plan.title.strip():
        why["title"] = Why.MISSING
    elif len(plan.title) > LONGEST_TITLE:
        why["title"] = Why.TOO_LONG
    if len(plan.place.strip()) > LONGEST_PLACE:
        why["place"] = Why.TOO_LONG
    why |= _check_times(school, plan, is_new=is_new)
    if plan.guests.is_nobody:
        why["guests"] = Why.NOBODY
    if plan.capacity is not None and plan.capacity < max(taken, 1):
        why["capacity"] = Why.BELOW_TAKEN if taken else Why.NOT_A_NUMBER
    if plan.most < 1:
        why["most"] = Why.NOT_A_NUMBER
    for name, day in (("answer_by", plan.answer_by), ("invite_on", plan.invite_on)):
        if day is not None and day > plan.on:
            why[name] = Why.AFTER_IT
    if why:
        raise NotSo(why, taken)


def _check_times(school: School, plan: Plan, *, is_new: bool) -> Mapping[str, Why]:
    begins, ends = instant(plan.on, plan.starts), instant(plan.last_day, plan.ends)
    if begins is None:
        return {"starts": Why.NO_SUCH_TIME}
    if ends is None:
        return {"ends": Why.NO_SUCH_TIME}
    if (plan.last_day, plan.ends) <= (plan.on, plan.starts):
        return {"ends": Why.ENDS_FIRST}
    return {"on": Why.IN_THE_PAST} if is_new and begins <= school.now else {}


def put(school: School, event: Event, plan: Plan) -> None:
    """Write down what is wanted of it, but for its title."""
    event.place, event.on, event.starts, event.ends_on, event.ends = plan.place.strip(), plan.on, plan.starts, plan.last_day, plan.ends
    event.words, event.access = _text(school, event.words, plan.words), _text(school, event.access, plan.access)
    event.interpreters, event.reminders = list(plan.interpreters), [name for name in REMINDERS if name in plan.reminders]
    event.asks, event.answer_by, event.capacity, event.most, event.invite_on = plan.asks, plan.answer_by, plan.capacity, plan.most, plan.invite_on
    event.asks_after = plan.asks_after
    event.guests = _guests(plan.guests)
    event.staff = list(plan.staff)


def _text(school: School, text: Text | None, words: str) -> Text | None:
    """What staff wrote of it: rewritten where it says something else, so that it is translated anew."""
    words = words.strip()
    if not words:
        return None
    if text is None:
        return texts.write(school, words, texts.STAFF_READ)
    if text.words != words:
        texts.rewritten(text, words)
    return text


def _guests(guests: Guests) -> list[EventGuests]:
    if guests.everyone:
        return [EventGuests()]
    classes = [EventGuests(class_id=each.id) for each in guests.classes]
    groups = [EventGuests(group_id=each.id) for each in guests.groups]
    return [*classes, *groups, *(EventGuests(adult_id=each.id) for each in guests.adults)]


def key(event: Event, *parts: object) -> str:
    """How the key of every notice about it begins."""
    return ":".join(["event", str(event.id), *map(str, parts), ""])
