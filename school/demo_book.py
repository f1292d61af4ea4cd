"""What the demo school's classes have written in their books before anyone looks: always the same, all of it gone home, so that nobody's phone rings by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from data.book import Entry, Part, PhotoConsent
from data.people import Child
from school import School, book, demo, families, texts

PAGES = (
    ("Tanvir", ("happy_day", "lunch_all", "swimming"), ""),
    ("Mateo", ("calm_day", "lunch_some", "slept"), ""),
    ("Zara", ("worked_hard", "lunch_all", "outside"), "Thank you for your help."),
    ("Megan", ("tired", "lunch_none", "drank_little"), ""),
    ("Ozan", ("happy_day", "music", "lunch_all"), ""),
    ("Noah", ("upset_then_better", "sensory_room", "spare_clothes"), ""),
    ("Rafi", ("something_new", "lunch_some"), ""),
    ("Kofi", ("played_well", "lunch_all", "drank_well"), "Please bring a coat and a drink."),
    ("Zeynep", ("calm_day", "toilet", "nappies"), ""),
    ("Mim", ("happy_day", "swimming", "wet_clothes"), ""),
    ("Tyler", ("unsettled", "slept", "lunch_some"), ""),
    ("Valentina", ("worked_hard", "music", "lunch_all"), ""),
)
"""Of whom, what was picked on the last school day and what was written: sentences that the demo's small translation memory knows."""
NO_PHOTOS = ("Megan", "Tyler")
SAID_NO_SINCE = ("Ozan",)


def write_some(school: School) -> None:
    """Write them all: the last school day, and the two before it in another order."""
    for place, (name, phrases, line) in enumerate(PAGES):
        young = demo.child(school, name)
        for back, day in enumerate(_days(school)):
            picked = phrases if not back else PAGES[(place + back * 5) % len(PAGES)][1]
            _page(school, young, day, picked, "" if back else line)
        _photos(school, young, name)


def _days(school: School) -> Iterator[date]:
    day = book.last_school_day(school, school.today)
    for _ in range(3):
        if day is not None:
            yield day
            day = book.last_school_day(school, day - timedelta(days=1))


def _page(school: School, young: Child, day: date, phrases: tuple[str, ...], line: str) -> None:
    teacher = young.school_class.teacher
    at = min(book.goes_home_at(school, day), school.now)
    text = texts.write(school, line, texts.STAFF_READ) if line else None
    if text is not None:
        texts.want(text, [adult.language for adult in families.adults_of(school, young, "hear")])
    part = Part(number=1, phrases=list(phrases), text=text, written_by_id=teacher.id if teacher else None, written_at=at, sent_at=at)
    school.session.add(Entry(child=young, on=day, parts=[part]))


def _photos(school: School, young: Child, name: str) -> None:
    for weeks, is_given in ((20, name not in NO_PHOTOS), (2, name not in SAID_NO_SINCE))[: 2 if name in SAID_NO_SINCE else 1]:
        school.session.add(PhotoConsent(child_id=young.id, is_given=is_given, at=school.now - timedelta(weeks=weeks), how="form"))
