"""A calendar file becomes the school's events: again and again, all or nothing, and those who count on them are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy import select

from data.events import Event, EventState
from data.people import Adult
from school import School, event_changes, events, rsvps
from school.event_import import import_events
from school.importing import BadRows
from tests.school.small import london


def ics(*entries: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{entry}\nEND:VEVENT\n" for entry in entries)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//T//EN\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def coffee(starts: str = "0915", more: str = "", day: str = "20260320") -> str:
    return f"UID:c1\nSUMMARY:Coffee morning\nDTSTART;TZID=Europe/London:{day}T{starts}00\nDTEND;TZID=Europe/London:{day}T101500\nLOCATION:Hall{more}"


def later(school: School, clock: str) -> School:
    return School(school.session, london(clock))


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


@pytest.mark.parametrize(
    "entry",
    [
        "UID:a\nSUMMARY:Assembly\nDTSTART;TZID=Europe/London:20260302T083000",
        "UID:a\nSUMMARY:Book day\nDTSTART;VALUE=DATE:20260302",
        "UID:a\nSUMMARY:Book week\nDTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260306",
    ],
)
def test_what_has_begun_is_left_out_and_said_and_the_rest_is_taken(school: School, entry: str) -> None:
    changes = import_events(school, ics(entry, coffee()))
    assert (len(changes.created), len(changes.warnings)) == (1, 1)
    assert "has begun, and was left out" in changes.warnings[0]


def test_a_file_can_be_taken_in_again_on_a_later_day(school: School) -> None:
    week = "UID:b\nSUMMARY:Book week\nDTSTART;VALUE=DATE:20260304\nDTEND;VALUE=DATE:20260307"
    import_events(school, ics(week, coffee()))
    changes = import_events(later(school, "2026-03-05 10:00"), ics(week, coffee()))
    assert not changes
    assert changes.warnings == []


def test_one_that_is_over_may_be_postponed(school: School) -> None:
    import_events(school, ics(coffee(day="20260303")))
    changes = import_events(later(school, "2026-03-04 10:00"), ics(coffee(day="20260320")))
    assert changes.updated == ["Coffee morning, 2026-03-03: day 2026-03-03 becomes 2026-03-20"]


def test_days_of_staffs_own_that_the_file_would_leave_behind_are_told_by_event(school: School) -> None:
    import_events(school, ics(coffee()))
    [event] = held(school)
    event.invite_on = date(2026, 3, 16)
    with pytest.raises(BadRows) as refused:
        import_events(school, ics(coffee(day="20260310")))
    assert [(fault.column, fault.reason) for fault in refused.value.faults] == [("Coffee morning, 2026-03-10", "invite_on: after the event itself")]


def test_how_many_are_over_is_said_and_the_rest_is_taken(school: School) -> None:
    gone = [f"UID:g{year}\nSUMMARY:Fair\nDTSTART;VALUE=DATE:{year}0710" for year in (2024, 2025)]
    changes = import_events(school, ics(*gone, coffee()))
    assert (changes.warnings, len(changes.created)) == (["over by now, and left out: 2 events of the file"], 1)
    assert import_events(school, ics(*gone[1:], coffee()), remove_missing=True).warnings == ["over by now, and left out: 1 event of the file"]


def test_a_series_that_is_over_by_now_has_no_further_days(school: School) -> None:
    import_events(school, ics(WEEKLY))
    ended = WEEKLY.replace("20260306", "20260206").replace("COUNT=3", "UNTIL=20260227T235959Z")
    assert import_events(school, ics(ended)).updated == [f"Stay and play, 2026-03-{day}: called off" for day in ("06", "13", "20")]
    assert held(school) == []


def test_what_the_file_moves_into_the_past_stays_as_it_is_and_that_is_said(school: School) -> None:
    import_events(school, ics(coffee()))
    changes = import_events(school, ics(coffee(day="20260220")), remove_missing=True)
    assert not changes
    assert changes.warnings[1:] == ["Coffee morning, 2026-03-20: has a day in the past in the file, and stays as it is"]


def test_ten_thousand_days_are_refused_by_name_and_none_is_taken(school: School) -> None:
    with pytest.raises(BadRows) as refused:
        import_events(school, ics(coffee(), WEEKLY.replace("WEEKLY;COUNT=3", "DAILY;COUNT=10000")))
    [fault] = refused.value.faults
    assert fault.column == "Stay and play"
    assert fault.reason.startswith("is too much: a file may have 1,000 events to come")
    assert held(school) == []


def test_what_was_called_off_here_stays_so_and_that_is_said(school: School) -> None:
    import_events(school, ics(coffee()))
    [event] = held(school)
    events.open_up(school, event)
    event_changes.cancel(school, event)
    changes = import_events(school, ics(coffee()))
    assert changes.warnings == ["Coffee morning, 2026-03-20: is called off here and stays so; make it anew if it is on after all"]
