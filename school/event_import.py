"""The school's events out of a calendar file: `bookbag import events FILE.ics`, and the console. All or nothing, and may be repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from data.events import Event, EventState
from school import School, event_changes, events
from school.event_files import Draft, read
from school.events import Plan
from school.importing import Changes
from school.importing.changes import differs

__all__ = ["import_events"]


def import_events(school: School, content: bytes, *, remove_missing: bool = False, headers: Mapping[str, str] | None = None) -> Changes:
    """Make the school's events what a calendar file says; the same file again changes nothing. Refuses with BadRows before anything is changed.

    What is new is a draft for the whole school: nobody is told before staff open it. What is open already and stands otherwise in the file is changed, and
    its guests are told. A day that a series of the file no longer has is off; single events that the file no longer has go with `remove_missing`.
    """
    drafts = read(content, school.today)
    held = {event.source: event for event in school.session.scalars(select(Event).where(Event.source.is_not(None), Event.on >= school.today)) if event.source}
    changes = Changes()
    for draft in drafts:
        event = held.pop(draft.source, None)
        if draft.is_cancelled:
            changes.updated += _drop(school, [event] if event is not None else [])
        elif event is None:
            _make(school, draft, changes)
        else:
            _change(school, event, draft, changes)
    series = {_series(draft) for draft in drafts if draft.series}
    changes.updated += _drop(school, [event for event in held.values() if event.series in series])
    others = [event for event in held.values() if event.series not in series and event.state != EventState.CANCELLED]
    if remove_missing:
        changes.removed += _drop(school, others)
    elif others:
        changes.warnings.append(f"not in the file, and kept: {len(others)} events; --remove-missing calls them off")
    school.session.flush()
    return changes


def _make(school: School, draft: Draft, changes: Changes) -> None:
    [event] = events.make(school, _plan(draft), None, source=draft.source)
    event.series = _series(draft)
    changes.created.append(f"{_name(event)}, a draft: open it in the console")


def _change(school: School, event: Event, draft: Draft, changes: Changes) -> None:
    if event.state == EventState.CANCELLED or events.has_begun(school, event):
        changes.unchanged.append(_name(event))
        return
    name, before = _name(event), events.as_planned(school, event)
    after = replace(before, **{name: getattr(_plan(draft), name) for name in _SAID})
    differences = [line for name, what in _SAID.items() for line in differs(what, getattr(before, name), getattr(after, name))]
    if differences:
        told = event_changes.change(school, event, after)
        differences += [f"{told} adults are told"] if told else []
    changes.note(name, differences)


_SAID = {"title": "title", "on": "day", "starts": "start", "ends_on": "last day", "ends": "end", "place": "place", "words": "text"}
"""What a calendar file says of an event; all else stays as staff made it."""


def _drop(school: School, gone: Sequence[Event]) -> Sequence[str]:
    """What is called off, a line each."""
    lines = []
    for event in gone:
        if event.state != EventState.CANCELLED and not events.has_begun(school, event):
            name, told = _name(event), event_changes.cancel(school, event)
            lines.append(f"{name}: called off" + (f", {told} adults are told" if told else ""))
    return lines


def _plan(draft: Draft) -> Plan:
    last_day = draft.ends_on if draft.ends_on != draft.on else None
    return Plan(draft.title, draft.on, draft.starts, draft.ends, ends_on=last_day, words=draft.words, place=draft.place, asks=False)


def _series(draft: Draft) -> str | None:
    """The series by a name that fits: another program's ids may be of any length."""
    return hashlib.sha256(draft.series.encode()).hexdigest()[:32] if draft.series else None


def _name(event: Event) -> str:
    return f"{event.title.words}, {event.on}"
