"""When staff can be seen in an ordinary week, as staff.csv says it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from sqlalchemy import delete, select

from data.appointments import Availability, MeetingKind
from data.people import Staff
from school import School

KINDS_BY_ROLE = {
    "teacher": (MeetingKind.TEACHER, MeetingKind.PLANNING, MeetingKind.EHCP),
    "senior": (MeetingKind.PLANNING, MeetingKind.EHCP),
    "advisor": (MeetingKind.HOME_VISIT,),
}
"""Which meetings someone of a role takes part in."""


def set_weekly(school: School, staff: Staff, spans: Iterable[tuple[int, time, time]]) -> bool:
    """Parents can see `staff` in these spans: (weekday with Monday 0, start, end) on the school's clock; True if that differs from before.

    Slots are as long as the school's setting says. What is booked stays booked.
    """
    minutes = school.settings.slot_minutes
    wanted = {(kind, weekday, starts, ends, minutes) for kind in KINDS_BY_ROLE.get(staff.role, ()) for weekday, starts, ends in spans}
    rows = school.session.scalars(select(Availability).where(Availability.staff_id == staff.id))
    if wanted == {(MeetingKind(row.kind), row.weekday, row.starts, row.ends, row.minutes) for row in rows}:
        return False
    school.session.execute(delete(Availability).where(Availability.staff_id == staff.id))
    school.session.add_all(
        Availability(staff_id=staff.id, kind=kind, weekday=weekday, starts=starts, ends=ends, minutes=length)
        for kind, weekday, starts, ends, length in sorted(wanted)
    )
    school.session.flush()
    return True
