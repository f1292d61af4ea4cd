"""A calendar file becomes the school's events: again and again, all or nothing, and those who count on them are told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from data.events import Event, EventState
from data.people import Adult
from school import School, events, rsvps
from school.event_import import import_events
from school.importing import BadRows


def ics(*entries: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{entry}\nEND:VEVENT\n" for entry in entries)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//T//EN\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def coffee(starts: str = "0915", more: str = "", day: str = "20260320") -> str:
    return f"UID:c1\nSUMMARY:Coffee morning\nDTSTART;TZID=Europe/London:{day}T{starts}00\nDTEND;TZID=Europe/London:{day}T101500\nLOCATION:Hall{more}"


WEEKLY = "UID:w1\nSUMMARY:Stay and play\nDTSTART;TZID=Europe/London:20260306T091500\nRRULE:FREQ=WEEKLY;COUNT=3"


def held(school: School) -> Sequence[Event]:
    return school.session.scalars(select(Event).order_by(Event.on)).all()


def test_what_is_new_is_a_draft(school: School, parent: Adult) -> None:
    changes = import_events(school, ics(coffee()))
    assert changes.created == ["Coffee morning, 2026-03-20, a draft: open it in the console"]
    [event] = held(school)
    assert (event.state, event.place, f"{event.starts:%H:%M}", f"{event.ends:%H:%M}") == (EventState.DRAFT, "Hall", "09:15", "10:15")
    assert list(events.coming(school, parent)) == []


def test_the_same_file_again_changes_nothing(school: School) -> None:
    import_events(school, ics(coffee(), WEEKLY))
    changes = import_events(school, ics(coffee(), WEEKLY))
    assert not changes
    assert len(changes.unchanged) == len(held(school)) == 4


def test_who_comes_is_told_of_another_time(school: School, parent: Adult) -> None:
    import_events(school, ics(coffee()))
    [event] = held(school)
    events.open_up(school, event)
    event.asks = True
    rsvps.accept(school, event, parent)
    changes = import_events(school, ics(coffee("0900")))
    assert changes.updated == ["Coffee morning, 2026-03-20: start 09:15:00 becomes 09:00:00; 1 adults are told"]
    assert event.asks, "what the file does not say stays as staff made it"


def test_called_off_in_the_file_is_called_off(school: School, parent: Adult) -> None:
    import_events(school, ics(coffee()))
    [event] = held(school)
    events.open_up(school, event)
    assert import_events(school, ics(coffee(more="\nSTATUS:CANCELLED"))).updated == ["Coffee morning, 2026-03-20: called off"]
    assert event.state == EventState.CANCELLED


def test_a_day_that_a_series_has_no_more_is_off_and_single_events_only_where_that_is_said(school: School) -> None:
    import_events(school, ics(coffee(), WEEKLY))
    changes = import_events(school, ics(WEEKLY.replace("COUNT=3", "COUNT=2")))
    assert changes.updated == ["Stay and play, 2026-03-20: called off"]
    assert changes.warnings == ["not in the file, and kept: 1 events; --remove-missing calls them off"]
    assert import_events(school, ics(WEEKLY.replace("COUNT=3", "COUNT=2")), remove_missing=True).removed == ["Coffee morning, 2026-03-20: called off"]


def test_one_event_that_is_wrong_and_none_is_taken(school: School) -> None:
    with pytest.raises(BadRows) as refused:
        import_events(school, ics(coffee(), "UID:x\nSUMMARY:Concert\nDTSTART;TZID=Mars/Base:20260320T091500"))
    assert [fault.column for fault in refused.value.faults] == ["Concert"]
    assert held(school) == []
