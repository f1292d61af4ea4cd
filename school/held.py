"""What is held about one adult, as plain data: for the copy that a named person hands over, and for them to see what is set aside from it.

Safeguarding is in no copy, and whether there is any shows nowhere: whoever hands one over asks the lead. Other adults' and staff's matter is set aside, and
goes along only where a person has looked at it and ticked it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select

from data.addresses import Address, Consent
from data.attention import Attention, Need
from data.data_requests import DataRequest
from data.inbox import Received
from data.messages import ThreadNote
from data.outbox import Message
from data.people import Adult, AdultAddress, Guardianship
from school import School, attention, preferences
from school.capability import capabilities

SAFEGUARDING = "What the safeguarding lead may hold is in no copy. Whoever hands this over asks her first."
"""Said in every copy, so that it says nothing."""


class AsideKind(StrEnum):
    """Why something is set aside."""

    OTHER = "another adult"  # it names another adult of the same children, or may be another's who uses the same phone
    STAFF = "staff"  # what staff noted for themselves


@dataclass(frozen=True)
class Aside:
    """One thing that is set aside until a person has looked at it. `key` names it, the same each time; `section` is where in the copy it would stand."""

    key: str
    kind: AsideKind
    section: str
    item: Any


@dataclass(frozen=True)
class Held:
    """What is held: sections by name, each a list or a mapping of plain data; and what was set aside."""

    sections: Mapping[str, Any]
    aside: Sequence[Aside]

    def copy(self, include: Collection[str] = ()) -> Mapping[str, Any]:
        """The copy as it is handed over: what was set aside is counted, but for what is named by its key in `include`."""
        told: dict[str, Any] = {name: _copied(section) for name, section in self.sections.items()}
        for each in self.aside:
            if each.key in include:
                told.setdefault("looked_at", {}).setdefault(each.section, []).append(each.item)
        left = [each for each in self.aside if each.key not in include]
        counts = {str(kind): sum(each.kind == kind for each in left) for kind in AsideKind}
        return {**told, "set_aside": {**{kind: count for kind, count in counts.items() if count}, "safeguarding": SAFEGUARDING}}


def export(school: School, adult: Adult) -> Held:
    """What is held about this adult, in the order in which a reader would ask. Times are ISO 8601, in UTC."""
    others, alarms = _others(school, adult), _Alarms.of(school, adult)
    aside = [Aside(f"staff:{number}", AsideKind.STAFF, "staff_notes", item) for number, item in enumerate(_staff_notes(school, adult))]
    aside += [Aside(f"phone:{item['id']}", AsideKind.OTHER, "messages_in", item) for item in _unclaimed(school, adult)]
    sections: dict[str, Any] = {}
    for name, section in (*_of_the_house(school, adult, alarms), *_of_capabilities(school, adult)):
        sections[name] = _parted(section, name, others, alarms, aside)
    return Held({name: section for name, section in sections.items() if section}, aside)


# The house's own


def _of_the_house(school: School, adult: Adult, alarms: _Alarms) -> Iterable[tuple[str, Any]]:
    yield "about_you", _about(school, adult)
    yield "where_you_are_reached", _addresses(school, adult)
    yield "what_you_agreed_to", _consents(school, adult)
    yield "messages_in", [_in(row) for row in _received(school, adult) if row.id not in alarms.received]
    yield "messages_out", [_out(row) for row in _sent(school, adult) if row.trace not in alarms.traces]
    matters = select(Attention).where(Attention.adult_id == adult.id, Attention.need != Need.SAFEGUARDING).order_by(Attention.id)
    yield (
        "what_waited_for_staff",
        [{"at": _at(row.created_at), "why": row.need, "words": row.text, "done": _at(row.done_at)} for row in school.session.scalars(matters)],
    )
    asked = select(DataRequest).where(DataRequest.adult_id == adult.id).order_by(DataRequest.id)
    yield (
        "what_you_asked_about_your_data",
        [{"asked": _at(row.asked_at), "what": row.kind, "due": row.due_on.isoformat(), "state": row.state} for row in school.session.scalars(asked)],
    )


def _of_capabilities(school: School, adult: Adult) -> Iterable[tuple[str, Any]]:
    for capability in capabilities():
        if capability.export is not None:
            yield capability.name, capability.export(school, adult)


def _about(school: School, adult: Adult) -> Mapping[str, Any]:
    ties = school.session.scalars(select(Guardianship).where(Guardianship.adult_id == adult.id).order_by(Guardianship.child_id)).all()
    return {
        "name": adult.name,
        "language": adult.language,
        "school's own number": adult.reference,
        "left": _at(adult.left_on),
        "children": [
            {
                "name": tie.child.name,
                "class": tie.child.school_class.name,
                "you are": tie.relationship_,
                "may hear": tie.may_hear,
                "may book": tie.may_book,
                "may be asked": tie.may_be_asked,
                "may collect": tie.may_collect,
            }
            for tie in ties
        ],
    }


def _addresses(school: School, adult: Adult) -> list[Mapping[str, Any]]:
    links = school.session.scalars(select(AdultAddress).where(AdultAddress.adult_id == adult.id).order_by(AdultAddress.rank, AdultAddress.address_id))
    return [
        {"channel": link.address.channel, "address": link.address.value, "state": link.address.state, "last heard": _at(link.address.last_heard_at)}
        for link in links
    ]


def _consents(school: School, adult: Adult) -> list[Mapping[str, Any]]:
    theirs = select(AdultAddress.address_id).where(AdultAddress.adult_id == adult.id)
    rows = select(Consent, Address).join(Address, Address.id == Consent.address_id).where(Consent.address_id.in_(theirs)).order_by(Consent.id)
    return [
        {"channel": address.channel, "what": row.kind, "is given": row.is_given, "at": _at(row.at), "how": row.how}
        for row, address in school.session.execute(rows)
    ]


def _received(school: School, adult: Adult) -> Sequence[Received]:
    return school.session.scalars(select(Received).where(Received.thread == f"a{adult.id}").order_by(Received.id)).all()


def _sent(school: School, adult: Adult) -> Sequence[Message]:
    return school.session.scalars(select(Message).where(Message.adult_id == adult.id).order_by(Message.id)).all()


def _in(row: Received) -> Mapping[str, Any]:
    return {"id": row.id, "at": _at(row.received_at), "channel": row.address.channel, "kind": row.kind, "words": row.text, "understood as": row.intent}


def _out(row: Message) -> Mapping[str, Any]:
    channel = row.address.channel if row.address else None
    return {"id": row.id, "at": _at(row.sent_at or row.created_at), "channel": channel, "kind": row.kind, "state": row.state, "words": row.whole_text}


def _staff_notes(school: School, adult: Adult) -> Iterable[Mapping[str, Any]]:
    if adult.notes.strip():
        yield {"where": "beside the family", "words": adult.notes}
    for note in school.session.scalars(select(ThreadNote).where(ThreadNote.thread == f"a{adult.id}").order_by(ThreadNote.id)):
        yield {"where": "beside a message", "at": _at(note.at), "words": note.words}
    for change in reversed(preferences.changes(school, adult)):
        if change.note not in ("", preferences.TAKEN_BACK):
            yield {"where": "beside what they want to be told", "at": _at(change.at), "words": change.note}


def _unclaimed(school: School, adult: Adult) -> Iterable[Mapping[str, Any]]:
    """What came from a phone that they share and nobody said whose it was."""
    shared = [link.address_id for link in adult.addresses if len(link.address.adults) > 1]
    alarms = school.session.scalars(select(Attention).where(Attention.address_id.in_(shared), Attention.need == Need.SAFEGUARDING))
    raised = {attention.came_with(row) for row in alarms}
    rows = select(Received).where(Received.thread.in_([f"x{address_id}" for address_id in shared])).order_by(Received.id)
    return [_in(row) for row in school.session.scalars(rows) if row.id not in raised]


# What is set aside


@dataclass(frozen=True)
class _Alarms:
    """What raised an alarm: the messages in, the traces of what answered them, and the words, which may stand elsewhere too."""

    received: frozenset[int]
    traces: frozenset[str]
    words: frozenset[str]

    @staticmethod
    def of(school: School, adult: Adult) -> _Alarms:
        matters = school.session.scalars(select(Attention).where(Attention.adult_id == adult.id, Attention.need == Need.SAFEGUARDING)).all()
        ids = [found for row in matters if (found := attention.came_with(row)) is not None]
        rows = school.session.scalars(select(Received).where(Received.id.in_(ids))).all()
        words = {row.text.strip() for row in matters} | {row.text.strip() for row in rows}
        return _Alarms(frozenset(ids), frozenset(row.trace for row in rows), frozenset(words - {""}))


def _others(school: School, adult: Adult) -> re.Pattern[str] | None:
    """The names of the other adults of the same children, and of those who share a phone with them: whole, and the first alone."""
    children = select(Guardianship.child_id).where(Guardianship.adult_id == adult.id)
    phones = select(AdultAddress.address_id).where(AdultAddress.adult_id == adult.id)
    near = or_(
        Adult.id.in_(select(Guardianship.adult_id).where(Guardianship.child_id.in_(children))),
        Adult.id.in_(select(AdultAddress.adult_id).where(AdultAddress.address_id.in_(phones))),
    )
    names = school.session.scalars(select(Adult.name).where(near, Adult.id != adult.id)).all()
    own = {part.casefold() for part in adult.name.split()}
    told = {part for name in names for part in (name, name.split()[0]) if part.casefold() not in own}
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(told))) + r")(?!\w)", re.IGNORECASE) if told else None


def _parted(section: Any, name: str, others: re.Pattern[str] | None, alarms: _Alarms, aside: list[Aside]) -> Any:
    """The section without what tells of an alarm, and without what names another adult, which is set aside; its lists one by one."""
    if isinstance(section, Mapping):
        return {key: _parted(value, f"{name}.{key}", others, alarms, aside) for key, value in section.items()}
    if not isinstance(section, list):
        return section
    kept = []
    for number, item in enumerate(section):
        words = json.dumps(item, ensure_ascii=False, default=str)
        if any(json.dumps(alarm, ensure_ascii=False)[1:-1] in words for alarm in alarms.words):
            continue
        if others is not None and others.search(words):
            aside.append(Aside(f"{name}:{number}", AsideKind.OTHER, name, item))
        else:
            kept.append(item)
    return kept


def _copied(section: Any) -> Any:
    return [*section] if isinstance(section, list) else {**section} if isinstance(section, Mapping) else section


def _at(moment: datetime | date | None) -> str | None:
    return moment.isoformat() if moment is not None else None
