"""Which processes of this school are there: each says so every two seconds, and counts the others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from data.processes import Process

EVERY = 2.0
"""Seconds between two times that a process says that it is there."""
GONE_AFTER = timedelta(seconds=7)
"""How long after it last said so a process counts as gone: more than three times."""
FORGOTTEN_AFTER = timedelta(hours=1)


def say(session: Session, name: str, roles: Collection[str], now: datetime) -> None:
    """This process is there."""
    known = session.get(Process, name)
    if known is None:
        session.add(Process(name=name, roles=" ".join(sorted(roles)), started_at=now, seen_at=now))
        session.execute(delete(Process).where(Process.seen_at < now - FORGOTTEN_AFTER).execution_options(synchronize_session=False))
    else:
        known.seen_at = now


def leave(session: Session, name: str) -> None:
    """This process ends."""
    session.execute(delete(Process).where(Process.name == name).execution_options(synchronize_session=False))


def count(session: Session, role: str, now: datetime) -> int:
    """How many processes with this role are there."""
    there = select(func.count()).where(Process.seen_at > now - GONE_AFTER, (" " + Process.roles + " ").contains(f" {role} ", autoescape=True))
    return session.scalar(there) or 0
