"""A message that suggests that someone may be at risk: who is told, and who must not be.

Policy: the safeguarding lead is told at once. What concerns the lead or a senior leader goes to the second named person, the deputy. Class and office never
see it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from sqlalchemy import select

from data.addresses import Address, AddressState
from data.attention import FOR_THE_DEPUTY, TO_LOOK_AT, Attention, Need
from data.audit import AuditEntry
from data.outbox import Lane, Message
from data.people import Adult, Staff, StaffAddress
from data.safeguarding import SafeguardingNote
from school import School, access, attention
from school.access import Viewer
from school.attention import call_for_a_person
from school.capability import Capability
from school.errors import NotThere
from school.texts import STAFF_READ, want_sensitive

LEAD, DEPUTY = "lead", "deputy"
CANNOT_JUDGE = (LEAD, "senior")
"""Roles of those who must not be the ones to read what is said about them."""
SEEN_AS = "safeguarding"
"""What the audit calls a matter."""


def raise_alarm(
    school: School,
    *,
    key: str,
    text: str,
    adult: Adult | None,
    address: Address | None,
    about_staff: Collection[int] = (),
    language: str | None = None,
) -> None:
    """Keep what was written for the one who must see it, and tell them at once that there is something, without a word of it. Once for each `key`.

    `about_staff` are the members of staff whom the message names. Where the one who must see it has no phone, the other is told that there is something.
    Neither `adult` nor `address` is known of words on an anonymous page; `language` is then the one they were asked in.
    """
    role = DEPUTY if _concerns_those_above(school, about_staff) else LEAD
    detail = FOR_THE_DEPUTY if role == DEPUTY else ""
    if not call_for_a_person(school, Need.SAFEGUARDING, key=key, adult=adult, address=address, text=text, language=language, detail=detail):
        return
    phones = _phones(school, role, about_staff) or (_phones(school, LEAD if role == DEPUTY else DEPUTY, about_staff))
    for phone in phones:
        _alert(school, phone, key)
    if not phones:
        call_for_a_person(school, Need.NOT_DELIVERED, key=f"{key}:untold", detail="safeguarding: no lead or deputy has a phone that can be reached")


def put_before_the_lead(
    school: School,
    *,
    key: str,
    text: str,
    adult: Adult | None,
    address: Address | None,
    about_staff: Collection[int] = (),
    language: str | None = None,
) -> None:
    """A message in which there may be a hint: the lead sees it when she next reads; nobody is called."""
    detail = FOR_THE_DEPUTY if _concerns_those_above(school, about_staff) else TO_LOOK_AT
    call_for_a_person(school, Need.SAFEGUARDING, key=key, adult=adult, address=address, text=text, language=language, detail=detail)


def due(school: School) -> None:
    """Tell the deputy of what the lead was called for and has not read within the school's set time."""
    called = select(Attention).where(Attention.need == Need.SAFEGUARDING, Attention.done_at.is_(None), Attention.detail == "")
    for row in school.session.scalars(called.where(Attention.created_at <= school.now - school.settings.safeguarding_unseen)):
        if not was_seen(school, row):
            for phone in _phones(school, DEPUTY, ()):
                _alert(school, phone, row.key)


def was_seen(school: School, row: Attention) -> bool:
    """Whether one of the named persons has opened it."""
    return school.session.scalar(select(AuditEntry.id).where(*_SEEN, AuditEntry.about_id == row.id).limit(1)) is not None


_SEEN = (AuditEntry.about == SEEN_AS, AuditEntry.action == "saw")


def matters(school: School, who: Viewer, *, done: bool = False) -> Sequence[Attention]:
    """The matters that `who` may see: those that wait, the oldest first; or the last hundred that are done, the newest first."""
    statement = select(Attention).where(access.safeguarding_seen(who), Attention.done_at.is_not(None) if done else Attention.done_at.is_(None))
    return school.session.scalars(statement.order_by(Attention.id.desc() if done else Attention.id).limit(100)).all()


def matter(school: School, who: Viewer, matter_id: int) -> Attention:
    """One matter. Refuses with NotThere where `who` may not see it."""
    found = school.session.scalars(select(Attention).where(Attention.id == matter_id, access.safeguarding_seen(who))).first()
    if found is None:
        raise NotThere
    return found


def want_english(school: School, row: Attention) -> None:
    """Have it put into English, at the click of a named person: only then does it leave the school for a translator."""
    if (text := attention.written(school, row)) is not None:
        want_sensitive(text, STAFF_READ)


def notes(school: School, row: Attention) -> Sequence[SafeguardingNote]:
    """What the named persons wrote down about it, the oldest first."""
    return school.session.scalars(select(SafeguardingNote).where(SafeguardingNote.attention_id == row.id).order_by(SafeguardingNote.id)).all()


def note(school: School, who: Viewer, row: Attention, words: str) -> None:
    """Write down what was done or thought about it; it cannot be changed afterwards."""
    school.session.add(SafeguardingNote(attention_id=row.id, staff_id=who.staff.id, words=words[:5_000], at=school.now))
    school.session.flush()


def close(school: School, who: Viewer, row: Attention, words: str) -> None:
    """It has been dealt with; `words` say how, for the record."""
    note(school, who, row, words)
    row.done_at, row.done_by_id = school.now, who.staff.id


def reopen(row: Attention) -> None:
    """It waits again."""
    row.done_at = row.done_by_id = None


def _concerns_those_above(school: School, about_staff: Collection[int]) -> bool:
    roles = school.session.scalars(select(Staff.role).where(Staff.id.in_(about_staff))).all() if about_staff else ()
    return any(role in CANNOT_JUDGE for role in roles)


def can_be_texted(school: School, role: str) -> bool:
    """Whether anyone of this role, `LEAD` or `DEPUTY`, has a phone that can be reached."""
    return bool(_phones(school, role, ()))


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
    if school.session.scalar(select(Message.id).where(Message.key == f"alert:{key}:{phone.id}")) is not None:
        return
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


capability = Capability("safeguarding", due=due)
