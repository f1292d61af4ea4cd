"""What needs a person: raised by whoever meets it, once for each cause, and kept until someone has dealt with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import case, select

from data.addresses import Address
from data.attention import Attention, Need
from data.people import Adult, SchoolClass, Staff
from school import School, texts

__all__ = [
    "Need",
    "add_words",
    "all_in_english",
    "call_for_a_person",
    "came_with",
    "has_asked",
    "in_english",
    "keys_of",
    "open_needs",
    "refine",
    "reopen",
    "settle",
    "tick_off",
    "written",
]


LONGEST = 2_000
FILES, LOST_FILES, TALK = "files", "not_kept", "talk"
"""What a message can ask for a person by beside its need: what came with it, what of that was lost, and that it came in the middle of a talk with staff."""
_MESSAGE = re.compile(r"(?:.*:inbox|late|failed):(\d+)")
"""The keys of what a message is the cause of end in its number."""


def call_for_a_person(
    school: School,
    need: Need,
    *,
    key: str,
    adult: Adult | None = None,
    address: Address | None = None,
    text: str = "",
    language: str | None = None,
    detail: str = "",
    school_class: SchoolClass | None = None,
) -> bool:
    """Ask for a person's attention, one of the class's team where `school_class` is given; False if this cause has asked before.

    `text` is what was written, in `language` where that could be told, else in the adult's; `detail` never is.
    """
    if has_asked(school, key):
        return False
    row = Attention(
        key=key,
        need=need,
        adult_id=adult.id if adult else None,
        address_id=address.id if address else None,
        text=text,
        detail=detail,
        class_id=school_class.id if school_class else None,
        created_at=school.now,
    )
    school.session.add(row)
    school.session.flush()
    if text:
        spoken = language or (adult.language if adult else texts.STAFF_READ)
        texts.from_parent(school, text, spoken, adult=adult, attention_id=row.id, is_sensitive=need == Need.SAFEGUARDING)
    return True


def in_english(school: School, row: Attention) -> texts.Reading:
    """What was written, for staff: in English where it was translated or was English already."""
    text = written(school, row)
    return text.read_in(texts.STAFF_READ) if text else texts.Reading(row.text)


def all_in_english(school: School, rows: Sequence[Attention]) -> Mapping[int, texts.Reading]:
    """The same for many at once, by id."""
    ids = [row.id for row in rows]
    found = school.session.scalars(select(texts.Text).where(texts.Text.attention_id.in_(ids))) if ids else ()
    readings = {text.attention_id: text.read_in(texts.STAFF_READ) for text in found}
    return {row.id: readings.get(row.id) or texts.Reading(row.text) for row in rows}


def has_asked(school: School, key: str) -> bool:
    """Whether this cause has asked for a person before."""
    return school.session.scalar(select(Attention.id).where(Attention.key == key)) is not None


def came_with(row: Attention) -> int | None:
    """The message (its id in the inbox) because of which a person is needed; None where there is another cause."""
    found = _MESSAGE.fullmatch(row.key)
    return int(found[1]) if found else None


def keys_of(received_id: int) -> list[str]:
    """The keys under which a message (its id in the inbox) may have asked for a person: `came_with` the other way round."""
    return [f"{cause}:inbox:{received_id}" for cause in (*Need, FILES, LOST_FILES, TALK)] + [f"late:{received_id}", f"failed:{received_id}"]


def refine(school: School, key: str, *, need: Need | None = None, text: str | None = None, school_class: SchoolClass | None = None) -> None:
    """More is known of something that waits: what kind of need it is, what they wanted to say, or which class it is for."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    row.need = need or row.need
    row.class_id = school_class.id if school_class else row.class_id
    if text is not None:
        _rewrite(school, row, text)


def add_words(school: School, key: str, text: str) -> None:
    """More was written to something that waits; up to 2,000 characters in all."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    if row.done_at is None and text.strip():
        _rewrite(school, row, f"{row.text} / {text}"[:LONGEST])


def written(school: School, row: Attention) -> texts.Text | None:
    """What was written, with its translations; None where nothing was."""
    return school.session.scalars(select(texts.Text).where(texts.Text.attention_id == row.id)).first()


def _rewrite(school: School, row: Attention, words: str) -> None:
    row.text, text = words, written(school, row)
    if text is not None:
        texts.rewritten(text, words)
    elif words:
        language = row.adult.language if row.adult else texts.STAFF_READ
        texts.from_parent(school, words, language, adult=row.adult, attention_id=row.id, is_sensitive=row.need == Need.SAFEGUARDING)


def tick_off(school: School, attention_id: int, by: Staff | None = None) -> bool:
    """Someone has dealt with it (`by`, where that is known); False if nothing with this id waits."""
    row = school.session.get(Attention, attention_id)
    if row is None or row.done_at is not None:
        return False
    row.done_at, row.done_by_id = school.now, by.id if by else None
    return True


def settle(school: School, key: str) -> None:
    """What it waited for has come about without anyone's doing: it waits no more. Nothing, where nothing with this key waits."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).first()
    if row is not None:
        tick_off(school, row.id)


def reopen(school: School, key: str) -> None:
    """What was dealt with waits again, from now on."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    row.done_at, row.done_by_id, row.created_at = None, None, school.now


def open_needs(school: School) -> Sequence[Attention]:
    """What still waits: what concerns a child's safety first, then who is missing and who is to be collected by whom; of each the oldest."""
    urgency = case((Attention.need == Need.SAFEGUARDING, 0), (Attention.need.in_((Need.NOT_SEEN, Need.COLLECTION)), 1), else_=2)
    return school.session.scalars(select(Attention).where(Attention.done_at.is_(None)).order_by(urgency, Attention.id)).all()
