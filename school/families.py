"""Who belongs to whom, and who is writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from data.addresses import Address
from data.people import Adult, Child, Guardianship, SchoolClass, Staff
from school import School
from school.errors import NotYourChild

__all__ = ["Adult", "Child", "Right", "SchoolClass", "Staff", "adults_at", "adults_of", "children", "known_to", "require", "speak"]

Right = Literal["hear", "book", "be_asked", "collect"]


def children(school: School, adult: Adult, may: Right) -> Sequence[Child]:
    """The children about whom this adult may do this, by first name."""
    return school.session.scalars(
        select(Child)
        .join(Child.guardianships)
        .where(Guardianship.adult_id == adult.id, getattr(Guardianship, f"may_{may}"))
        .options(joinedload(Child.school_class).joinedload(SchoolClass.teacher))
        .order_by(Child.name)
    ).all()


def known_to(school: School, adult: Adult) -> Sequence[Child]:
    """The children about whom this adult may do anything at all, by first name."""
    rights = or_(Guardianship.may_hear, Guardianship.may_book, Guardianship.may_be_asked, Guardianship.may_collect)
    return school.session.scalars(select(Child).join(Child.guardianships).where(Guardianship.adult_id == adult.id, rights).order_by(Child.name)).all()


def require(school: School, adult: Adult, child: Child, may: Right) -> None:
    """Refuses with NotYourChild unless this adult may do this about this child."""
    row = school.session.get(Guardianship, (adult.id, child.id))
    if row is None or not getattr(row, f"may_{may}"):
        raise NotYourChild


def adults_of(school: School, child: Child, may: Right) -> Sequence[Adult]:
    """The adults who may do this about this child."""
    return school.session.scalars(
        select(Adult).join(Adult.guardianships).where(Guardianship.child_id == child.id, getattr(Guardianship, f"may_{may}")).order_by(Adult.id)
    ).all()


def speak(school: School, adult: Adult, language: str) -> None:
    """From now on this adult is spoken to in `language` (a BCP 47 tag)."""
    adult.language = language
    school.session.flush()


def adults_at(address: Address) -> Sequence[Adult]:
    """The adults reached at this address: usually one; two who share a phone; none for an unknown person."""
    return address.adults
