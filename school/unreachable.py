"""Whom no message reaches, why, and what they were to be told: for a letter."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import selectinload

from data.addresses import Address, AddressState
from data.outbox import Message, OutboxState
from data.people import Adult, AdultAddress, Child, Guardianship
from school import School, access, consent, openers
from school.access import Viewer
from school.addresses import NotAMobile, NotANumber, is_texted, is_whatsapp_window_open, mobile

__all__ = ["LETTER_DAYS", "TOO_MANY", "Adult", "Message", "Unreached", "Why", "reaches", "reason", "reason_of", "unreached", "untold"]

LETTER_DAYS = 30
"""How far back a letter looks for what did not arrive."""
TOO_MANY = 20
"""More messages than these a letter does not hold: the newest are what counts."""

_SURELY_MOBILE = re.compile(r"\+447[1-57-9]\d{8}")
"""British mobiles without a closer look, which takes a tenth of a millisecond each: 070 are personal numbers, 076 mostly pagers."""
OFTEN = 5
"""How many of the times that one message was sent again are looked at."""


class Why(StrEnum):
    """Why nobody can be reached."""

    NO_ADDRESS = "no_address"
    ONLY_EMAIL = "only_email"  # and the school sends no e-mail to families
    STOPPED = "stopped"  # they said STOP everywhere
    BLOCKED = "blocked"  # they said STOP everywhere, and the phone company lets nothing through to at least one
    DEAD = "dead"  # none of their numbers and chats works
    STOPPED_OR_DEAD = "stopped_or_dead"
    DOUBTED = "doubted"  # it may be someone else's by now
    LANDLINE = "landline"  # what they have is no mobile
    ABROAD = "abroad"  # what they have is of a country that the school does not text
    WINDOW_CLOSED = "window_closed"  # WhatsApp alone, they have not written for a day, and there is no opener in their language


@dataclass(frozen=True)
class Unreached:
    """One adult whom no message reaches. `is_alone`: for at least one of their children nobody else is reached either. `undelivered` did not arrive lately."""

    adult: Adult
    why: Why
    children: Sequence[Child]
    is_alone: bool
    undelivered: int


def unreached(school: School, who: Viewer) -> Sequence[Unreached]:
    """Those of the adults that `who` sees, and that are to be written to, whom no message reaches: first where a child has nobody else, then by name."""
    condition = access.adults_seen(who) & _is_written_to() & ~_surely_reached(school)
    loaded = selectinload(Adult.guardianships).selectinload(Guardianship.child).selectinload(Child.school_class)
    adults = school.session.scalars(select(Adult).where(condition).options(selectinload(Adult.addresses), loaded)).all()
    reasons = {adult.id: why for adult in adults if (why := reason(school, adult)) is not None}
    served = _children_with_someone(school, [adult for adult in adults if adult.id in reasons], reasons)
    counts = {adult_id: len(messages) for adult_id, messages in untold(school, list(reasons)).items()}
    found = [_told(adult, reasons[adult.id], served, counts.get(adult.id, 0)) for adult in adults if adult.id in reasons]
    return sorted(found, key=lambda each: (not each.is_alone, each.adult.name.casefold(), each.adult.id))


def _told(adult: Adult, why: Why, served: Collection[int], undelivered: int) -> Unreached:
    children = sorted((row.child for row in adult.guardianships if _concerns(row)), key=lambda child: child.name)
    return Unreached(adult, why, children, any(child.id not in served for child in children), undelivered)


def _concerns(row: Guardianship) -> bool:
    return row.may_hear or row.may_book or row.may_be_asked


def _is_written_to() -> ColumnElement[bool]:
    """Whether the school writes to an adult at all: about a child they may not hear of, nor book for, nor be asked about, it does not."""
    concerns = or_(Guardianship.may_hear, Guardianship.may_book, Guardianship.may_be_asked)
    return exists().where(Guardianship.adult_id == Adult.id, concerns)


def _surely_reached(school: School) -> ColumnElement[bool]:
    """Whether an adult has an address that can be written to now, as far as that can be told without looking closely: a British mobile, an open chat."""
    starts_as_mobile = Address.value.startswith("+447", autoescape=True) & ~Address.value.startswith("+4470") & ~Address.value.startswith("+4476")
    is_open = or_(
        (Address.channel == "sms") & starts_as_mobile,
        (Address.channel == "whatsapp") & (Address.last_heard_at > school.now - timedelta(days=1)),
        Address.channel.in_(("telegram", "email") if school.settings.writes_email else ("telegram",)),
    )
    return exists().where(AdultAddress.adult_id == Adult.id, AdultAddress.address_id == Address.id, Address.state == AddressState.USABLE, is_open)


def reason(school: School, adult: Adult) -> Why | None:
    """Why no message reaches this adult; None if one does."""
    return reason_of(school, [link.address for link in adult.addresses], adult.language)


def reason_of(school: School, every: Sequence[Address], language: str) -> Why | None:
    """Why no message reaches whoever has these addresses and this language; None if one does, be it after they were asked on WhatsApp to open it."""
    counted = [address for address in every if address.channel != "email" or school.settings.writes_email]
    if not counted:
        return Why.ONLY_EMAIL if every else Why.NO_ADDRESS
    usable = [address for address in counted if address.state == AddressState.USABLE]
    if not usable:
        return _why_none_usable(counted)
    if any(reaches(school, address) or openers.can_ask(school, address, language) for address in usable):
        return None
    if any(address.channel == "whatsapp" for address in usable):
        return Why.WINDOW_CLOSED
    return Why.LANDLINE if all(is_texted(school, address) for address in usable) else Why.ABROAD


def _why_none_usable(every: Sequence[Address]) -> Why:
    states = {address.state for address in every}
    if any(consent.is_blocked(address) for address in every):
        return Why.BLOCKED
    if AddressState.DOUBTED in states:
        return Why.DOUBTED
    return Why.STOPPED_OR_DEAD if len(states) > 1 else Why.STOPPED if AddressState.OPTED_OUT in states else Why.DEAD


def reaches(school: School, address: Address) -> bool:
    """Whether a message can be sent there now, as far as the school knows: an open chat, a mobile that nobody said STOP on, e-mail where it has that."""
    if address.state != AddressState.USABLE or not is_texted(school, address):
        return False
    if address.channel == "email":
        return school.settings.writes_email
    if address.channel == "whatsapp":
        return is_whatsapp_window_open(address, school.now)
    if address.channel != "sms" or _SURELY_MOBILE.fullmatch(address.value):
        return True
    try:
        mobile(address.value)
    except (NotAMobile, NotANumber):
        return False
    return True


def _children_with_someone(school: School, adults: Sequence[Adult], reasons: Mapping[int, Why]) -> set[int]:
    """Those of the children of these adults for whom another adult is reached."""
    children = {row.child_id for adult in adults for row in adult.guardianships}
    others = select(Guardianship).where(Guardianship.child_id.in_(children), Guardianship.adult_id.not_in(reasons)) if children else None
    return {row.child_id for row in school.session.scalars(others) if _concerns(row)} if others is not None else set()


def untold(school: School, adult_ids: Collection[int]) -> Mapping[int, Sequence[Message]]:
    """By adult, what did not reach them in the last 30 days, the oldest first; what was sent again and arrived is left out, and what was said twice said once.

    Never a word that has to do with a safeguarding matter, whoever asks: a letter is opened by anyone at home. Of answers only those that had to arrive.
    """
    if not adult_ids:
        return {}
    missed = (OutboxState.FAILED, OutboxState.UNDELIVERED, OutboxState.EXPIRED)
    had_to_arrive = or_(Message.kind.not_in(("reply", openers.KIND)), Message.must_arrive)
    lately = Message.created_at > school.now - timedelta(days=LETTER_DAYS)
    conditions = (Message.adult_id.in_(adult_ids), Message.state.in_(missed), lately, had_to_arrive, access.tells_of_no_alarm())
    rows = school.session.scalars(select(Message).where(*conditions).order_by(Message.id)).all()
    arrived = _sent_again(school, rows)
    found: dict[int, list[Message]] = {}
    for row in rows:
        theirs = found.setdefault(row.adult_id or 0, [])
        if not any(_says_the_same(row, other) for other in (*arrived, *theirs)):
            theirs.append(row)
    return {adult_id: theirs[-TOO_MANY:] for adult_id, theirs in found.items() if theirs}


def _says_the_same(one: Message, other: Message) -> bool:
    """Whether two messages tell one adult the same: of notices what they are about counts, since their words depend on the day."""
    is_same_thing = one.about == other.about if one.about else one.text == other.text
    return one.adult_id == other.adult_id and one.kind == other.kind and is_same_thing


def _sent_again(school: School, rows: Sequence[Message]) -> Sequence[Message]:
    """Those of these messages that were sent again and not missed then."""
    keys = {f"again:{row.id}:{number}": row for row in rows for number in range(1, OFTEN + 1)} | {f"{row.key}:again": row for row in rows}
    fine = (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ, OutboxState.CANCELLED)
    asked = list(keys)
    some = (asked[start : start + 500] for start in range(0, len(asked), 500))
    return [keys[key] for part in some for key in school.session.scalars(select(Message.key).where(Message.key.in_(part), Message.state.in_(fine)))]
