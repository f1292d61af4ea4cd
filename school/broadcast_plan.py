"""What would happen if something were sent to many: how many people, by which way, who not and why, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, true

from data.broadcasts import Broadcast, BroadcastKind
from data.people import Adult
from school import School, audiences, preferences
from school.audiences import Audience, AudienceKind
from school.calendar import end_of_quiet
from school.unreachable import Why
from school.ways import Way, ways

__all__ = ["Audience", "Plan", "Why", "audience_of", "by_way", "plan", "switches", "ways_of"]


SWITCHES: Mapping[str, Sequence[str]] = {BroadcastKind.NEWS: ("news",), BroadcastKind.NEWSLETTER: ("news",), BroadcastKind.REMINDER: ("reminders",)}
"""What a parent switches off, by the kind of broadcast. A closure always comes."""


@dataclass(frozen=True)
class Plan:
    """What would happen. `people` counts them by (language, channel); `unreached` are those whom no message reaches, and why, by name.

    `new` are those of the SMS that are the first to their number, by language. `sharing` are so many more who have it on another's phone. Of those
    on WhatsApp so many are `asked` to open it first; `shut`, by language, are those who get it another way since theirs is closed and nobody asks them.
    So many of the audience have `switched_off` this kind of message.
    The first leave at `leaves_at` (aware); `is_held`: since quiet hours hold them until then.
    """

    people: Mapping[tuple[str, str], int]
    new: Mapping[str, int]
    unreached: Sequence[tuple[Adult, Why]]
    sharing: int
    asked: int
    shut: Mapping[str, int]
    leaves_at: datetime
    is_held: bool
    switched_off: int

    @property
    def count(self) -> int:
        """How many messages there are."""
        return sum(self.people.values())

    @property
    def languages(self) -> Sequence[str]:
        """The languages of those who are reached, by tag."""
        return sorted({language for language, _ in self.people})


def plan(school: School, audience: Audience, *, at: datetime | None = None, is_urgent: bool = False, off: Sequence[str] = ()) -> Plan:
    """What would happen if something for this audience were sent at `at` (aware), or now. Whoever has switched off one of `off` gets none."""
    moment = at or school.now
    then = School(school.session, moment, school.settings)  # a WhatsApp window that is open now may be closed by then
    who = audiences.members(school, audience)
    found = ways(then, _but_who_switched_off(who, off), is_urgent=is_urgent)
    leaves_at = moment if is_urgent else end_of_quiet(school, moment)
    return Plan(
        people=by_way(found),
        new=first_by_sms(found),
        unreached=_unreached(school, found),
        sharing=sum(way.through is not None for way in found),
        asked=sum(way.opens and way.through is None for way in found),
        shut=Counter(way.language for way in found if way.is_shut and way.through is None),
        leaves_at=leaves_at,
        is_held=leaves_at != moment,
        switched_off=school.session.scalar(select(func.count()).select_from(Adult).where(who, ~_but_who_switched_off(true(), off))) or 0 if off else 0,
    )


def ways_of(school: School, broadcast: Broadcast) -> Sequence[Way]:
    """How each of those is reached now whom a broadcast is for."""
    who = _but_who_switched_off(audiences.members(school, audience_of(broadcast)), switches(broadcast))
    return ways(school, who, is_urgent=broadcast.is_urgent)


def switches(broadcast: Broadcast) -> Sequence[str]:
    """The kinds of message, of those that a parent may switch off, that a broadcast is: none, where it is urgent or tells of a closure."""
    if broadcast.is_urgent:
        return ()
    return SWITCHES.get(broadcast.kind, ())


def _but_who_switched_off(who: ColumnElement[bool], kinds: Sequence[str]) -> ColumnElement[bool]:
    return and_(who, *(preferences.wants(kind) for kind in kinds))


def audience_of(broadcast: Broadcast) -> Audience:
    """Whom a broadcast is for."""
    return Audience(AudienceKind(broadcast.audience_kind), broadcast.audience_id, broadcast.audience_tag)


def by_way(found: Sequence[Way]) -> Mapping[tuple[str, str], int]:
    """How many messages there are, by (language, channel)."""
    return Counter((way.language, way.address.channel) for way in found if way.address is not None and way.through is None)


def first_by_sms(found: Sequence[Way]) -> Mapping[str, int]:
    """How many SMS are the first to their number, by language."""
    addresses = [(way.language, way.address) for way in found if way.address is not None and way.through is None]
    return Counter(language for language, address in addresses if address.channel == "sms" and address.first_greeted_at is None)


def _unreached(school: School, found: Sequence[Way]) -> Sequence[tuple[Adult, Why]]:
    whys = {way.adult_id: way.why for way in found if way.why is not None}
    if not whys:
        return ()
    adults = school.session.scalars(select(Adult).where(Adult.id.in_(whys)).order_by(Adult.name, Adult.id))
    return [(adult, whys[adult.id]) for adult in adults]
