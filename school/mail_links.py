"""The link at the end of every e-mail: whoever reads the mail ends it, as STOP does on a phone, and may take that back."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from data.addresses import Address, AddressState
from school import School, consent

PLACE = "/mail/"
HOW = "link"
"""How it was said, as the record of consent has it."""


def path_of(address: Address) -> str:
    """The path of an e-mail address's link, '/mail/…': unguessable, the same in every mail, and good for as long as the address is kept."""
    if address.token is None:
        address.token = secrets.token_urlsafe(24)
    return PLACE + address.token


def address_of(school: School, token: str) -> Address | None:
    """The e-mail address that a link is about; None for a link that was never made, or whose address is forgotten."""
    return school.session.scalar(select(Address).where(Address.token == token, Address.channel == "email"))


def language_of(address: Address) -> str:
    """The language of whoever is reached there, a BCP 47 tag; of several, of whom the school has known longest."""
    return address.adults[0].language if address.adults else "en"


def end(school: School, address: Address) -> None:
    """Nothing is sent there any more. Said twice, it is kept once."""
    if address.state != AddressState.OPTED_OUT:
        consent.opt_out(school, address, how=HOW)


def begin_again(school: School, address: Address) -> None:
    """They want e-mails after all: who has the link reads the mail, and so may say so. Nothing is changed for whoever never ended them."""
    if address.state == AddressState.OPTED_OUT:
        consent.opt_in(school, address, how=HOW)
