"""Events of any kind that a feed may hold, to be tried in properties."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import assume
from hypothesis import strategies as st

from school.calendar import instant
from school.event_feed import Entry
from school.event_files import printable

AT = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@st.composite
def entries(draw: st.DrawFn, today: date) -> Entry:
    """Any event that a school may have, not over on `today`: its words are printable and trimmed, its times are shown by the clock."""
    line = st.text(max_size=40).map(lambda text: " ".join(printable(text).split()))
    on = draw(st.dates(today, date(2027, 12, 31)))
    clock = st.times().map(lambda at: at.replace(microsecond=0))
    is_all_day = draw(st.booleans())
    starts, ends = (time(0), time(23, 59)) if is_all_day else (draw(clock), draw(clock))
    ends_on = on + timedelta(days=draw(st.integers(0, 3)))
    assume((on, starts) < (ends_on, ends) and instant(on, starts) and instant(ends_on, ends))
    return Entry(
        uid=draw(st.from_regex(r"[a-z0-9@/.-]{1,30}", fullmatch=True)),
        title=draw(line.filter(bool)),
        on=on,
        starts=starts,
        ends_on=ends_on,
        ends=ends,
        place=draw(line),
        words=draw(st.lists(line, max_size=3).map("\n".join).map(str.strip)),
        version=draw(st.integers(0, 1_000)),
        is_cancelled=draw(st.booleans()),
        changed_at=AT - timedelta(seconds=draw(st.integers(0, 10**6))),
    )
