"""Whom something is for: a whole school, a class, a group, an event's guests, as adults, each once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, or_, select

from data.events import Event, EventGuests
from data.people import Adult, Child, Guardianship, adult_groups
from school import School


def invited(school: School, event: Event) -> Sequence[Adult]:
    """The adults who are invited to an event, each once, by id: those who may hear about a child who is here."""
    return school.session.scalars(select(Adult).where(hears_of_a_child(), _is_guest(event)).order_by(Adult.id)).all()


def hears_of_a_child(*only: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an adult may hear about a child who is here (and of whom `only` holds), as a condition on Adult."""
    theirs = Guardianship.adult_id == Adult.id, Guardianship.child_id == Child.id
    return and_(Adult.left_on.is_(None), exists().where(*theirs, Guardianship.may_hear, Child.left_on.is_(None), *only))


def _is_guest(event: Event) -> ColumnElement[bool]:
    return or_(
        exists().where(EventGuests.event_id == event.id, EventGuests.class_id.is_(None), EventGuests.group_id.is_(None), EventGuests.adult_id.is_(None)),
        Adult.id.in_(select(EventGuests.adult_id).where(EventGuests.event_id == event.id)),
        Adult.id.in_(
            select(adult_groups.c.adult_id).join(EventGuests, EventGuests.group_id == adult_groups.c.group_id).where(EventGuests.event_id == event.id)
        ),
        hears_of_a_child(Child.class_id.in_(select(EventGuests.class_id).where(EventGuests.event_id == event.id))),
    )
