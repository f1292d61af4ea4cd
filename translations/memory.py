"""What was translated once need not be translated again: exact matches alone, on masked text, so that one entry serves every name, time and number.

Never a near match: 'Please do bring …' and 'Please do not bring …' are alike to every measure. A person's entry beats a machine's for good.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.texts import PERSON, same_language
from data.translation_memory import Translation

DEMO = "demo"
MACHINES_AGE = timedelta(days=180)
"""For so long a machine's translation is used again; then it is asked for anew, since machines get better."""


@dataclass(frozen=True)
class Remembered:
    """A translation with marks in place of values. `origin` is 'person', 'demo', or the provider that made it."""

    text_key: str
    origin: str


def recall(session: Session, source: str, target: str, key: str, now: datetime) -> Remembered | None:
    """What `key` (a masked text in the language `source`) was translated to for readers of `target`, a person's first; None if it was not, or long ago."""
    rows = session.scalars(select(Translation).where(Translation.source_hash == _hash(key), Translation.source_language == source)).all()
    known = [row for row in rows if row.source == key and same_language(row.target_language, target)]
    fresh = [row for row in known if row.origin in (PERSON, DEMO) or now - row.at < MACHINES_AGE]
    best = min(fresh, key=lambda row: (row.origin != PERSON, row.origin != DEMO, -row.at.timestamp()), default=None)
    return Remembered(best.text, best.origin) if best else None


def remember(session: Session, source: str, target: str, key: str, text_key: str, origin: str, now: datetime) -> None:
    """Keep a translation, both sides masked. The same origin's earlier one is replaced."""
    where = (Translation.source_hash == _hash(key), Translation.source_language == source, Translation.target_language == target, Translation.origin == origin)
    row = session.scalars(select(Translation).where(*where)).first()
    row = row or Translation(source_language=source, target_language=target, source_hash=_hash(key), source=key, origin=origin)
    row.text, row.at = text_key, now
    session.add(row)
    session.flush()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
