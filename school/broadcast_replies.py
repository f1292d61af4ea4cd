"""What a reply to a broadcast is about: 'yes' to 'Coffee morning on Friday?', 'I can help' to 'Who can bring a cake?'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from data.broadcasts import Broadcast, BroadcastRun
from data.outbox import Lane, Message
from data.people import Adult
from school import School, events, openers
from school.audiences import AudienceKind
from school.broadcast_runs import KIND
from school.events import Event

__all__ = ["STILL_ABOUT", "Told", "event_of", "question_to", "told_by"]

STILL_ABOUT = timedelta(days=3)
"""How long after a message a reply that names nothing is about it."""

_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n")
_ASKS = re.compile(r"\?$|\b(reply|answer|let us know|tell us|text us)\b", re.IGNORECASE)
"""Signs that whoever wrote a sentence, in English, wants to hear back: a thumb up to mere news is nobody's work."""
_WANTS_NONE = re.compile(r"\b(not|no|never|cannot|can't|don't)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """A broadcast, and what it said to one family, in English; its next sending may say something else."""

    broadcast: Broadcast
    words: str


def told_by(school: School, message: Message) -> Told | None:
    """What a message of a broadcast told; None where that is gone, or the message is of no broadcast."""
    run = school.session.get(BroadcastRun, message.about["run"]) if message.kind == KIND else None
    return Told(run.broadcast, run.text.words) if run is not None else None


def question_to(school: School, adult: Adult) -> Told | None:
    """The broadcast that asked this adult something, if that is the last thing that the school told them by itself, within three days."""
    told = (Message.adult_id == adult.id, Message.lane > Lane.REPLY, Message.kind != openers.KIND, Message.claimed_at > school.now - STILL_ABOUT)
    since = select(Message).where(*told)
    last = school.session.scalars(since.order_by(Message.claimed_at.desc(), Message.id.desc()).limit(1)).first()
    said = told_by(school, last) if last is not None else None
    return said if said is not None and any(map(_asks, _SENTENCES.split(said.words))) else None


def _asks(sentence: str) -> bool:
    found = _ASKS.search(sentence.strip())
    return found is not None and (found[0] == "?" or _WANTS_NONE.search(sentence) is None)


def event_of(school: School, adult: Adult, told: Told) -> Event | None:
    """The event that a broadcast is about: the one whose guests it is for, else the one that it names, of several the one on a day that it names."""
    if told.broadcast.audience_kind in (AudienceKind.EVENT, AudienceKind.UNANSWERED):
        return events.find(school, told.broadcast.audience_id or 0)
    words = told.words.casefold()
    named = [event for event in events.coming(school, adult) if re.search(rf"\b{re.escape(event.title.words.casefold())}\b", words)]
    return next((event for event in named if f"{event.on:%A}".casefold() in words), next(iter(named), None))
