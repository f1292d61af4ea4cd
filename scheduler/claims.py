"""Which process takes the next turn of a conversation: one at a time, until a moment, so that nobody waits for a process that has died or was stopped.

A claim saves work and keeps order; it is not what keeps a message from being answered twice. That is the turn's own transaction, which looks once more at
what it is about to answer: a process that wakes up long after its claim finds it answered.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from data.processes import TurnClaim


def claim(session: Session, thread: str, process: str, now: datetime, lasts: timedelta) -> bool:
    """Whether the next turn of this thread is this process's to take, and nobody else's for as long as a claim `lasts`."""
    insert = (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(TurnClaim)
    taking = insert.values(thread=thread, process=process, until=now + lasts)
    # One that ends later than any could was made before the clock was set back.
    free = or_(TurnClaim.until <= now, TurnClaim.until > now + lasts, TurnClaim.process == process)
    taken = taking.on_conflict_do_update(index_elements=[TurnClaim.thread], set_={"process": process, "until": now + lasts}, where=free)
    return session.execute(taken.returning(TurnClaim.thread)).first() is not None


def release(session: Session, thread: str, process: str) -> None:
    """The turn is taken, or need not be: whoever asks next may have the thread."""
    session.execute(delete(TurnClaim).where(TurnClaim.thread == thread, TurnClaim.process == process).execution_options(synchronize_session=False))
