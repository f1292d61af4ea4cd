"""The feed: what others' calendars read, the same again, on both sides of the clock's change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from school import LONDON
from school.event_feed import Entry, feed
from tests.school.feed_entries import AT, entries

FAIR = Entry(
    uid="event-7@bookbag",
    title="Summer fair, for all",
    on=date(2026, 7, 10),
    starts=time(14, 30),
    ends_on=date(2026, 7, 10),
    ends=time(17),
    place="Main hall; by the side door",
    words="Stalls and games.\n\nBring a cake.",
    version=2,
    is_cancelled=False,
    changed_at=datetime(2026, 2, 20, 9, 12, 44, tzinfo=UTC),
)


def changed(entry: Entry, **values: object) -> Entry:
    return Entry(**(vars(entry) | values))


def parsed(*entries: Entry, name: str = "Cherry Garden School") -> Calendar:
    found = Calendar.from_ical(feed(name, entries, at=AT))
    assert isinstance(found, Calendar)
    return found


def event(entry: Entry) -> Event:
    [found] = parsed(entry).events
    return found


def begins_and_ends(entry: Entry) -> tuple[date, date]:
    if (entry.starts, entry.ends) == (time(0), time(23, 59)):
        return entry.on, entry.ends_on + timedelta(days=1)
    return datetime.combine(entry.on, entry.starts, tzinfo=LONDON), datetime.combine(entry.ends_on, entry.ends, tzinfo=LONDON)


def test_it_has_a_name_and_says_when_to_look_again() -> None:
    found = parsed(FAIR, name="Cherry Garden School")
    assert (str(found["x-wr-calname"]), str(found["name"]), str(found["x-wr-timezone"])) == ("Cherry Garden School",) * 2 + ("Europe/London",)
    assert found.refresh_interval == timedelta(hours=1)
    assert found["refresh-interval"].params["VALUE"] == "DURATION"
    assert str(found["x-published-ttl"]) == "PT1H"
    assert found.LAST_MODIFIED == AT
    assert (str(found["version"]), str(found["method"]), str(found["prodid"])) == ("2.0", "PUBLISH", "-//Bookbag//EN")


def test_its_name_is_escaped_as_every_text() -> None:
    assert rb"X-WR-CALNAME:Oak\; 3rd\, 4th" in feed("Oak; 3rd, 4th", [], at=AT)


def test_an_event_is_there_with_all_that_is_known() -> None:
    found = event(FAIR)
    assert (str(found["uid"]), str(found["summary"]), str(found["location"])) == ("event-7@bookbag", "Summer fair, for all", "Main hall; by the side door")
    assert str(found["description"]) == "Stalls and games.\n\nBring a cake."
    assert (found.start, found.end) == (datetime(2026, 7, 10, 14, 30, tzinfo=LONDON), datetime(2026, 7, 10, 17, tzinfo=LONDON))
    assert found["dtstart"].params["TZID"] == "Europe/London"
    assert (found["sequence"], found.DTSTAMP, str(found["status"])) == (2, FAIR.changed_at, "CONFIRMED")


def test_what_is_empty_is_left_out() -> None:
    found = event(changed(FAIR, place="", words=""))
    assert "location" not in found
    assert "description" not in found


def test_what_was_called_off_stays_as_cancelled() -> None:
    assert str(event(changed(FAIR, is_cancelled=True))["status"]) == "CANCELLED"


def test_whole_days_are_whole_days() -> None:
    found = event(changed(FAIR, starts=time(0), ends=time(23, 59), ends_on=date(2026, 7, 12)))
    assert (found.start, found.end) == (date(2026, 7, 10), date(2026, 7, 13))


@pytest.mark.parametrize("on, starts, utc", [("2026-03-28", "15:30", "15:30"), ("2026-03-29", "02:00", "01:00"), ("2026-10-24", "15:30", "14:30")])
def test_the_time_is_right_on_both_sides_of_the_change(on: str, starts: str, utc: str) -> None:
    day = date.fromisoformat(on)
    found = event(changed(FAIR, on=day, ends_on=day, starts=time.fromisoformat(starts)))
    assert isinstance(found.start, datetime)
    assert f"{found.start.astimezone(UTC):%H:%M}" == utc


def test_london_is_described_once_and_as_it_is() -> None:
    [zone] = parsed(FAIR, changed(FAIR, uid="other")).timezones
    ours = zone.to_tz()
    for hours in range(0, 24 * 365, 7):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        assert moment.astimezone(ours).replace(tzinfo=None) == moment.astimezone(LONDON).replace(tzinfo=None)


def test_it_is_folded_and_ends_its_lines_as_calendars_expect() -> None:
    content = feed("School", [changed(FAIR, title="é" * 200)], at=AT)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_an_empty_feed_is_a_calendar() -> None:
    assert parsed().events == []


def test_control_characters_do_no_harm() -> None:
    found = event(changed(FAIR, title="Fair\x07\r\nBEGIN:VALARM", words="one\r\ntwo\rthree\u2028four\x0b"))
    assert str(found["summary"]) == "Fair\nBEGIN:VALARM"
    assert str(found["description"]) == "one\ntwo\nthree\u2028four"
    assert found.subcomponents == []


@settings(deadline=None)
@given(st.lists(entries(date(2026, 3, 2)), max_size=4))
@example([changed(FAIR, title=r"N:\News \n \, ;")])
def test_it_reads_back_as_it_was_written(written: list[Entry]) -> None:
    found = parsed(*written)
    assert [(str(each["uid"]), str(each["summary"]), str(each.get("location", "")), str(each.get("description", ""))) for each in found.events] == [
        (each.uid, each.title, each.place, each.words) for each in written
    ]
    assert [(each["sequence"], each.DTSTAMP, str(each["status"]) == "CANCELLED") for each in found.events] == [
        (each.version, each.changed_at, each.is_cancelled) for each in written
    ]
    assert [(each.start, each.end) for each in found.events] == [begins_and_ends(each) for each in written]
