"""What messages cost: before they leave, by the settings' prices; and what a month did cost, by kind, class, language and channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from data.addresses import Address
from data.broadcasts import Broadcast, BroadcastRun
from data.outbox import STILL_TO_LEAVE, Message
from data.people import Adult, Child, Guardianship, SchoolClass
from data.questionnaires import QuestionnaireTally
from school import LONDON, School
from school.broadcast_runs import KIND, of_runs

UNMEASURED = 3
"""Message parts that an SMS counts as where its text was measured in no language: most news fits in."""
LONGEST_WAIT = timedelta(days=62)
"""How long before it left a message may have been written: a broadcast that was paused, over the summer holidays."""


@dataclass(frozen=True)
class Cost:
    """What some messages of one month cost. `kind` is a broadcast's kind, else the message's; `school_class` is '' for whoever has children in several
    classes, or in none.
    """

    kind: str
    school_class: str
    language: str
    channel: str
    messages: int
    parts: int
    pence: float


def pence_for(school: School, people: Mapping[tuple[str, str], int], parts: Mapping[str, int]) -> float:
    """What it costs, in pence, to tell so many people by (language, channel) a text of so many SMS parts by language.

    A language in which it was not measured counts as the longest that was.
    """
    longest = max(parts.values(), default=UNMEASURED)
    return sum(
        count * school.settings.pence.get(channel, 0.0) * (parts.get(language, longest) if channel == "sms" else 1)
        for (language, channel), count in people.items()
    )


def pence_for_introductions(school: School, new: Mapping[str, int], parts: Mapping[str, int], first_parts: Mapping[str, int]) -> float:
    """What it costs more, in pence, that so many SMS by language are the first to their number: those say which school it is, and may be longer."""
    more = sum(count * (first_parts.get(language, 0) - parts.get(language, 0)) for language, count in new.items() if language in first_parts)
    return more * school.settings.pence.get("sms", 0.0)


def would_exceed_cap(school: School, pence: float) -> bool:
    """Whether the month would cost more than the school has set, were so many pence spent now. What costs nothing never does."""
    return pence > 0 and exceeds(spent(school) + promised(school) + pence, cap(school))


def exceeds(pence: float, cap: float | None) -> bool:
    """Whether so many pence are more than a cap allows."""
    return cap is not None and pence > cap


def cap(school: School) -> float | None:
    """What a month may cost, in pence; None where the school has set nothing."""
    pounds = school.settings.monthly_cap_pounds
    return None if pounds is None else pounds * 100.0


def spent(school: School) -> float:
    """What this month has cost so far, in pence, at the prices of today."""
    by_channel = select(Address.channel, func.sum(_PARTS)).join(Address, Message.address_id == Address.id)
    rows = school.session.execute(by_channel.where(*_left_in(school.today)).group_by(Address.channel)).all()
    forgotten = [(channel, parts) for channel, _messages, parts in _forgotten(school, school.today)]
    return sum(parts * school.settings.pence.get(channel, 0.0) for channel, parts in [*rows, *forgotten])


def promised(school: School) -> float:
    """What those messages of broadcasts are thought to cost, in pence, that have not left yet."""
    counted = select(BroadcastRun.pence, BroadcastRun.people, func.count()).join(Message, of_runs() & Message.state.in_(STILL_TO_LEAVE))
    lately = counted.where(BroadcastRun.planned_at > school.now - LONGEST_WAIT)
    rows = school.session.execute(lately.group_by(BroadcastRun.id, BroadcastRun.pence, BroadcastRun.people))
    return sum(pence * min(waiting / people, 1) for pence, people, waiting in rows if people)


def month(school: School, day: date) -> Sequence[Cost]:
    """What the month of `day` cost, at the prices of today; a line for each kind, class, language and channel, the dearest first.

    A message that was sent by several ways counts as its last.
    """
    broadcast = and_(Message.kind == KIND, Broadcast.id == Message.about["broadcast"].as_integer())
    found = (
        select(func.coalesce(Broadcast.kind, Message.kind), Message.adult_id, Adult.language, Address.channel, func.count(), func.sum(_PARTS))
        .join(Address, Message.address_id == Address.id)
        .outerjoin(Adult, Adult.id == Message.adult_id)
        .outerjoin(Broadcast, broadcast)
        .where(*_left_in(day))
        .group_by(Broadcast.kind, Message.kind, Message.adult_id, Adult.language, Address.channel)
    )
    classes, sums = _classes(school), dict[tuple[str, str, str, str], tuple[int, int]]()
    for kind, adult_id, language, channel, count, parts in school.session.execute(found):
        line = (kind, classes.get(adult_id or 0, ""), language or "", channel)
        before = sums.get(line, (0, 0))
        sums[line] = before[0] + count, before[1] + parts
    for channel, messages, parts in _forgotten(school, day):
        sums["questionnaires", "", "", channel] = messages, parts
    prices = school.settings.pence
    costs = [Cost(*line, messages, parts, parts * prices.get(line[3], 0.0)) for line, (messages, parts) in sums.items()]
    return sorted(costs, key=lambda cost: (-cost.pence, -cost.parts, cost.kind, cost.school_class, cost.language, cost.channel))


def _forgotten(school: School, day: date) -> Sequence[tuple[str, int, int]]:
    """By channel, how many messages and parts left in the month of this day that carried private answers: they are gone, and were paid for."""
    month_of = f"{day:%Y-%m}"
    bills = select(QuestionnaireTally.value, func.sum(QuestionnaireTally.asked), func.sum(QuestionnaireTally.answered))
    of_then = (QuestionnaireTally.dimension == "sent", QuestionnaireTally.value.endswith(month_of))
    rows = school.session.execute(bills.where(*of_then).group_by(QuestionnaireTally.value)).all()
    return [(value.removesuffix(month_of).strip(), messages, parts) for value, messages, parts in rows]


_PARTS = func.coalesce(Message.parts, 1)


def _left_in(day: date) -> tuple[ColumnElement[bool], ...]:
    """Messages that a provider took in the month of this day."""
    first = datetime.combine(day.replace(day=1), time(), LONDON).astimezone(UTC)
    following = datetime.combine((day.replace(day=1) + timedelta(days=32)).replace(day=1), time(), LONDON).astimezone(UTC)
    is_of_then = (Message.created_at >= first - LONGEST_WAIT, Message.created_at < following)  # found by an index
    return (*is_of_then, Message.sent_at >= first, Message.sent_at < following)


def _classes(school: School) -> Mapping[int, str]:
    """The class of each adult whose children here are in one."""
    rows = select(Guardianship.adult_id, func.min(SchoolClass.name), func.max(SchoolClass.name)).join(Child, Child.id == Guardianship.child_id)
    here = rows.join(SchoolClass, SchoolClass.id == Child.class_id).where(Child.left_on.is_(None), Guardianship.may_hear).group_by(Guardianship.adult_id)
    return {adult_id: first for adult_id, first, last in school.session.execute(here) if first == last}
