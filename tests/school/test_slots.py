"""Which times are free: inside availability, on school days, never two at once, on the nights the clocks change too; and that a slot is never given twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import exc, func, select

from data.appointments import Appointment, Hold, MeetingKind, Occupied
from data.people import Adult, Child, Staff
from data.store import DatabaseAway, Store
from school import LONDON, School, SchoolSettings, appointments, slots
from school.appointments import Terms
from school.calendar import bank_holidays
from school.errors import NotBookable, SlotTaken
from school.slots import Slot, free_slots
from tests.school.small import MONDAY, a_child, a_member, an_adult, evening, exception, for_now, london, seen, span

SPANS = [
    ("2026-01-05", "2026-03-27", "term"),
    ("2026-02-16", "2026-02-20", "half-term"),
    ("2026-03-09", "2026-03-09", "INSET"),
    ("2026-03-11", "2026-03-11", "closed"),
    ("2026-03-28", "2026-05-22", "term"),
    ("2026-09-02", "2026-12-18", "term"),
    ("2026-10-26", "2026-10-30", "half-term"),
]
clocks = st.integers(0, 24 * 12 - 1).map(lambda step: time(step // 12, step % 12 * 5))
nights = st.sampled_from([time(0, 0), time(0, 30), time(1, 0), time(1, 20), time(1, 30), time(2, 0), time(3, 0), time(4, 30)])
stretches = st.tuples(clocks | nights, clocks | nights).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: (min(pair), max(pair)))
lengths = st.integers(1, 24).map(lambda steps: 5 * steps)
moments = st.sampled_from(["2026-03-27 10:00", "2026-03-02 08:00", "2026-10-24 12:00", "2026-02-13 17:00", "2026-05-21 23:00", "2026-12-16 09:00"])
offered = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def starts(found: list[Slot]) -> list[str]:
    return [f"{slot.clock:%a %d %H:%M}" for slot in found]


def week(school: School, staff: Staff, kind: str = MeetingKind.TEACHER) -> list[str]:
    return starts(free_slots(school, staff, kind, school.today, school.today + timedelta(days=4)))


def lies_within(slot: Slot, day: date, first: time, last: time) -> bool:
    """Counted by the minute: from the first one whose clock shows `first` or later, to the last one whose clock is before `last`."""
    begin = datetime.combine(day, time(), tzinfo=LONDON).astimezone(UTC)
    minutes = [begin + timedelta(minutes=ahead) for ahead in range(25 * 60)]
    of_day = [minute for minute in minutes if minute.astimezone(LONDON).date() == day]
    later = [minute for minute in of_day if minute.astimezone(LONDON).time() >= first]
    earlier = [minute for minute in of_day if minute.astimezone(LONDON).time() < last]
    return bool(later and earlier) and later[0] <= slot.starts_at and slot.ends_at <= earlier[-1] + timedelta(minutes=1)


def touches(slot: Slot, day: date, first: time, last: time) -> bool:
    """Whether any minute of the slot shows a time between these."""
    minutes = ((slot.starts_at + timedelta(minutes=ahead)).astimezone(LONDON) for ahead in range(slot.minutes))
    return any(clock.date() == day and first <= clock.time() < last for clock in minutes)


def is_open(day: date, school_days: tuple[int, ...]) -> bool:
    kinds = {what for first, last, what in SPANS if first <= day.isoformat() <= last}
    return kinds == {"term"} and day.weekday() in school_days and day not in bank_holidays(day.year)


@offered
@given(
    moments,
    st.lists(st.tuples(st.integers(0, 6), stretches, lengths), min_size=1, max_size=5, unique_by=lambda window: (window[0], window[1][0])),
    st.lists(st.tuples(st.integers(0, 20), stretches), max_size=3),
    st.integers(0, 30),
    st.integers(0, 20),
)
@example("2026-03-27 10:00", [(6, (time(0, 30), time(3, 0)), 40)], [], 5, 2)
@example("2026-03-27 10:00", [(6, (time(0, 30), time(5, 0)), 90)], [], 0, 2)
@example("2026-10-24 12:00", [(6, (time(0, 30), time(3, 0)), 60)], [(1, (time(1, 40), time(1, 50)))], 7, 0)
def test_free_slots_keep_every_rule(
    school: School, now: str, windows: list[tuple[int, tuple[time, time], int]], absences: list[tuple[int, tuple[time, time]]], buffer: int, days: int
) -> None:
    rules = SchoolSettings(buffer=timedelta(minutes=buffer), notice=timedelta(hours=3), horizon=timedelta(days=days), school_days=tuple(range(7)))
    with for_now(school, london(now), rules) as school:
        staff, adult = a_member(school), an_adult(school)
        for each in SPANS:
            span(school, *each)
        for weekday, (first, last), minutes in windows:
            seen(school, staff, str(weekday), f"{first}-{last}", minutes)
        away = [(school.today + timedelta(days=ahead), first, last) for ahead, (first, last) in absences]
        for day, first, last in away:
            exception(school, staff, day.isoformat(), f"{first}-{last}")

        found = free_slots(school, staff, MeetingKind.TEACHER, school.today, school.today + timedelta(days=20))

        for slot in found:
            day = slot.clock.date()
            assert is_open(day, rules.school_days)
            assert any(slot.minutes == minutes and lies_within(slot, day, *stretch) for weekday, stretch, minutes in windows if weekday == day.weekday())
            assert not any(touches(slot, *absence) for absence in away)
            assert school.now + rules.notice <= slot.starts_at <= school.now + rules.horizon
            assert slots.is_offered(school, slot)
        for one, other in pairwise(found):
            assert one.ends_at + rules.buffer <= other.starts_at
        for slot in found:  # all of them can be had
            slots.hold(school, slot, an_adult(school))
        assert free_slots(school, staff, MeetingKind.TEACHER, school.today, school.today + timedelta(days=20), adult=adult) == []


@offered
@given(stretches, lengths, stretches, st.sampled_from(["2026-03-29", "2026-10-25", "2026-04-14"]))
@example((time(0, 0), time(2, 5)), 15, (time(0, 0), time(1, 20)), "2026-10-25")
def test_an_evening_is_a_block_with_a_break(school: School, block: tuple[time, time], minutes: int, pause: tuple[time, time], day: str) -> None:
    on, has_break = date.fromisoformat(day), pause[0] < block[1] and block[0] < pause[1]
    first, last = max(pause[0], block[0]), min(pause[1], block[1])
    with for_now(school, london(day) - timedelta(days=2)) as school:
        staff = a_member(school)
        a_child(school, staff)
        evening(school, day, f"{block[0]}-{block[1]}", minutes, f"{first}-{last}" if has_break else "")
        found = free_slots(school, staff, MeetingKind.PARENTS_EVENING, on, on)
        for slot in found:
            assert lies_within(slot, on, *block)
            assert not (has_break and touches(slot, on, first, last))
        assert all(one.ends_at <= other.starts_at for one, other in pairwise(found))


def test_a_week_of_a_teacher(school: School, teacher: Staff) -> None:
    assert week(school, teacher) == [f"{day} {at}" for day in ("Mon 02", "Tue 03", "Wed 04", "Thu 05") for at in ("15:10", "15:35")]


def test_an_absence_takes_what_it_touches(school: School, teacher: Staff) -> None:
    exception(school, teacher, "2026-03-03", "15:00-15:15")
    exception(school, teacher, "2026-03-04", "00:00-23:59")
    assert week(school, teacher)[2:] == ["Tue 03 15:35", "Thu 05 15:10", "Thu 05 15:35"]


def test_an_extra_time_is_added_and_never_overlaps(school: School, teacher: Staff) -> None:
    exception(school, teacher, "2026-03-06", "08:20-08:45", extra=True)
    exception(school, teacher, "2026-03-05", "15:20-15:59", extra=True)
    assert week(school, teacher)[-4:] == ["Wed 04 15:35", "Thu 05 15:10", "Thu 05 15:35", "Fri 06 08:20"]


def test_an_extra_time_counts_on_an_inset_day_but_not_when_closed(school: School, teacher: Staff) -> None:
    span(school, "2026-03-02", "2026-03-20", "term")
    span(school, "2026-03-03", "2026-03-03", "INSET")
    span(school, "2026-03-04", "2026-03-04", "closed")
    exception(school, teacher, "2026-03-03", "10:00-10:20", extra=True)
    exception(school, teacher, "2026-03-04", "10:00-10:20", extra=True)
    assert week(school, teacher) == ["Mon 02 15:10", "Mon 02 15:35", "Tue 03 10:00", "Thu 05 15:10", "Thu 05 15:35"]


def test_slots_begin_on_the_clocks_five_minutes(school: School) -> None:
    staff = a_member(school)
    seen(school, staff, "0", "15:12-16:30")
    school.settings = SchoolSettings(buffer=timedelta(minutes=7))
    assert week(school, staff) == ["Mon 02 15:15", "Mon 02 15:45"]


def test_nobody_is_seen_who_has_left(school: School, teacher: Staff) -> None:
    teacher.has_left = True
    assert week(school, teacher) == []


def test_an_evening_keeps_other_meetings_out(school: School, teacher: Staff) -> None:
    a_child(school, teacher)
    other = a_member(school)
    seen(school, other, "0123", "15:10-16:10")
    evening(school, "2026-03-03", "15:30-16:00")
    assert "Tue 03 15:10" not in week(school, teacher)
    assert "Tue 03 15:10" in week(school, other)
    assert week(school, teacher, MeetingKind.PARENTS_EVENING) == ["Tue 03 15:30", "Tue 03 15:40", "Tue 03 15:50"]
    assert week(school, other, MeetingKind.PARENTS_EVENING) == []


def test_a_senior_leader_must_be_free_too(school: School) -> None:
    staff, one, other = a_member(school), a_member(school, "senior"), a_member(school, "senior")
    for person, clock in ((staff, "13:00-15:00"), (one, "13:30-14:30"), (other, "13:00-15:00")):
        seen(school, person, "12", clock, 45, MeetingKind.PLANNING)
    exception(school, other, "2026-03-04", "13:00-13:30")

    def found() -> list[tuple[str, int]]:
        free = free_slots(school, staff, MeetingKind.PLANNING, school.today, school.today + timedelta(days=4), seniors=[one, other])
        return [(f"{slot.clock:%a %H:%M}", slot.staff_ids[1]) for slot in free]

    assert found() == [("Tue 13:00", other.id), ("Tue 13:50", other.id), ("Wed 13:50", other.id)]
    [first, *_] = free_slots(school, staff, MeetingKind.PLANNING, school.today, school.today + timedelta(days=4), seniors=[one, other])
    slots.hold(school, first, an_adult(school))
    assert found() == [("Tue 13:50", other.id), ("Wed 13:50", other.id)]
    assert not slots.is_offered(school, replace(first, staff_ids=(staff.id, one.id)))


@pytest.mark.parametrize("garbled", ["", "teacher", "teacher/20260302T1510/20/x", "teacher/soon/20/1", "a/b/c/d/e"])
def test_a_garbled_identity_is_not_bookable(garbled: str) -> None:
    with pytest.raises(NotBookable):
        Slot.from_identity(garbled)


@settings(deadline=None)
@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), lengths, st.lists(st.integers(1, 999), min_size=1, max_size=3))
def test_an_identity_names_its_slot(at: datetime, minutes: int, staff: list[int]) -> None:
    slot = Slot(at.replace(second=0, microsecond=0), minutes, tuple(staff), MeetingKind.EHCP)
    assert Slot.from_identity(slot.identity) == slot


def test_a_lapsed_hold_that_loses_a_cell_is_lost_whole(school: School, teacher: Staff) -> None:
    one, other = an_adult(school), an_adult(school)
    [slot, *_] = free_slots(school, teacher, MeetingKind.TEACHER, school.today, school.today)
    slots.hold(school, slot, one)
    later = School(school.session, school.now + timedelta(minutes=3))
    slots.hold(later, replace(slot, starts_at=slot.starts_at - timedelta(minutes=20)), other)  # its buffer takes one cell of the first
    slots.renew_holds(later, one)
    assert set(school.session.scalars(select(Hold.adult_id).join(Occupied, Occupied.hold_id == Hold.id))) == {other.id}


def test_a_hold_lapses_in_summer_too(school: School, teacher: Staff) -> None:
    one, other = an_adult(school), an_adult(school)
    june = School(school.session, london("2026-06-01 09:00"))  # London's own time, an hour before UTC's
    [slot, *_] = free_slots(june, teacher, MeetingKind.TEACHER, june.today, june.today)
    for _ in range(2):
        slots.hold(june, slot, one)
    with pytest.raises(SlotTaken):
        slots.hold(replace(june, now=june.now + timedelta(minutes=2)), slot, other)
    slots.hold(replace(june, now=june.now + timedelta(minutes=2, seconds=1)), slot, other)


def test_a_refused_hold_changes_nothing(school: School, teacher: Staff) -> None:
    one, other = an_adult(school), an_adult(school)
    first, second, *_ = free_slots(school, teacher, MeetingKind.TEACHER, school.today, school.today)
    slots.hold(school, first, one)
    slots.hold(school, second, other)
    with pytest.raises(SlotTaken):
        slots.hold(school, second, one)
    with pytest.raises(SlotTaken):
        slots.hold(school, first, other)


def test_an_old_hold_is_forgotten(school: School, teacher: Staff) -> None:
    adult = an_adult(school)
    slots.hold(school, free_slots(school, teacher, MeetingKind.TEACHER, school.today, school.today)[0], adult)
    slots.forget_holds(School(school.session, school.now + timedelta(hours=23)))
    assert school.session.scalar(select(func.count(Occupied.cell))) == 5
    slots.forget_holds(School(school.session, school.now + timedelta(hours=25)))
    assert school.session.scalar(select(func.count(Occupied.cell))) == 0


def _write_and_hold(slot: Slot, school: School, adult: Adult) -> None:
    slots.renew_holds(school, adult)
    slots.hold(school, slot, adult)


class Race:
    """Fifty parents who want the same at the same instant, each in a transaction of their own."""

    def __init__(self, store: Store, parents: list[int], child: int) -> None:
        self.store, self.parents, self.child = store, parents, child
        self.won: list[int] = []
        self.kept: dict[int, Slot] = {}
        self.refused: list[SlotTaken] = []
        self.faults: list[BaseException] = []

    def book(self, slot: Slot) -> None:
        """All of them hold it and book it."""

        def want(school: School, adult: Adult) -> None:
            appointments.hold(school, slot, adult)
            appointments.book(school, slot, school.session.get_one(Child, self.child), adult, Terms())

        def run(_: int, adult_id: int) -> None:
            if self._try(adult_id, want):
                self.won.append(adult_id)

        self._together(run)

    def change_minds(self, wanted: list[Slot]) -> None:
        """Each holds one slot after the other: they let go of what the others want."""

        def want(place: int, adult_id: int) -> None:
            for turn in range(3):
                slot = wanted[(place + turn) % len(wanted)]
                if self._try(adult_id, partial(_write_and_hold, slot)):
                    self.kept[adult_id] = slot

        self._together(want)

    def _together(self, act: Callable[[int, int], object]) -> None:
        gate = threading.Barrier(len(self.parents))

        def run(place: int, adult_id: int) -> None:
            gate.wait()
            act(place, adult_id)

        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(self.parents)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _try(self, adult_id: int, act: Callable[[School, Adult], object]) -> bool:
        for _ in range(20):
            try:
                with self.store.write() as session:
                    act(School(session, MONDAY), session.get_one(Adult, adult_id))
            except SlotTaken as taken:
                self.refused.append(taken)
                return False
            except (DatabaseAway, exc.TimeoutError):
                continue  # the program tries again too
            except exc.OperationalError as waited:
                if not isinstance(waited.orig, errors.LockNotAvailable):  # a deadlock is never excused
                    self.faults.append(waited)
                    return False
                continue
            except BaseException as fault:  # noqa: BLE001  # whatever it is, the test must see it
                self.faults.append(fault)
                return False
            return True
        return False


@pytest.fixture
def race(database_url: str) -> Iterator[Race]:
    with closing(Store(database_url)) as store:
        with store.write() as session:
            school = School(session, MONDAY)
            staff = a_member(school)
            seen(school, staff, "0123", "15:10-16:10")
            child = a_child(school, staff)
            parents = [an_adult(school, child).id for _ in range(50)]
        yield Race(store, parents, child.id)


def test_of_fifty_who_want_one_slot_one_has_it(race: Race) -> None:
    with race.store.read() as session:
        staff = session.scalars(select(Staff)).one()
        wanted = free_slots(School(session, MONDAY), staff, MeetingKind.TEACHER, MONDAY.date(), MONDAY.date())[0]
    race.book(wanted)
    assert race.faults == []
    assert (len(race.won), len(race.refused)) == (1, 49)
    assert all(len(taken.nearest) == 3 and wanted not in taken.nearest for taken in race.refused)
    with race.store.read() as session:
        assert session.scalars(select(Appointment.adult_id)).all() == race.won
        assert session.scalar(select(func.count(Occupied.cell))) == 5


def test_overlapping_slots_of_any_length_and_staff_are_given_once(race: Race) -> None:
    with race.store.write() as session:
        staff, senior, other = session.scalars(select(Staff.id)).one(), *(a_member(School(session, MONDAY), "senior").id for _ in range(2))
    at = london("2026-03-03 13:00").astimezone(UTC)
    shapes = [(0, 60, (staff, senior)), (20, 20, (staff,)), (40, 45, (other, staff)), (5, 120, (senior, other)), (60, 5, (senior,))]
    race.change_minds([Slot(at + timedelta(minutes=late), minutes, people) for late, minutes, people in shapes])
    assert race.faults == []
    kept = list(race.kept.values())
    assert kept
    for one, other_slot in combinations(kept, 2):
        apart = one.ends_at + timedelta(minutes=5) <= other_slot.starts_at or other_slot.ends_at + timedelta(minutes=5) <= one.starts_at
        assert apart or set(one.staff_ids).isdisjoint(other_slot.staff_ids)
