"""Every message out: which there are, the way that each took, and sending one again.

Its own refusals:

    Refusal
    ├── NothingToRepeat     it is still under way, has arrived, or its cause is gone
    ├── SentAgainAlready    it was sent again before, and that one is under way or has arrived
    ├── MayComeTwice        it may have arrived: whoever sends it again must say that they know
    └── NoWayThere          the address is not this person's, or nothing can be sent there now
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, literal, or_, select, update

from data.addresses import Address, AddressState
from data.attention import Attention
from data.outbox import Callback, Lane, Message, OutboxState
from data.people import Adult, Staff
from data.texts import text_messages
from school import School, access, addresses, daily_limit, openers
from school.access import Viewer
from school.addresses import masked
from school.errors import Refusal

__all__ = [
    "CHANNELS",
    "GROUPS",
    "KINDS",
    "REPEATABLE",
    "VERDICTS",
    "Adult",
    "Listing",
    "MayComeTwice",
    "Message",
    "NoWayThere",
    "NothingToRepeat",
    "OutboxState",
    "SentAgainAlready",
    "Step",
    "Wanted",
    "What",
    "has_way",
    "is_alive",
    "kind_name",
    "listing",
    "masked",
    "may_repeat",
    "other_ways",
    "repeats_of",
    "send_again",
    "used_kinds",
    "way_of",
    "why",
]

PAGE = 50
SAME_MOMENT = 1_000
"""Ids that may lie between two messages which different processes made at the same moment."""
FEW = 10
"""Adults whose messages are quicker found by looking them up than by reading what is newest."""
MOST_REPEATS = 20
"""How often one message can be sent again. Whoever needs more has another trouble."""
CHANNELS: Mapping[str, str] = {"sms": "SMS", "whatsapp": "WhatsApp", "telegram": "Telegram", "email": "E-mail"}
"""What each channel is called."""
GROUPS: Mapping[str, tuple[OutboxState, ...]] = {
    "waiting": (OutboxState.QUEUED, OutboxState.PAUSED),
    "on its way": (OutboxState.SENDING, OutboxState.SENT),
    "arrived": (OutboxState.DELIVERED, OutboxState.READ),
    "failed": (OutboxState.FAILED, OutboxState.UNDELIVERED, OutboxState.EXPIRED),
    "unconfirmed": (OutboxState.UNCONFIRMED,),
}
"""What staff call the states. `cancelled` is in none: nothing was to be said any more."""
REPEATABLE = (*GROUPS["failed"], OutboxState.UNCONFIRMED)
"""What can be sent again: what surely did not arrive, and what may not have."""
_ALIVE = (*GROUPS["waiting"], *GROUPS["on its way"], *GROUPS["arrived"])
KINDS: Mapping[str, str] = {
    "reply": "Answer",
    "appointment_booked": "Appointment booked by staff",
    "appointment_moved": "Appointment moved by staff",
    "appointment_called_off": "Appointment called off by staff",
    "appointment_reminder": "Reminder of an appointment",
    "meeting_invitation": "Invitation to a meeting",
    "slot_offered": "Offer of a free time",
    "telegram_link": "Link to Telegram",
    "welcome": "Welcome",
    "still_theirs": "Question whose phone it is",
    openers.KIND: "Question to open WhatsApp",
    "broadcast": "Broadcast",
    "broadcast_test": "Broadcast, as a test",
    access.SAFEGUARDING_ALERT: "Call for the safeguarding lead",
}
"""What each kind of message is, in English. One that is missing here is its own name, with spaces."""
VERDICTS: Mapping[str, tuple[str, str]] = {
    "opted_out": ("They said STOP to this number.", "Nothing may be sent there until they text START. Use another way, or print a letter."),
    "bad_address": ("Nobody can be reached there: no such mobile, a landline, not on WhatsApp, or they blocked us.", "Ask the family for their number."),
    "unreachable": ("The phone was off or out of reach, each time it was tried.", "Send it again later in the day."),
    "filtered": ("The phone company or the phone blocked this text.", "Use another channel, or say it in other words without a link."),
    "our_account": ("The provider refused the school's account.", "The technician looks at the account: password, credit, set-up."),
    "bad_pair": ("The school's number cannot reach this number.", "Use another channel. If it happens to several families, tell the technician."),
    "limited": ("The provider's limit for the school's number was reached.", "Send it again in an hour, or use another channel."),
    "our_content": ("The message could not be sent as it was made: a fault of Bookbag.", "Tell the technician, with the code."),
    "no_window": ("WhatsApp takes messages only within 24 hours after the family wrote.", "Use another channel, or wait until they write."),
    "expired": ("It stayed with the provider until it was too late.", "Send it again if it is still of use."),
    "uncertain": ("The provider itself does not know whether it arrived.", "Ask the family, or send it again: it may come twice."),
    "theirs": ("Something went wrong at the provider.", "Send it again."),
    "unknown": ("The provider gave a reason that Bookbag does not know.", "Tell the technician the code. Try another channel."),
    "switched_off": ("They have switched off messages of this kind.", "Nothing is to be done. Tell them yourself if it matters."),
    "still_theirs": ("Their number may be someone else's by now. Whoever has it was asked.", "It leaves once they answer. Ring the family if it cannot wait."),
    "abroad": (
        "The number is of a country that the school does not text.",
        "Use another channel, or ask the technician to add the country to `limits.countries`.",
    ),
    "no_address": ("There was no address that could be used.", "See 'Unreachable': add a number, or print a letter."),
    "not_worded": ("Bookbag could not put it into words: a fault of Bookbag.", "Tell the technician, with the code."),
}
"""What each verdict that the outbox keeps means, and what staff can do about it. One that is missing is `unknown`."""
_WAITS_TO_BE_OPENED = ("WhatsApp is closed: they have not written there for a day.", "They are asked to open it; then it leaves, or else by another way.")
_WAITS_FOR_TOMORROW = (
    "So many paid message parts have left today that this one waits until tomorrow.",
    "Lift the limit on the page Delivery, if it must leave today.",
)
_WENT_ANOTHER_WAY = ("WhatsApp was closed: they had not written there for a day.", "So it went another way.")


class NothingToRepeat(Refusal):
    """It is still under way, has arrived, or its cause is gone."""


@dataclass
class SentAgainAlready(Refusal):
    """It was sent again before; that one is under way or has arrived."""

    message_id: int


class MayComeTwice(Refusal):
    """It may have arrived, and whoever sends it again has not said that they know."""


class NoWayThere(Refusal):
    """The address is not this person's, or nothing can be sent there now."""


@dataclass(frozen=True)
class Wanted:
    """Which messages out are looked for; what is left out does not narrow. `group` is one of GROUPS, `days` how far back, `name` a part of an adult's name."""

    group: str = ""
    channel: str = ""
    kind: str = ""
    days: int | None = None
    adult_id: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Listing:
    """One page of messages, the newest first. `adults` are those they are for, by id; empty for who may not know. `older` is the page that follows."""

    messages: Sequence[Message]
    adults: Mapping[int, Adult]
    older: int | None


def listing(school: School, who: Viewer, wanted: Wanted, before: int | None = None) -> Listing:
    """The messages out that `who` sees, of those that are wanted, with an id smaller than `before`."""
    conditions = [access.messages_seen(who), *_narrowed(school, who, wanted)]
    if before is not None:
        conditions.append(Message.id < before)
    found = school.session.scalars(select(Message).where(*conditions).order_by(Message.id.desc()).limit(PAGE + 1)).all()
    shown = found[:PAGE]
    return Listing(shown, _adults(school, who, shown), shown[-1].id if len(found) > PAGE else None)


def _narrowed(school: School, who: Viewer, wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.group in GROUPS:
        # Nearly all have arrived: the newest are read until enough have. What has not is quickly found by its state.
        state = func.coalesce(Message.state, "") if wanted.group == "arrived" else Message.state
        conditions.append(state.in_(GROUPS[wanted.group]))
    if wanted.channel in CHANNELS:
        conditions.append((Message.address_id + 0).in_(select(Address.id).where(Address.channel == wanted.channel)))
    if wanted.kind:
        conditions.append(Message.kind == wanted.kind)
    if wanted.days is not None:
        conditions += _since(school, school.now - timedelta(days=wanted.days))
    if access.reads_words(who):
        if wanted.adult_id is not None:
            conditions.append(Message.adult_id == wanted.adult_id)
        if wanted.name:
            conditions.append(_for_someone_named(school, wanted.name))
    return conditions


def _since(school: School, since: datetime) -> Sequence[ColumnElement[bool]]:
    """Messages made since then. Ids rise with time but for what several processes make in the same moment: so the database need not read those before."""
    first = school.session.scalar(select(Message.id).where(Message.created_at >= since).order_by(Message.created_at).limit(1))
    return [Message.id >= (first or 0) - SAME_MOMENT, Message.created_at >= since]


def _for_someone_named(school: School, name: str) -> ColumnElement[bool]:
    """Messages for adults in whose name this stands: few are looked up one by one; where it is many, the newest messages are read until enough are theirs."""
    ids = school.session.scalars(select(Adult.id).where(Adult.name.icontains(name, autoescape=True))).all()
    return Message.adult_id.in_(ids) if len(ids) <= FEW else (Message.adult_id + 0).in_(ids)


def _adults(school: School, who: Viewer, messages: Sequence[Message]) -> Mapping[int, Adult]:
    ids = {message.adult_id for message in messages if message.adult_id is not None}
    found = school.session.scalars(select(Adult).where(Adult.id.in_(ids), access.adults_seen(who))) if ids else ()
    return {adult.id: adult for adult in found}


def kind_name(kind: str) -> str:
    """What a kind of message is called, in English."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def used_kinds(school: School) -> Sequence[str]:
    """The kinds that messages out have had, in alphabetical order. Each costs one look into an index, however many messages there are."""
    kinds: list[str] = []
    following = school.session.scalar(select(func.min(Message.kind)))
    while following is not None:
        kinds.append(following)
        following = school.session.scalar(select(func.min(Message.kind)).where(Message.kind > following))
    return kinds


class What(StrEnum):
    """What happened on a message's way."""

    MADE = "made"
    CLAIMED = "claimed"  # handed to the provider, for the last time where there were several
    TAKEN = "taken"
    REPORTED = "reported"
    NEXT = "next"  # it is tried, looked up or asked after then
    TOO_LATE = "too late"  # of no use after that


@dataclass(frozen=True)
class Step:
    """One thing on a message's way. `state` is what was reported, with the provider's verdict and code, where `what` is a report."""

    at: datetime
    what: What
    state: str = ""
    verdict: str | None = None
    code: str | None = None


def way_of(school: School, message: Message) -> Sequence[Step]:
    """All that is known of what became of a message, the earliest first."""
    steps = [Step(message.created_at, What.MADE)]
    if message.claimed_at is not None:
        steps.append(Step(message.claimed_at, What.CLAIMED))
    if message.sent_at is not None:
        steps.append(Step(message.sent_at, What.TAKEN))
    is_ours = Callback.uid == message.uid
    reported = select(Callback).where(or_(Callback.provider_id == message.provider_id, is_ours) if message.provider_id else is_ours)
    steps += [Step(row.at, What.REPORTED, row.state, row.verdict, row.code) for row in school.session.scalars(reported.order_by(Callback.at, Callback.id))]
    if message.state in (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.SENT):
        waits = max(filter(None, (message.next_at, message.not_before)), default=None)
        steps += [Step(waits, What.NEXT)] if waits is not None and waits > school.now else []
    if message.state == OutboxState.EXPIRED and message.useless_after is not None:
        steps.append(Step(message.useless_after, What.TOO_LATE))
    return sorted(steps, key=lambda step: step.at)


def repeats_of(school: School, message: Message) -> Sequence[Message]:
    """The messages that were sent in its stead, the earliest first: by staff, and by Bookbag itself where it must arrive."""
    keys = [f"{message.key}:again", *(f"again:{message.id}:{number}" for number in range(1, MOST_REPEATS + 1))]
    return school.session.scalars(select(Message).where(Message.key.in_(keys)).order_by(Message.id)).all()


def is_alive(message: Message) -> bool:
    """Whether it is still under way or has arrived."""
    return message.state in _ALIVE


def may_repeat(message: Message) -> bool:
    """Whether it can be sent again at all. An opener cannot: what waits for it asks for another by itself."""
    return message.state in REPEATABLE and message.kind != openers.KIND


def why(message: Message) -> tuple[str, str] | None:
    """Why a message stands where it does, in English, and what staff can do about it; None where there is nothing to tell."""
    if message.verdict == openers.NO_WINDOW and message.state in GROUPS["waiting"]:
        return _WAITS_TO_BE_OPENED
    if message.verdict == openers.NO_WINDOW and message.address is not None and message.address.channel != "whatsapp" and message.state not in GROUPS["failed"]:
        return _WENT_ANOTHER_WAY
    if message.code == daily_limit.CODE:
        return _WAITS_FOR_TOMORROW
    if message.verdict is None:
        return ("It is tried again.", "") if message.code is not None else None
    return VERDICTS.get(message.verdict, VERDICTS["unknown"])


def other_ways(school: School, message: Message) -> Sequence[Address]:
    """The other addresses of the adult it is for that something can be sent to now, the one to try first first. None for whoever is no adult of ours."""
    return [address for address in _ways(school, message) if address.id != message.address_id]


def has_way(school: School, message: Message) -> bool:
    """Whether it can be sent again to where it was to go: to its address, or where it had none, to whichever there is now."""
    ways = _ways(school, message)
    return bool(ways) if message.address_id is None else message.address_id in {way.id for way in ways}


def _ways(school: School, message: Message) -> Sequence[Address]:
    if message.adult_id is None:
        return [message.address] if message.address is not None and message.address.state == AddressState.USABLE else []
    adult = school.session.get_one(Adult, message.adult_id)
    theirs = addresses.usable_for(school, adult)
    return [address for address in theirs if not openers.is_closed(school, address) or openers.can_ask(school, address, adult.language)]


def send_again(school: School, message: Message, by: Staff | None, *, may_come_twice: bool = False, to: Address | None = None) -> Message:
    """Queue a message once more: to the address it had, or else to `to`, another one of the same adult's. A message of its own, with the key 'again:<id>:<n>'.

    A notice is worded anew, so that it is true when it leaves, and dropped if its cause is gone. Refuses with NothingToRepeat, SentAgainAlready, MayComeTwice
    and NoWayThere.
    """
    message = school.session.scalars(select(Message).where(Message.id == message.id).with_for_update(of=Message)).one()
    before = repeats_of(school, message)
    if not may_repeat(message) or len(before) >= MOST_REPEATS:
        raise NothingToRepeat
    if (alive := next(filter(is_alive, before), None)) is not None:
        raise SentAgainAlready(alive.id)
    if message.state == OutboxState.UNCONFIRMED and not may_come_twice:
        raise MayComeTwice
    again = _like(school, message, _where(school, message, to), f"again:{message.id}:{len(before) + 1}")
    school.session.add(again)
    school.session.flush()
    if again.text is not None:
        carried = select(text_messages.c.text_id, literal(again.id)).where(text_messages.c.message_id == message.id)
        school.session.execute(text_messages.insert().from_select(["text_id", "message_id"], carried))
    dealt_with = update(Attention).where(Attention.key == f"outbox:{message.id}", Attention.done_at.is_(None))
    done = dealt_with.values(done_at=school.now, done_by_id=by.id if by else None)
    school.session.execute(done.execution_options(synchronize_session=False))
    return again


def _where(school: School, message: Message, to: Address | None) -> Address | None:
    """The address to send to; None where the first that can be used when it leaves will do."""
    can_be_reached = to.id in {way.id for way in _ways(school, message)} if to is not None else has_way(school, message)
    if not can_be_reached:
        raise NoWayThere
    return to or message.address


def _like(school: School, message: Message, address: Address | None, key: str) -> Message:
    """The same message as a new row. It keeps its words where it can have no others: an answer, the rest of a long text, and what may have arrived,
    so that it is recognisably the same.
    """
    lane = message.lane if message.lane in (Lane.ALERT, Lane.URGENT) else Lane.NOTICE
    again = Message(key=key, uid=secrets.token_hex(8), created_at=school.now, lane=lane, address=address)
    same = ["trace", "via", "adult_id", "kind", "about", "must_arrive", "topic"]
    is_fixed = message.kind == "reply" or message.adult_id is None or message.lane == Lane.REST or message.state == OutboxState.UNCONFIRMED
    if is_fixed:
        same += ["text", "english", "choices", "attachment", "asks_contact", "rest"]
    for name in same:
        setattr(again, name, getattr(message, name))
    return again
