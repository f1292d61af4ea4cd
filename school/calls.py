"""A call to the school's number: nobody answers it and nobody pays for it. It becomes 'please ring me' for staff, and one text that says so.

A caller's number can be forged: so a call changes nothing but what staff see, and the text goes to the number itself, which the school holds or which learns no
more than any stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, or_, select

from data.addresses import Address, AddressState
from data.attention import Attention, Need
from data.inbox import Received
from data.outbox import Lane, Message
from data.people import Adult
from school import School, addresses, recognition
from school.attention import call_for_a_person
from school.errors import Refusal
from school.notices import tell

KIND = "rang"
"""The notice that a caller gets."""
RECEIVED = "call"
"""What an unknown caller's call is in the inbox."""
TEXTED_EVERY = timedelta(hours=1)
STRANGERS_AN_HOUR = 20
"""How many unknown callers are texted in an hour: whoever forges numbers must not make the school text half the country."""
_E164 = re.compile(r"\+[1-9]\d{6,14}")


def rang(school: School, number: str, *, key: str) -> Address | None:
    """Someone rang from `number` (E.164), for the first time under this `key`: one open 'please ring me' each, and a text to who is known, once an hour.

    What comes back is the address of an unknown caller who may be texted, to be answered as whoever writes from there would be; else None.
    """
    if not _E164.fullmatch(number):
        return None
    people, is_mobile = recognition.adults_with_number(school, number), _is_mobile(number)
    address = _address(school, number, is_mobile=is_mobile, is_known=bool(people))
    adult = people[0] if len(people) == 1 else recognition.speaker(school, address) if people else None
    _ask_to_ring(school, key, adult, address, number)
    if people:
        _say_so(school, key, adult or people[0], number)
        return None
    return address if is_mobile and _strangers_lately(school) < STRANGERS_AN_HOUR else None


def _is_mobile(number: str) -> bool:
    try:
        return addresses.mobile(number) == number
    except Refusal:
        return False


def _address(school: School, number: str, *, is_mobile: bool, is_known: bool) -> Address:
    """Where a known number is reached, SMS first; an unknown mobile's own; for what must never be texted an address of the channel 'voice'."""
    if is_known:
        return _theirs(school, number)[0]
    return addresses.at(school, "sms" if is_mobile else "voice", "phone", number)


def _theirs(school: School, number: str) -> Sequence[Address]:
    """The addresses with this number, those of adults first, SMS before others."""
    found = school.session.scalars(select(Address).where(Address.kind == "phone", Address.value == number)).all()
    return sorted(found, key=lambda address: (not address.adults, address.channel != "sms", address.id))


def _ask_to_ring(school: School, key: str, adult: Adult | None, address: Address, number: str) -> None:
    """One open need for each family or number, whether they rang or wrote before; that they rang again is noted on it."""
    same_number = select(Address.id).where(Address.value == number)
    same = or_(Attention.address_id.in_(same_number), Attention.adult_id == adult.id) if adult else Attention.address_id.in_(same_number)
    waits = school.session.scalars(select(Attention).where(Attention.need == Need.RING_ME, Attention.done_at.is_(None), same)).first()
    if waits is None:
        detail = "rang" if address.adults else "rang, unknown number"
        call_for_a_person(school, Need.RING_ME, key=f"call:{key}", adult=adult, address=address, detail=detail)
    else:
        waits.detail = f"rang again, {school.clock:%a %-d %b %H:%M}"


def _say_so(school: School, key: str, adult: Adult, number: str) -> None:
    """A text to the phone that rang, once an hour, whoever of those that share it did; nothing where it may not be texted or said STOP."""
    phone = next((address for address in _theirs(school, number) if _may_be_texted(school, address)), None)
    if phone is None or _was_told(school, number):
        return
    # As quick as a reply: they stand there with the phone in their hand.
    tell(school, adult, KIND, {"on": school.today.isoformat()}, key=f"call:{key}", address=phone, lane=Lane.REPLY, must_arrive=False)


def _may_be_texted(school: School, address: Address) -> bool:
    if address.state != AddressState.USABLE or not address.adults or not _is_mobile(address.value):
        return False
    return address.channel == "sms" or addresses.is_whatsapp_window_open(address, school.now)


def _was_told(school: School, number: str) -> bool:
    lately = (Message.kind == KIND, Message.created_at > school.now - TEXTED_EVERY)
    return school.session.scalar(select(Message.id).join(Address, Message.address_id == Address.id).where(*lately, Address.value == number)) is not None


def _strangers_lately(school: School) -> int:
    since = school.now - TEXTED_EVERY
    return school.session.scalar(select(func.count()).where(Received.kind == RECEIVED, Received.received_at > since)) or 0
