"""Toll fraud: whoever earns by the texts that others send has them answered, from numbers that they forge. It costs the school little, and staff hear."""

from __future__ import annotations

from datetime import datetime, time

import phonenumbers
from sqlalchemy import func, select

from data.addresses import Address
from data.attention import Attention, Need
from data.outbox import Message
from school import LONDON, School
from school.attention import call_for_a_person

SHOWN_A_DAY = 20
"""How many numbers from abroad staff are shown in a day: one may be a parent's, and a thousand are nobody's."""


def may_answer(school: School, stranger: Address, text: str) -> bool:
    """Whether a number that the school does not know may be answered by SMS, which costs; else staff are told, of one from abroad with what it wrote.

    One of another country than the school texts is not, and nobody is once the day's paid parts are used up: `limits` in config.yml.
    """
    if stranger.channel != "sms" or stranger.kind != "phone":
        return True
    if not _is_of_ours(school, stranger.value):
        _tell_of_one_from_abroad(school, stranger, text)
        return False
    if _parts_today(school) < school.settings.parts_per_day:
        return True
    call_for_a_person(
        school, Need.NOT_UNDERSTOOD, key=f"flood:{school.today}", detail="So many texts have left today that unknown numbers are not answered before tomorrow"
    )
    return False


def _is_of_ours(school: School, number: str) -> bool:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return parsed.country_code in {phonenumbers.country_code_for_region(country) for country in school.settings.countries}


def _tell_of_one_from_abroad(school: School, stranger: Address, text: str) -> None:
    day = f"abroad:{school.today}:"
    told = select(func.count()).where(Attention.key.startswith(day, autoescape=True))
    if (school.session.scalar(told) or 0) < SHOWN_A_DAY:
        detail = "An unknown number from abroad: it is not answered unless staff do, since that costs"
        call_for_a_person(school, Need.NOT_UNDERSTOOD, key=f"{day}{stranger.id}", address=stranger, text=text, detail=detail)


def _parts_today(school: School) -> int:
    """The parts of texts written since midnight; what has not left yet counts as one."""
    since = datetime.combine(school.today, time(), LONDON)
    parts = select(func.sum(func.coalesce(Message.parts, 1))).join(Address, Message.address_id == Address.id)
    return school.session.scalar(parts.where(Message.created_at >= since, Address.channel == "sms")) or 0
