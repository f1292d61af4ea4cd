"""Every name that the school has in its register: what no translator may be shown."""

from __future__ import annotations

from sqlalchemy import select

from data.people import Adult, Child, Guardianship, SchoolClass, Staff
from school import School


def of_family(school: School, adult_id: int | None) -> list[str]:
    """The names nearest to one adult: their own, their children's, the other adults' of those children, and their teams'."""
    adult = school.session.get(Adult, adult_id) if adult_id is not None else None
    if adult is None:
        return []
    children = [guardianship.child for guardianship in adult.guardianships]
    others = select(Adult.name).join(Guardianship).where(Guardianship.child_id.in_([child.id for child in children]))
    staff = [person.name for child in children for person in child.school_class.team]
    return list(dict.fromkeys([adult.name, *(child.name for child in children), *school.session.scalars(others), *staff]))


def of_everyone(school: School) -> list[str]:
    """All names of children, adults and staff."""
    return [name for column in (Child.name, Adult.name, Staff.name) for name in school.session.scalars(select(column))]


def of_places(school: School) -> list[str]:
    """The names of the school and of its classes."""
    return [school.settings.name, school.settings.short_name, *school.session.scalars(select(SchoolClass.name))]
