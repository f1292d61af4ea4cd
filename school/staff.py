"""The school's staff: who they are, which classes are theirs, when they are at work, and where they are reached.

Its own refusals:

    Refusal
    ├── EmailTaken           someone else logs in with this address
    ├── NotYourself          nobody changes their own role or takes themselves as having left
    ├── LastOne              nobody would be left who may let others in
    └── TechnicianAlone      how the technician and the named persons get in, only the technician decides
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time
from itertools import groupby

from sqlalchemy import func, select

from data.people import SchoolClass, Staff, StaffAddress, WorkingHours
from school import School, addresses
from school.access import NEEDS_SECOND_FACTOR, POWERS, Power, Viewer
from school.errors import NotThere, Refusal

ROLES = ("admin", "office", "teacher", "class", "senior", "advisor", "lead", "deputy")
"""What a member of staff is: the technician; the office; a class teacher; a class's shared tablet or assistant; a senior leader;
the parent support advisor; the safeguarding lead and deputy."""
NAMED = ("lead", "deputy")
"""Who is told when a child may be at risk: a number of theirs is checked before it counts."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(eq=False)
class EmailTaken(Refusal):
    """Someone else has this e-mail address. `has_left`: they do not work here any more."""

    has_left: bool


class NotYourself(Refusal):
    """Nobody changes their own role, and nobody takes themselves as having left."""


class LastOne(Refusal):
    """Nobody would be left who may add staff and let them in."""


class TechnicianAlone(Refusal):
    """It is about the technician, the safeguarding lead or the deputy: nobody else may come, by way of this, to read what only they may read."""


# Who they are


def everyone(school: School, *roles: str) -> Sequence[Staff]:
    """The staff who have not left, of these roles or of all, in the order in which they were added."""
    wanted = Staff.role.in_(roles) if roles else Staff.role.is_not(None)
    return school.session.scalars(select(Staff).where(wanted, Staff.has_left.is_(False)).order_by(Staff.id)).all()


def all_ever(school: School) -> Sequence[Staff]:
    """Everyone who works or worked here, by name."""
    return school.session.scalars(select(Staff).order_by(Staff.name, Staff.id)).all()


def who_left(school: School) -> Sequence[Staff]:
    """Who works here no longer, by name."""
    return school.session.scalars(select(Staff).where(Staff.has_left).order_by(Staff.name)).all()


def find(school: School, staff_id: int) -> Staff:
    """One member of staff, whether they have left or not. Refuses with NotThere."""
    found = school.session.get(Staff, staff_id)
    if found is None:
        raise NotThere
    return found


def with_email(school: School, email: str) -> Staff | None:
    """The member of staff with this e-mail address, whether they have left or not; case makes no difference."""
    return school.session.scalar(select(Staff).where(func.lower(Staff.email) == email.lower()))


def add(school: School, *, email: str, name: str, role: str) -> Staff:
    """A new member of staff; `name` is as parents say it: 'Ms Okafor'."""
    made = Staff(email=email.lower(), name=name, role=role, has_left=False)
    school.session.add(made)
    school.session.flush()
    return made


def change(school: School, staff: Staff, *, name: str, email: str, role: str) -> Sequence[str]:
    """Put right who someone is; the names of what is different now. Refuses with EmailTaken. To be called within `guarded`."""
    same = with_email(school, email)
    if same is not None and same.id != staff.id:
        raise EmailTaken(same.has_left)
    before, after = (staff.name, staff.email, staff.role), (name, email.lower(), role)
    staff.name, staff.email, staff.role = after
    school.session.flush()
    return [what for what, old, new in zip(("name", "email", "role"), before, after, strict=True) if old != new]


def leave(school: School, staff: Staff) -> None:
    """`staff` works here no longer: no class, no hours, nothing is sent to them; what they did stays theirs."""
    staff.has_left = True
    join_classes(school, staff, ())
    staff.hours, staff.addresses = [], []
    school.session.flush()


def come_back(school: School, staff: Staff) -> None:
    """`staff` works here again, in the role they had; classes and hours are to be given anew. To be called within `guarded`."""
    staff.has_left = False
    school.session.flush()


# Who decides about whom


def may_decide(school: School, who: Viewer, about: str) -> bool:
    """Whether this viewer decides how someone of this role gets in: of the technician and the named persons only the technician does, while there is one."""
    if about not in NEEDS_SECOND_FACTOR or who.staff.role == "admin":
        return who.may(Power.STAFF)
    return who.may(Power.STAFF) and not everyone(school, "admin")


@contextmanager
def guarded(school: School, who: Viewer) -> Iterator[None]:
    """Around whatever changes staff. The caller lets a refusal end the transaction, or the savepoint, in which it happened.

    Refuses with NotYourself, LastOne or TechnicianAlone. Where the school has no safeguarding lead, or no deputy, whoever looks after staff names one.
    """
    me = find(school, who.staff.id)  # the viewer's own row may be of another session
    own, before = me.role, _in_charge(school)
    may = {role: may_decide(school, who, role) for role in NEEDS_SECOND_FACTOR}
    yield
    school.session.flush()
    if me.role != own or me.has_left:
        raise NotYourself
    if all(Power.STAFF not in POWERS.get(person.role, ()) for person in everyone(school)):
        raise LastOne
    held, after = {role for role, _ in before.values()}, _in_charge(school)
    for staff_id in before.keys() | after.keys():
        was, now = before.get(staff_id), after.get(staff_id)
        is_first = was is None and now is not None and now[0] in NAMED and now[0] not in held
        if was != now and not is_first and not all(may[role] for role, _ in filter(None, (was, now))):
            raise TechnicianAlone


def _in_charge(school: School) -> dict[int, tuple[str, str]]:
    """The technician and the named persons: role and address, by id."""
    return {person.id: (person.role, person.email) for person in everyone(school, *NEEDS_SECOND_FACTOR)}


# Their classes


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


# Their hours and phones


def set_hours(school: School, staff: Staff, hours: Iterable[tuple[int, time, time]]) -> bool:
    """When `staff` is at work: (weekday with Monday 0, start, end) on the school's clock; True if that differs from before."""
    wanted = sorted(hours)
    if wanted == sorted((row.weekday, row.starts, row.ends) for row in staff.hours):
        return False
    staff.hours = [WorkingHours(weekday=weekday, starts=starts, ends=ends) for weekday, starts, ends in wanted]
    school.session.flush()
    return True


def hours_in_words(staff: Staff) -> str:
    """When `staff` is at work, as staff.csv writes it, days alike put together: 'Mon-Thu 08:15-16:30; Fri 08:15-12:00'."""
    days: dict[tuple[time, time], list[int]] = {}
    for row in sorted(staff.hours, key=lambda row: (row.weekday, row.starts)):
        days.setdefault((row.starts, row.ends), []).append(row.weekday)
    spans: list[tuple[int, str]] = []
    for (starts, ends), weekdays in days.items():
        for _, run in groupby(enumerate(weekdays), key=lambda each: each[1] - each[0]):
            found = [weekday for _, weekday in run]
            named = WEEKDAYS[found[0]] if len(found) == 1 else f"{WEEKDAYS[found[0]]}-{WEEKDAYS[found[-1]]}"
            spans.append((found[0], f"{named} {starts:%H:%M}-{ends:%H:%M}"))
    return "; ".join(words for _, words in sorted(spans))


def phone(staff: Staff) -> StaffAddress | None:
    """Where `staff` is texted, and whether that number was checked."""
    return next((link for link in staff.addresses if link.address.channel == "sms"), None)


def reach_by_text(school: School, staff: Staff, number: str, *, is_checked: bool = False) -> bool:
    """Alerts and reminders for `staff` go to this mobile (E.164) alone; True if that differs from before. `is_checked`: a code texted to it came back."""
    address = addresses.at(school, "sms", "phone", number)
    held = phone(staff)
    is_new = held is None or held.address_id != address.id
    if is_new:
        no_phone(school, staff)
        held = StaffAddress(address=address)
        staff.addresses.append(held)
    if is_checked and held is not None:
        held.checked_at = school.now
    school.session.flush()
    return is_new


def no_phone(school: School, staff: Staff) -> None:
    """Nothing is texted to `staff` any more."""
    staff.addresses = [link for link in staff.addresses if link.address.channel != "sms"]
    school.session.flush()
