"""Who saw and changed what: written beside the change, in its transaction, and never changed after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from data.audit import AuditEntry
from data.people import Staff
from school import School

__all__ = ["AuditEntry", "changed", "entries", "saw"]

SEEN_ONCE_IN = timedelta(hours=1)
"""Looking at the same thing again within this time is not written again."""
PAGE = 100


def changed(school: School, staff: Staff | None, action: str, about: str = "", about_id: int | None = None, **detail: str | int) -> None:
    """Write down that `staff` (None: the house itself, from the command line) did something. `detail` holds facts, never what anyone wrote."""
    who = staff.name if staff else "command line"
    row = AuditEntry(
        at=school.now, staff_id=staff.id if staff else None, who=who, action=action, about=about, about_id=about_id, detail=dict[str, object](detail)
    )
    school.session.add(row)


def saw(school: School, staff: Staff, about: str, about_id: int) -> None:
    """Write down that `staff` looked at something, once an hour."""
    mine = (AuditEntry.staff_id == staff.id, AuditEntry.action == "saw", AuditEntry.about == about, AuditEntry.about_id == about_id)
    if school.session.scalar(select(AuditEntry.id).where(*mine, AuditEntry.at > school.now - SEEN_ONCE_IN).limit(1)) is None:
        changed(school, staff, "saw", about, about_id)


def entries(
    school: School,
    *,
    before: int | None = None,
    staff_id: int | None = None,
    about: tuple[str, int] | None = None,
    since: datetime | None = None,
    changes_only: bool = False,
    limit: int = PAGE,
) -> Sequence[AuditEntry]:
    """The newest entries first, those with a smaller id than `before`; of one member of staff, about one thing, since a moment, without mere looking."""
    conditions = [
        AuditEntry.id < before if before else None,
        AuditEntry.staff_id == staff_id if staff_id else None,
        (AuditEntry.about == about[0]) & (AuditEntry.about_id == about[1]) if about else None,
        AuditEntry.at >= since if since else None,
        AuditEntry.action != "saw" if changes_only else None,
    ]
    wanted = [condition for condition in conditions if condition is not None]
    return school.session.scalars(select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc()).limit(limit)).all()


def as_facts(entry: AuditEntry) -> Mapping[str, object]:
    """One entry as plain data, for an export."""
    return {"at": entry.at.isoformat(), "who": entry.who, "action": entry.action, "about": entry.about, "about_id": entry.about_id, **entry.detail}
