"""Which times are free, and how one is taken so that nobody else can have it.

A slot is taken by inserting its five-minute cells under a primary key (data.appointments.Occupied): the database, not this code, refuses the second taker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import islice
from math import ceil, floor

from sqlalchemy import ColumnElement, case, delete, exists, false, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from data.appointments import Appointment, Availability, AvailabilityException, Hold, MeetingKind, Occupied, ParentsEvening, Waiting
from data.people import Adult, SchoolClass, Staff
from school import LONDON, School
from school.calendar import Calendar, between, calendar, instant
from school.errors import NotBookable, SlotTaken

CELL = timedelta(minutes=5)


@dataclass(frozen=True, order=True)
class Slot:
    """A time at which someone can be seen: an aware instant, a length in minutes, and all the staff it needs, the one to be seen first."""

    starts_at: datetime
    minutes: int
    staff_ids: tuple[int, ...]
    kind: str = MeetingKind.TEACHER

    @property
    def ends_at(self) -> datetime:
        """The instant at which it ends."""
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def clock(self) -> datetime:
        """When it starts, on the school's clock."""
        return self.starts_at.astimezone(LONDON)

    @property
    def identity(self) -> str:
        """The slot as a short text that names it for ever."""
        return f"{self.kind}/{self.starts_at.astimezone(UTC):%Y%m%dT%H%M}/{self.minutes}/{'+'.join(map(str, self.staff_ids))}"

    @classmethod
    def from_identity(cls, text: str) -> Slot:
        """The slot that `identity` named. Refuses with NotBookable what `identity` never wrote."""
        try:
            kind, starts, minutes, staff = text.split("/")
            starts_at = datetime.strptime(starts, "%Y%m%dT%H%M").replace(tzinfo=UTC)
            return cls(starts_at, int(minutes), tuple(int(part) for part in staff.split("+")), kind)
        except ValueError as garbled:
            raise NotBookable from garbled


@dataclass(frozen=True)
class Window:
    """A stretch of one day, on the school's clock, in which slots of so many minutes begin, with a pause after each."""

    day: date
    starts: time
    ends: time
    minutes: int
    pause: timedelta

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """The instants between which it lies."""
        return between(self.day, self.starts, self.ends)

    def covers(self, slot: Slot) -> bool:
        """Whether a meeting fits inside."""
        return self.span[0] <= slot.starts_at and slot.ends_at <= self.span[1]


@lru_cache(maxsize=2_000)
def _times(window: Window) -> Sequence[datetime]:
    """The instants at which a slot begins: on the clock's five minutes, one after the other, none in an hour that the clock skips or across its change."""
    return tuple(_find_times(window))


def _find_times(window: Window) -> Iterator[datetime]:
    length, end = timedelta(minutes=window.minutes), datetime.combine(window.day, window.ends)
    moment = _on_grid(datetime.combine(window.day, window.starts))
    while moment + length <= end:
        starts_at = instant(window.day, moment.time())
        if starts_at is not None and starts_at + length <= window.span[1] and _same_clock(starts_at, starts_at + length):
            yield starts_at
        moment = _on_grid(moment + length + window.pause)


def _same_clock(starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the clocks do not change between two instants: a meeting across that would end before it began, by the clock."""
    return starts_at.astimezone(LONDON).utcoffset() == ends_at.astimezone(LONDON).utcoffset()


def free_slots(
    school: School, staff: Staff, kind: str, first: date, last: date, *, adult: Adult | None = None, seniors: Sequence[Staff] = (), most: int | None = None
) -> list[Slot]:
    """The free slots of `staff` for this kind of meeting between two days (both included), soonest first, `most` at most; no two of them overlap.

    Honours the minimum notice and the horizon. Where `seniors` are given, one of them must be free as well, and is part of the slot.
    A time that `adult` holds counts as free for them.
    """
    timetable = Timetable(school, [staff, *seniors], first, last)
    taken = _taken_cells(school, [staff, *seniors], first, last, adult)
    return list(islice(_free(school, timetable.slots(staff, kind, seniors), taken), most))


def free_by_kind(school: School, staff: Staff, first: date, last: date) -> Mapping[str, Sequence[Slot]]:
    """The free slots of `staff` between two days, for each kind of meeting: whether a senior leader is free then too is not asked."""
    timetable, taken = Timetable(school, [staff], first, last), _taken_cells(school, [staff], first, last, None)
    return {kind: list(_free(school, timetable.slots(staff, kind, ()), taken)) for kind in MeetingKind}


def _free(school: School, planned: Iterable[Sequence[Slot]], taken: frozenset[tuple[int, int]]) -> Iterator[Slot]:
    """Of each time that is offered, the first slot that it can be; none nearer than the minimum notice, or further than the horizon."""
    earliest, latest = school.now + school.settings.notice, school.now + school.settings.horizon
    for choice in planned:
        if earliest <= choice[0].starts_at <= latest and (slot := _first_free(school, choice, taken)) is not None:
            yield slot


def is_offered(school: School, slot: Slot) -> bool:
    """Whether the school offers this slot at all, taken or not: inside everyone's availability, on a day it is open."""
    day = slot.clock.date()
    staff = school.session.scalars(select(Staff).where(Staff.id.in_(slot.staff_ids))).all()
    if len(staff) != len(slot.staff_ids):
        return False
    first, *seniors = sorted(staff, key=lambda person: slot.staff_ids.index(person.id))
    timetable = Timetable(school, staff, day, day)
    return replace(slot, staff_ids=(first.id,)) in timetable.possible(first, slot.kind, day) and all(timetable.is_there(senior, slot) for senior in seniors)


class Absence(StrEnum):
    """Why someone cannot be seen at a time: they work here no longer, the school is shut, they are away (or at a parents' evening), or it is no such time."""

    LEFT = "left"
    NO_SCHOOL = "no school"
    AWAY = "away"
    NOT_OFFERED = "not offered"


class Timetable:
    """When each of these people can be seen, day by day, before anything is booked."""

    def __init__(self, school: School, staff: Sequence[Staff], first: date, last: date) -> None:
        self._school, self._first, self._last = school, first, last
        ids = [person.id for person in staff if not person.has_left]
        self._calendar: Calendar = calendar(school)
        self._weekly: defaultdict[tuple[int, int], list[Availability]] = defaultdict(list)
        for weekly in school.session.scalars(select(Availability).where(Availability.staff_id.in_(ids))):
            self._weekly[weekly.staff_id, weekly.weekday].append(weekly)
        self._exceptions: defaultdict[tuple[int, date], list[AvailabilityException]] = defaultdict(list)
        of_them = AvailabilityException.staff_id.in_(ids)
        for differs in school.session.scalars(select(AvailabilityException).where(of_them, AvailabilityException.on.between(first, last))):
            self._exceptions[differs.staff_id, differs.on].append(differs)
        self._known: dict[tuple[int, str, date], list[Window]] = {}
        evenings = school.session.scalars(select(ParentsEvening).where(ParentsEvening.on.between(first, last))).all()
        self._evenings = {evening.on: evening for evening in evenings}
        teaching = select(SchoolClass.teacher_id).where(SchoolClass.teacher_id.in_(ids))
        self._teachers = set(school.session.scalars(teaching)) if evenings else set()

    def slots(self, staff: Staff, kind: str, seniors: Sequence[Staff]) -> Iterator[Sequence[Slot]]:
        """Every time that is offered, soonest first; no two overlap. Each as the slots that it can be: with this senior leader, or with that."""
        buffer, until = _buffer(self._school, kind), 0
        for day in _days(self._first, self._last):
            for slot in self.possible(staff, kind, day):
                cells = _cells(slot, buffer)
                choice = (
                    [slot] if not seniors else [both for senior in seniors if self.is_there(senior, both := replace(slot, staff_ids=(staff.id, senior.id)))]
                )
                if choice and cells.start >= until:
                    until = cells.stop
                    yield choice

    def possible(self, staff: Staff, kind: str, day: date) -> Sequence[Slot]:
        """The slots that lie in this person's availability and outside their times away, soonest first; where windows overlap, so do they."""
        windows = self._windows(staff.id, kind, day)
        found = {Slot(starts_at, window.minutes, (staff.id,), kind) for window in windows for starts_at in _times(window)}
        return sorted(slot for slot in found if not self._is_away(staff.id, slot))

    def is_there(self, person: Staff, slot: Slot) -> bool:
        """Whether someone can take part in such a meeting then, on the minute at which a slot begins or not."""
        return self.why_not(person, slot) is None

    def why_not(self, person: Staff, slot: Slot) -> Absence | None:
        """What keeps someone from a meeting that is, or would be, at this time; None for nothing."""
        day = slot.clock.date()
        windows, is_away = self._windows(person.id, slot.kind, day), self._is_away(person.id, slot)
        if not is_away and any(window.covers(slot) for window in windows):
            return None
        if person.has_left:
            return Absence.LEFT
        if not windows and not self._calendar.is_school_day(day):
            return Absence.NO_SCHOOL
        return Absence.AWAY if is_away else Absence.NOT_OFFERED

    def _windows(self, staff_id: int, kind: str, day: date) -> list[Window]:
        """Where slots of this kind may begin on this day; the times away are not cut out yet."""
        key = staff_id, kind, day
        if key not in self._known:
            self._known[key] = [] if self._calendar.is_closed(day) else list(self._find_windows(staff_id, kind, day))
        return self._known[key]

    def _find_windows(self, staff_id: int, kind: str, day: date) -> Iterator[Window]:
        if kind == MeetingKind.PARENTS_EVENING:
            if day in self._evenings and staff_id in self._teachers:
                yield from _evening_windows(self._evenings[day])
            return
        weekly = [row for row in self._weekly[staff_id, day.weekday()] if row.kind == kind]
        extra = [row for row in self._exceptions[staff_id, day] if row.is_extra and row.kind == kind]
        for row in [*(weekly if weekly and self._calendar.is_school_day(day) else ()), *extra]:
            yield Window(day, row.starts, row.ends, row.minutes, self._school.settings.buffer)

    def _is_away(self, staff_id: int, slot: Slot) -> bool:
        """Whether this person is away at some time of this slot; a class teacher's parents' evening is no time for other meetings."""
        day = slot.clock.date()
        for row in self._exceptions[staff_id, day]:
            if not row.is_extra and _overlap(between(day, row.starts, row.ends, widest=True), slot):
                return True
        if day not in self._evenings or staff_id not in self._teachers:
            return False
        evening = self._evenings[day]
        if slot.kind != MeetingKind.PARENTS_EVENING:
            begins, ends = between(day, evening.starts, evening.ends, widest=True)
            return _overlap((begins - self._school.settings.buffer, ends), slot)
        if evening.break_starts is None or evening.break_ends is None:
            return False
        return _overlap(between(day, evening.break_starts, evening.break_ends, widest=True), slot)


def hold(school: School, slot: Slot, adult: Adult, *, until: datetime | None = None, waiting_id: int | None = None) -> Hold:
    """Keep `slot` for `adult` while they decide, in place of any other they were deciding on.

    It lasts the set time, renewed by each of their texts, or until the instant given. Refuses with SlotTaken; then all is as it was.
    """
    one_at_a_time(school)
    with school.session.begin_nested():
        if waiting_id is None:
            release(school, adult)
        kept = Hold(adult_id=adult.id, waiting_id=waiting_id)
        school.session.add(kept)
        school.session.flush()
        occupy(school, slot, adult, hold=kept, expires_at=until or school.now + school.settings.hold)
    return kept


def renew_holds(school: School, adult: Adult) -> None:
    """An adult has written: what they are deciding on stays theirs for another while. A hold that lapsed and that nobody took is theirs again.

    What was offered to them from a waiting list keeps its own limit.
    """
    deciding = school.session.scalars(select(Hold.id).where(Hold.adult_id == adult.id, Hold.waiting_id.is_(None))).all()
    if not deciding:
        return
    one_at_a_time(school)
    expires_at = school.now + school.settings.hold
    theirs = update(Occupied).where(Occupied.hold_id.in_(deciding), Occupied.expires_at < expires_at)
    school.session.execute(theirs.values(expires_at=expires_at).execution_options(synchronize_session=False))


def release(school: School, adult: Adult, *, waiting_id: int | None = None) -> None:
    """Let go of what this adult was deciding on; or of what was offered to them in this place on the waiting list."""
    one_at_a_time(school)
    holds = select(Hold.id).where(Hold.adult_id == adult.id, Hold.waiting_id.is_(None) if waiting_id is None else Hold.waiting_id == waiting_id)
    dropped = school.session.scalars(holds).all()
    if dropped and waiting_id is None:
        _back_to_offers(school, adult, dropped)
    _drop_holds(school, dropped)


def _back_to_offers(school: School, adult: Adult, holds: Sequence[int]) -> None:
    """A time that was offered to this adult stays theirs until its limit, even if they looked at it by themselves and then at another."""
    offers = select(Hold.id, Waiting.offered, Waiting.offered_until).join(Waiting, Hold.waiting_id == Waiting.id)
    for row in school.session.execute(offers.where(Hold.adult_id == adult.id, Waiting.offered_until > school.now)).all():
        seats = tuple_(Occupied.staff_id, Occupied.cell).in_(_seats(school, Slot.from_identity(row.offered)))
        theirs = update(Occupied).where(Occupied.hold_id.in_(holds), seats)
        school.session.execute(theirs.values(hold_id=row.id, expires_at=row.offered_until).execution_options(synchronize_session=False))


def forget_holds(school: School) -> None:
    """Let go of what lapsed a day ago: whoever comes back then finds the time free or taken, as anyone does."""
    fresh = exists().where(Occupied.hold_id == Hold.id, Occupied.expires_at > school.now - timedelta(days=1))
    old = school.session.scalars(select(Hold.id).where(Hold.waiting_id.is_(None), ~fresh)).all()
    if old:
        one_at_a_time(school)
        _drop_holds(school, old)


def occupy(
    school: School, slot: Slot, adult: Adult, *, hold: Hold | None = None, appointment: Appointment | None = None, expires_at: datetime | None = None
) -> None:
    """Take all cells of `slot`, or none: for a hold until an instant, for an appointment for good.

    Free cells, lapsed holds, this adult's own holds and this appointment's own cells can be taken. Refuses with SlotTaken.
    A lapsed hold that loses a cell is lost whole.
    """
    one_at_a_time(school)
    seats = _seats(school, slot)
    owner = {"hold_id": hold.id if hold else None, "appointment_id": appointment.id if appointment else None, "expires_at": expires_at}
    lapsed = Occupied.expires_at < school.now
    mine = Occupied.hold_id.in_(select(Hold.id).where(Hold.adult_id == adult.id))
    ours = Occupied.appointment_id == appointment.id if appointment else false()
    broken = select(Occupied.hold_id).join(Hold).where(lapsed, Hold.adult_id != adult.id, *_among(seats)).distinct()
    losing = school.session.scalars(broken).all()
    insert = (postgresql.insert if school.session.get_bind().dialect.name == "postgresql" else sqlite.insert)(Occupied)
    # What was offered to them until later than they take to decide stays theirs as long.
    longer = case((mine & (Occupied.expires_at > expires_at), Occupied.expires_at), else_=literal(expires_at, Occupied.expires_at.type)) if hold else None
    taking = insert.on_conflict_do_update(
        index_elements=[Occupied.staff_id, Occupied.cell], set_=owner | {"expires_at": longer}, where=or_(lapsed, mine, ours)
    ).returning(Occupied.cell)
    with school.session.begin_nested():
        if len(school.session.execute(taking, [{"staff_id": staff_id, "cell": cell, **owner} for staff_id, cell in seats]).all()) < len(seats):
            raise SlotTaken(slot.starts_at)
        _drop_holds(school, [hold_id for hold_id in losing if hold_id is not None])


def _among(seats: Sequence[tuple[int, int]]) -> tuple[ColumnElement[bool], ...]:
    """That cells are among these. Said twice: SQLite finds no pair by an index, and would read every cell that is given away."""
    staff, cells = {staff_id for staff_id, _ in seats}, [cell for _, cell in seats]
    near = Occupied.staff_id.in_(staff), Occupied.cell.between(min(cells), max(cells))
    return *near, tuple_(Occupied.staff_id, Occupied.cell).in_(seats)


def vacate(school: School, appointment: Appointment, *, keep: Slot | None = None) -> None:
    """Give back an appointment's cells, except those that `keep` needs."""
    one_at_a_time(school)
    condition = [Occupied.appointment_id == appointment.id]
    if keep is not None:
        condition.append(tuple_(Occupied.staff_id, Occupied.cell).not_in(_seats(school, keep)))
    school.session.execute(delete(Occupied).where(*condition).execution_options(synchronize_session=False))


def one_at_a_time(school: School) -> None:
    """Wait until no other transaction is giving time away, and keep others waiting until the end of this one.

    The primary key alone keeps a slot from being given twice; this keeps two who each let go of what the other wants from waiting for each other
    for ever (PostgreSQL then ends one of them with an error). SQLite has one writer at a time anyway.
    """
    if school.session.get_bind().dialect.name == "postgresql":
        school.session.execute(text("SELECT pg_advisory_xact_lock(1, 'occupied'::regclass::oid::int)"))


def _drop_holds(school: School, holds: Sequence[int]) -> None:
    if holds:
        school.session.execute(delete(Occupied).where(Occupied.hold_id.in_(holds)).execution_options(synchronize_session=False))
        school.session.execute(delete(Hold).where(Hold.id.in_(holds)).execution_options(synchronize_session=False))


def _seats(school: School, slot: Slot) -> list[tuple[int, int]]:
    """The cells that a slot takes, buffer included, of each of its staff."""
    return [(staff_id, cell) for staff_id in sorted(slot.staff_ids) for cell in _cells(slot, _buffer(school, slot.kind))]


def _first_free(school: School, choice: Sequence[Slot], taken: frozenset[tuple[int, int]]) -> Slot | None:
    return next((slot for slot in choice if taken.isdisjoint(_seats(school, slot))), None)


def _evening_windows(evening: ParentsEvening) -> list[Window]:
    if evening.break_starts is None or evening.break_ends is None:
        parts = [(evening.starts, evening.ends)]
    else:
        parts = [(evening.starts, evening.break_starts), (evening.break_ends, evening.ends)]
    return [Window(evening.on, starts, ends, evening.minutes, timedelta()) for starts, ends in parts]


def _buffer(school: School, kind: str) -> timedelta:
    """What stays free after a meeting; on a parents' evening families follow each other at once."""
    return timedelta() if kind == MeetingKind.PARENTS_EVENING else school.settings.buffer


def _cells(slot: Slot, buffer: timedelta) -> range:
    """The five-minute steps since 1970 that a meeting and its buffer touch."""
    first, end = slot.starts_at.timestamp() / CELL.total_seconds(), (slot.ends_at + buffer).timestamp() / CELL.total_seconds()
    return range(floor(first), ceil(end))


def _on_grid(moment: datetime) -> datetime:
    """This time of day, or the next on the clock's five minutes: two slots that share a cell could not both be booked."""
    since_midnight = moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment + (-since_midnight % CELL)


def _overlap(span: tuple[datetime, datetime], slot: Slot) -> bool:
    return span[0] < slot.ends_at and slot.starts_at < span[1]


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def _taken_cells(school: School, staff: Sequence[Staff], first: date, last: date, adult: Adult | None) -> frozenset[tuple[int, int]]:
    begin = datetime.combine(first, time(), tzinfo=LONDON) - timedelta(days=1)
    end = datetime.combine(last, time(), tzinfo=LONDON) + timedelta(days=2)
    rows = school.session.execute(
        select(Occupied.staff_id, Occupied.cell)
        .outerjoin(Hold, Occupied.hold_id == Hold.id)
        .where(
            Occupied.staff_id.in_([person.id for person in staff]),
            Occupied.cell.between(int(begin.timestamp() // 300), int(end.timestamp() // 300)),
            or_(Occupied.expires_at.is_(None), Occupied.expires_at >= school.now),
            or_(Hold.id.is_(None), Hold.adult_id != (adult.id if adult else 0)),
        )
    ).all()
    return frozenset((row.staff_id, row.cell) for row in rows)
