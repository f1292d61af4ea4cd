"""Groups that adults may ask to join or leave: the Parent Partnership group, helpers, governors' news, a series of workshops.

Policy: 'invite parents to join the Parent Partnership group'.

Its own refusals:

    Refusal
    ├── Decided      that wish was decided before
    ├── NoName       a group must have a name, which is not too long
    └── NameTaken    another group has that name
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import delete, func, select

from data.events import Event, EventGuests, EventState, GroupTerms, GroupWish
from data.people import Adult, Group, Staff, adult_groups
from data.texts import Text
from school import School, audiences, demo, texts
from school.capability import Capability, Named
from school.errors import NotThere, Refusal
from school.family_records import plain
from school.notices import tell

__all__ = ["Group", "GroupTerms", "GroupWish"]

LONGEST_NAME = 100


class Decided(Refusal):
    """Someone decided that wish before."""


class NoName(Refusal):
    """A group must have a name, of no more than LONGEST_NAME characters."""


class NameTaken(Refusal):
    """Another group has that name, or one that reads the same."""


class Joining(StrEnum):
    """What came of the wish to join a group."""

    ALREADY = "already"
    IN = "in"
    ASKED = "asked"  # staff decide


def everyone(school: School) -> Sequence[Group]:
    """Every group, by name."""
    return school.session.scalars(select(Group).order_by(Group.name)).all()


def terms_of(school: School, group: Group) -> GroupTerms | None:
    """How adults come into a group; None where that is the school's own matter."""
    return school.session.get(GroupTerms, group.id)


def terms_by_id(school: School, group_id: int) -> GroupTerms | None:
    """The same, by the group's id."""
    return school.session.get(GroupTerms, group_id)


def open_to_all(school: School) -> Sequence[GroupTerms]:
    """The groups that anyone may ask to join, by name."""
    return school.session.scalars(select(GroupTerms).join(Group).where(GroupTerms.is_open).order_by(Group.name)).all()


def names(school: School, _: Adult) -> Sequence[tuple[int, Text]]:
    """The groups that a family may mean by their names: id and name."""
    return [(terms.group_id, terms.name) for terms in open_to_all(school)]


def of(school: School, adult: Adult) -> Sequence[GroupTerms]:
    """The groups that this adult is in and may leave by themselves, by name."""
    ids = [group.id for group in adult.groups]
    return [terms for terms in open_to_all(school) if terms.group_id in ids]


def set_terms(school: School, group: Group, *, is_open: bool, staff_agree: bool, about: str = "") -> GroupTerms:
    """From now on the group is open to those who ask, or not; `about` says in a line what it is."""
    terms = terms_of(school, group)
    if terms is None:
        terms = GroupTerms(group=group, name=texts.write(school, group.name, texts.STAFF_READ))
        school.session.add(terms)
    terms.is_open, terms.staff_agree = is_open, staff_agree
    if terms.name.words != group.name:
        texts.rewritten(terms.name, group.name)
    if about.strip() and terms.about is not None:
        texts.rewritten(terms.about, about.strip())
    else:
        terms.about = texts.write(school, about.strip(), texts.STAFF_READ) if about.strip() else None
    for text in filter(None, (terms.name, terms.about) if is_open else ()):
        texts.want(text, audiences.languages(school))
    school.session.flush()
    return terms


def join(school: School, adult: Adult, terms: GroupTerms) -> Joining:
    """Put this adult into the group, or ask the staff where they must agree."""
    if terms.group in adult.groups:
        return Joining.ALREADY
    if not terms.staff_agree:
        adult.groups.append(terms.group)
        school.session.flush()
        return Joining.IN
    if _waiting(school, adult, terms.group) is None:
        school.session.add(GroupWish(group_id=terms.group_id, adult_id=adult.id, asked_at=school.now))
        school.session.flush()
    return Joining.ASKED


def leave(school: School, adult: Adult, group: Group) -> None:
    """They are in it no more, nor wish to be."""
    adult.groups = [each for each in adult.groups if each.id != group.id]
    wish = _waiting(school, adult, group)
    if wish is not None:
        wish.decided_at = school.now
    school.session.flush()


def forget_wishes(school: School, adult: Adult) -> bool:
    """They wish to join none of those that staff decide on; whether they did."""
    waiting = [wish for wish in wishes(school) if wish.adult_id == adult.id]
    for wish in waiting:
        wish.decided_at = school.now
    school.session.flush()
    return bool(waiting)


def wishes(school: School) -> Sequence[GroupWish]:
    """The wishes that wait for staff, the oldest first."""
    return school.session.scalars(select(GroupWish).where(GroupWish.decided_at.is_(None)).order_by(GroupWish.asked_at, GroupWish.id)).all()


def decide(school: School, wish: GroupWish, by: Staff, *, agree: bool) -> None:
    """Staff agree, or do not; the adult is told. Refuses with Decided."""
    if wish.decided_at is not None:
        raise Decided
    wish.decided_at, wish.decided_by_id, wish.is_agreed = school.now, by.id, agree
    group = school.session.get_one(Group, wish.group_id)
    if agree and group not in wish.adult.groups:
        wish.adult.groups.append(group)
    school.session.flush()
    tell(school, wish.adult, "group_decided", {"wish": wish.id}, key=f"group:{wish.id}")


def count_wishes(school: School) -> int:
    """How many wishes wait for staff."""
    return school.session.scalar(select(func.count()).select_from(GroupWish).where(GroupWish.decided_at.is_(None))) or 0


# As staff keep them


def find(school: School, group_id: int) -> Group:
    """One group, by its id. Refuses with NotThere."""
    found = school.session.get(Group, group_id)
    if found is None:
        raise NotThere
    return found


def members(school: School, group: Group) -> Sequence[Adult]:
    """Who is in the group and at the school, by name."""
    rows = select(Adult).join(adult_groups, adult_groups.c.adult_id == Adult.id).where(adult_groups.c.group_id == group.id, Adult.left_on.is_(None))
    return school.session.scalars(rows.order_by(Adult.name, Adult.id)).all()


def make(school: School, name: str) -> Group:
    """A new group, without anyone in it. Refuses with NoName or NameTaken."""
    made = Group(name=_checked(school, name))
    school.session.add(made)
    school.session.flush()
    return made


def rename(school: School, group: Group, name: str) -> None:
    """It has this name from now on. Refuses with NoName or NameTaken."""
    group.name = _checked(school, name, group)
    school.session.flush()


def invited_to(school: School, group: Group) -> Sequence[Event]:
    """The events to come to which this group is invited, the next first."""
    theirs = select(EventGuests.event_id).where(EventGuests.group_id == group.id)
    rows = select(Event).where(Event.id.in_(theirs), Event.state != EventState.CANCELLED, Event.ends_on >= school.today)
    return school.session.scalars(rows.order_by(Event.on, Event.starts, Event.id)).all()


def remove(school: School, group: Group) -> None:
    """There is no such group any more: nobody is in it, and no event invites it."""
    terms = terms_of(school, group)
    written = [terms.name_id, *([terms.about_id] if terms.about_id else [])] if terms is not None else []
    for gone in (delete(Group).where(Group.id == group.id), delete(Text).where(Text.id.in_(written))):
        school.session.execute(gone.execution_options(synchronize_session=False))
    school.session.expire_all()


def _checked(school: School, name: str, but: Group | None = None) -> str:
    """A name for a group, without doubled spaces."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST_NAME:
        raise NoName
    if any(plain(each.name) == plain(wanted) for each in everyone(school) if each is not but):
        raise NameTaken
    return wanted


def find_wish(school: School, wish_id: int) -> GroupWish | None:
    """One wish, by its id."""
    return school.session.get(GroupWish, wish_id)


def _waiting(school: School, adult: Adult, group: Group) -> GroupWish | None:
    return school.session.scalar(select(GroupWish).where(GroupWish.adult_id == adult.id, GroupWish.group_id == group.id, GroupWish.decided_at.is_(None)))


def _demo(school: School) -> None:
    for group in everyone(school):
        demo.in_every_language(set_terms(school, group, is_open=True, staff_agree=group.name == "Helpers").name)


def export(school: School, adult: Adult) -> dict[str, object]:
    """The groups that this adult is in, and those that they asked to join."""
    asked = school.session.scalars(select(GroupWish).where(GroupWish.adult_id == adult.id).order_by(GroupWish.id))
    names = {group.id: group.name for group in everyone(school)}
    return {
        "in": sorted(group.name for group in adult.groups),
        "asked": [{"group": names[wish.group_id], "at": wish.asked_at.isoformat(), "is_agreed": wish.is_agreed} for wish in asked],
    }


def erase(school: School, adult: Adult) -> None:
    """They are in no group any more, and what they asked is forgotten."""
    adult.groups = []
    school.session.execute(delete(GroupWish).where(GroupWish.adult_id == adult.id).execution_options(synchronize_session=False))
    school.session.flush()


capability = Capability("groups", export=export, erase=erase, named=Named("group", "GroupTerms", names), demo=_demo)
