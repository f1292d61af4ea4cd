"""Events as staff look at them: what is coming and what is over, who is invited, who comes of those whom they may see, and the sheet of the guests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, func, or_, select

from data.events import Answer, Event, EventState, Rsvp
from data.people import Adult, Child, Group, SchoolClass
from school import School, access, audiences, events, family_records, rsvps
from school.access import Viewer

PAGE = 50
"""How many events that are over stand on one page."""
HEADER = ("name", "children", "class", "language", "answer", "people", "came")


@dataclass(frozen=True)
class Invited:
    """Who is invited, by name. `others` is how many single adults are, whom the viewer may not see."""

    everyone: bool = False
    classes: Sequence[str] = ()
    groups: Sequence[str] = ()
    adults: Sequence[str] = ()
    others: int = 0


@dataclass(frozen=True)
class Line:
    """One event in the list: how many people each answer stands for. Of a series the next is in the list; `days` is how many there are from then on."""

    event: Event
    invited: Invited
    counts: Mapping[str, int]
    days: int = 1


@dataclass(frozen=True)
class Guest:
    """One adult who is invited, or was when they answered. `children` are those that the viewer may see."""

    adult: Adult
    children: Sequence[Child]
    rsvp: Rsvp | None
    is_invited: bool

    @property
    def came(self) -> int | None:
        """How many of theirs were there; None where nobody has said."""
        return self.rsvp.came if self.rsvp is not None else None


@dataclass(frozen=True)
class Answers:
    """Who said what, of those whom the viewer may see; each in the order of `rsvps.everyone`, who has said nothing by name."""

    by: Mapping[str, Sequence[Guest]] = field(default_factory=dict)
    silent: Sequence[Guest] = ()

    @property
    def everyone(self) -> Sequence[Guest]:
        """All of them."""
        return [*(guest for guests in self.by.values() for guest in guests), *self.silent]


def coming(school: School, who: Viewer) -> Sequence[Line]:
    """The events that are under way or to come, the next first; of each series the next that is not called off."""
    rows = school.session.scalars(_seen(who, Event.ends_on >= school.today).order_by(Event.on, Event.starts, Event.id))
    together: dict[str, list[Event]] = {}
    for event in rows:
        if not events.is_over(school, event):
            together.setdefault(_line_of(event), []).append(event)
    return _lines(school, who, [days[0] for days in together.values()], {days[0].id: len(days) for days in together.values()})


def _line_of(event: Event) -> str:
    """Those of a series that stand in one line: drafts apart from what guests may see, each that is called off by itself."""
    return f"{event.series}:{event.state}" if event.series is not None and event.state != EventState.CANCELLED else f"#{event.id}"


def over(school: School, who: Viewer, page: int = 0) -> Sequence[Line]:
    """The events that are over, the newest first, a page of them."""
    is_over = or_(Event.ends_on < school.today, (Event.ends_on == school.today) & (Event.ends <= school.clock.time().replace(tzinfo=None)))
    rows = _seen(who, is_over).order_by(Event.on.desc(), Event.starts.desc(), Event.id.desc())
    return _lines(school, who, school.session.scalars(rows.offset(page * PAGE).limit(PAGE)).all(), {})


def _seen(who: Viewer, *only: ColumnElement[bool]) -> Select[Event]:
    return select(Event).where(access.events_seen(who), *only)


def _lines(school: School, who: Viewer, found: Sequence[Event], days: Mapping[int, int]) -> Sequence[Line]:
    rows = select(Rsvp.event_id, Rsvp.answer, func.sum(Rsvp.people)).where(Rsvp.event_id.in_([event.id for event in found]))
    counts: dict[int, dict[str, int]] = {event.id: {} for event in found}
    for event_id, answer, people in school.session.execute(rows.group_by(Rsvp.event_id, Rsvp.answer)):
        counts[event_id][answer] = int(people)
    return [Line(event, invited(school, who, event), counts[event.id], days.get(event.id, 1)) for event in found]


def invited(school: School, who: Viewer, event: Event) -> Invited:
    """Who is invited to an event, as this viewer may know it."""
    rows = event.guests
    ids = [row.adult_id for row in rows if row.adult_id is not None]
    seen = school.session.scalars(select(Adult.name).where(Adult.id.in_(ids), access.adults_seen(who)).order_by(Adult.name)).all() if ids else []
    classes, groups = _names(school, SchoolClass, [row.class_id for row in rows]), _names(school, Group, [row.group_id for row in rows])
    return Invited(any(row.is_everyone for row in rows), classes, groups, seen, len(ids) - len(seen))


def _names(school: School, model: type[SchoolClass | Group], ids: Sequence[int | None]) -> Sequence[str]:
    return school.session.scalars(select(model.name).where(model.id.in_(ids)).order_by(model.name)).all()


def answers(school: School, who: Viewer, event: Event) -> Answers:
    """Who said what to an invitation, and who has said nothing yet."""
    theirs = {guest.adult.id: guest for guest in guests(school, who, event)}
    by: dict[str, list[Guest]] = {}
    for rsvp in rsvps.everyone(school, event):
        if rsvp.adult_id in theirs:
            by.setdefault(rsvp.answer, []).append(theirs[rsvp.adult_id])
    return Answers(by, [guest for guest in theirs.values() if guest.rsvp is None])


def guests(school: School, who: Viewer, event: Event, words: str = "") -> Sequence[Guest]:
    """Those who are invited or have answered, of those whom the viewer may see and whose name, or a child's, has these words in it; by name."""
    said = {rsvp.adult_id: rsvp for rsvp in rsvps.everyone(school, event)}
    asked = {adult.id for adult in audiences.invited(school, event)}
    found = family_records.search(school, who, words)
    return [
        Guest(entry.adult, entry.children, said.get(entry.adult.id), entry.adult.id in asked)
        for entry in found
        if entry.adult.id in asked or entry.adult.id in said
    ]


def came(school: School, event: Event) -> int:
    """How many people were there, as far as it was written down."""
    return int(school.session.scalar(select(func.sum(Rsvp.came)).where(Rsvp.event_id == event.id)) or 0)


def sheet(found: Answers) -> Sequence[Sequence[object]]:
    """The guests as rows of a sheet, the header first."""
    return [HEADER, *(_row(guest) for guest in found.everyone)]


def _row(guest: Guest) -> Sequence[object]:
    classes = sorted({child.school_class.name for child in guest.children})
    names, rsvp = ", ".join(child.name for child in guest.children), guest.rsvp
    said = (rsvp.answer, rsvp.people if rsvp.answer != Answer.NO else "", rsvp.came) if rsvp is not None else ("", "", None)
    return (guest.adult.name, names, ", ".join(classes), guest.adult.language, *said)
