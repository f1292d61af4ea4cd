"""Where people are reached: which numbers may be texted, whose an address is, and the one-time link that joins a Telegram chat to an adult.

Its own refusals:

    Refusal
    ├── NotANumber          no such number can exist, or it cannot be read
    ├── NotAMobile          a number that is no mobile: a text to it is read aloud, costs too much or goes nowhere
    └── NotAnEmail          no mail can go there
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from data.addresses import Address, AddressState, StartLink
from data.doubts import Doubt
from data.outbox import Message, OutboxState
from data.people import Adult, AdultAddress
from school import School
from school.errors import Refusal

WHATSAPP_WINDOW = timedelta(hours=24)
"""How long after someone's last WhatsApp message free text may be sent to them. Source: WhatsApp Business Platform, 'customer service window'."""

EMAIL_RANK = 9
"""Where e-mail stands among someone's addresses: after all that a phone shows at once. No other has as high a rank."""

START_LINK_LASTS = timedelta(days=7)

_DRAMA = re.compile(r"\+447700900\d{3}")
NOT_MOBILE = {
    PhoneNumberType.FIXED_LINE: "a landline",
    PhoneNumberType.TOLL_FREE: "a freephone number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.VOIP: "an internet phone number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal (070) number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company number",
    PhoneNumberType.VOICEMAIL: "a voicemail number",
}


@dataclass(eq=False)
class NotANumber(Refusal):
    """It cannot be read as a phone number, or no number like it has been given out."""

    number: str


@dataclass(eq=False)
class NotAMobile(Refusal):
    """A real number that must not be texted. `what` says what it is, in English with its article: 'a landline'."""

    number: str
    what: str


@dataclass(eq=False)
class NotAnEmail(Refusal):
    """It cannot be read as an e-mail address, or is one that not every mail server takes: over 200 characters, or with letters that are not ASCII."""

    written: str


_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")
LONGEST_EMAIL = 200
LONGEST_MAILBOX = 64
"""Letters before the @. Source: RFC 5321 §4.5.3.1.1."""


def email(written: str) -> str:
    """An e-mail address in lower case. Refuses with NotAnEmail. Whether anyone has it, only a mail to it would tell."""
    address = written.strip()
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address) or len(address.partition("@")[0]) > LONGEST_MAILBOX:
        raise NotAnEmail(written)
    return address.lower()


def mobile(number: str) -> str:
    """A mobile number, national (British) or international, as E.164: '+447700900123'.

    Refuses with NotAMobile or NotANumber. Abroad, where landlines and mobiles share numbers, the benefit of the doubt is given.
    07700 900000 to 900999, kept for drama (Ofcom), count as mobile.
    """
    if re.search(r"[^\W\d_]", number):  # phonenumbers reads letters as a keypad: '9OO' would become 966
        raise NotANumber(number)
    digits = re.sub(r"\D", "", number)
    if "+" not in number and 3 <= len(digits) <= 6:
        raise NotAMobile(number, "a short code")
    parsed = _parse(number)
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if _DRAMA.fullmatch(e164):
        return e164
    kind = phonenumbers.number_type(parsed)
    if kind in NOT_MOBILE:
        raise NotAMobile(number, NOT_MOBILE[kind])
    if kind not in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        raise NotANumber(number)
    return e164


def _parse(number: str) -> phonenumbers.PhoneNumber:
    try:
        parsed = phonenumbers.parse(number, "GB")
    except NumberParseException as error:
        raise NotANumber(number) from error
    if parsed.extension:
        raise NotANumber(number)
    return parsed


@lru_cache(maxsize=10_000)
def country(number: str) -> str:
    """The country of a number in E.164, as ISO 3166 has it: 'GB', also for Ofcom's drama range; 'JE' where Jersey shares +44; '' where nobody knows."""
    if _DRAMA.fullmatch(number):
        return "GB"
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except NumberParseException:
        return ""


def is_texted(school: School, address: Address) -> bool:
    """Whether the school pays for texts to that country. Numbers abroad are what a flood is made of that somebody earns money with."""
    return address.channel != "sms" or address.kind != "phone" or country(address.value) in school.settings.countries


def masked(value: str) -> str:
    """What may be shown or logged of a number or chat: its last three digits, '…123'; of an e-mail address its first letter, 'a…@…'."""
    return f"{value[0]}…@…" if "@" in value[1:] else f"…{value[-3:]}"


def at(school: School, channel: str, kind: str, value: str) -> Address:
    """The address of this value on this channel; made if it is new. Two who make the same one at once get the same row.

    `channel` is 'sms', 'whatsapp', 'telegram' or 'email'; `kind` 'phone' (E.164), 'telegram_chat', 'whatsapp_id' or 'email'.
    """
    wanted = select(Address).where(Address.channel == channel, Address.value == value)
    found = school.session.scalar(wanted)
    if found is not None:
        return found
    try:
        with school.session.begin_nested():
            made = Address(channel=channel, kind=kind, value=value, state=AddressState.USABLE)
            school.session.add(made)
    except IntegrityError:
        return school.session.scalars(wanted).one()
    return made


def reach(school: School, adult: Adult, address: Address, rank: int) -> None:
    """From now on `adult` is reached at `address`; the lowest rank is tried first. Others reached there stay."""
    school.session.flush()
    link = school.session.get(AdultAddress, (adult.id, address.id))
    if link is not None:
        link.rank = rank
    else:
        adult.addresses.append(AdultAddress(address=address, rank=rank))
    school.session.flush()
    school.session.expire(address, ["adults"])


def part(school: School, adult: Adult, address: Address) -> None:
    """`adult` is no longer reached at `address`: what waits to go there goes to their next address, and a reply to whoever wrote from it goes nowhere."""
    for link in [link for link in adult.addresses if link.address_id == address.id]:
        adult.addresses.remove(link)
    school.session.flush()
    school.session.expire(address, ["adults"])
    waits = Message.state.in_((OutboxState.QUEUED, OutboxState.PAUSED))
    theirs = (Message.adult_id == adult.id, Message.address_id == address.id, waits)
    for is_reply, values in ((Message.kind == "reply", {"state": OutboxState.CANCELLED}), (Message.kind != "reply", {"address_id": None})):
        school.session.execute(update(Message).where(*theirs, is_reply).values(values).execution_options(synchronize_session=False))


def is_new_for(school: School, address: Address) -> None:
    """Someone else is reached here from now on: the first message says again which school it is; that it reached nobody, or was doubted, counts no more."""
    address.first_greeted_at = None
    if address.state in (AddressState.BAD, AddressState.DOUBTED):
        address.state, address.state_since = AddressState.USABLE, school.now
    same = select(Address.id).where(Address.kind == address.kind, Address.value == address.value)
    settled = update(Doubt).where(Doubt.address_id.in_(same), Doubt.ended_at.is_(None)).values(ended_at=school.now)
    school.session.execute(settled.execution_options(synchronize_session=False))
    school.session.flush()


def usable_for(school: School, adult: Adult) -> Sequence[Address]:
    """The addresses at which this adult may be written to now, the one to try first first. No STOP, no dead numbers; e-mail last, where the school has it."""
    theirs = select(Address).join(AdultAddress).where(AdultAddress.adult_id == adult.id, Address.state == AddressState.USABLE)
    if not school.settings.writes_email:
        theirs = theirs.where(Address.channel != "email")
    return school.session.scalars(theirs.order_by(AdultAddress.rank, Address.id)).all()


def is_whatsapp_window_open(address: Address, now: datetime) -> bool:
    """Whether free text may be sent to this WhatsApp address: they wrote within the last 24 hours."""
    return address.channel == "whatsapp" and address.last_heard_at is not None and now - address.last_heard_at < WHATSAPP_WINDOW


def new_start_link(school: School, adult: Adult) -> str:
    """A token (32 of A-Z a-z 0-9 _ -) that joins, once and within 7 days, the Telegram chat that shows it to `adult`. Only its hash is kept."""
    token = secrets.token_urlsafe(24)
    school.session.add(StartLink(token_hash=_hash(token), adult_id=adult.id, expires_at=school.now + START_LINK_LASTS))
    school.session.flush()
    return token


def redeem_start_link(school: School, token: str) -> Adult | None:
    """The adult whom this token was made for, the first time it is shown; None for one that is used, out of date or not ours."""
    is_good: list[ColumnElement[bool]] = [StartLink.token_hash == _hash(token), StartLink.used_at.is_(None), StartLink.expires_at > school.now]
    adult_id = school.session.scalar(
        update(StartLink).where(*is_good).values(used_at=school.now).returning(StartLink.adult_id).execution_options(synchronize_session=False)
    )
    return None if adult_id is None else school.session.get_one(Adult, adult_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
