"""The demo school: an invented Cherry Garden, the same each time it is made, and alive on whatever day that is.

Its people are in `data/demo/`, the one cast of every test, transcript and demonstration. Each capability adds what is its own (`Capability.demo`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import holidays
import yaml
from sqlalchemy import select

import data
from data.addresses import Address
from data.appointments import Availability, Invitation, MeetingKind, ParentsEvening
from data.people import Adult, Child, Group, Guardianship, SchoolClass, Staff
from data.school_year import Term
from data.texts import PERSON, Text, TextTranslation, TranslationState
from data.translation_memory import Translation
from school import School, addresses, staff
from school.calendar import Calendar
from school.capability import capabilities
from school.importing import cells

FOLDER = Path(data.__path__[0]) / "demo"
REFERENCE = "demo-"
"""What the demo's people's own ids begin with, and no real person's."""

ROLE_NAMES = {
    "office": "Office",
    "teacher": "Teacher",
    "class": "Class team",
    "senior": "Senior leader",
    "advisor": "Parent support advisor",
    "lead": "Safeguarding lead",
    "deputy": "Safeguarding deputy",
    "admin": "Technician",
}

Span = tuple[date, date, str]


def seed(school: School) -> bool:
    """Make the demo school; False, and nothing done, where it is there already. The same people, ids and times each time, around today."""
    if school.session.scalar(select(Adult.id).where(Adult.reference.startswith(REFERENCE)).limit(1)) is not None:
        return False
    plan = _plan("school")
    _staff(school, plan)
    _families(school, plan)
    _year(school)
    _invitations(school)
    _translations(school)
    school.session.flush()
    for capability in capabilities():
        if capability.demo is not None:
            capability.demo(school)
    return True


def has_real_families(school: School) -> bool:
    """Whether anyone is registered who is not of the demo: then it must not be made here, nor its simulator opened."""
    real = select(Adult.id).where(Adult.reference.is_(None) | ~Adult.reference.startswith(REFERENCE))
    return school.session.scalar(real.limit(1)) is not None


def adult(school: School, first_name: str) -> Adult:
    """One of the cast's adults: 'Amina'."""
    return school.session.scalars(select(Adult).where(Adult.reference == _reference("adult", first_name))).one()


def child(school: School, first_name: str) -> Child:
    """One of the cast's children: 'Ayaan'."""
    return school.session.scalars(select(Child).where(Child.reference == _reference("child", first_name))).one()


def member(school: School, name: str) -> Staff:
    """One of the cast's staff: 'Ms Okafor'."""
    return school.session.scalars(select(Staff).where(Staff.name == name)).one()


def log_ins() -> dict[str, str]:
    """One of the cast's staff for each role: what they are and their name, to their e-mail address."""
    found: dict[str, dict[str, Any]] = {}
    for person in _plan("school")["staff"]:
        found.setdefault(person["role"], person)
    return {f"{ROLE_NAMES[role]}: {found[role]['name']}": found[role]["email"] for role in ROLE_NAMES if role in found}


def school_year(first_september: int) -> Sequence[Span]:
    """A school year as London's schools have it, from September of that year: three terms, their half-terms, five INSET days."""
    autumn = _monday(date(first_september, 9, 7))
    easter = _good_friday(first_september + 1)
    spring = _monday(date(first_september + 1, 1, 10))
    break_begins = _monday(easter) if easter.month == 3 or easter.day < 8 else _monday(easter) - timedelta(weeks=1)
    summer, end = break_begins + timedelta(weeks=2), _monday(date(first_september + 1, 7, 21)) + timedelta(days=2)
    halves = (_monday(date(first_september, 10, 28)), _monday(date(first_september + 1, 2, 17)), _monday(date(first_september + 1, 5, 31)))
    inset = (autumn, autumn + timedelta(days=1), spring, halves[2] + timedelta(weeks=1), end)
    return [
        (autumn, _monday(date(first_september, 12, 18)) + timedelta(days=4), "term"),
        (spring, break_begins - timedelta(days=3), "term"),
        (summer, end, "term"),
        *((half, half + timedelta(days=4), "half-term") for half in halves),
        *((day, day, "INSET") for day in inset),
    ]


def year_around(today: date) -> Sequence[Span]:
    """The school years about `today`, moved by as few whole weeks as leave it alive: school today or soon, and on twelve days of the next three weeks."""
    years = [span for september in range(today.year - 2, today.year + 3) for span in school_year(september)]
    for weeks in range(30):
        moved = [(starts - timedelta(weeks=weeks), ends - timedelta(weeks=weeks), what) for starts, ends, what in years]
        calendar = Calendar(moved)
        if len(list(calendar.school_days_between(today, today + timedelta(days=20)))) >= 12 and _evening_day(calendar, today) is not None:
            return [span for span in moved if today - timedelta(days=400) < span[1] and span[0] < today + timedelta(days=400)]
    raise AssertionError(today)


def _staff(school: School, plan: dict[str, Any]) -> None:
    classes = {name: SchoolClass(name=name) for name in plan["classes"]}
    school.session.add_all(classes.values())
    school.session.flush()
    for person in plan["staff"]:
        made = staff.add(school, email=person["email"], name=person["name"], role=person["role"])
        staff.join_classes(school, made, [classes[name] for name in person.get("classes", ())])
        staff.reach_by_text(school, made, addresses.mobile(person["phone"]), is_checked=True)
        staff.set_hours(school, made, cells.hours(person["hours"]))
        school.session.add_all(_availability(made, person.get("seen", ())))


def _availability(person: Staff, windows: Sequence[dict[str, Any]]) -> Iterator[Availability]:
    for window in windows:
        for weekday, starts, ends in cells.hours(f"{window['days']} {window['time']}"):
            yield Availability(staff_id=person.id, kind=MeetingKind(window["kind"]), weekday=weekday, starts=starts, ends=ends, minutes=window["minutes"])


def _families(school: School, plan: dict[str, Any]) -> None:
    classes = {each.name: each for each in staff.all_classes(school)}
    groups = {name: Group(name=name) for name in plan["groups"]}
    school.session.add_all(groups.values())
    for place, family in enumerate(_plan("families")):
        children = [
            Child(
                reference=_reference("child", _first(young["name"])),
                name=young["name"],
                school_class=classes[young["class"]],
                joined_on=_joined_on(school.today, young.get("joined"), place),
            )
            for young in family["children"]
        ]
        school.session.add_all(children)
        for grown in family["adults"]:
            _adult(school, grown, children, [groups[name] for name in grown.get("groups", ())])


def _adult(school: School, grown: dict[str, Any], children: Sequence[Child], groups: Sequence[Group]) -> None:
    made = Adult(reference=_reference("adult", _first(grown["name"])), name=grown["name"], language=grown["language"], groups=list(groups))
    school.session.add(made)
    rights = grown.get("rights", cells.RIGHTS)
    for each in children:
        school.session.add(
            Guardianship(
                adult=made,
                child=each,
                relationship_=grown["relationship"],
                may_hear="hear" in rights,
                may_book="book" in rights,
                may_be_asked="asked" in rights,
                may_collect="collect" in rights,
            )
        )
    school.session.flush()
    if "phone" in grown:
        for rank, channel in enumerate(grown.get("channels", ["sms"])):
            addresses.reach(school, made, _address(school, channel, addresses.mobile(grown["phone"])), rank)


def _address(school: School, channel: str, number: str) -> Address:
    """Where that phone is on a channel. Its Telegram chat bears the number's digits, so that whoever demonstrates need know no other."""
    if channel == "telegram":
        return addresses.at(school, "telegram", "telegram_chat", number.removeprefix("+"))
    return addresses.at(school, channel, "phone", number)


def _joined_on(today: date, weeks: int | None, place: int) -> date:
    if weeks is not None:
        return today - timedelta(weeks=weeks)
    return date(today.year - 2 - place % 4, 9, 7)


def _year(school: School) -> None:
    spans = year_around(school.today)
    school.session.add_all(Term(starts=starts, ends=ends, what=what) for starts, ends, what in spans)
    evening = _evening_day(Calendar(spans), school.today)
    assert evening is not None
    school.session.add(ParentsEvening(on=evening, starts=time(15, 30), ends=time(19, 0), minutes=10, break_starts=time(17, 0), break_ends=time(17, 30)))


def _evening_day(calendar: Calendar, today: date) -> date | None:
    """A school day from Tuesday to Thursday, in thirteen to nineteen days."""
    days = calendar.school_days_between(today + timedelta(days=13), today + timedelta(days=19))
    return next((day for day in days if day.weekday() in (1, 2, 3)), None)


def _invitations(school: School) -> None:
    today = school.today
    for first_name, kind, weeks in (("Yonas", MeetingKind.PLANNING, 3), ("Anand", MeetingKind.EHCP, 4)):
        invited = child(school, first_name)
        school.session.add(Invitation(child_id=invited.id, kind=kind, first_on=today, last_on=today + timedelta(weeks=weeks)))


def in_every_language(text: Text) -> None:
    """Give a text of the demo's own the translations that people made of it: they are there before anyone asks, and no translator is."""
    known = next(sentence for sentence in _plan("translations") if sentence["en"] == text.words)
    text.translations = [
        TextTranslation(language=language, words=words, provider=PERSON, state=TranslationState.DONE) for language, words in known.items() if language != "en"
    ]


def _translations(school: School) -> None:
    for sentence in _plan("translations"):
        source = sentence["en"]
        for language, text in sentence.items():
            if language != "en":
                school.session.add(
                    Translation(
                        source_language="en",
                        target_language=language,
                        source_hash=hashlib.sha256(source.encode()).hexdigest(),
                        source=source,
                        text=text,
                        origin="demo",
                        at=school.now,
                    )
                )


def _reference(what: str, first_name: str) -> str:
    return f"{REFERENCE}{what}-{first_name.casefold()}"


def _first(name: str) -> str:
    return name.split(maxsplit=1)[0]


def _monday(day: date) -> date:
    """The Monday of that week."""
    return day - timedelta(days=day.weekday())


def _good_friday(year: int) -> date:
    return next(day for day, name in holidays.country_holidays("GB", subdiv="ENG", years=year).items() if name == "Good Friday")


@lru_cache(maxsize=4)
def _plan(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
