"""Who leads: one process at a time, until a moment, with a number that makes an earlier leader's late writes recognisable."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from data.lease import Lease

LASTS = timedelta(seconds=11)
"""How long a leader leads without renewing: more than two ticks, so that one missed tick does not pass it on; with one more tick a dead one is
followed within 15 seconds."""


def lead(session: Session, name: str, holder: str, now: datetime) -> int | None:
    """Lead, or go on leading, in `name`; the fencing number, which rises with each new leader. None while another leads."""
    insert = (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(Lease)
    session.execute(insert.values(name=name, holder=holder, fence=0, expires_at=now).on_conflict_do_nothing())
    # One that ends later than any could was taken before the clock was set back.
    is_over = or_(Lease.expires_at <= now, Lease.expires_at > now + LASTS)
    renewed = session.execute(
        update(Lease)
        .where(Lease.name == name, or_(Lease.holder == holder, is_over))
        .values(
            holder=holder,
            expires_at=now + LASTS,
            # A lease that was let lapse, or was another's, begins a new reign.
            fence=Lease.fence + is_over.cast(Lease.fence.type),
        )
        .returning(Lease.fence)
        .execution_options(synchronize_session=False)
    ).first()
    return renewed.fence if renewed else None


def still_leads(session: Session, name: str, holder: str, fence: int) -> bool:
    """Whether this reign is still the newest: asked in the transaction that writes, so that a leader that was paused writes nothing."""
    lease = session.get(Lease, name, with_for_update=True)
    return lease is not None and lease.holder == holder and lease.fence == fence


def resign(session: Session, name: str, holder: str, now: datetime) -> None:
    """Lead no longer: whoever asks next may follow at once."""
    session.execute(
        update(Lease)
        .where(Lease.name == name, Lease.holder == holder, Lease.expires_at > now)
        .values(expires_at=now)
        .execution_options(synchronize_session=False)
    )
