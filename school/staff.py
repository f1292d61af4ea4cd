"""The school's staff: who they are, which classes are theirs, when they are at work, and where they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time

from sqlalchemy import func, select

from data.people import SchoolClass, Staff, StaffAddress, WorkingHours
from school import School, addresses

ROLES = ("admin", "office", "teacher", "class", "senior", "advisor", "lead", "deputy")
"""What a member of staff is: the technician; the office; a class teacher; a class's shared tablet or assistant; a senior leader;
the parent support advisor; the safeguarding lead and deputy."""


def everyone(school: School, *roles: str) -> Sequence[Staff]:
    """The staff who have not left, of these roles or of all, in the order in which they were added."""
    wanted = Staff.role.in_(roles) if roles else Staff.role.is_not(None)
    return school.session.scalars(select(Staff).where(wanted, Staff.has_left.is_(False)).order_by(Staff.id)).all()


def all_ever(school: School) -> Sequence[Staff]:
    """Everyone who works or worked here, by name."""
    return school.session.scalars(select(Staff).order_by(Staff.name, Staff.id)).all()


def with_email(school: School, email: str) -> Staff | None:
    """The member of staff with this e-mail address, whether they have left or not; case makes no difference."""
    return school.session.scalar(select(Staff).where(func.lower(Staff.email) == email.lower()))


def find(school: School, staff_id: int) -> Staff | None:
    """The member of staff with this id, whether they have left or not."""
    return school.session.get(Staff, staff_id)


def add(school: School, *, email: str, name: str, role: str) -> Staff:
    """A new member of staff; `name` is as parents say it: 'Ms Okafor'."""
    made = Staff(email=email.lower(), name=name, role=role, has_left=False)
    school.session.add(made)
    school.session.flush()
    return made


def class_named(school: School, name: str) -> SchoolClass | None:
    """The class of this name; case makes no difference."""
    return next((each for each in all_classes(school) if each.name.casefold() == name.casefold()), None)


def all_classes(school: School) -> Sequence[SchoolClass]:
    """Every class, by name."""
    return school.session.scalars(select(SchoolClass).order_by(SchoolClass.name)).all()


def join_classes(school: School, staff: Staff, classes: Sequence[SchoolClass]) -> None:
    """From now on `staff` belongs to the teams of exactly these classes. A teacher is the one parents see wherever a class has none of its own team yet."""
    staff.classes = list(classes)
    school.session.flush()
    for each in all_classes(school):
        school.session.refresh(each, ["team"])
        if each.teacher is not None and (each.teacher not in each.team or each.teacher.has_left):
            each.teacher = None
        if each.teacher is None:
            teachers = [member for member in each.team if member.role == "teacher" and not member.has_left]
            each.teacher = min(teachers, key=lambda member: member.id, default=None)
    school.session.flush()


def set_hours(school: School, staff: Staff, hours: Iterable[tuple[int, time, time]]) -> bool:
    """When `staff` is at work: (weekday with Monday 0, start, end) on the school's clock; True if that differs from before."""
    wanted = sorted(hours)
    if wanted == sorted((row.weekday, row.starts, row.ends) for row in staff.hours):
        return False
    staff.hours = [WorkingHours(weekday=weekday, starts=starts, ends=ends) for weekday, starts, ends in wanted]
    school.session.flush()
    return True


def reach_by_text(school: School, staff: Staff, number: str) -> bool:
    """Alerts and reminders for `staff` go to this mobile (E.164) alone; True if that differs from before."""
    address = addresses.at(school, "sms", "phone", number)
    if [link.address_id for link in staff.addresses if link.address.channel == "sms"] == [address.id]:
        return False
    staff.addresses = [link for link in staff.addresses if link.address.channel != "sms"]
    school.session.flush()
    staff.addresses.append(StaffAddress(address=address))
    school.session.flush()
    return True


def leave(school: School, staff: Staff) -> None:
    """`staff` works here no longer: no class, no hours, nothing is sent to them; what they did stays theirs."""
    staff.has_left = True
    join_classes(school, staff, ())
    staff.hours, staff.addresses = [], []
    school.session.flush()
