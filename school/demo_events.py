"""What is on at the demo school: a few events soon, told to nobody, so that nobody's phone rings by them; anyone may ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

from school import School, demo, events
from school.calendar import calendar
from school.events import Guests, Plan


def make(school: School) -> None:
    """A coffee morning, a signing workshop with few places, a concert that asks for no answer."""
    first, second, third = _days(school)
    everyone, maple = Guests(everyone=True), Guests(classes=[demo.child(school, "Leo").school_class])
    for plan in (
        Plan("Coffee morning", first, time(9, 15), time(10, 15), place="Hall", reminders=(), guests=everyone),
        Plan("Makaton workshop", second, time(13, 30), time(15, 0), place="Library", capacity=8, reminders=(), guests=everyone),
        Plan(
            "Class concert",
            third,
            time(14, 15),
            time(15, 0),
            words="Everyone is welcome. You need not book.",
            place="Hall",
            asks=False,
            reminders=(),
            guests=maple,
        ),
    ):
        [event] = events.make(school, plan, demo.member(school, "Mrs Doyle"))
        events.open_up(school, event)
        for text in filter(None, (event.title, event.words)):
            demo.in_every_language(text)


def _days(school: School) -> Iterator[date]:
    """Three school days soon: one in three days or more, one a week later, one a few days after that."""
    days = calendar(school)
    for ahead in (3, 10, 13):
        yield next(days.school_days_between(school.today + timedelta(days=ahead), school.today + timedelta(days=90)))
