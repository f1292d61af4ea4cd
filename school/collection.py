"""What a text may not decide: who collects a child, a new number, a new carer. It is written down, rung about, and then agreed or not.

Refusal
├── AlreadyDecided      another member of staff was quicker
├── NumberNotHeld       the number that was rung is not one that the school holds for this adult
└── NoteNeeded          nobody was rung: staff must say how they know
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select, update

from data.addresses import Address
from data.attention import Attention, Need
from data.collection import CollectionRequest, RequestKind, RequestState
from data.people import Adult, AdultAddress, Child, Staff
from data.texts import Text
from school import School, addresses, attention, families, texts
from school.capability import Capability
from school.data_map import time_of
from school.errors import Refusal
from school.notices import tell

__all__ = ["CollectionRequest", "RequestKind", "RequestState"]

KEPT = time_of("collection")
"""How long a request is kept after it was decided."""
DEMO = "collection:demo"


@dataclass
class AlreadyDecided(Refusal):
    """It was decided before: `state` says how."""

    state: str


class NumberNotHeld(Refusal):
    """Only a number that the school holds proves who answers it."""


class NoteNeeded(Refusal):
    """Without a number that was rung, staff say how they know."""


def children(school: School, adult: Adult) -> Sequence[Child]:
    """The children whose collection this adult may speak of, by name."""
    return families.children(school, adult, "collect")


def ask(
    school: School,
    adult: Adult,
    kind: RequestKind,
    words: str,
    *,
    source: str,
    language: str,
    about: Collection[Child] = (),
    day: date | None = None,
    address: Address | None = None,
) -> CollectionRequest:
    """Write down a wish that a text may not decide, and have someone ring. It changes nothing. The same `source` writes it once.

    `about` is whom it concerns; children whom this adult may not collect are left out. `language` is that of the `words`.
    """
    found = school.session.scalars(select(CollectionRequest).where(CollectionRequest.source == source)).first()
    if found is not None:
        return found
    key = f"{Need.COLLECTION}:{source}"
    attention.call_for_a_person(school, Need.COLLECTION, key=key, adult=adult, address=address, text=words, language=language, detail=kind)
    need = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    said = school.session.scalars(select(Text).where(Text.attention_id == need.id)).first()
    made = CollectionRequest(source=source, kind=kind, adult_id=adult.id, text_id=said.id if said else None, attention_id=need.id, day=day)
    made.created_at = school.now
    school.session.add(made)
    school.session.flush()
    concerns(school, made, about)
    return made


def concerns(school: School, request: CollectionRequest, about: Collection[Child]) -> None:
    """It is known now whom a request concerns; children whom its adult may not collect are left out."""
    theirs = {child.id for child in children(school, request.adult)}
    request.children = [child for child in about if child.id in theirs]
    school.session.flush()


def find(school: School, request_id: int) -> CollectionRequest | None:
    """One request, by its id."""
    return school.session.get(CollectionRequest, request_id)


def open_requests(school: School) -> Sequence[CollectionRequest]:
    """What nobody has decided yet, however old: what is about the nearest day first, then what names no day, the oldest first."""
    waiting = select(CollectionRequest).where(CollectionRequest.state == RequestState.OPEN)
    return school.session.scalars(waiting.order_by(CollectionRequest.day.is_(None), CollectionRequest.day, CollectionRequest.id)).all()


def decided_requests(school: School, since: date) -> Sequence[CollectionRequest]:
    """What was decided about this day or a later one, or names no day, the newest first."""
    wanted = [CollectionRequest.state != RequestState.OPEN, (CollectionRequest.day >= since) | CollectionRequest.day.is_(None)]
    return school.session.scalars(select(CollectionRequest).where(*wanted).order_by(CollectionRequest.decided_at.desc()).limit(200)).all()


def is_past(school: School, request: CollectionRequest) -> bool:
    """Whether its day has gone by without anyone deciding."""
    return request.state == RequestState.OPEN and request.day is not None and request.day < school.today


def words(request: CollectionRequest) -> texts.Reading:
    """What they wrote, in English where that could be had."""
    return request.said.read_in(texts.STAFF_READ) if request.said else texts.Reading("")


def numbers_held(school: School, request: CollectionRequest) -> Sequence[Address]:
    """The telephone numbers that the school holds for whoever asked, one address each, the one to try first first: these are rung, none from a message."""
    theirs = select(Address).join(AdultAddress).where(AdultAddress.adult_id == request.adult_id, Address.kind == "phone")
    held: dict[str, Address] = {}
    for address in school.session.scalars(theirs.order_by(AdultAddress.rank, Address.id)):
        held.setdefault(address.value, address)
    return list(held.values())


def agree(school: School, request: CollectionRequest, staff: Staff, rung: Address | None = None, note: str = "") -> None:
    """Someone rang the number the school holds, and it is agreed: the parent is told.

    `rung` is that number's address; None where they spoke otherwise, and then `note` says how. Refuses with AlreadyDecided, NumberNotHeld, NoteNeeded.
    """
    if rung is None and not note.strip():
        raise NoteNeeded
    _decide(school, request, staff, RequestState.AGREED, rung, note)


def refuse(school: School, request: CollectionRequest, staff: Staff, rung: Address | None = None, note: str = "") -> None:
    """It is not agreed; all stays as it was, and the parent is told so. Refuses with AlreadyDecided, NumberNotHeld."""
    _decide(school, request, staff, RequestState.REFUSED, rung, note)


def _decide(school: School, request: CollectionRequest, staff: Staff, state: RequestState, rung: Address | None, note: str) -> None:
    if rung is not None and rung.value not in {address.value for address in numbers_held(school, request)}:
        raise NumberNotHeld
    claimed = (
        update(CollectionRequest)
        .where(CollectionRequest.id == request.id, CollectionRequest.state == RequestState.OPEN)
        .values(state=state, decided_at=school.now, decided_by_id=staff.id, rung=addresses.masked(rung.value) if rung else "", note=note.strip())
        .returning(CollectionRequest.id)
        .execution_options(synchronize_session=False)
    )
    was_first = school.session.scalar(claimed) is not None
    school.session.refresh(request)
    if not was_first:
        raise AlreadyDecided(request.state)
    if request.attention_id is not None:
        attention.tick_off(school, request.attention_id)
    tell(school, request.adult, "collection_decided", {"request": request.id}, key=f"collection:{request.id}:decided")


# The capability


def due(school: School) -> None:
    """What nobody has decided stays before the office, even if someone ticked it off."""
    ticked = select(Attention).join(CollectionRequest, CollectionRequest.attention_id == Attention.id)
    for need in school.session.scalars(ticked.where(CollectionRequest.state == RequestState.OPEN, Attention.done_at.is_not(None))).all():
        need.done_at = None


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    asked = school.session.scalars(select(CollectionRequest).where(CollectionRequest.adult_id == adult.id).order_by(CollectionRequest.id))
    return {
        "collection_requests": [
            {
                "kind": row.kind,
                "words": row.said.words if row.said else "",
                "children": [child.name for child in row.children],
                "day": row.day.isoformat() if row.day else None,
                "state": row.state,
                "created_at": row.created_at.isoformat(),
                "decided_at": row.decided_at.isoformat() if row.decided_at else None,
            }
            for row in asked
        ]
    }


def _erase(school: School, adult: Adult) -> None:
    for row in school.session.scalars(select(CollectionRequest).where(CollectionRequest.adult_id == adult.id)).all():
        _forget(school, row)


def _retain(school: School) -> None:
    old = [CollectionRequest.state != RequestState.OPEN, CollectionRequest.decided_at < school.now - KEPT]
    for row in school.session.scalars(select(CollectionRequest).where(*old)).all():
        _forget(school, row)


def _forget(school: School, row: CollectionRequest) -> None:
    """The request, what was written, and what waited for staff because of it."""
    attention_id, text_id = row.attention_id, row.text_id
    school.session.delete(row)
    school.session.flush()
    school.session.execute(delete(Text).where(Text.id == text_id))
    school.session.execute(delete(Attention).where(Attention.id == attention_id))


def _demo(school: School) -> None:
    """Isaac's aunt is to collect him, and nobody has rung yet. It stands on the list alone: a demo school has nothing else that waits for a person."""
    from school.absence import first_day
    from school.demo import adult, child

    mother = adult(school, "Michelle")
    said = texts.write(school, "My sister Dionne will collect Isaac, I have to work late", "en", adult=mother)
    made = CollectionRequest(source=DEMO, kind=RequestKind.COLLECTION, adult_id=mother.id, text_id=said.id, day=first_day(school), created_at=school.now)
    school.session.add(made)
    school.session.flush()
    concerns(school, made, [child(school, "Isaac")])


capability = Capability("collection", due=due, export=_export, erase=_erase, retain=_retain, demo=_demo)
