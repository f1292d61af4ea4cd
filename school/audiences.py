"""Whom something is for: everyone, a class, a group, an event's guests, those who have not answered, those who read a language.

An adult counts by a child who is here and of whom they may hear. Whoever left counts nowhere.

Its own refusal:

    Refusal
    └── NoSuchAudience      what is written names nobody: no such kind, or no class, group, event or language of this school
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from babel import Locale
from sqlalchemy import ColumnElement, ColumnExpressionArgument, exists, false, or_, select

from data.events import Answer, Event, EventGuests, Rsvp
from data.people import Adult, Child, Group, Guardianship, SchoolClass, adult_groups
from data.texts import same_language
from school import School
from school.errors import Refusal

__all__ = ["EVERYONE", "Adult", "Audience", "AudienceKind", "NoSuchAudience", "adults", "belongs", "invited", "languages", "members", "parse", "written"]

STAFF_READ = "en"
NEAR = 3
"""How many near names a refusal gives."""
COMING = (Answer.YES, Answer.MAYBE)
"""Answers of those who count as an event's guests."""


class AudienceKind(StrEnum):
    """By what those are picked whom something is for."""

    EVERYONE = "everyone"
    CLASS = "class"
    GROUP = "group"
    EVENT = "event"  # who said that they come, or may
    LANGUAGE = "language"
    UNANSWERED = "unanswered"  # who was asked to an event and has said nothing


@dataclass(frozen=True)
class Audience:
    """Some of the adults. `about_id` is the class, group or event it is about; `tag` a language's BCP 47 tag."""

    kind: AudienceKind = AudienceKind.EVERYONE
    about_id: int | None = None
    tag: str = ""


EVERYONE = Audience()


@dataclass(eq=False)
class NoSuchAudience(Refusal):
    """Nobody is meant by that. `what` is 'audience' where even the kind is unknown, else the kind; `near` are what could have been written instead."""

    name: str
    what: str
    near: Sequence[str]


# What is written, and how it reads


def parse(school: School, text: str) -> Audience:
    """The audience that is written so: 'everyone', 'class:Maple', 'group:Helpers', 'event:12', 'language:so' or 'unanswered:12'.

    Names are found whatever their case. Refuses with NoSuchAudience.
    """
    kind, _, name = (part.strip() for part in text.partition(":"))
    kind = kind.casefold()
    if kind == AudienceKind.EVERYONE and not name:
        return EVERYONE
    if kind == AudienceKind.CLASS:
        return Audience(AudienceKind.CLASS, _named(kind, name, _class_names(school)))
    if kind == AudienceKind.GROUP:
        return Audience(AudienceKind.GROUP, _named(kind, name, _group_names(school)))
    if kind in (AudienceKind.EVENT, AudienceKind.UNANSWERED):
        return Audience(AudienceKind(kind), _event(school, kind, name))
    if kind == AudienceKind.LANGUAGE:
        return Audience(AudienceKind.LANGUAGE, tag=_language(school, name))
    raise NoSuchAudience(text, "audience", ("everyone", "class:NAME", "group:NAME", "event:ID", "language:TAG", "unanswered:ID"))


def _named(kind: str, name: str, ids: Mapping[str, int]) -> int:
    folded = {known.casefold(): known for known in ids}
    if name.casefold() not in folded:
        raise NoSuchAudience(name, kind, [f"{kind}:{folded[near]}" for near in _near(name, folded)])
    return ids[folded[name.casefold()]]


def _near(name: str, folded: Iterable[str]) -> Sequence[str]:
    return get_close_matches(name.casefold(), list(folded), n=NEAR, cutoff=0.5)


def _event(school: School, kind: str, name: str) -> int:
    events = school.session.scalars(select(Event).where(Event.ends_on >= school.today).order_by(Event.on, Event.starts).limit(NEAR)).all()
    found = school.session.get(Event, int(name)) if name.isascii() and name.isdecimal() and len(name) < 10 else None
    if found is None:
        raise NoSuchAudience(name, kind, [f"{kind}:{event.id} ({_title(event)})" for event in events])
    return found.id


def _language(school: School, name: str) -> str:
    tags = _tags(school)
    if not any(same_language(tag, name) for tag in tags):
        raise NoSuchAudience(name, AudienceKind.LANGUAGE, [f"language:{tag} ({_language_name(tag)})" for tag in sorted(tags)])
    return name


def written(school: School, audience: Audience) -> str:
    """What staff call it, in English: 'Everyone', 'Maple class', 'Those who have not answered Coffee morning'."""
    if audience.kind == AudienceKind.EVERYONE:
        return "Everyone"
    if audience.kind == AudienceKind.LANGUAGE:
        return f"Those who read {_language_name(audience.tag)}"
    if audience.kind in (AudienceKind.CLASS, AudienceKind.GROUP):
        names = _class_names(school) if audience.kind == AudienceKind.CLASS else _group_names(school)
        name = next((name for name, known in names.items() if known == audience.about_id), None)
        return f"A {audience.kind} that is gone" if name is None else name if audience.kind in name.casefold() else f"{name} {audience.kind}"
    event = school.session.get(Event, audience.about_id)
    title = _title(event) if event is not None else "an event that is gone"
    return f"Those who come to {title}" if audience.kind == AudienceKind.EVENT else f"Those who have not answered {title}"


def _title(event: Event) -> str:
    return event.title.read_in(STAFF_READ).words


def _language_name(tag: str) -> str:
    """A language in English: 'Somali'; the tag itself where it has no name."""
    return str(Locale("en").languages.get(tag.replace("-", "_"), Locale("en").languages.get(tag.split("-", maxsplit=1)[0], tag)))


def _class_names(school: School) -> Mapping[str, int]:
    return {name: class_id for class_id, name in school.session.execute(select(SchoolClass.id, SchoolClass.name).order_by(SchoolClass.name))}


def _group_names(school: School) -> Mapping[str, int]:
    return {name: group_id for group_id, name in school.session.execute(select(Group.id, Group.name).order_by(Group.name))}


def _tags(school: School) -> Collection[str]:
    """The languages that adults of this school read."""
    return set(school.session.scalars(select(Adult.language).where(Adult.left_on.is_(None)).distinct()))


# Who is in it


def languages(school: School, audience: Audience = EVERYONE) -> Sequence[str]:
    """The languages that they read, as BCP 47 tags, each once."""
    return school.session.scalars(select(Adult.language).where(members(school, audience)).distinct().order_by(Adult.language)).all()


def adults(school: School, audience: Audience) -> Sequence[Adult]:
    """Those of this audience, each once, ordered by id. None where what it was about is gone."""
    return _all(school, members(school, audience))


def invited(school: School, event: Event) -> Sequence[Adult]:
    """Those who are asked to this event, each once, ordered by id."""
    return _all(school, _invited(event))


def belongs(school: School, audience: Audience, adult: Adult) -> bool:
    """Whether this adult is of this audience now."""
    return school.session.scalar(select(Adult.id).where(Adult.id == adult.id, members(school, audience))) is not None


def members(school: School, audience: Audience) -> ColumnElement[bool]:
    """Who is of this audience now, as a condition on Adult."""
    if audience.kind == AudienceKind.EVERYONE:
        return _hears()
    if audience.kind == AudienceKind.CLASS:
        return _hears(Child.class_id == audience.about_id)
    if audience.kind == AudienceKind.GROUP:
        return _hears() & _in_group(audience.about_id)
    if audience.kind == AudienceKind.LANGUAGE:
        return _hears() & Adult.language.in_([tag for tag in _tags(school) if same_language(tag, audience.tag)])
    answers = exists().where(Rsvp.event_id == audience.about_id, Rsvp.adult_id == Adult.id)
    if audience.kind == AudienceKind.EVENT:
        return _is_written_to() & answers.where(Rsvp.answer.in_(COMING))
    event = school.session.get(Event, audience.about_id)
    return _invited(event) & ~answers if event is not None else false()


def _all(school: School, condition: ColumnElement[bool]) -> Sequence[Adult]:
    return school.session.scalars(select(Adult).where(condition).order_by(Adult.id)).all()


def _hears(*about: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whoever may hear of a child who is here, and of whom this holds."""
    return _has_child(Guardianship.may_hear, *about)


def _is_written_to() -> ColumnElement[bool]:
    """Whoever is named in person, or has answered in person: the school writes to them about some child who is here."""
    return _has_child(or_(Guardianship.may_hear, Guardianship.may_book, Guardianship.may_be_asked))


def _has_child(*conditions: ColumnExpressionArgument[bool]) -> ColumnElement[bool]:
    child = exists().where(Guardianship.adult_id == Adult.id, Guardianship.child_id == Child.id, Child.left_on.is_(None), *conditions)
    return Adult.left_on.is_(None) & child


def _in_group(group_id: int | None) -> ColumnElement[bool]:
    return exists().where(adult_groups.c.adult_id == Adult.id, adult_groups.c.group_id == group_id)


def _invited(event: Event) -> ColumnElement[bool]:
    return or_(false(), *(_one_of(guests) for guests in event.guests))


def _one_of(guests: EventGuests) -> ColumnElement[bool]:
    """Those whom one line of an event's guests names; where it names none, the whole school."""
    if guests.adult_id is not None:
        return (Adult.id == guests.adult_id) & _is_written_to()
    if guests.group_id is not None:
        return _hears() & _in_group(guests.group_id)
    return _hears(Child.class_id == guests.class_id) if guests.class_id is not None else _hears()
