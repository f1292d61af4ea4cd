"""Who may be photographed for the home/school book: only where somebody of the family has said yes, and nobody no since."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from data.book import PhotoConsent
from data.people import Adult, Child
from school import School, access
from school.access import Power, Viewer
from school.errors import NotThere

__all__ = ["PhotoConsent", "all_said", "keep", "may_be_photographed", "of_children"]


def may_be_photographed(school: School, child: Child) -> bool:
    """Whether photos of this child may be taken and sent home: the newest word counts, and without any the answer is no."""
    return child.id in of_children(school, [child.id])


def of_children(school: School, child_ids: Collection[int]) -> set[int]:
    """Those of these children who may be photographed."""
    said = select(PhotoConsent).where(PhotoConsent.child_id.in_(child_ids)).order_by(PhotoConsent.at, PhotoConsent.id)
    newest = {consent.child_id: consent.is_given for consent in school.session.scalars(said)}
    return {child_id for child_id, is_given in newest.items() if is_given}


def keep(school: School, who: Viewer, child: Child, *, is_given: bool, how: str, adult: Adult | None = None) -> None:
    """Put down that somebody (`adult`, where it is known who) has said yes or no; `how` is 'form', 'phone', 'meeting' or 'text'.

    Refuses with NotThere where `who` may not see the child's book.
    """
    if not who.may(Power.BOOK):
        raise NotThere
    access.child(school, who, child.id)
    kept = PhotoConsent(child_id=child.id, is_given=is_given, at=school.now, how=how, adult_id=adult.id if adult else None, kept_by_id=who.staff.id)
    school.session.add(kept)
    school.session.flush()


def all_said(school: School, child: Child) -> Sequence[PhotoConsent]:
    """All that was said about photos of a child, the newest first."""
    return school.session.scalars(select(PhotoConsent).where(PhotoConsent.child_id == child.id).order_by(PhotoConsent.at.desc(), PhotoConsent.id.desc())).all()
