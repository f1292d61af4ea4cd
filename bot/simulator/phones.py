"""Whose phones there are: the demo's adults with their channels, and numbers that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from bot.channels.base import PHONES, AddressKind, ChannelName
from data.addresses import Address
from data.people import Adult, AdultAddress, Child, Guardianship
from translations import LanguageName, written

CHANNEL_NAMES = {ChannelName.SMS: "SMS", ChannelName.WHATSAPP: "WhatsApp", ChannelName.TELEGRAM: "Telegram"}
UNKNOWN_DIGITS = "447700900999"
"""A number for drama that no family of the demo has."""
_KEY = re.compile(r"(sms|whatsapp|telegram):(\d{5,15})")


@dataclass(frozen=True)
class Phone:
    """One person's end of one channel. `digits` is the number without its '+'; the demo's Telegram chats bear the number's digits too."""

    channel: ChannelName
    digits: str

    @property
    def key(self) -> str:
        """What stands in the page's address: 'sms:447700900101'."""
        return f"{self.channel}:{self.digits}"

    @property
    def address(self) -> str:
        """The address as the channel has it."""
        return self.digits if self.channel is ChannelName.TELEGRAM else self.number

    @property
    def number(self) -> str:
        """The phone number, E.164."""
        return f"+{self.digits}"

    @property
    def channel_name(self) -> str:
        """The channel as people call it."""
        return CHANNEL_NAMES[self.channel]


@dataclass(frozen=True)
class Owner:
    """Who holds a phone: nobody whom the school knows, one adult, or the two who share it. `knows` is whether the school knows this address."""

    adults: Sequence[Adult]
    knows: bool

    @property
    def name(self) -> str:
        """Their names."""
        return " and ".join(adult.name for adult in self.adults) or "Unknown number"

    @property
    def first_name(self) -> str:
        """Enough for a narrow list."""
        return " and ".join(adult.name.split()[0] for adult in self.adults) or "Unknown"

    @property
    def language(self) -> str:
        """The BCP 47 tag of the language they are written to."""
        return self.adults[0].language if self.adults else "en"

    @cached_property
    def language_name(self) -> str:
        """That language in English."""
        return written(LanguageName(self.language), "en")

    @cached_property
    def classes(self) -> str:
        """Their children with their classes: 'Ayaan, Maple'."""
        children = {guard.child.id: guard.child for adult in self.adults for guard in adult.guardianships}
        return "; ".join(f"{child.first_name}, {child.school_class.name}" for child in children.values())


@dataclass(frozen=True)
class Person:
    """One line of the chooser: an adult, where the school can reach them, and which further channels they could write from."""

    owner: Owner
    reached: Sequence[Phone]
    others: Sequence[Phone]

    @property
    def words(self) -> str:
        """What a search looks in, in lower case."""
        own = written(LanguageName(self.owner.language), self.owner.language)
        return " ".join(
            [self.owner.name, self.owner.language_name, own, self.owner.classes, *(f"{phone.channel_name} {phone.digits}" for phone in self.reached)]
        ).casefold()


def parse(keys: Iterable[str]) -> list[Phone]:
    """The phones that the page's address names, each once; what cannot be read is left out."""
    found = (_KEY.fullmatch(key) for key in keys)
    return list(dict.fromkeys(Phone(ChannelName(match[1]), match[2]) for match in found if match))


def unknown_phones() -> list[Phone]:
    """Phones of someone whom the school has never heard of."""
    return [Phone(channel, UNKNOWN_DIGITS) for channel in PHONES]


def opened_first(session: Session) -> list[Phone]:
    """The phones of a visitor who has chosen none: three languages, three scripts of channel. Those of them whom this demo has."""
    wanted = [Phone(ChannelName.SMS, "447700900101"), Phone(ChannelName.WHATSAPP, "447700900103"), Phone(ChannelName.TELEGRAM, "447700900104")]
    return [phone for phone in wanted if owner_of(session, phone).knows]


def owner_of(session: Session, phone: Phone) -> Owner:
    """Who holds this phone: by its address, else by its number, from which someone writes on a channel that is new to the school."""
    at_address = _adults(session, Address.channel == phone.channel, Address.value == phone.address)
    if at_address:
        return Owner(at_address, knows=True)
    return Owner(_adults(session, Address.kind == AddressKind.PHONE, Address.value == phone.number), knows=False)


def number_of(session: Session, phone: Phone) -> str:
    """The number that a Telegram account shares: its owner's, where the school knows one, since a chat's digits need not be a number."""
    for adult in owner_of(session, phone).adults:
        for link in adult.addresses:
            if link.address.kind == AddressKind.PHONE:
                return link.address.value
    return phone.number


def people(session: Session, find: str = "") -> list[Person]:
    """The demo's adults by name whom every word of `find` fits: a name, a language, a child, a class, a channel, a number."""
    wanted = find.casefold().split()
    adults = session.scalars(select(Adult).options(*_WITH_FAMILY).order_by(Adult.name)).all()
    return [person for person in map(_person, adults) if all(word in person.words for word in wanted)]


_WITH_FAMILY = (
    selectinload(Adult.addresses),
    selectinload(Adult.guardianships).selectinload(Guardianship.child).selectinload(Child.school_class),
)


def _adults(session: Session, *where: object) -> Sequence[Adult]:
    statement = select(Adult).join(AdultAddress).join(Address).where(*where).options(*_WITH_FAMILY).distinct().order_by(Adult.id)  # type: ignore[arg-type]
    return session.scalars(statement).all()


def _person(adult: Adult) -> Person:
    reached = parse(f"{link.address.channel}:{link.address.value.removeprefix('+')}" for link in adult.addresses)
    taken = {phone.channel for phone in reached}
    number = next((link.address.value for link in adult.addresses if link.address.kind == AddressKind.PHONE), None)
    others = [Phone(channel, number.removeprefix("+")) for channel in PHONES if channel not in taken] if number else []
    return Person(Owner([adult], knows=True), reached, others)
