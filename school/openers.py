"""Openers: once WhatsApp's 24 hours are over, a message that WhatsApp has approved asks the family to open the conversation; what waits for them follows then.

Which languages have one, which messages wait to be opened and until when, and what lets them leave. docs/outbox.md tells it as a story.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update

from data.addresses import Address, AddressState
from data.outbox import Lane, Message, OutboxState
from data.people import AdultAddress
from data.school_year import Edited
from school import LONDON, School
from school.addresses import is_whatsapp_window_open
from school.attention import Need, call_for_a_person
from school.calendar import end_of_quiet, start_of_quiet

KIND = "opener"
"""The kind of message that an opener is."""
BUTTON = "open"
"""The id of the button under every opener. It is part of what WhatsApp has approved, so it never changes."""
KEPT = "whatsapp.openers"
"""The edited setting that holds the approved ones, by language: Twilio's ContentSid, the words and the button."""
PLACE = "{{1}}"
"""Where the school's name stands in an opener's words, as Twilio writes it."""
OPENS_WITHIN = timedelta(hours=3)
"""How long a message waits for its family to open WhatsApp before it goes another way."""
BEFORE_QUIET, SHORTEST = timedelta(minutes=15), timedelta(hours=1)
"""A wait that would end in quiet hours ends so long before them, so that the other way is still open; one that would be shorter than that is none."""
MOST = 3
"""On so many days at most a family is asked to open for one message, where there is no other way."""
NO_WINDOW, CODE = "no_window", "63016"
"""The verdict and code of a message that waits to be opened, and of one that went another way since WhatsApp was closed. Source: providers.md §3."""
NEXT_DAY = timedelta(days=1)
_LOST = (OutboxState.FAILED, OutboxState.UNDELIVERED)
_THEIR_OWN = ("bad_address", "opted_out")
"""Verdicts that say something of one family: they are not on WhatsApp, or said STOP there."""


@dataclass(frozen=True)
class Opener:
    """One that WhatsApp has approved: how Twilio calls it, its words with `PLACE` in them, and what stands on its button."""

    sid: str
    body: str
    button: str

    def words(self, name: str) -> str:
        """The words as the family reads them, from the school of this name."""
        return self.body.replace(PLACE, name)


@dataclass(frozen=True)
class Wait:
    """A message waits until then (aware) for its family to open WhatsApp. `asks`: an opener must go out for that."""

    until: datetime
    asks: bool


def approved(school: School) -> Mapping[str, Opener]:
    """The openers that may be sent, by language, the first part of its BCP 47 tag. Read once a session.

    So whatever `bookbag whatsapp setup` changes is seen without a restart.
    """
    known: Mapping[str, Opener] | None = school.session.info.get(KEPT)
    if known is None:
        kept = school.session.get(Edited, KEPT)
        known = school.session.info[KEPT] = {language: Opener(**told) for language, told in kept.value.items()} if kept else {}
    return known


def of(school: School, language: str) -> Opener | None:
    """The opener for a reader of this language, a BCP 47 tag; None where WhatsApp has approved none."""
    return approved(school).get(language.split("-", maxsplit=1)[0])


def keep(school: School, openers: Mapping[str, Opener]) -> None:
    """From now on these are the openers that may be sent, by language; true once the caller's transaction commits."""
    school.session.merge(Edited(name=KEPT, value={language: asdict(opener) for language, opener in openers.items()}))
    school.session.info.pop(KEPT, None)


def can_ask(school: School, address: Address, language: str) -> bool:
    """Whether a reader of this language can be asked there to open: WhatsApp, closed, nobody said STOP, and WhatsApp has approved the words."""
    return is_closed(school, address) and address.state == AddressState.USABLE and of(school, language) is not None


def is_closed(school: School, address: Address) -> bool:
    """Whether it is WhatsApp, and only what WhatsApp has approved may be sent there now."""
    return address.channel == "whatsapp" and not is_whatsapp_window_open(address, school.now)


# What a message waits for


def wait(school: School, message: Message, address: Address, *, has_other: bool) -> Wait | None:
    """How long this message waits there to be opened; None where it does not, or not any more. `has_other`: they can be reached by another way now.

    With another way, OPENS_WITHIN, once; what is urgent, or of no use by then, does not wait at all. Without, it is asked again the next day, on MOST days.
    """
    asked = _asked(school, message, address)
    last = asked[-1] if asked else None
    until = (_asked_at(last) if last else school.now) + OPENS_WITHIN
    is_over = last is not None and _is_over(school, last)
    if has_other:
        began, until = until - OPENS_WITHIN, _in_time_for_another(school, until)
        is_useless = until - began < SHORTEST or until <= school.now or (message.useless_after is not None and message.useless_after <= until)
        return None if is_over or is_useless or message.lane <= Lane.URGENT or was_opened(message) else Wait(until, asks=last is None)
    if is_over and len(asked) >= MOST:
        return None
    is_for_tomorrow = last is not None and is_over and last.key == key(address, school.today)
    if last is not None and is_for_tomorrow:
        until = _asked_at(last) + NEXT_DAY
    elif is_over:
        until = school.now + OPENS_WITHIN
    until = min(until, message.useless_after) if message.useless_after is not None else until
    return Wait(until, asks=last is None or (is_over and not is_for_tomorrow))


def _in_time_for_another(school: School, until: datetime) -> datetime:
    """This moment, or one before quiet hours, in which nothing could leave by another way."""
    return until if end_of_quiet(school, until) == until else start_of_quiet(school, school.now) - BEFORE_QUIET


def has_waited(school: School, message: Message, address: Address) -> bool:
    """Whether they were asked there since this message was to be said, and did not open it in time."""
    asked = _asked(school, message, address)
    return bool(asked) and _is_over(school, asked[-1])


def _is_over(school: School, opener: Message) -> bool:
    return _asked_at(opener) + OPENS_WITHIN <= school.now or opener.state in _LOST


def _asked_at(opener: Message) -> datetime:
    """When it left, as far as it has: one that cannot leave keeps nothing waiting for longer than if it had."""
    return opener.claimed_at if opener.claimed_at is not None and opener.state != OutboxState.QUEUED else opener.created_at


def key(address: Address, on: date) -> str:
    """The key of the opener to an address on a day: there is one at most."""
    return f"{KIND}:{address.id}:{on}"


def _asked(school: School, message: Message, address: Address) -> Sequence[Message]:
    """The openers to this address that were not called off, since the day on which the message was first to be said; the earliest first."""
    since = max(message.created_at, message.not_before or message.created_at).astimezone(LONDON).date()
    their_keys = Message.key.between(key(address, min(since, school.today)), key(address, school.today))
    return school.session.scalars(select(Message).where(their_keys, Message.state != OutboxState.CANCELLED).order_by(Message.key)).all()


def was_opened(message: Message) -> bool:
    """Whether it waited to be opened and was: they are at their phone and asked for it."""
    return message.verdict == NO_WINDOW and message.code == CODE and message.next_at is None and message.state == OutboxState.QUEUED


def is_awaited(school: School, opener: Message) -> bool:
    """Whether something still waits for this opener: it has neither left another way nor been taken back, and they have not written by themselves."""
    address = opener.address
    if address is None or address.state != AddressState.USABLE or not is_closed(school, address):
        return False
    return school.session.scalar(select(Message.id).where(*_waiting(address), Message.state == OutboxState.QUEUED).limit(1)) is not None


def _waiting(address: Address) -> Sequence[ColumnElement[bool]]:
    """What waits for this address to be opened. It has no address of its own meanwhile, so that nothing waits behind it, its opener least of all."""
    readers = select(AdultAddress.adult_id).where(AdultAddress.address_id == address.id)
    marked = (Message.verdict == NO_WINDOW, Message.code == CODE, Message.next_at.is_not(None))
    return (Message.adult_id.in_(readers), Message.address_id.is_(None), *marked)


# What lets it leave


def release(school: School, address: Address) -> None:
    """Someone wrote from there: what waits for it may leave, in the caller's transaction. What staff hold back stays so, and need not wait afterwards."""
    # Their word first: whoever is just deciding that something must wait for it holds the address, and is waited for here.
    school.session.flush()
    _let_go(school, address, None)


def move_on(school: School, address: Address) -> None:
    """Nobody can be asked there: what waits for it is looked at again at once."""
    _let_go(school, address, school.now)


def _let_go(school: School, address: Address, at: datetime | None) -> None:
    waits = update(Message).where(*_waiting(address), Message.state.in_((OutboxState.QUEUED, OutboxState.PAUSED)))
    school.session.execute(waits.values(next_at=at).execution_options(synchronize_session=False))


def is_shown(school: School, address: Address, since: datetime) -> bool:
    """Whether something waits to be shown to whoever wrote from there at `since`, or has left for there since then."""
    readers = select(AdultAddress.adult_id).where(AdultAddress.address_id == address.id)
    opened = (Message.adult_id.in_(readers), Message.address_id.is_(None), Message.verdict == NO_WINDOW, Message.code == CODE)
    leaves = exists().where(*opened, Message.state == OutboxState.QUEUED, Message.next_at.is_(None))
    has_left = exists().where(Message.address_id == address.id, Message.kind.not_in(("reply", KIND)), Message.claimed_at >= since)
    return bool(school.session.scalar(select(or_(leaves, has_left))))


def was_refused(school: School, opener: Message, detail: str) -> None:
    """An opener did not arrive: what waited for it moves on. Staff hear of it once a day for each language, not once for each family.

    Of one whose trouble is the family's own address they do not hear.
    """
    told: Mapping[str, Any] = opener.about
    if opener.verdict not in _THEIR_OWN:
        on = opener.created_at.astimezone(LONDON).date()
        call_for_a_person(school, Need.NOT_DELIVERED, key=f"{KIND}:refused:{told['language']}:{on}", detail=f"{KIND} in {told['language']}: {detail}")
    if opener.address is not None:
        move_on(school, opener.address)
