"""A class's book as its team sees it: every child of the day on one sheet, and one child's pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from data.addresses import Address, AddressState
from data.book import ClassLine, Entry
from data.people import AdultAddress, Child, Guardianship, SchoolClass
from school import School, access, book, class_lines, photo_consent
from school.access import Power, Viewer
from school.errors import NotThere


@dataclass(frozen=True)
class Row:
    """One child on a class's sheet. `lines` are their adults' words that nobody has seen, and those of the day.

    `on_paper`: none of those who may hear about the child can be written to, so the page does not reach them by itself.
    """

    child: Child
    entry: Entry | None
    lines: Sequence[ClassLine]
    may_be_photographed: bool
    on_paper: bool

    @property
    def is_sent(self) -> bool:
        """Whether all that was written has gone home."""
        return self.entry is not None and self.entry.still_here is None


@dataclass(frozen=True)
class Sheet:
    """One class's day: every child by name. `goes_home_at` is when what is here goes home by itself (UTC); `can_be_written` whether the day is open."""

    school_class: SchoolClass
    day: date
    rows: Sequence[Row]
    goes_home_at: datetime
    can_be_written: bool


def sheet(school: School, who: Viewer, school_class: SchoolClass, day: date | None = None) -> Sheet:
    """A class's day, for its page. Refuses with NotThere."""
    if not who.may(Power.BOOK):
        raise NotThere
    access.school_class(school, who, school_class.id)
    day = day or school.today
    children = school.session.scalars(select(Child).where(Child.class_id == school_class.id).order_by(Child.name)).all()
    ids = [child.id for child in children]
    entries = {entry.child_id: entry for entry in school.session.scalars(select(Entry).where(Entry.child_id.in_(ids), Entry.on == day))}
    lines = class_lines.of_children(school, children, day)
    photographed, reached = photo_consent.of_children(school, ids), _reached(school, ids)
    rows = [
        Row(child, entries.get(child.id), [line for line in lines if line.child_id == child.id], child.id in photographed, child.id not in reached)
        for child in children
    ]
    return Sheet(school_class, day, rows, book.goes_home_at(school, day), book.can_be_written(school, day))


def history(school: School, who: Viewer, child: Child, *, before: date | None = None, limit: int = 20) -> Sequence[Entry]:
    """A child's pages, the newest first; `before` a day for those that came earlier. Refuses with NotThere."""
    if not who.may(Power.BOOK):
        raise NotThere
    access.child(school, who, child.id)
    pages = select(Entry).where(Entry.child_id == child.id, Entry.on < before if before else Entry.on <= school.today)
    return school.session.scalars(pages.order_by(Entry.on.desc()).limit(limit)).all()


def _reached(school: School, child_ids: Collection[int]) -> set[int]:
    """The children of whom at least one adult who may hear can be written to."""
    can_be_written_to = Address.state == AddressState.USABLE
    if not school.settings.writes_email:
        can_be_written_to &= Address.channel != "email"
    statement = select(Guardianship.child_id).join(AdultAddress, AdultAddress.adult_id == Guardianship.adult_id).join(Address)
    return set(school.session.scalars(statement.where(Guardianship.child_id.in_(child_ids), Guardianship.may_hear, can_be_written_to)))
