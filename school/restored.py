"""A school whose database was put back from a backup: it hears everything and says nothing, until a member of staff lets it.

What was sent after the backup stands nowhere, so that what waits in it may have been said already, or be untrue by now. Only people can tell. What passes is
the call for the safeguarding lead about what comes in from now on: docs/decisions/0023-a-restored-school-is-held.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, func, select, update

from data.accounts import LogInLink, StaffSession
from data.inbox import Received
from data.outbox import Message, OutboxState
from data.people import Staff
from data.restoration import Restoration
from school import School
from school.access import SAFEGUARDING_ALERT
from school.errors import Refusal

__all__ = ["PASSES", "Choice", "NotEveryKind", "Restoration", "Waiting", "begin", "held", "is_held", "newest", "release", "waiting"]

PASSES = SAFEGUARDING_ALERT
"""The one kind of message that leaves while nothing else does, where its cause is newer than the restore."""
_WAITS = (OutboxState.QUEUED, OutboxState.PAUSED, OutboxState.SENDING)


class Choice(StrEnum):
    """What becomes of the messages of one kind."""

    SEND = "send"
    DROP = "drop"


class NotEveryKind(Refusal):
    """Something waits about which nothing was chosen: it may have come since the page was drawn."""


@dataclass(frozen=True)
class Waiting:
    """Messages of one kind that wait: how many, how many since the restore, how many are too late by now, and when the first and the last was written."""

    kind: str
    count: int
    since_restore: int
    too_late: int
    oldest: datetime
    newest: datetime


def begin(school: School, copy_of: datetime | None) -> Restoration:
    """This database was just put back: from now on nothing is sent. Whoever was logged in when it was copied is not any more, and no log-in link holds."""
    open_sessions = update(StaffSession).where(StaffSession.ended_at.is_(None)).values(ended_at=school.now)
    unused = update(LogInLink).where(LogInLink.used_at.is_(None)).values(used_at=school.now)
    for statement in (open_sessions, unused):
        school.session.execute(statement.execution_options(synchronize_session=False))
    row = Restoration(restored_at=school.now, copy_of=copy_of)
    school.session.add(row)
    school.session.flush()
    return row


def held(school: School) -> Restoration | None:
    """The restore because of which nothing is sent now; of several the last."""
    return school.session.scalars(_HELD).first()


_HELD = select(Restoration).where(Restoration.released_at.is_(None)).order_by(Restoration.id.desc()).limit(1)


def is_held(school: School) -> bool:
    """Whether nothing may be sent now."""
    return held(school) is not None


def newest(school: School) -> Restoration | None:
    """The last restore that staff have ended, if there ever was one."""
    return school.session.scalars(select(Restoration).where(Restoration.released_at.is_not(None)).order_by(Restoration.id.desc()).limit(1)).first()


def waiting(school: School, row: Restoration) -> Sequence[Waiting]:
    """What would be sent if nothing were held, by kind, the most numerous first. What is under way may have left before the backup: its provider is asked."""
    late, new = case((Message.useless_after <= school.now, 1), else_=0), case((Message.created_at >= row.restored_at, 1), else_=0)
    count = func.count()
    statement = (
        select(Message.kind, count, func.sum(new), func.sum(late), func.min(Message.created_at), func.max(Message.created_at))
        .where(Message.state.in_(_WAITS), Message.via == "")
        .group_by(Message.kind)
        .order_by(count.desc(), Message.kind)
    )
    return [Waiting(*found) for found in school.session.execute(statement)]


def came_in(school: School, row: Restoration) -> int:
    """How many messages came in since the restore, with what was caught up: all of them were given to staff."""
    return school.session.scalar(select(func.count()).select_from(Received).where(Received.received_at >= row.restored_at, Received.via == "")) or 0


def release(school: School, staff: Staff, chosen: Mapping[str, Choice]) -> Mapping[str, int]:
    """Send again from now on; how many messages of each kind were dropped. What was chosen cannot be taken back. Raises NotEveryKind, with nothing changed."""
    rows = school.session.scalars(_HELD.limit(None).with_for_update()).all()
    if not rows:
        return {}
    kinds = [each.kind for each in waiting(school, rows[0])]
    if any(kind not in chosen for kind in kinds):
        raise NotEveryKind
    dropped = {kind: _drop(school, kind) for kind in kinds if chosen[kind] is Choice.DROP}
    for row in rows:
        row.released_at, row.released_by_id, row.chosen = school.now, staff.id, {kind: str(chosen[kind]) for kind in kinds}
    return dropped


def _drop(school: School, kind: str) -> int:
    """Have the messages of this kind not leave; one that is under way does not come back to the queue."""
    mine = update(Message).where(Message.kind == kind, Message.via == "").execution_options(synchronize_session=False)
    under_way = school.session.execute(mine.where(Message.state == OutboxState.SENDING).values(waits_as=OutboxState.CANCELLED)).rowcount  # type: ignore[attr-defined]
    waited = mine.where(Message.state.in_((OutboxState.QUEUED, OutboxState.PAUSED))).values(state=OutboxState.CANCELLED, next_at=None)
    return int(under_way + school.session.execute(waited).rowcount)  # type: ignore[attr-defined]
