"""The school's events out of a calendar file: `bookbag import events FILE.ics`, and the console. All or nothing, and may be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from data.events import Event, EventState
from school import School, event_changes, events
from school.event_files import Draft, read
from school.events import NotSo, Over, Plan
from school.importing import BadRows, Changes, Fault
from school.importing.changes import differs

__all__ = ["import_events"]

SAID = {"title": "title", "on": "day", "starts": "start", "ends_on": "last day", "ends": "end", "place": "place", "words": "text"}
"""What a calendar file says of an event; all else stays as staff made it."""


def import_events(school: School, content: bytes, *, remove_missing: bool = False, headers: Mapping[str, str] | None = None) -> Changes:
    """Make the school's events what a calendar file says; the same file again changes nothing. Refuses with BadRows, and then nothing is to be kept.

    What is new is a draft for the whole school: nobody is told before staff open it. What is open already and stands otherwise in the file is changed, and
    its guests are told. A day that a series of the file no longer has is off; single events that the file no longer has go with `remove_missing`. What is
    over is left out and counted; what has begun, or was called off here, stays as it is, and that is said.
    """
    reading, changes, held = read(content, school.today), Changes(), _held(school)
    faults: list[Fault] = []
    for draft in reading.drafts:
        try:
            _take(school, draft, held.pop(draft.source, None), changes)
        except NotSo as refusal:
            faults += [Fault(0, f"{draft.title}, {draft.on}", f"{name}: {why.value}") for name, why in refusal.why.items()]
    if faults:
        raise BadRows(faults)
    _leave_out(school, reading.over, held, changes)
    series = {_hashed(uid) for uid in (*reading.over, *(draft.series for draft in reading.drafts if draft.series))}
    changes.updated += _call_off(school, (event for event in held.values() if event.series in series))
    others = [event for event in held.values() if event.series not in series and _can_change(school, event)]
    if remove_missing:
        changes.removed += _call_off(school, others)
    elif others:
        changes.warnings.append(f"not in the file, and kept: {len(others)} events; --remove-missing calls them off")
    school.session.flush()
    return changes


def _held(school: School) -> dict[str, Event]:
    """The events that came out of a file, by the id that they have there: those that are over too, as one may be moved to a later day."""
    whole = (selectinload(part) for part in (Event.words, Event.access, Event.staff))
    rows = school.session.scalars(select(Event).where(Event.source.is_not(None)).order_by(Event.id).options(*whole))
    return {event.source: event for event in rows if event.source is not None}


def _take(school: School, draft: Draft, event: Event | None, changes: Changes) -> None:
    if draft.is_cancelled:
        changes.updated += _call_off(school, [event] if event is not None else [])
    elif event is None:
        _make(school, draft, changes)
    else:
        _change(school, event, draft, changes)


def _leave_out(school: School, over: frozenset[str], held: dict[str, Event], changes: Changes) -> None:
    if over:
        changes.warnings.append(f"over by now, and left out: {len(over)} event{'' if len(over) == 1 else 's'} of the file")
    for uid in sorted(over & held.keys()):
        if _can_change(school, event := held.pop(uid)):
            changes.warnings.append(f"{_name(event)}: has a day in the past in the file, and stays as it is")


def _make(school: School, draft: Draft, changes: Changes) -> None:
    plan = _plan(draft)
    if events.would_begin(plan) <= school.now:
        changes.warnings.append(f"{draft.title}, {draft.on}: has begun, and was left out")
        return
    [event] = events.make(school, plan, None, source=draft.source)
    event.series = _hashed(draft.series) if draft.series else None
    changes.created.append(f"{_name(event)}, a draft: open it in the console")


def _change(school: School, event: Event, draft: Draft, changes: Changes) -> None:
    name, before = _name(event), events.as_planned(school, event)
    if event.state == EventState.CANCELLED:
        changes.warnings.append(f"{name}: is called off here and stays so; make it anew if it is on after all")
        return
    after = replace(before, **{field: getattr(_plan(draft), field) for field in SAID})
    differences = [line for field, what in SAID.items() for line in differs(what, getattr(before, field), getattr(after, field))]
    if differences:
        try:
            told = event_changes.change(school, event, after)
        except Over:
            changes.warnings.append(f"{name}: has begun, and stays as it is")
            return
        differences += [f"{told} adults are told"] if told else []
    changes.note(name, differences)


def _call_off(school: School, gone: Iterable[Event]) -> Sequence[str]:
    """What is called off, a line each; what has begun or was called off before is not."""
    lines = []
    for event in gone:
        if _can_change(school, event):
            name, told = _name(event), event_changes.cancel(school, event)
            lines.append(f"{name}: called off" + (f", {told} adults are told" if told else ""))
    return lines


def _can_change(school: School, event: Event) -> bool:
    return event.state != EventState.CANCELLED and not events.has_begun(school, event)


def _plan(draft: Draft) -> Plan:
    last_day = draft.ends_on if draft.ends_on != draft.on else None
    return Plan(draft.title, draft.on, draft.starts, draft.ends, ends_on=last_day, words=draft.words, place=draft.place, asks=False)


def _hashed(series: str) -> str:
    """The series by a name that fits: another program's ids may be of any length."""
    return hashlib.sha256(series.encode()).hexdigest()[:32]


def _name(event: Event) -> str:
    return f"{event.title.words}, {event.on}"
