"""The office's list of a day: who is absent or late, why, until when, who said so; and whom the school has asked after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from data.absence import Absence, AbsenceKind, AbsenceReason, Asked, Chase
from data.people import Child
from school import LONDON, School, access, texts
from school.absence import of_day
from school.access import Viewer
from school.sheets import harmless
from school.texts import Reading

HEADER = ("class", "child", "what", "reason", "medical", "first day", "back on", "expected at", "in their words", "said by", "said at", "channel")


@dataclass(frozen=True)
class Row:
    """One child on the list. `said` is all that was said of that day, the newest first; `chase` is set where the school asked."""

    child: Child
    said: Sequence[Absence]
    chase: Chase | None = None

    @property
    def newest(self) -> Absence | None:
        """What counts: what was said last. None where the school asked and nobody has answered."""
        return self.said[0] if self.said else None

    @property
    def is_contradicted(self) -> bool:
        """Whether some say that the child is away, and others that it comes: someone should ring."""
        return len({row.kind == AbsenceKind.ABSENT for row in self.said}) > 1

    @property
    def waits(self) -> bool:
        """Whether the school asked and nobody has answered yet."""
        return self.chase is not None and not self.said


def listed(school: School, day: date) -> Sequence[Row]:
    """The children who are absent or late on a day, or were asked after, by class and name."""
    said: dict[int, list[Absence]] = {}
    for row in of_day(school, day):
        said.setdefault(row.child_id, []).append(row)
    asked = select(Chase).where(Chase.day == day, Chase.taken_back_at.is_(None)).options(selectinload(Chase.asked).selectinload(Asked.adult))
    chases = {row.child_id: row for row in school.session.scalars(asked)}
    away = {child_id for child_id, rows in said.items() if any(row.kind != AbsenceKind.COMING for row in rows)}
    wanted = select(Child).where(Child.id.in_(away | chases.keys())).options(selectinload(Child.school_class))
    children = sorted(school.session.scalars(wanted), key=lambda child: (child.school_class.name, child.name, child.id))
    return [Row(child, said.get(child.id, []), chases.get(child.id)) for child in children]


def seen(school: School, who: Viewer, day: date) -> Sequence[Row]:
    """The list of a day, as far as this member of staff may see the children on it."""
    mine = set(school.session.scalars(select(Child.id).where(access.children_seen(who))))
    return [row for row in listed(school, day) if row.child.id in mine]


def words(row: Absence) -> Reading:
    """What they wrote, in English where that could be had; empty where they chose from a list."""
    return row.said.read_in(texts.STAFF_READ) if row.said else Reading("")


def sheet(rows: Sequence[Row]) -> list[list[str]]:
    """The list as rows of a CSV sheet, the header first; a line for each thing that was said. No cell can be taken for a formula."""
    lines: list[list[str]] = [list(HEADER)]
    for row in rows:
        lines += [_line(row.child, each) for each in row.said] or [_asked_line(row)]
    return [[harmless(cell) for cell in line] for line in lines]


def _line(child: Child, row: Absence) -> list[str]:
    by = row.adult or row.staff
    return [
        child.school_class.name,
        child.name,
        row.kind,
        row.reason or "not known",
        _medical(row),
        row.first_on.isoformat(),
        row.back_on.isoformat() if row.back_on else "",
        f"{row.expected_at:%H:%M}" if row.expected_at else "",
        words(row).words,
        by.name if by else "",
        _clock(row.heard_at),
        row.channel,
    ]


def _asked_line(row: Row) -> list[str]:
    asked_at = _clock(row.chase.asked_at) if row.chase else ""
    return [row.child.school_class.name, row.child.name, "no answer", *[""] * 6, "", f"asked {asked_at}", ""]


def _medical(row: Absence) -> str:
    if row.reason is None:
        return "not known"
    return "yes" if AbsenceReason(row.reason).is_medical else "no"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%Y-%m-%d %H:%M}"
