"""The home/school book: what a class writes about each child's day, how it goes home, and what parents write back.

Policy: 'Inform parents on a daily basis about child's activities and achievements via home/school books.'

Refusal
├── NotASchoolDay     there is no book for that day, or not any more
├── TooLong           the line in their own words has more letters than go home in a text
├── NothingBefore     there is no page of the school day before to copy
└── NoPhotoConsent    the child may not be photographed
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from data.attention import Attention
from data.book import ClassLine, Entry, Part, PhotoConsent
from data.people import Adult, Child, Guardianship
from data.texts import Text
from school import School, access, addresses, families, notices, photo_consent, texts
from school.access import Power, Viewer
from school.attention import Need, call_for_a_person
from school.calendar import calendar, instant
from school.capability import Capability
from school.data_map import time_of
from school.errors import NotThere, Refusal

__all__ = ["ClassLine", "Entry", "Part"]

PHRASES: Mapping[str, str] = {
    "happy_day": "Had a happy day",
    "calm_day": "Had a calm day",
    "tired": "Tired today",
    "unsettled": "Was unsettled",
    "upset_then_better": "Was upset, then felt better",
    "played_well": "Played well with others",
    "worked_hard": "Worked hard today",
    "something_new": "Tried something new",
    "swimming": "Enjoyed swimming",
    "outside": "Enjoyed playing outside",
    "music": "Enjoyed music",
    "sensory_room": "Enjoyed the sensory room",
    "lunch_all": "Ate all of lunch",
    "lunch_some": "Ate some of lunch",
    "lunch_none": "Did not want lunch",
    "drank_well": "Drank well",
    "drank_little": "Drank only a little",
    "slept": "Slept for a while",
    "toilet": "Used the toilet",
    "accident": "Had a toilet accident, changed clothes",
    "wet_clothes": "Wet clothes are in the bag",
    "spare_clothes": "Please send spare clothes",
    "nappies": "Please send nappies",
    "swimming_bag": "Please send the swimming bag",
}
"""What can be picked, in the order in which it is shown and said: the id that is kept, and the English that staff see. handlers/book.py says it to parents.

An id is never given another meaning: pages that were written stay as they were.
"""
LONGEST = 300
"""Letters of the line in their own words: two parts of a text message."""
SETTLES = timedelta(minutes=5)
"""How long after its last change a page stays here, so that nothing goes home half written."""
LOOKS_BACK = timedelta(days=3)
"""How far back a page can still be written, and goes home by itself: over a weekend."""
OF_USE = timedelta(days=2)
"""How long after it went home it may still be delivered; then staff see that it was not."""
ANSWERED_WITHIN = timedelta(days=1)
KEPT = time_of("book")
"""How long pages and lines are kept."""
RECENT = timedelta(days=14)


@dataclass
class NotASchoolDay(Refusal):
    """There is no school on that day, it is still to come, or it is too long ago."""

    on: date


@dataclass
class TooLong(Refusal):
    """The line has `letters` of at most `most`."""

    letters: int
    most: int = LONGEST


class NothingBefore(Refusal):
    """Nothing was picked on the school day before."""


class NoPhotoConsent(Refusal):
    """Nobody has agreed to photos of this child, or they have said no since."""


# Writing


def write(
    school: School, who: Viewer, child: Child, *, phrases: Collection[str] = (), line: str = "", photo_id: int | None = None, day: date | None = None
) -> Entry | None:
    """Let a child's page of `day` (today if none is given) say exactly this; what has gone home stays, and what is new goes home as a further message.

    `line` is one line in English. Phrases that are not known, and words that went home before, are left out; where nothing is left, nothing is still here:
    None where the day has no page then. Refuses with NotThere, NotASchoolDay, TooLong or NoPhotoConsent.
    """
    day = day or school.today
    _check(school, who, child, day)
    if photo_id is not None and not photo_consent.may_be_photographed(school, child):
        raise NoPhotoConsent
    line = " ".join(line.split())
    if len(line) > LONGEST:
        raise TooLong(len(line))
    entry = _entry(school, child, day)
    part = _still_here(school, entry)
    gone = [before for before in entry.parts if before is not part]
    picked = _new_phrases(gone, phrases)
    line = _new_words(gone, line)
    photo_id = photo_id if photo_id not in {before.photo_id for before in gone} else None
    if picked or line or photo_id is not None:
        part = part or _add(school, entry)
        part.phrases, part.photo_id = picked, photo_id
        _put_words(school, part, line)
        part.written_by_id, part.written_at = who.staff.id, school.now
    elif part is not None:
        _remove(school, part)
    school.session.flush()
    school.session.refresh(entry, ["parts"])
    if not entry.parts:
        school.session.delete(entry)
        school.session.flush()
        return None
    return entry


def same_as_yesterday(school: School, who: Viewer, child: Child, *, day: date | None = None) -> Entry | None:
    """Pick what was picked on the school day before, and leave the line as it is. Refuses with NothingBefore, and as `write` does."""
    day = day or school.today
    _check(school, who, child, day)
    before = last_school_day(school, day - timedelta(days=1))
    page = entry_of(school, child, before) if before else None
    picked = [phrase for part in page.parts for phrase in part.phrases] if page else []
    if not picked:
        raise NothingBefore
    today = entry_of(school, child, day)
    here = today.still_here if today else None
    return write(school, who, child, phrases=picked, line=here.text.words if here and here.text else "", photo_id=here.photo_id if here else None, day=day)


def can_be_written(school: School, day: date) -> bool:
    """Whether a class may write its book for this day: a school day that has come, three days ago at most."""
    return school.today - LOOKS_BACK <= day <= school.today and calendar(school).is_school_day(day)


def _check(school: School, who: Viewer, child: Child, day: date) -> None:
    if not who.may(Power.BOOK):
        raise NotThere
    access.child(school, who, child.id)
    if not can_be_written(school, day):
        raise NotASchoolDay(day)


def _entry(school: School, child: Child, day: date) -> Entry:
    """The page, made if it is new. Two who make the same one at once get the same one."""
    found = entry_of(school, child, day)
    if found is not None:
        return found
    try:
        with school.session.begin_nested():
            made = Entry(child_id=child.id, on=day)
            school.session.add(made)
    except IntegrityError:
        return school.session.scalars(select(Entry).where(Entry.child_id == child.id, Entry.on == day)).one()
    return made


def _still_here(school: School, entry: Entry) -> Part | None:
    """What may still be changed, held until the transaction ends: whoever sends it home meanwhile waits, or was first."""
    school.session.refresh(entry, ["parts"])
    here = select(Part).where(Part.entry_id == entry.id, Part.sent_at.is_(None))
    part = school.session.scalars(here.with_for_update(of=Part).execution_options(populate_existing=True)).first()
    if part is None:
        school.session.refresh(entry, ["parts"])
    return part


def _add(school: School, entry: Entry) -> Part:
    part = Part(entry=entry, number=len(entry.parts) + 1, phrases=[], written_at=school.now)
    school.session.add(part)
    school.session.flush()
    return part


def _remove(school: School, part: Part) -> None:
    _put_words(school, part, "")
    school.session.delete(part)


def _new_phrases(gone: Iterable[Part], phrases: Collection[str]) -> list[str]:
    said = {phrase for part in gone for phrase in part.phrases}
    return [phrase for phrase in PHRASES if phrase in phrases and phrase not in said]


def _new_words(gone: Iterable[Part], line: str) -> str:
    """What of a line has not gone home: a form that was open meanwhile still holds the line that did."""
    for said in (part.text.words for part in gone if part.text is not None):
        if line.casefold().startswith(said.casefold()):
            line = line[len(said) :].lstrip(" .,;")
    return line


def _put_words(school: School, part: Part, line: str) -> None:
    old = part.text
    if old is not None and not line:
        part.text = None
        school.session.flush()
        school.session.delete(old)
    elif old is not None and old.words != line:
        texts.rewritten(old, line)
    elif old is None and line:
        part.text = texts.write(school, line, texts.STAFF_READ)


# Going home


def go_home_now(school: School, who: Viewer, child: Child, *, day: date | None = None) -> bool:
    """Send a child's page home without waiting for the set time; False where nothing is still here. Refuses with NotThere or NotASchoolDay."""
    day = day or school.today
    _check(school, who, child, day)
    entry = entry_of(school, child, day)
    part = _still_here(school, entry) if entry else None
    if part is None:
        return False
    _send(school, part)
    return True


def goes_home_at(school: School, day: date) -> datetime:
    """When a day's pages go home by themselves (UTC): the school's set time, 15:00 unless set."""
    at = school.settings.book_goes_home_at
    return instant(day, at) or datetime.combine(day, at, tzinfo=school.clock.tzinfo)


def due(school: School) -> None:
    """Send home what the time has come for. May be called at any time, twice, or late."""
    here = select(Part).join(Part.entry).where(Part.sent_at.is_(None)).order_by(Part.id)
    for part in school.session.scalars(here.with_for_update(of=Part).execution_options(populate_existing=True)).all():
        if part.entry.on < school.today - LOOKS_BACK:
            _show_that_it_stayed(school, part)
        elif max(goes_home_at(school, part.entry.on), part.written_at + SETTLES) <= school.now:
            _send(school, part)


def _send(school: School, part: Part) -> None:
    """One notice to each adult who may hear about the child. From now on this part stays as it is."""
    child = part.entry.child
    part.sent_at = school.now
    school.session.flush()
    for adult in _told(school, child):
        if part.text is not None:
            texts.want(part.text, [adult.language])
        useless = school.now + OF_USE
        notices.tell(school, adult, "book_entry", {"part": part.id}, key=f"book:{part.id}:{adult.id}", useless_after=useless)


def _told(school: School, child: Child) -> Sequence[Adult]:
    """Who is written to: those who may hear, but two who share a phone and a language only once. Whoever cannot be reached is shown to staff, once."""
    told: dict[tuple[int, str], Adult] = {}
    for adult in families.adults_of(school, child, "hear"):
        usable = addresses.usable_for(school, adult)
        if usable:
            told.setdefault((usable[0].id, adult.language), adult)
        else:
            detail = "book_entry: no address that can be used"
            call_for_a_person(school, Need.NOT_DELIVERED, key=f"book:unreached:{adult.id}", adult=adult, detail=detail)
    return list(told.values())


def _show_that_it_stayed(school: School, part: Part) -> None:
    detail = f"book_entry: {part.entry.on} never went home"
    call_for_a_person(school, Need.NOT_DELIVERED, key=f"book:{part.id}:stayed", detail=detail, school_class=part.entry.child.school_class)


# Reading


def entry_of(school: School, child: Child, day: date) -> Entry | None:
    """A child's page of a day, whether it has gone home or not."""
    return school.session.scalars(select(Entry).where(Entry.child_id == child.id, Entry.on == day)).first()


def find(school: School, part_id: int) -> Part | None:
    """One part of a page, by its id; None if it is gone."""
    return school.session.get(Part, part_id)


def may_hear(school: School, adult: Adult, child: Child) -> bool:
    """Whether this adult may be told about this child."""
    row = school.session.get(Guardianship, (adult.id, child.id))
    return row is not None and row.may_hear


def last_school_day(school: School, day: date) -> date | None:
    """The school day that `day` is or that came before it; None in a holiday of more than two weeks."""
    return max(calendar(school).school_days_between(day - RECENT, day), default=None)


def day_meant(school: School, wished: date | None) -> date:
    """Which day 'how was it' is about: the wished one, else today once the school is open, else the school day before."""
    is_early = wished is None and school.clock.time() < school.settings.opens
    day = min(wished or school.today, school.today) - timedelta(days=1 if is_early else 0)
    return last_school_day(school, day) or school.today


def went_home_lately(school: School, adult: Adult) -> Sequence[Child]:
    """The children about whom this adult got to read something within the last day, by name: what they write now may answer it."""
    heard = select(Guardianship.child_id).where(Guardianship.adult_id == adult.id, Guardianship.may_hear)
    lately = select(Entry.child_id).join(Entry.parts).where(Part.sent_at > school.now - ANSWERED_WITHIN, Entry.child_id.in_(heard))
    return school.session.scalars(select(Child).where(Child.id.in_(lately)).order_by(Child.name)).all()


# What the house asks of every capability


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    heard = select(Guardianship.child_id).where(Guardianship.adult_id == adult.id, Guardianship.may_hear)
    parts = select(Part).join(Part.entry).where(Entry.child_id.in_(heard), Part.sent_at.is_not(None)).options(joinedload(Part.entry))
    lines = select(ClassLine).where(ClassLine.adult_id == adult.id).order_by(ClassLine.id)
    said = select(PhotoConsent).where(PhotoConsent.adult_id == adult.id).order_by(PhotoConsent.id)
    return {
        "book": [
            {
                "child": part.entry.child.name,
                "on": part.entry.on.isoformat(),
                "picked": [PHRASES[phrase] for phrase in part.phrases if phrase in PHRASES],
                "line": part.text.words if part.text else "",
            }
            for part in school.session.scalars(parts.order_by(Entry.on, Part.id))
        ],
        "for_the_class": [
            {"child": line.child.name, "on": line.on.isoformat(), "need": line.need.need, "words": line.need.text} for line in school.session.scalars(lines)
        ],
        "photos": [{"is_given": row.is_given, "at": row.at.isoformat(), "how": row.how} for row in school.session.scalars(said)],
    }


def _erase(school: School, adult: Adult) -> None:
    """What this adult wrote for a class is removed, with its translations; what a class wrote about the child is the child's, and stays."""
    mine = list(school.session.scalars(select(ClassLine.attention_id).where(ClassLine.adult_id == adult.id)))
    school.session.execute(delete(ClassLine).where(ClassLine.adult_id == adult.id))
    school.session.execute(delete(Text).where(Text.attention_id.in_(mine)))
    school.session.execute(delete(Attention).where(Attention.id.in_(mine)))
    for row in school.session.scalars(select(PhotoConsent).where(PhotoConsent.adult_id == adult.id)):
        row.adult_id = None
    school.session.flush()


def _retain(school: School) -> None:
    """Pages and lines of more than a year ago are removed; a line that nobody has seen stays."""
    last = school.today - KEPT
    for entry in school.session.scalars(select(Entry).where(Entry.on < last)):
        for part in entry.parts:
            _put_words(school, part, "")
        school.session.delete(entry)
    for line in school.session.scalars(select(ClassLine).where(ClassLine.on < last)):
        if line.is_seen:
            school.session.delete(line)
    school.session.flush()


def _demo(school: School) -> None:
    from school.demo_book import write_some  # it writes by the rules above

    write_some(school)


capability = Capability("book", due=due, export=_export, erase=_erase, retain=_retain, demo=_demo)
