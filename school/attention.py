"""What needs a person: raised by whoever meets it, once for each cause, and kept until someone has dealt with it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, select

from data.addresses import Address
from data.attention import Attention, Need
from data.people import Adult
from school import School, texts

__all__ = ["Need", "add_words", "call_for_a_person", "has_asked", "in_english", "open_needs", "refine", "settle", "tick_off"]


LONGEST = 2_000


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
) -> bool:
    """Ask for a person's attention; False if this cause has asked before.

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
    written = _written(school, row)
    return written.read_in(texts.STAFF_READ) if written else texts.Reading(row.text)


def has_asked(school: School, key: str) -> bool:
    """Whether this cause has asked for a person before."""
    return school.session.scalar(select(Attention.id).where(Attention.key == key)) is not None


def refine(school: School, key: str, *, need: Need | None = None, text: str | None = None) -> None:
    """More is known of something that waits: what kind of need it is, or what they wanted to say."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    row.need = need or row.need
    if text is not None:
        _rewrite(school, row, text)


def add_words(school: School, key: str, text: str) -> None:
    """More was written to something that waits; up to 2,000 characters in all."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    if row.done_at is None and text.strip():
        _rewrite(school, row, f"{row.text} / {text}"[:LONGEST])


def _written(school: School, row: Attention) -> texts.Text | None:
    return school.session.scalars(select(texts.Text).where(texts.Text.attention_id == row.id)).first()


def _rewrite(school: School, row: Attention, words: str) -> None:
    row.text, written = words, _written(school, row)
    if written is not None:
        texts.rewritten(written, words)
    elif words:
        language = row.adult.language if row.adult else texts.STAFF_READ
        texts.from_parent(school, words, language, adult=row.adult, attention_id=row.id, is_sensitive=row.need == Need.SAFEGUARDING)


def tick_off(school: School, attention_id: int) -> bool:
    """Someone has dealt with it; False if nothing with this id waits."""
    row = school.session.get(Attention, attention_id)
    if row is None or row.done_at is not None:
        return False
    row.done_at = school.now
    return True


def settle(school: School, key: str) -> None:
    """What it waited for has come about without anyone's doing: it waits no more. Nothing, where nothing with this key waits."""
    row = school.session.scalars(select(Attention).where(Attention.key == key)).first()
    if row is not None:
        tick_off(school, row.id)


def open_needs(school: School) -> Sequence[Attention]:
    """What still waits: what concerns a child's safety first, then who is missing and who is to be collected by whom; of each the oldest."""
    urgency = case((Attention.need == Need.SAFEGUARDING, 0), (Attention.need.in_((Need.NOT_SEEN, Need.COLLECTION)), 1), else_=2)
    return school.session.scalars(select(Attention).where(Attention.done_at.is_(None)).order_by(urgency, Attention.id)).all()
