"""Calendar files: those of Google, Outlook and Apple are taken as they are; what cannot be is refused whole, each fault by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from pathlib import Path

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from school.event_feed import Entry, feed
from school.event_files import LARGEST, MOST, Draft, read
from school.event_files.rules import clocks, recurrence
from school.event_files.words import paragraphs
from school.importing import BadRows
from school.importing.table import Unreadable
from tests.school.feed_entries import AT, entries

TODAY = date(2026, 3, 2)
CALENDARS = Path(__file__).parent / "calendars"
GOOGLE, OUTLOOK, APPLE = ((CALENDARS / f"{name}.ics").read_bytes() for name in ("google", "outlook", "apple"))
FAIR = ("UID:fair@school.example", "SUMMARY:Summer fair", "DTSTART:20260710T143000", "DTEND:20260710T170000")
CLUB = ("UID:club", "SUMMARY:Homework club", "DTSTART:20260303T153000", "DTEND:20260303T163000")
LILLE = """\
BEGIN:VTIMEZONE
TZID:Lille
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE""".splitlines()


def event(*lines: str) -> list[str]:
    return ["BEGIN:VEVENT", *lines, "END:VEVENT"]


def calendar(*parts: list[str], ends: str = "\r\n") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *(line for part in parts for line in part), "END:VCALENDAR", ""]
    return ends.join(lines).encode()


def drafts(content: bytes) -> Sequence[Draft]:
    return read(content, TODAY).drafts


def over(*events: list[str]) -> tuple[int, int]:
    """How many events of a file are to come, and how many are over."""
    reading = read(calendar(*events), TODAY)
    return len(reading.drafts), len(reading.over)


def only(*lines: str) -> Draft:
    [draft] = drafts(calendar(event(*lines)))
    return draft


def span(draft: Draft) -> str:
    return f"{draft.on} {draft.starts:%H:%M} to {draft.ends_on} {draft.ends:%H:%M}"


def when(*lines: str, zone: list[str] | None = None) -> list[str]:
    return [span(draft) for draft in drafts(calendar(zone or [], event("UID:x", "SUMMARY:x", *lines)))]


def on(*lines: str) -> list[str]:
    return [f"{draft.on:%d/%m}" for draft in drafts(calendar(event(*lines)))]


def faults(content: bytes, today: date = TODAY) -> list[tuple[int, str, str]]:
    with pytest.raises(BadRows) as refusal:
        read(content, today)
    return [(fault.line, fault.column, fault.reason) for fault in refusal.value.faults]


def reason(*lines: str) -> str:
    [(_, _, found)] = faults(calendar(event(*lines)))
    return found


# As they are exported


def test_googles_calendar_is_read() -> None:
    found = drafts(GOOGLE)
    assert [(draft.title, span(draft)) for draft in found] == [
        ("Coffee morning", "2026-03-03 09:00 to 2026-03-03 10:00"),
        ("Coffee afternoon", "2026-03-18 14:00 to 2026-03-18 15:00"),
        ("Coffee morning", "2026-03-24 09:00 to 2026-03-24 10:00"),
        ("Coffee morning", "2026-03-31 09:00 to 2026-03-31 10:00"),
        ("Coffee morning", "2026-04-07 09:00 to 2026-04-07 10:00"),
        ("Book week", "2026-04-13 00:00 to 2026-04-17 23:59"),
        ("Summer fair 🎪 – all welcome", "2026-07-10 14:30 to 2026-07-10 17:00"),
    ]
    assert found[-1].place == "Cherry Garden School, 12 Macks Road, London"
    assert found[-1].words == (
        "Stalls, games and a raffle.\n\nBring a cake if you can: say what you will bake (https://forms.example/cakes?id=1&copy=2).\n"
        "Mums & dads; grandparents too."
    )


def test_a_moved_time_keeps_the_day_that_it_was_meant_for() -> None:
    moved = drafts(GOOGLE)[1]
    assert moved.on == date(2026, 3, 18)
    assert (moved.source, moved.series) == ("2d5v7x0o4m3s6c9j1e8f0g2h4i@google.com/2026-03-17", "2d5v7x0o4m3s6c9j1e8f0g2h4i@google.com")
    assert (drafts(GOOGLE)[-1].source, drafts(GOOGLE)[-1].series) == ("0b3t5v8m2k1q4a7h9c6d8e0f2g@google.com", None)


def test_outlooks_calendar_is_read() -> None:
    found = drafts(OUTLOOK)
    assert [(draft.title, span(draft), draft.is_cancelled) for draft in found] == [
        ("Moving up: how it goes, and when", "2026-03-03 15:30 to 2026-03-03 17:30", False),
        ("Moving up: how it goes, and when", "2026-04-07 15:30 to 2026-04-07 17:30", False),
        ("Cancelled: Walk to school day", "2026-05-01 00:00 to 2026-05-01 23:59", True),
        ("Moving up: how it goes, and when", "2026-05-05 15:30 to 2026-05-05 17:30", False),
        ("Moving up: how it goes, and when", "2026-06-02 15:30 to 2026-06-02 17:30", False),
        ("Call with the school in Lille", "2026-06-19 09:00 to 2026-06-19 10:00", False),
    ]
    assert found[0].words == "Year 6 and their families\nin the hall"


def test_apples_calendar_is_read() -> None:
    found = drafts(APPLE)
    assert [(draft.title, span(draft), draft.is_cancelled) for draft in found] == [
        ("Phonics for parents", "2026-03-20 09:00 to 2026-03-20 10:30", False),
        ("Spring concert", "2026-03-26 18:30 to 2026-03-26 20:00", False),
        ("Phonics for parents", "2026-04-17 09:00 to 2026-04-17 10:30", True),
        ("Phonics for parents", "2026-05-01 09:00 to 2026-05-01 10:30", False),
    ]
    assert found[1].place == "St James's Church, Thurland Road, London, England"


# Lines and words


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r", "\r\r\n"])
def test_any_line_ends_and_a_mark_at_the_front_will_do(ends: str) -> None:
    folded = ("UID:fair@", " school.example", "SUMMARY:Summer", "\t fair", *FAIR[2:], "DESCRIPTION:one\\ntwo\\, t", " hree\\; \\\\four")
    [draft] = drafts(b"\xef\xbb\xbf" + calendar(event(*folded), ends=ends))
    assert (draft.title, draft.words, draft.source) == ("Summer fair", "one\ntwo, three; \\four", "fair@school.example")


def test_a_letter_that_is_folded_in_two_is_whole_again() -> None:
    content = calendar(event("SUMMARY:Fête", *FAIR[2:])).replace("ê".encode(), b"\xc3\r\n \xaa")
    assert drafts(content)[0].title == "Fête"


def test_names_of_properties_may_be_small() -> None:
    content = calendar(event(*FAIR)).replace(b"BEGIN:", b"begin:").replace(b"SUMMARY", b"Summary").replace(b"VEVENT", b"vevent")
    assert drafts(content)[0].title == "Summer fair"


def test_control_characters_are_taken_out() -> None:
    draft = only("UID:a\x07b", "SUMMARY:Sum\x00\x1bmer\u202e fair\x85".replace("\x00", ""), *FAIR[2:], "DESCRIPTION:a\\nb\x0bc&#7;d")
    assert (draft.title, draft.words, draft.source) == ("Summer fair", "a\nbcd", "ab")


@pytest.mark.parametrize(
    "written, read_as",
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<ul><li>One<li>Two</ul>", "One\nTwo"),
        ('<a href="https://a.example/?a=1&amp;b=2">here</a>', "here (https://a.example/?a=1&b=2)"),
        ("<a href=https://a.example>https://a.example</a>", "https://a.example"),
        ("<a href='javascript:alert(1)'>here</a>", "here"),
        ("a<script>alert('<b>')</script><style>p{}</style>b", "ab"),
        ("children < 5 and adults > 18", "children < 5 and adults > 18"),
        ("<3 & R&amp;D &copy=1 &nbsp; <blink>", "<3 & R&D &copy=1 <blink>"),
        ("one\r\n\n\n\n two\t three", "one\n\ntwo three"),
    ],
)
def test_html_is_read_as_a_browser_shows_it(written: str, read_as: str) -> None:
    assert paragraphs(written) == read_as


def test_a_title_is_one_line_without_html() -> None:
    assert only("SUMMARY:<b>Summer</b>\\n fair", *FAIR[2:]).title == "Summer fair"


# When it is


@pytest.mark.parametrize(
    "lines, expected",
    [
        (["DTSTART:20260710T143000Z"], "2026-07-10 15:30 to 2026-07-10 16:30"),
        (["DTSTART:20260310T143000Z", "DTEND:20260310T153000Z"], "2026-03-10 14:30 to 2026-03-10 15:30"),
        (["DTSTART:20260710T143000", "DTEND:20260710T143000"], "2026-07-10 14:30 to 2026-07-10 15:30"),
        (["DTSTART:20260710T143000", "DURATION:PT1H30M"], "2026-07-10 14:30 to 2026-07-10 16:00"),
        (["DTSTART:20260710T143000", "DURATION:PT0S"], "2026-07-10 14:30 to 2026-07-10 15:30"),
        (["DTSTART;TZID=America/New_York:20260310T203000", "DURATION:PT1H"], "2026-03-11 00:30 to 2026-03-11 01:30"),
        (["DTSTART;TZID=Europe/Paris:20260710T100000", "DTEND;TZID=Europe/London:20260710T100000"], "2026-07-10 09:00 to 2026-07-10 10:00"),
        (["DTSTART;TZID=Romance Standard Time:20260710T100000"], "2026-07-10 09:00 to 2026-07-10 10:00"),
        (["DTSTART;TZID=/mozilla.org/20050126_1/Europe/Paris:20260710T100000"], "2026-07-10 09:00 to 2026-07-10 10:00"),
        (["DTSTART;VALUE=DATE:20260710"], "2026-07-10 00:00 to 2026-07-10 23:59"),
        (["DTSTART:20260710", "DTEND:20260710"], "2026-07-10 00:00 to 2026-07-10 23:59"),
        (["DTSTART;VALUE=DATE:20260710", "DTEND;VALUE=DATE:20260713"], "2026-07-10 00:00 to 2026-07-12 23:59"),
        (["DTSTART;VALUE=DATE:20260710", "DURATION:P1W"], "2026-07-10 00:00 to 2026-07-16 23:59"),
        (["DTSTART:20260227", "DTEND:20260303"], "2026-02-27 00:00 to 2026-03-02 23:59"),
    ],
)
def test_times_are_the_school_clocks(lines: list[str], expected: str) -> None:
    assert when(*lines) == [expected]


def test_a_zone_of_the_files_own_is_followed() -> None:
    assert when("DTSTART;TZID=Lille:20260310T100000", zone=LILLE) == ["2026-03-10 09:00 to 2026-03-10 10:00"]
    assert when("DTSTART;TZID=Lille:20260329T013000", zone=LILLE) == ["2026-03-29 00:30 to 2026-03-29 02:30"]
    assert when("DTSTART;TZID=Lille:20261025T033000", zone=LILLE) == ["2026-10-25 02:30 to 2026-10-25 03:30"]


def test_a_zone_may_be_written_without_rules() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Odd", "BEGIN:STANDARD", "DTSTART:20260401T000000", "RDATE:20260501T000000", "TZOFFSETFROM:-0130", "TZOFFSETTO:+0500"]
    zone += ["END:STANDARD", "END:VTIMEZONE"]
    assert when("DTSTART;TZID=Odd:20260310T100000", zone=zone) == ["2026-03-10 11:30 to 2026-03-10 12:30"]
    assert when("DTSTART;TZID=Odd:20260410T100000", zone=zone) == ["2026-04-10 06:00 to 2026-04-10 07:00"]


@pytest.mark.parametrize(
    "last, expected",
    [
        ("UNTIL=20260329T010000Z", "2026-07-10 09:00 to 2026-07-10 10:00"),
        ("UNTIL=20260329T005959Z", "2026-07-10 10:00 to 2026-07-10 11:00"),
        ("UNTIL=20260329T020000", "2026-07-10 09:00 to 2026-07-10 10:00"),
        ("UNTIL=99991231T235959Z", "2026-07-10 09:00 to 2026-07-10 10:00"),
        ("COUNT=57", "2026-07-10 09:00 to 2026-07-10 10:00"),
        ("COUNT=56", "2026-07-10 10:00 to 2026-07-10 11:00"),
    ],
)
def test_a_zone_may_have_its_last_summer_time(last: str, expected: str) -> None:
    zone = [line.replace("BYMONTH=3", f"BYMONTH=3;{last}") for line in LILLE]
    assert when("DTSTART;TZID=Lille:20260710T100000", zone=zone) == [expected]


@pytest.mark.parametrize("begins", ["00010101T000000", "00000101T000000", "10000101T000000", "99991231T235959"])
def test_a_zone_may_begin_in_any_year(begins: str) -> None:
    never_another_error(calendar([line.replace("19700329T020000", begins) for line in LILLE], event("SUMMARY:x", "DTSTART;TZID=Lille:20260710T100000")))


def test_a_name_of_the_worlds_means_what_it_means_everywhere() -> None:
    zone = [line.replace("TZID:Lille", "TZID:Europe/London") for line in LILLE]
    assert when("DTSTART;TZID=Europe/London:20260310T100000", zone=zone) == ["2026-03-10 10:00 to 2026-03-10 11:00"]


@pytest.mark.parametrize(
    "lines, expected",
    [
        (["DTSTART:20260328T190000", "DTEND:20260329T090000"], "2026-03-28 19:00 to 2026-03-29 09:00"),
        (["DTSTART:20260328T190000", "DURATION:PT14H"], "2026-03-28 19:00 to 2026-03-29 10:00"),
        (["DTSTART:20260328T190000", "DURATION:P1D"], "2026-03-28 19:00 to 2026-03-29 19:00"),
        (["DTSTART:20260329T003000", "DURATION:PT1H"], "2026-03-29 00:30 to 2026-03-29 02:30"),
        (["DTSTART:20260329T013000Z"], "2026-03-29 02:30 to 2026-03-29 03:30"),
        (["DTSTART:20261024T190000", "DTEND:20261025T090000"], "2026-10-24 19:00 to 2026-10-25 09:00"),
        (["DTSTART:20261024T190000", "DURATION:PT14H"], "2026-10-24 19:00 to 2026-10-25 08:00"),
        (["DTSTART:20261025T013000", "DTEND:20261025T023000"], "2026-10-25 01:30 to 2026-10-25 02:30"),
        (["DTSTART:20261025T013000Z", "DTEND:20261025T023000Z"], "2026-10-25 01:30 to 2026-10-25 02:30"),
        (["DTSTART;VALUE=DATE:20260329"], "2026-03-29 00:00 to 2026-03-29 23:59"),
        (["DTSTART;VALUE=DATE:20261025", "DTEND;VALUE=DATE:20261026"], "2026-10-25 00:00 to 2026-10-25 23:59"),
    ],
)
def test_the_nights_when_the_clocks_change(lines: list[str], expected: str) -> None:
    assert when(*lines) == [expected]


def test_a_time_that_the_clocks_skip_is_a_fault() -> None:
    assert reason("SUMMARY:x", "DTSTART:20260329T013000") == "there is no 01:30 on 2026-03-29 in Europe/London: the clocks go forward then"
    assert reason("SUMMARY:x", "DTSTART:20260329T003000", "DTEND;TZID=GMT Standard Time:20260329T010000").startswith("there is no 01:00 on 2026-03-29")
    [(_, _, why)] = faults(calendar(LILLE, event("SUMMARY:x", "DTSTART;TZID=Lille:20260329T023000")))
    assert why == "there is no 02:30 on 2026-03-29 in Lille: the clocks go forward then"


def test_what_ends_earlier_on_the_clock_than_it_starts_is_a_fault() -> None:
    """Half an hour from 01:45 to 01:15, when the clocks go back."""
    assert reason("SUMMARY:x", "DTSTART:20261025T004500Z", "DTEND:20261025T011500Z") == (
        "ends before it starts, as the clock shows it on 2026-10-25, when it is put back"
    )


# What repeats


def test_weekly_stays_at_its_hour_when_the_clocks_change() -> None:
    assert when("DTSTART;TZID=Europe/London:20260324T153000", "RRULE:FREQ=WEEKLY;COUNT=2") == [
        "2026-03-24 15:30 to 2026-03-24 16:30",
        "2026-03-31 15:30 to 2026-03-31 16:30",
    ]
    assert when("DTSTART:20260324T153000Z", "RRULE:FREQ=WEEKLY;COUNT=2")[1] == "2026-03-31 16:30 to 2026-03-31 17:30"


@pytest.mark.parametrize(
    "rule, days",
    [
        ("FREQ=DAILY;COUNT=3", "03/03 04/03 05/03"),
        ("FREQ=DAILY;INTERVAL=10;UNTIL=20260323", "03/03 13/03 23/03"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20260309T000000Z", "03/03 04/03 05/03 06/03"),
        ("FREQ=WEEKLY;UNTIL=20260317T153000Z", "03/03 10/03 17/03"),
        ("FREQ=WEEKLY;UNTIL=20260317T152959Z", "03/03 10/03"),
        ("FREQ=WEEKLY;UNTIL=20260317T153000", "03/03 10/03 17/03"),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3;WKST=SU", "03/03 05/03 10/03"),
        ("FREQ=MONTHLY;BYDAY=1TU;COUNT=3", "03/03 07/04 05/05"),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=-1;COUNT=3", "03/03 31/03 28/04"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "03/03 31/03 31/05"),
        ("FREQ=YEARLY;COUNT=2", "03/03 03/03"),
        ("FREQ=YEARLY;BYMONTH=9;BYDAY=1MO;COUNT=2", "03/03 07/09"),
        ("freq=weekly;count=2;", "03/03 10/03"),
    ],
)
def test_rules_are_followed_and_the_start_counts(rule: str, days: str) -> None:
    assert " ".join(on(*CLUB, f"RRULE:{rule}")) == days


def test_single_days_are_left_out_and_put_in() -> None:
    lines = ("RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20260310T153000,20260317T153000Z", "RDATE;TZID=Europe/Paris:20260312T163000,20260319T163000")
    assert on(*CLUB, *lines) == ["03/03", "12/03", "19/03", "24/03"]
    assert on(*CLUB, "RDATE:20260312T153000") == ["03/03", "12/03"]
    assert on(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20260310") == ["03/03", "17/03"]
    assert on(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:", "RDATE:,20260312T153000,") == ["03/03", "10/03", "12/03"]


def test_whole_days_repeat_too() -> None:
    lines = ("UID:x", "SUMMARY:x", "DTSTART;VALUE=DATE:20260324", "DTEND;VALUE=DATE:20260326", "RRULE:FREQ=WEEKLY;UNTIL=20260413T230000Z")
    found = drafts(calendar(event(*lines, "EXDATE:20260331T000000")))
    assert [span(draft) for draft in found] == [
        "2026-03-24 00:00 to 2026-03-25 23:59",
        "2026-04-07 00:00 to 2026-04-08 23:59",
        "2026-04-14 00:00 to 2026-04-15 23:59",
    ]


def test_past_times_of_a_repeating_event_are_left_out() -> None:
    assert on("SUMMARY:x", "DTSTART:20190903T153000", "RRULE:FREQ=WEEKLY;UNTIL=20260318") == ["03/03", "10/03", "17/03"]


def test_a_time_that_the_clocks_skip_is_no_time_of_a_rule() -> None:
    assert on("SUMMARY:x", "DTSTART:20260322T013000", "RRULE:FREQ=WEEKLY;COUNT=3") == ["22/03", "05/04"]


@pytest.mark.parametrize("which", ["RECURRENCE-ID:20260310T153000Z", "RECURRENCE-ID;VALUE=DATE:20260310", "RECURRENCE-ID;TZID=Europe/Paris:20260310T163000"])
def test_one_time_may_be_otherwise(which: str) -> None:
    otherwise = event("UID:club", "SUMMARY:Homework club, in the library", "DTSTART:20260311T160000", which)
    found = drafts(calendar(otherwise, event(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=3")))
    assert [(draft.title[-7:], draft.source, span(draft)) for draft in found] == [
        ("rk club", "club/2026-03-03", "2026-03-03 15:30 to 2026-03-03 16:30"),
        ("library", "club/2026-03-10", "2026-03-11 16:00 to 2026-03-11 17:00"),
        ("rk club", "club/2026-03-17", "2026-03-17 15:30 to 2026-03-17 16:30"),
    ]


def test_one_time_alone_is_still_of_its_series() -> None:
    draft = only(*CLUB, "RECURRENCE-ID:20260303T153000")
    assert (draft.source, draft.series) == ("club/2026-03-03", "club")


def test_one_time_may_be_called_off_and_needs_no_title_then() -> None:
    off = event("UID:club", "STATUS:CANCELLED", "DTSTART:20260310T153000", "RECURRENCE-ID:20260310T153000")
    found = drafts(calendar(event(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=3"), off))
    assert [draft.is_cancelled for draft in found] == [False, True, False]


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:20260301T220000"],
        ["DTSTART:20260227", "DTEND:20260302"],
        ["DTSTART:20260210T153000", "STATUS:CANCELLED"],
        ["DTSTART:20250106T090000", "RRULE:FREQ=WEEKLY;COUNT=60"],
        ["DTSTART:20260303T153000", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:20260303T153000,20260310T153000"],
        ["DTSTART:20260210T153000", "RECURRENCE-ID:20260209T153000"],
        ["DTSTART:20260210T153000", f"DESCRIPTION:{'a' * 5_001}"],
    ],
)
def test_what_is_over_is_left_out_and_counted(lines: list[str]) -> None:
    assert over(event("SUMMARY:x", "UID:x", *lines)) == (0, 1)
    assert over(event("SUMMARY:x", "UID:x", *lines), event(*FAIR), event("UID:y", "SUMMARY:y", "DTSTART:20200101T120000")) == (1, 2)


def test_what_has_a_day_left_is_not_over() -> None:
    assert over(event(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=2"), event("SUMMARY:x", "DTSTART:20260301T220000", "DURATION:PT3H")) == (3, 0)


def test_an_event_without_a_uid_has_the_same_one_each_time() -> None:
    found = [only(*FAIR[1:]), only(*FAIR[1:], "LOCATION:Hall")]
    assert found[0].source == found[1].source
    assert found[0].source != only("SUMMARY:Winter fair", *FAIR[2:]).source


def test_several_calendars_in_one_file_are_read() -> None:
    assert len(drafts(calendar(event(*FAIR)) + calendar(event(*CLUB)))) == 2


# What is refused


NO_CALENDAR = "is not a calendar file: it does not begin with BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    "content, line, why",
    [
        (b"", 0, "is empty"),
        (b"\xef\xbb\xbf\r\n \r\n", 0, "is empty"),
        (b"<html>Log in</html>", 1, NO_CALENDAR),
        (b"adult_name,language\nAmina,so\n", 1, NO_CALENDAR),
        (b"BEGIN:VEVENT\nEND:VEVENT\n", 1, NO_CALENDAR),
        (calendar(event(*FAIR)) + b"X:1", 10, NO_CALENDAR),
        (calendar(), 0, "holds no event"),
        (calendar(["BEGIN:VTODO", "SUMMARY:x", "END:VTODO"]), 0, "holds no event"),
        (calendar(event(*FAIR))[:-30], 3, "breaks off: this VEVENT does not end"),
        (calendar(["BEGIN:VEVENT", *FAIR]), 8, "is broken: END:VCALENDAR where the VEVENT of line 3 must end first"),
        (calendar(event(*FAIR)).replace(b"2.0", b"1.0"), 1, "is of another version of iCalendar than 2.0 (VERSION:1.0)"),
        (calendar(event(*FAIR)).decode().encode("utf-16"), 0, "is in UTF-16; save it in UTF-8"),
        (calendar(event(*FAIR)).replace(b"fair", b"f\0ir"), 0, "is not text: it holds zero bytes"),
        (calendar(event(*FAIR)).replace(b"Summer", b"F\xeate"), 5, "is not in UTF-8 (byte 0xEA); save it in UTF-8"),
        (b"BEGIN:VCALENDAR\r\n" + b"X-A:1\r\n" * (LARGEST // 7), 0, "is larger than 5 MB"),
    ],
)
def test_what_is_no_calendar_file_is_refused(content: bytes, line: int, why: str) -> None:
    assert faults(content) == [(line, "file", why)]


@pytest.mark.parametrize(
    "lines, why",
    [
        (["SUMMARY:x"], "has no start (DTSTART)"),
        (["DTSTART:20260710T143000"], "has no title (SUMMARY)"),
        (["DTSTART:20260710T143000", "SUMMARY: <b> </b>\x07"], "has no title (SUMMARY)"),
        (["DTSTART:20260710T143000", f"SUMMARY:{'ä' * 201}"], "has a title of 201 letters; 200 are the most"),
        (["SUMMARY:x", "DTSTART:20260710T143000", f"LOCATION:{'a' * 201}"], "has a place of 201 letters; 200 are the most"),
        (["SUMMARY:x", "DTSTART:20260710T143000", f"DESCRIPTION:{'a' * 5_001}"], "has a description of 5001 letters; 5000 are the most"),
        (["SUMMARY:x", "DTSTART:20260710T143000", f"UID:{'a' * 381}"], "has a UID of 381 letters; 380 are the most"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "DTEND:20260710T142959"], "ends before it starts"),
        (["SUMMARY:x", "DTSTART:20260710", "DTEND:20260709"], "ends before it starts"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "DURATION:-PT1H"], "ends before it starts"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "DTEND:20260711"], "has a start and an end that are not both days or both times"),
        (["SUMMARY:x", "DTSTART:20260710", "DURATION:PT5H"], "is on a whole day and lasts hours"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "DURATION:1H"], "'1H' is no duration"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "DURATION:P"], "'P' is no duration"),
        (["SUMMARY:x", "DTSTART:10 July"], "'10 July' is neither a day nor a time"),
        (["SUMMARY:x", "DTSTART:20260231T143000"], "there is no '20260231T143000'"),
        (["SUMMARY:x", "DTSTART:20260710T246000"], "there is no '20260710T246000'"),
        (["SUMMARY:x", "DTSTART:19010710T140000"], "'19010710T140000' is in the year 1901"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "DTEND:99991231T235959Z"], "'99991231T235959Z' is in the year 9999"),
        (["SUMMARY:x", 'DTSTART;X="a:20260710T143000'], "line 5 cannot be read as calendar text"),
        (["SUMMARY:x", "DTSTART;TZID=Europe/London\x1b:20260710T143000"], "line 5 cannot be read as calendar text"),
        (["SUMMARY;=:x", "DTSTART:20260710T143000"], "line 4 cannot be read as calendar text"),
        (["SUMMARY:x", "DTSTART;=:20260710T143000"], "line 5 cannot be read as calendar text"),
        (["SUMMARY:x", "DTSTART:20260710T143000", "of the hall"], "is broken here: this line belongs to no property"),
    ],
)  # fmt: skip
def test_a_single_fault_is_told(lines: list[str], why: str) -> None:
    assert reason(*lines) == why


@pytest.mark.parametrize("zone", ["Foo", "Europe", "../../etc/passwd", "/etc/passwd", "x" * 5_000, "/x" * 200_000, "Customized Time Zone"])
def test_an_unknown_zone_is_a_fault(zone: str) -> None:
    assert "is not known, and the file does not say what it is (VTIMEZONE)" in reason("SUMMARY:x", f"DTSTART;TZID={zone}:20260710T143000")


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda line: line.replace("TZOFFSETTO:+0200", "X-A:1"), "the DAYLIGHT time of line 11 lacks its TZOFFSETTO"),
        (lambda line: line.replace("TZOFFSETTO:+0200", "TZOFFSETTO:2"), "'2' is no offset from UTC"),
        (lambda line: line.replace("DAYLIGHT", "X-A").replace("STANDARD", "X-B"), "the time zone of line 3 has neither a STANDARD nor a DAYLIGHT time"),
        (lambda line: line.replace("YEARLY;BYDAY=-1SU", "SECONDLY"), "repeats in a way that is not known here"),
    ],
)
def test_a_zone_that_cannot_be_followed_is_a_fault(change: Callable[[str], str], why: str) -> None:
    [(line, name, found)] = faults(calendar(list(map(change, LILLE)), event("SUMMARY:x", "DTSTART;TZID=Lille:20260710T143000")))
    assert (line, name) == (20, "x")
    assert why in found


def test_a_zone_that_is_wrong_and_not_used_does_no_harm() -> None:
    assert when("DTSTART:20260710T143000", zone=["BEGIN:VTIMEZONE", "TZID:Foo", "END:VTIMEZONE"]) == ["2026-07-10 14:30 to 2026-07-10 15:30"]


@pytest.mark.parametrize(
    "lines, why",
    [
        (["RRULE:FREQ=WEEKLY"], "repeats without end; let it end"),
        (["RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z"], "repeats until after 2099; let it end sooner"),
        (["RRULE:FREQ=DAILY;COUNT=100000000"], "repeats until after 2099; let it end sooner"),
        (["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20260303T190000"], "is twice on 2026-03-03"),
        (["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20260312"], "has further times (RDATE) that are not days or times as its start is"),
        (["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20260329T013000"], "there is no 01:30 on 2026-03-29 in Europe/London: the clocks go forward then"),
        (["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE;VALUE=PERIOD:20260312T153000/PT1H"], "'20260312T153000/PT1H' is neither a day nor a time"),
        (["RRULE:FREQ=WEEKLY;COUNT=2", "EXRULE:FREQ=WEEKLY"], "leaves days out by a rule (EXRULE); leave them out one by one"),
        (["RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T153000"], "changes all that follow it, too (RANGE); let those be a repeating event of their own"),
    ],
)
def test_what_repeats_too_often_or_wrongly_is_a_fault(lines: list[str], why: str) -> None:
    assert reason(*CLUB, *lines) == why


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=HOURLY;COUNT=5", "FREQ=DAILY;BYHOUR=9,10;COUNT=5", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5", "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYDAY=TU;BYMONTHDAY=13", "FREQ=MONTHLY;BYDAY=1MO,TU", "FREQ=MONTHLY;BYDAY=6MO", "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=5",
        "FREQ=MONTHLY;BYSETPOS=5", "FREQ=YEARLY;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=53", "FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31", "FREQ=YEARLY;BYMONTH=0",
        "FREQ=WEEKLY;COUNT=0", "FREQ=WEEKLY;COUNT=-1", "FREQ=WEEKLY;COUNT=٣", "COUNT=3", "", "FREQ", "=", "FREQ=WEEKLY;X=Y", "FREQ=WEEKLY;UNTIL=",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30", "FREQ=MONTHLY;INTERVAL=24;BYDAY=5MO", "FREQ=MONTHLY;INTERVAL=12;BYDAY=MO;BYSETPOS=-5",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
    ],
)  # fmt: skip
def test_a_rule_that_no_calendars_window_makes_is_a_fault(rule: str) -> None:
    assert "repeats in a way that is not known here (" in reason(*CLUB, f"RRULE:{rule}")


def test_one_thing_that_is_wrong_is_told_once() -> None:
    assert "is not known here" in reason("SUMMARY:x", "DTSTART:20200101T090000", "RRULE:FREQ=HOURLY")
    [(line, _, why)] = faults(calendar(event(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=2"), event(*CLUB, "RECURRENCE-ID:Tuesday")))
    assert (line, why) == (15, "'Tuesday' is neither a day nor a time")


def test_a_last_day_that_is_none_is_a_fault() -> None:
    assert reason(*CLUB, "RRULE:FREQ=WEEKLY;UNTIL=Friday") == "'FRIDAY' is neither a day nor a time"


TOO_MANY = "is too much: a file may have 1,000 events to come, each day of one that repeats counted; let it end sooner, or export less"


def test_more_events_than_are_taken_are_refused_by_name() -> None:
    club = event(*CLUB, f"RRULE:FREQ=DAILY;COUNT={MOST}")
    assert over(club) == (MOST, 0)
    assert faults(calendar(club, event(*FAIR))) == [(10, "Summer fair", TOO_MANY)]
    assert faults(calendar(event(*CLUB, "RRULE:FREQ=DAILY;COUNT=10000"), event(*FAIR))) == [(3, "Homework club", TOO_MANY)]
    assert over(event("UID:x", "SUMMARY:x", "DTSTART:20000101T090000", "RRULE:FREQ=DAILY;UNTIL=20260303")) == (2, 0)


def test_a_file_that_would_take_too_long_is_refused_at_the_event() -> None:
    """By ten thousand times of each of ten that are over; a hundred thousand times left out; hundreds of changes of each of sixty time zones."""
    why = "needs too many times to be looked at: 50,000 are the most for all that repeats in a file, past ones counted"
    past = [event(f"UID:{number}", f"SUMMARY:Club {number}", "DTSTART:19900101T090000", "RRULE:FREQ=DAILY;COUNT=10000") for number in range(10)]
    assert faults(calendar(*past)) == [(33, "Club 5", why)]
    assert faults(calendar(event(*CLUB, "RRULE:FREQ=DAILY;COUNT=9", "EXDATE:" + "20260303T153000," * 100_000))) == [(9, "Homework club", why)]
    zones = [[line.replace("Lille", f"Lille {number}").replace("DTSTART:19", "DTSTART:16") for line in LILLE] for number in range(60)]
    there = [event(f"UID:{number}", f"SUMMARY:Call {number}", f"DTSTART;TZID=Lille {number}:20260710T100000") for number in range(60)]
    [(_, name, found)] = faults(calendar(*zones, *there))
    assert (name, found) == ("Call 57", why)


def test_the_same_uid_twice_is_a_fault() -> None:
    assert faults(calendar(event(*FAIR), event(*FAIR))) == [(9, "Summer fair", "is there twice: line 3 has the same UID")]
    otherwise = event(*CLUB, "RECURRENCE-ID:20260303T153000")
    assert faults(calendar(otherwise, otherwise)) == [(3, "Homework club", "is twice on 2026-03-03")]


def test_the_first_fault_of_every_event_is_told_by_its_name_and_line() -> None:
    content = calendar(
        event(*FAIR),
        event("DTSTART:20260101T000000", "DTEND:20250101T000000"),
        event("SUMMARY:Disco", "DTSTART;TZID=Mars:20260710T180000", f"LOCATION:{'x' * 300}"),
        event("SUMMARY:Fête", "DTSTART:20260710T180000", f"LOCATION:{'x' * 300}", f"DESCRIPTION:{'x' * 6_000}"),
        event(f"SUMMARY:{'Long ' * 20}", "DTSTART:20260710T180000", "RRULE:FREQ=SECONDLY"),
        event(*CLUB, "RRULE:FREQ=DAILY"),
    )
    assert [(line, name, why[:20]) for line, name, why in faults(content)] == [
        (11, "event 2", "ends before it start"),
        (15, "Disco", "the time zone 'Mars'"),
        (22, "Fête", "has a description of"),
        (27, "Long Long Long Long Long Long Long Long Long Long Long Long…"[:60], "repeats in a way tha"),
        (29, "Homework club", "repeats without end;"),
    ]


def test_a_fault_of_one_time_of_a_series_is_told_with_its_own_line() -> None:
    assert faults(calendar(event(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=2"), event("UID:club", "DTSTART:20260303T160000", "RECURRENCE-ID:20260303T153000"))) == [
        (10, "Homework club", "has no title (SUMMARY)")
    ]


# Whatever comes


WORDS = (
    "FREQ=DAILY",
    "FREQ=MONTHLY",
    "COUNT=3",
    "UNTIL=20261231",
    "BYDAY=-1SU",
    "BYMONTHDAY=31",
    "INTERVAL=12",
    "20260329T013000",
    "20261025",
    "P1D",
    "Z",
    ",",
    ";",
)
NAMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "UID", "SUMMARY", "STATUS", "DTSTART;TZID=Lille", "TZOFFSETTO", "X")


def pieces() -> st.SearchStrategy[list[str]]:
    """Lines as those of a calendar, and wilder ones."""
    values = st.one_of(st.lists(st.sampled_from(WORDS), max_size=4).map(";".join), st.text(max_size=20))
    lines = st.one_of(st.builds("{}:{}".format, st.sampled_from(NAMES), values), st.text(max_size=30), st.sampled_from(["BEGIN:VEVENT", "END:VEVENT", *CLUB]))
    return st.lists(lines, max_size=12).map(lambda found: event(*found))


def never_another_error(content: bytes) -> None:
    found: Sequence[Draft] = []
    with suppress(BadRows):
        found = drafts(content)
    assert all(draft.ends_on >= TODAY and (draft.on, draft.starts) < (draft.ends_on, draft.ends) for draft in found)
    assert all((draft.title or draft.is_cancelled) and len(draft.title) <= 200 and len(draft.source) <= 400 for draft in found)
    assert len({draft.source for draft in found}) == len(found)


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"BEGIN:VCALENDAR\n" * 50_000)
@example(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"\n " * 400_000)
@example(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"<a" * 400_000 + b"\nEND:VEVENT\nEND:VCALENDAR")
@example(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION:" + b"&#" * 400_000 + b"\nEND:VEVENT\nEND:VCALENDAR")
@example(calendar(event(*CLUB, "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:" + "20260310T153000," * 50_000)))
@example(calendar(event(*CLUB, "RDATE:" + ",".join(f"{day:%Y%m%d}" for day in (TODAY + timedelta(days=n) for n in range(9_000))))))
def test_any_bytes_are_events_or_refused(content: bytes) -> None:
    never_another_error(content)


@settings(deadline=None, max_examples=200)
@given(parts=st.lists(pieces(), max_size=3))
def test_any_lines_are_events_or_refused(parts: list[list[str]]) -> None:
    never_another_error(calendar(LILLE, *parts))


@settings(deadline=None, max_examples=200)
@given(
    content=st.sampled_from([GOOGLE, OUTLOOK, APPLE]), at=st.integers(0, 4_000), gone=st.integers(0, 40), put=st.one_of(st.binary(max_size=6), st.just(b"\n"))
)
def test_a_damaged_file_is_read_or_refused(content: bytes, at: int, gone: int, put: bytes) -> None:
    never_another_error(content[:at] + put + content[at + gone :])


@settings(deadline=None)
@given(st.lists(entries(TODAY), min_size=1, max_size=5, unique_by=lambda entry: entry.uid))
def test_what_a_feed_writes_is_read_back(written: list[Entry]) -> None:
    assume(all(paragraphs(entry.words) == entry.words and " ".join(paragraphs(entry.title).split()) == entry.title for entry in written))
    found = drafts(feed("School", written, at=AT))
    expected = [
        Draft(each.title, each.on, each.starts, each.ends_on, each.ends, each.words, each.place, each.uid, is_cancelled=each.is_cancelled) for each in written
    ]
    assert sorted(found, key=lambda draft: draft.source) == sorted(expected, key=lambda draft: draft.source)


WEEKDAYS = "MO TU WE TH FR SA SU".split()


@st.composite
def rules(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    several = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3))
    further = {
        "DAILY": [""],
        "WEEKLY": ["", ";BYDAY=" + ",".join(several)],
        "MONTHLY": ["", f";BYDAY={draw(st.sampled_from(['1', '2', '-1', '5']))}{several[0]}", f";BYMONTHDAY={draw(st.integers(1, 31))}"],
        "YEARLY": ["", f";BYMONTH=6;BYDAY={several[0]};BYSETPOS={draw(st.sampled_from([1, 3, -1]))}"],
    }
    return f"FREQ={kind};INTERVAL={draw(st.integers(1, 5))}{draw(st.sampled_from(further[kind]))}"


@settings(deadline=None)
@given(rule=rules(), count=st.integers(1, 100), lasts=st.integers(0, 60))
def test_every_time_of_a_rule_is_there_once_and_in_order(rule: str, count: int, lasts: int) -> None:
    first = datetime(2026, 3, 3, 15, 30)
    by_count = [draft.on for draft in drafts(calendar(event(*CLUB, f"RRULE:{rule};COUNT={count}")))] if count * 5 < 70 else []
    assert all(earlier < later for earlier, later in pairwise(by_count))
    assert by_count == [] or len(by_count) == count
    until = first + timedelta(days=lasts)
    found = drafts(calendar(event(*CLUB, f"RRULE:{rule};UNTIL={until:%Y%m%d}")))
    ruled = takewhile(lambda shown: shown.date() <= until.date(), rrulestr(rule, dtstart=first))
    assert {draft.on for draft in found} == {first.date(), *(shown.date() for shown in ruled)}
    assert {(draft.starts, draft.ends) for draft in found} == {(time(15, 30), time(16, 30))}


@st.composite
def written_rules(draw: st.DrawFn) -> str:
    """Rules of any parts, those that never come among them."""
    parts = {
        "BYDAY": st.sampled_from(["MO", "5MO", "-5TU", "MO,FR"]),
        "BYMONTHDAY": st.sampled_from(["1", "29", "30", "31", "-31", "15,31"]),
        "BYMONTH": st.sampled_from(["2", "2,4", "11"]),
        "BYSETPOS": st.sampled_from(["1", "5", "-5"]),
    }
    said = [f"{name}={draw(value)}" for name, value in parts.items() if draw(st.booleans())]
    interval = draw(st.sampled_from([1, 2, 4, 12, 24, 96, 99]))
    return ";".join([f"FREQ={draw(st.sampled_from(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY']))}", f"INTERVAL={interval}", *said])


@settings(deadline=None, max_examples=300)
@given(rule=written_rules(), first=st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)))
@example("FREQ=YEARLY;INTERVAL=1;BYDAY=5MO;BYMONTH=2", datetime(2079, 2, 27))
@example("FREQ=YEARLY;INTERVAL=1;BYMONTH=2", datetime(2000, 1, 30))
@example("FREQ=MONTHLY;INTERVAL=12", datetime(2096, 2, 29))
def test_what_is_taken_for_a_rule_always_comes_again(rule: str, first: datetime) -> None:
    """dateutil looks for a next time until the year 9999, so one that never comes would take long."""
    with suppress(Unreadable):
        _, *later = islice(clocks(first, recurrence(rule, first)), 3)
        assert len(later) == 2
