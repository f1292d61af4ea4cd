"""From an address to a person: one adult, two who share a phone, or nobody the school knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from data.addresses import Address, AddressState
from data.people import Adult, AdultAddress
from school import School, addresses, closings, doubts
from school.families import adults_at

SPEAKER_LASTS = timedelta(hours=1)
"""How long whoever said that they are writing on a shared phone is taken to be still writing, after their last message."""


def thread_of(school: School, address: Address) -> str:
    """The conversation that a message from this address belongs to: the adult's, whatever the channel; the address's own where it is not one adult's."""
    adults = adults_at(address)
    return f"a{adults[0].id}" if len(adults) == 1 else f"x{address.id}"


def speaker(school: School, address: Address) -> Adult | None:
    """Who is writing at this address: its one adult, or the one of several who said so a while ago; None where it may be someone else's by now."""
    if address.state == AddressState.DOUBTED:
        return None
    adults = adults_at(address)
    if len(adults) == 1:
        return adults[0]
    if address.speaker_since is None or school.now - address.speaker_since > SPEAKER_LASTS:
        return None
    return next((adult for adult in adults if adult.id == address.speaker_id), None)


def join_same_number(school: School, address: Address) -> None:
    """A phone that the school knows writes on another channel for the first time: it is the same people's, since SMS and WhatsApp both vouch for the number.

    Not where it is closed there: whoever has it may not be them.
    """
    if address.kind != "phone" or adults_at(address) or closings.is_closed(school, address):
        return
    for adult in adults_with_number(school, address.value):
        addresses.reach(school, adult, address, rank=len(adult.addresses))
    if adults_at(address) and address.state == AddressState.USABLE:
        doubts.back_in_use(school, address)


def sharing(school: School, address: Address) -> Sequence[Adult]:
    """The adults who share this address."""
    return adults_at(address)


def remember_speaker(school: School, address: Address, adult: Adult) -> None:
    """This one of them is writing now."""
    address.speaker_id, address.speaker_since = adult.id, school.now


def initials(adult: Adult) -> str:
    """'A. H.': enough for the two who share a phone, nothing for whoever finds it."""
    return " ".join(f"{part[0]}." for part in adult.name.split())


def adults_with_number(school: School, number: str) -> Sequence[Adult]:
    """The adults whose phone this is (E.164), on any channel."""
    return school.session.scalars(
        select(Adult).join(AdultAddress).join(Address).where(Address.kind == "phone", Address.value == number).distinct().order_by(Adult.id)
    ).all()
