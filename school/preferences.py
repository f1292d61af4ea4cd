"""What each adult wants to be told, and by which way first. The newest word counts; every one is kept, with when and how it was said.

What may be switched off each capability declares of its notices (`optional`). All else always comes: what is urgent, closures, what they booked or borrowed,
what their child needs, and answers.

Its own refusals:

    Refusal
    └── NotSaidHow      staff write down for an adult only with how the adult told them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import aliased

from data.addresses import Address, Consent
from data.outbox import Lane, Message
from data.people import Adult, AdultAddress, Staff
from data.preferences import Preference
from school import LONDON, School, addresses, family_records
from school.capability import Capability, capabilities
from school.errors import NotThere, Refusal

__all__ = [
    "FIRST",
    "KINDS",
    "STAFF",
    "TAKEN_BACK",
    "Address",
    "NotSaidHow",
    "Preference",
    "changes",
    "is_switched_off",
    "may_be_first",
    "may_be_taken_back",
    "put_first",
    "switch",
    "take_back",
    "wanted",
    "wants",
]

KINDS = ("news", "reminders", "events", "packs", "questions")
"""The kinds of message that a parent may switch off."""
FIRST = "first"
"""The kind of a change of which way is tried first."""
STAFF = "staff"
"""How it was said, where the adult told a person."""
SHORTEST_NOTE = 3


class NotSaidHow(Refusal):
    """Staff did not write down how the adult told them."""


def wanted(school: School, adult: Adult) -> Mapping[str, bool]:
    """Of each kind that may be switched off, whether this adult gets it. All are on until they say otherwise."""
    said = {row.kind: row.is_wanted for row in reversed(changes(school, adult)) if row.kind in KINDS}
    return {kind: said.get(kind, True) for kind in KINDS}


def changes(school: School, adult: Adult) -> Sequence[Preference]:
    """All that this adult ever changed, the newest first."""
    return school.session.scalars(select(Preference).where(Preference.adult_id == adult.id).order_by(Preference.id.desc())).all()


def switch(school: School, adult: Adult, kinds: Sequence[str], *, on: bool, how: str, by: Staff | None = None, note: str = "") -> Sequence[str]:
    """From now on this adult gets these kinds, or does not; those that changed. What is already on its way is dropped before it leaves.

    `how` is the channel that they wrote on, or STAFF, and then `by` and `note` say who wrote it down and how the adult told them. Refuses with NotSaidHow.
    """
    _must_say_how(by, note)
    now = wanted(school, adult)
    changed = [kind for kind in kinds if now[kind] != on]
    for kind in changed:
        _write_down(school, adult, kind, is_wanted=on, how=how, by=by, note=note)
    return changed


def may_be_first(school: School, adult: Adult) -> Sequence[Address]:
    """The addresses that may be tried first: theirs, where nobody said STOP and that work. E-mail stays last."""
    return [address for address in addresses.usable_for(school, adult) if address.channel != "email"]


def put_first(school: School, adult: Adult, address: Address, *, how: str, by: Staff | None = None, note: str = "") -> None:
    """From now on this address of theirs is tried first. Refuses with NotThere where it is not theirs or nothing may be sent there, and with NotSaidHow."""
    _must_say_how(by, note)
    if all(address.id != each.id for each in may_be_first(school, adult)):
        raise NotThere
    family_records.make_first(school, adult, address.id)
    _write_down(school, adult, FIRST, is_wanted=True, address=address, how=how, by=by, note=note)


def may_be_taken_back(school: School, adult: Adult) -> Sequence[Preference]:
    """What staff wrote down today and nobody said otherwise since: a slip of the hand is put right, what the adult said themselves stands."""
    newest: dict[str, Preference] = {}
    for row in changes(school, adult):
        newest.setdefault(row.kind, row)
    written = [row for row in newest.values() if row.how == STAFF and row.note != TAKEN_BACK and row.at.astimezone(LONDON).date() == school.today]
    return [row for row in written if row.kind in KINDS or _first_before(school, adult, row) is not None]


def take_back(school: School, adult: Adult, change_id: int, by: Staff) -> Preference:
    """Undo a change that staff wrote down, where it may be taken back. Both are kept. Refuses with NotThere."""
    change = next((row for row in may_be_taken_back(school, adult) if row.id == change_id), None)
    if change is None:
        raise NotThere
    if change.kind in KINDS:
        _write_down(school, adult, change.kind, is_wanted=not change.is_wanted, how=STAFF, by=by, note=TAKEN_BACK)
    elif (before := _first_before(school, adult, change)) is not None:
        put_first(school, adult, before, how=STAFF, by=by, note=TAKEN_BACK)
    return change


def _first_before(school: School, adult: Adult, change: Preference) -> Address | None:
    """What was tried first before this change, or what comes next where that is not to be had any more."""
    before = next((row.address_id for row in changes(school, adult) if row.kind == FIRST and row.id < change.id), None)
    others = [each for each in may_be_first(school, adult) if each.id != change.address_id]
    return next((each for each in others if each.id == before), others[0] if others else None)


TAKEN_BACK = "taken back"
"""The note of a change that undoes the one before."""


def wants(kind: str) -> ColumnElement[bool]:
    """Whether an adult gets this kind of message now, as a condition on Adult."""
    later = aliased(Preference)
    is_newest = ~exists().where(later.adult_id == Preference.adult_id, later.kind == kind, later.id > Preference.id)
    return ~exists().where(Preference.adult_id == Adult.id, Preference.kind == kind, Preference.is_wanted.is_(False), is_newest)


def is_switched_off(school: School, message: Message) -> bool:
    """Whether a notice is of a kind that whom it is for has switched off. What is urgent never is."""
    if message.adult_id is None or message.lane <= Lane.URGENT:
        return False
    declared = next((found.optional[message.kind] for found in capabilities() if message.kind in found.optional), None)
    if declared is None:
        return False
    kinds = declared(school, message.about) if callable(declared) else declared
    if not kinds:
        return False
    now = wanted(school, school.session.get_one(Adult, message.adult_id))
    return not all(now[kind] for kind in kinds)


def _must_say_how(by: Staff | None, note: str) -> None:
    if by is not None and len(note.strip()) < SHORTEST_NOTE:
        raise NotSaidHow


def _write_down(school: School, adult: Adult, kind: str, *, is_wanted: bool, how: str, by: Staff | None, note: str, address: Address | None = None) -> None:
    row = Preference(
        adult_id=adult.id,
        kind=kind,
        is_wanted=is_wanted,
        address_id=address.id if address else None,
        at=school.now,
        how=how,
        staff_id=by.id if by else None,
        note=note.strip()[:200],
    )
    school.session.add(row)
    school.session.flush()


def export(school: School, adult: Adult) -> Mapping[str, Any]:
    """What this adult wanted to be told, and when they said STOP and START where."""
    theirs = select(AdultAddress.address_id).where(AdultAddress.adult_id == adult.id)
    said = select(Address.channel, Consent).join(Consent, Consent.address_id == Address.id).where(Consent.address_id.in_(theirs)).order_by(Consent.id)
    return {
        "wanted": [{"what": row.kind, "wanted": row.is_wanted, "at": row.at.isoformat(), "how": row.how} for row in reversed(changes(school, adult))],
        "stop_and_start": [
            {"channel": channel, "wanted": row.is_given, "at": row.at.isoformat(), "how": row.how} for channel, row in school.session.execute(said)
        ],
    }


def erase(school: School, adult: Adult) -> None:
    """What they wanted to be told is forgotten. That someone said STOP at an address stays with the address: it must be kept to."""
    school.session.execute(delete(Preference).where(Preference.adult_id == adult.id).execution_options(synchronize_session=False))


capability = Capability("preferences", export=export, erase=erase)
