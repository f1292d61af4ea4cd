"""A message that suggests that someone may be at risk: who is told, and who must not be.

Policy: the safeguarding lead is told at once. What concerns the lead or a senior leader goes to the second named person, the deputy. Class and office never
see it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from sqlalchemy import select

from data.addresses import Address, AddressState
from data.attention import Need
from data.outbox import Lane, Message
from data.people import Adult, Staff, StaffAddress
from school import School
from school.attention import call_for_a_person

LEAD, DEPUTY = "lead", "deputy"
CANNOT_JUDGE = (LEAD, "senior")
"""Roles of those who must not be the ones to read what is said about them."""
FOR_THE_DEPUTY = "for the deputy"
"""The detail of what the lead must not see."""


def raise_alarm(school: School, *, key: str, text: str, adult: Adult | None, address: Address, about_staff: Collection[int] = ()) -> None:
    """Keep what was written for the one who must see it, and tell them at once that there is something, without a word of it. Once for each `key`.

    `about_staff` are the members of staff whom the message names. Where the one who must see it has no phone, the other is told that there is something.
    """
    role = DEPUTY if _concerns_those_above(school, about_staff) else LEAD
    if not call_for_a_person(school, Need.SAFEGUARDING, key=key, adult=adult, address=address, text=text, detail=FOR_THE_DEPUTY if role == DEPUTY else ""):
        return
    phones = _phones(school, role, about_staff) or (_phones(school, LEAD if role == DEPUTY else DEPUTY, about_staff))
    for phone in phones:
        _alert(school, phone, key)
    if not phones:
        call_for_a_person(school, Need.NOT_DELIVERED, key=f"{key}:untold", detail="safeguarding: no lead or deputy has a phone that can be reached")


def put_before_the_lead(school: School, *, key: str, text: str, adult: Adult | None, address: Address, about_staff: Collection[int] = ()) -> None:
    """A message in which there may be a hint: the lead sees it when she next reads; nobody is called."""
    detail = FOR_THE_DEPUTY if _concerns_those_above(school, about_staff) else "to look at"
    call_for_a_person(school, Need.SAFEGUARDING, key=key, adult=adult, address=address, text=text, detail=detail)


def _concerns_those_above(school: School, about_staff: Collection[int]) -> bool:
    roles = school.session.scalars(select(Staff.role).where(Staff.id.in_(about_staff))).all() if about_staff else ()
    return any(role in CANNOT_JUDGE for role in roles)


def _phones(school: School, role: str, but: Collection[int]) -> Sequence[Address]:
    """Where those of a role can be texted, except those whom the message is about.

    Numbers that a code has come back from; where there is none, what was imported: a text that says nothing, to a stranger at worst, is better than no text.
    """
    theirs = select(StaffAddress).join(Address).join(Staff, Staff.id == StaffAddress.staff_id)
    theirs = theirs.where(Staff.role == role, Staff.has_left.is_(False), Staff.id.not_in(but))
    links = school.session.scalars(theirs.where(Address.channel == "sms", Address.state == AddressState.USABLE).order_by(Address.id)).all()
    return [link.address for link in links if link.checked_at] or [link.address for link in links]


def _alert(school: School, phone: Address, key: str) -> None:
    """Tell one of the named persons that there is something to read: on a phone that others may see, so without saying of whom or what."""
    words = f"{school.settings.name}: a message on Bookbag needs the safeguarding lead or deputy now. Please read it there."
    school.session.add(
        Message(
            uid=secrets.token_hex(8),
            key=f"alert:{key}:{phone.id}",
            trace=secrets.token_hex(6),
            address_id=phone.id,
            kind="safeguarding_alert",
            text=words,
            lane=Lane.ALERT,
            must_arrive=True,
            created_at=school.now,
        )
    )
