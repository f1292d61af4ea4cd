"""How a broadcast will look and what it will cost: in each language, in message parts and pence, on each channel; and who gets it only in the morning.

`bookbag broadcast --dry-run` and the console's send screen ask this. It words the broadcast as the dispatcher will.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy import func, select

from bot.channels.base import AddressKind, ChannelName
from bot.channels.simulator import LIMITS
from bot.channels.text import split
from bot.conversation.engine import Conversation
from bot.conversation.registry import NOTICE
from bot.conversation.state import State
from bot.words_last import introduced
from data.addresses import Address
from data.broadcasts import Broadcast
from data.people import Adult
from data.texts import Reading
from school import School, audiences, broadcasts, costs
from school.broadcast_plan import Plan, audience_of
from school.broadcast_runs import KIND
from school.calendar import end_of_quiet, start_of_quiet
from translations.sms import fold_letters, fold_typography, segments

__all__ = ["Look", "Preview", "preview", "sms_parts"]

TOKEN = 32
"""Letters of the token that a link to a document ends in."""


@dataclass(frozen=True)
class Look:
    """How it reads in one language. `words` are those of the whole message, `reading` is what staff wrote in this language, as far as it is translated yet.

    `sms_parts` are the message parts that an SMS of it is sent, and paid for, as; `first_parts` where it is the first to its number, as `new` of them are.
    `people` and `pence` are by channel.
    """

    language: str
    words: str
    reading: Reading
    sms_parts: int
    first_parts: int
    new: int
    people: Mapping[str, int]
    pence: Mapping[str, float]


@dataclass(frozen=True)
class Preview:
    """What would happen if it were sent. `held` of the messages leave only at `held_until`, since quiet hours come between; of none it is None.

    So many of them get no document (`without_document`), since it goes as a link there and nothing leads to Bookbag from outside.
    `pence` is what it would cost, `spent` what the month has cost so far with what is under way, `cap` what it may cost; all in pence.
    """

    plan: Plan
    looks: Sequence[Look]
    held: int
    held_until: datetime | None
    without_document: int
    pence: float
    spent: float
    cap: float | None

    @property
    def exceeds_cap(self) -> bool:
        """Whether it waits for someone's yes because of what it costs, unless it is urgent."""
        return self.pence > 0 and costs.exceeds(self.spent + self.pence, self.cap)


def preview(
    school: School, broadcast: Broadcast, *, at: datetime | None = None, public_url: str | None = None, per_second: Mapping[str, float] | None = None
) -> Preview:
    """What would happen if this broadcast were sent at `at` (aware), or now. What it measures is kept with the broadcast, in the caller's transaction.

    `public_url` is where the link to its document leads; `per_second` are the message parts a second that each channel's sender may send.
    """
    plan = broadcasts.plan(school, audience_of(broadcast), at=at, is_urgent=broadcast.is_urgent, off=broadcasts.switches(broadcast))
    looks = [_look(school, broadcast, plan, reader, public_url) for reader in _readers(school, broadcast, plan.languages)]
    parts = {look.language: look.sms_parts for look in looks}
    broadcasts.measured(broadcast, parts, {look.language: look.first_parts for look in looks})
    held, held_until = (plan.count, plan.leaves_at) if plan.is_held else _overtaken(school, broadcast, plan, parts, per_second or {})
    return Preview(
        plan=plan,
        looks=looks,
        held=held,
        held_until=held_until if held else None,
        without_document=_without_document(broadcast, plan) if public_url is None else 0,
        pence=sum(sum(look.pence.values()) for look in looks),
        spent=costs.spent(school) + costs.promised(school),
        cap=costs.cap(school),
    )


def _without_document(broadcast: Broadcast, plan: Plan) -> int:
    return sum(count for (_, channel), count in plan.people.items() if channel != ChannelName.TELEGRAM) if broadcast.file_id is not None else 0


def sms_parts(school: School, words: str, language: str) -> int:
    """How many message parts words in `language` are paid for as on SMS: folded where the school wants that, and cut where they are too long for one."""
    if language.split("-", maxsplit=1)[0] in school.settings.fold_letters:
        words = min(words, fold_letters(words, language), key=_segments)
    return sum(_segments(piece) for piece in split(words, LIMITS[ChannelName.SMS].text_characters))


def _segments(words: str) -> int:
    return segments(fold_typography(words))


def _readers(school: School, broadcast: Broadcast, languages: Sequence[str]) -> Sequence[Adult]:
    """One reader of each language, whose message stands for those of all others."""
    first = select(func.min(Adult.id)).where(audiences.members(school, audience_of(broadcast)), Adult.language.in_(languages)).group_by(Adult.language)
    return school.session.scalars(select(Adult).where(Adult.id.in_(first)).order_by(Adult.language)).all()


def _look(school: School, broadcast: Broadcast, plan: Plan, reader: Adult, public_url: str | None) -> Look:
    words = _words(school, broadcast, reader, greeted_at=school.now)
    link = f"\n{public_url}/m/{'x' * TOKEN}" if broadcast.file_id is not None and public_url else ""
    first = introduced(school, _words(school, broadcast, reader, greeted_at=None), reader.language)
    people = {channel: count for (language, channel), count in plan.people.items() if language == reader.language}
    parts, first_parts = (sms_parts(school, f"{each}{link}", reader.language) for each in (words, first))
    pence = {channel: costs.pence_for(school, {(reader.language, channel): count}, {reader.language: parts}) for channel, count in people.items()}
    new = plan.new.get(reader.language, 0)
    if new:
        pence["sms"] += costs.pence_for_introductions(school, {reader.language: new}, {reader.language: parts}, {reader.language: first_parts})
    return Look(reader.language, words, broadcast.text.read_in(reader.language), parts, first_parts, new, people, pence)


def _words(school: School, broadcast: Broadcast, reader: Adult, *, greeted_at: datetime | None) -> str:
    """As the dispatcher would word it for a number that was greeted then, or never."""
    phone = Address(channel=ChannelName.SMS, kind=AddressKind.PHONE, value="", first_greeted_at=greeted_at)
    return Conversation(school, reader, phone, State(), language=reader.language).begin(f"{NOTICE}{KIND}", broadcast=broadcast.id).text


def _overtaken(school: School, broadcast: Broadcast, plan: Plan, parts: Mapping[str, int], per_second: Mapping[str, float]) -> tuple[int, datetime | None]:
    """How many messages are still waiting for their sender when quiet hours begin, and when those end."""
    if broadcast.is_urgent or school.settings.quiet_from == school.settings.quiet_to:
        return 0, None
    quiet = start_of_quiet(school, plan.leaves_at)
    held = sum(_still_waiting(plan, channel, parts, rate * (quiet - plan.leaves_at).total_seconds()) for channel, rate in per_second.items())
    return held, end_of_quiet(school, quiet)


def _still_waiting(plan: Plan, channel: str, parts: Mapping[str, int], room: float) -> int:
    """How many messages of a channel are left over where only `room` message parts of it leave."""
    sizes = {language: (parts.get(language, 1) if channel == ChannelName.SMS else 1, count) for (language, way), count in plan.people.items() if way == channel}
    messages, whole = sum(count for _, count in sizes.values()), sum(size * count for size, count in sizes.values())
    return ceil(messages * (whole - room) / whole) if whole > room else 0
