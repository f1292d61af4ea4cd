"""What a reply to a broadcast is about: 'yes' to 'Coffee morning on Friday?', 'I can help' to 'Who can bring a cake?'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from data.broadcasts import Broadcast
from data.outbox import Lane, Message
from data.people import Adult
from school import School, events
from school.audiences import AudienceKind
from school.broadcast_runs import KIND
from school.events import Event

__all__ = ["STILL_ABOUT", "Broadcast", "event_of", "question_to"]

STILL_ABOUT = timedelta(days=3)
"""How long after a message a reply that names nothing is about it."""

_ASKS = re.compile(r"\?|\b(reply|answer|let us know|tell us|text us)\b", re.IGNORECASE)
"""Signs that whoever wrote it, in English, wants to hear back: a thumb up to mere news is nobody's work."""


def question_to(school: School, adult: Adult) -> Broadcast | None:
    """The broadcast that asked this adult something, if that is the last thing that the school told them by itself, within three days."""
    told = select(Message).where(Message.adult_id == adult.id, Message.lane > Lane.REPLY, Message.claimed_at > school.now - STILL_ABOUT)
    last = school.session.scalars(told.order_by(Message.claimed_at.desc(), Message.id.desc()).limit(1)).first()
    found = school.session.get(Broadcast, last.about["broadcast"]) if last is not None and last.kind == KIND else None
    return found if found is not None and _ASKS.search(found.text.words) else None


def event_of(school: School, adult: Adult, broadcast: Broadcast) -> Event | None:
    """The event that a broadcast is about: the one whose guests it is for, else the one that it names, of several the one on a day that it names."""
    if broadcast.audience_kind in (AudienceKind.EVENT, AudienceKind.UNANSWERED):
        return events.find(school, broadcast.audience_id or 0)
    words = broadcast.text.words.casefold()
    named = [event for event in events.coming(school, adult) if event.title.words.casefold() in words]
    return next(iter(_on_a_day_of(named, words) or named), None)


def _on_a_day_of(named: Sequence[Event], words: str) -> Sequence[Event]:
    return [event for event in named if f"{event.on:%A}".casefold() in words]
