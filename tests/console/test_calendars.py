"""Links to calendars are made and taken back; a calendar file is looked at before it counts."""

from __future__ import annotations

import re

import pytest

from tests.console.staff import Browser, Console

AT = "/console/events/calendars"
FILE = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Fair <3 & fun\r\nDTSTART;TZID=Europe/London:20260620T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


def choices(page: str) -> dict[str, str]:
    return {words: value for value, words in re.findall(r'<option value="((?:school|class|staff)[^"]*)">([^<]+)</option>', page)}


def test_a_link_is_made_for_each_kind_and_taken_back(office: Browser) -> None:
    offered = choices(office.get(AT))
    for words in ("Events for the whole school", "Events of Maple", "Appointments of Ms Okafor, without names"):
        office.post(AT, {"what": offered[words]}, of=AT)
    page = office.get(AT)
    assert re.findall(r"<span>(Cherry Garden School|\w[\w ]*, Cherry Garden)</span>", page) == [
        "Cherry Garden School",
        "Maple, Cherry Garden",
        "Ms Okafor, Cherry Garden",
    ]
    assert len(set(re.findall(r"/calendar/[\w-]+\.ics", page))) == 3
    [first, *_] = re.findall(rf"{AT}/(\d+)/revoke", page)
    office.post(f"{AT}/{first}/revoke")
    assert len(set(re.findall(r"/calendar/[\w-]+\.ics", office.get(AT)))) == 2
    office.post(f"{AT}/{first}/revoke", None, 404, of=AT)


@pytest.mark.parametrize("what", ["class:999", "staff:999", "class:x", "staff:", "", "group:1"])
def test_a_calendar_of_nobody_is_not_there(office: Browser, what: str) -> None:
    office.post(AT, {"what": what}, 404, of=AT)


def test_a_teacher_makes_none(console: Console) -> None:
    console.as_("Ms Okafor").get(AT, 404)


def test_a_calendar_file_is_looked_at_and_then_becomes_drafts(office: Browser) -> None:
    where = "/console/school/import"
    shown = office.post(where, {"what": "events"}, of=f"{where}?what=events", files={"file": ("c.ics", FILE, "text/calendar")})
    assert "Fair &lt;3 &amp; fun, 2026-06-20, a draft" in shown
    at = re.search(rf"{where}/\d+", shown)
    assert at is not None
    office.post(f"{at[0]}/do")
    assert "Fair &lt;3 &amp; fun" in office.get("/console/events")


def test_faults_of_a_calendar_file_are_told_by_event(office: Browser) -> None:
    where = "/console/school/import"
    shown = office.post(
        where, {"what": "events"}, of=f"{where}?what=events", files={"file": ("c.ics", FILE.replace(b"20260620", b"20260231"), "text/calendar")}
    )
    assert "1 thing is wrong" in shown
    assert re.findall(r"<t[hd](?: [^>]*)?>([^<]*)<", shown)[:6] == [
        "Line",
        "Event",
        "What is wrong",
        "5",
        "Fair &lt;3 &amp; fun",
        "there is no &#39;20260231T100000&#39;",
    ]


def test_how_many_events_of_a_file_are_over_is_said_before_it_counts(office: Browser) -> None:
    where = "/console/school/import"
    shown = office.post(where, {"what": "events"}, of=f"{where}?what=events", files={"file": ("c.ics", FILE.replace(b"2026", b"2001"), "text/calendar")})
    assert "Note: over by now, and left out: 1 event of the file." in shown
    assert "0 new" in shown


def test_the_largest_calendar_file_is_said_where_it_is_chosen(office: Browser) -> None:
    assert "the .ics file that your calendar exports, 5 MB at most" in office.get("/console/school/import")
