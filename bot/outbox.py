"""What is to be said, and every change of its state. docs/outbox.md draws the states; each arrow there is one function here.

Nothing here knows a channel: the dispatcher hands in what a provider said, in our own words.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.conversation.engine import Reply
from data.attention import Need
from data.inbox import Received
from data.outbox import Callback, Lane, Message, OutboxState
from data.people import Adult
from school import School
from school.attention import call_for_a_person
from school.calendar import end_of_quiet

RANK = {
    OutboxState.QUEUED: 0,
    OutboxState.SENDING: 1,
    OutboxState.UNCONFIRMED: 2,
    OutboxState.SENT: 3,
    OutboxState.UNDELIVERED: 4,
    OutboxState.FAILED: 4,
    OutboxState.DELIVERED: 5,
    OutboxState.READ: 6,
}
"""A later report never lowers a state: 'delivered' beats 'undelivered', 'read' beats all. Cancelled and expired are ours and final."""


def reply(school: School, to: Received, said: Reply, adult: Adult | None, *, key: str | None = None) -> Message:
    """Queue what a turn said, to the address the message came from."""
    row = Message(
        uid=secrets.token_hex(8),
        key=key or f"reply:{to.id}",
        trace=to.trace,
        via=to.via,
        adult_id=adult.id if adult else None,
        address_id=to.address_id,
        kind="reply",
        text=said.text,
        choices=[list(choice) for choice in said.choices],
        attachment=said.attachment,
        asks_contact=said.asks_contact,
        lane=Lane.REPLY,
        must_arrive=said.must_arrive,
        created_at=school.now,
    )
    school.session.add(row)
    return row


def due(school: School, limit: int, via: str = "") -> Sequence[Message]:
    """What may leave now, in the order it should: replies first, then by age; for one address only the oldest, and none while another is on its way there."""
    earlier, on_its_way = aliased(Message), aliased(Message)
    waits_behind = exists().where(
        earlier.address_id == Message.address_id, earlier.state == OutboxState.QUEUED, earlier.lane == Message.lane, earlier.id < Message.id
    )
    is_busy = exists().where(
        on_its_way.address_id == Message.address_id,
        on_its_way.state == OutboxState.SENDING,
        # A reply to a new message may pass one whose fate is unknown; nothing else may.
        or_(Message.lane != Lane.REPLY, on_its_way.next_at.is_(None)),
    )
    statement = (
        select(Message)
        .where(Message.state == OutboxState.QUEUED, Message.via == via, _is_time(school.now), ~waits_behind, ~is_busy)
        .order_by(Message.lane, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Message)
    )
    return school.session.scalars(statement).all()


def _is_time(now: datetime) -> ColumnElement[bool]:
    return and_(or_(Message.not_before.is_(None), Message.not_before <= now), or_(Message.next_at.is_(None), Message.next_at <= now))


# queued → …


def claim(school: School, message: Message, worker: str) -> None:
    """queued → sending. Once this is committed the provider may have it."""
    message.state, message.claimed_at, message.claimed_by = OutboxState.SENDING, school.now, worker
    message.attempts += 1
    message.next_at = None


def postpone(message: Message, until: datetime) -> None:
    """queued → queued, not before then: quiet hours, an open question, a full channel."""
    message.next_at = until


def wait_for_morning(school: School, message: Message) -> bool:
    """Whether quiet hours hold this message back; if so it waits for their end. Replies and alerts pass."""
    until = end_of_quiet(school, school.now)
    if message.lane <= Lane.ALERT or until == school.now:
        return False
    postpone(message, until)
    return True


def cancel(message: Message) -> None:
    """queued → cancelled: what it was about is no longer so."""
    message.state = OutboxState.CANCELLED


def expire(school: School, message: Message) -> None:
    """queued → expired: too late to be of use. Staff see it."""
    message.state = OutboxState.EXPIRED
    _show(school, message, "too late")


# sending → …


def sent(school: School, message: Message, provider_id: str) -> None:
    """sending → sent, unless a callback has said more already."""
    _raise_to(message, OutboxState.SENT)
    message.provider_id = provider_id
    message.sent_at = message.sent_at or school.now
    message.next_at = None
    for early in school.session.scalars(select(Callback).where(Callback.provider_id == provider_id).order_by(Callback.id)):
        report(school, message, OutboxState(early.state), early.verdict, early.code)


def try_later(school: School, message: Message, wait: timedelta, code: str | None, *, attempts_left: bool) -> None:
    """sending → queued after a wait: surely not sent. When enough was tried, failed, and a person sees it."""
    message.code = code
    if attempts_left and (message.useless_after is None or school.now + wait < message.useless_after):
        message.state, message.next_at, message.claimed_by = OutboxState.QUEUED, school.now + wait, None
    else:
        message.state = OutboxState.FAILED
        _show(school, message, code or "no answer")


def refused(school: School, message: Message, verdict: str, code: str | None, *, show: bool = True) -> None:
    """sending → failed: the same would be refused again. It is never retried, and a person sees it."""
    message.verdict, message.code = verdict, code
    _raise_to(message, OutboxState.FAILED)
    if show:
        _show(school, message, f"{verdict} {code or ''}".strip())


def fate_unknown(message: Message, look_up_at: datetime, code: str | None) -> None:
    """sending → sending, to be looked up: the provider was asked and gave no answer that tells."""
    message.next_at, message.code = look_up_at, code


def not_found(school: School, message: Message, look_up_at: datetime, *, looks_left: bool) -> None:
    """A look-up did not find it: look again, or send it again, since the provider does not have it."""
    message.lookups += 1
    if looks_left:
        message.next_at = look_up_at
    else:
        message.state, message.next_at, message.claimed_by, message.lookups = OutboxState.QUEUED, school.now, None, 0


def unconfirmed(school: School, message: Message) -> None:
    """sending → unconfirmed: it may have arrived, and nobody can be asked. A plain reply is never repeated; what must arrive is, once."""
    if message.must_arrive and not message.key.endswith(":again"):
        _repeat(school, message)
    message.state, message.next_at = OutboxState.UNCONFIRMED, None
    _show(school, message, "not confirmed")


def _repeat(school: School, message: Message) -> None:
    """The same message once more, recognisably the same: same words, same reference."""
    copied = ("trace", "via", "adult_id", "address_id", "kind", "about", "text", "choices", "attachment", "lane", "must_arrive", "useless_after")
    again = Message(
        uid=secrets.token_hex(8), key=f"{message.key}:again", created_at=school.now, **{name: getattr(message, name) for name in copied}
    )
    school.session.add(again)


# sent → …


def report(school: School, message: Message, state: OutboxState, verdict: str | None, code: str | None) -> None:
    """What a provider says became of it, in whatever order it says so; the highest rank is shown."""
    if not _raise_to(message, state):
        return
    message.next_at = None
    if state in (OutboxState.UNDELIVERED, OutboxState.FAILED):
        message.verdict, message.code = verdict, code
        _show(school, message, f"{verdict or 'unknown'} {code or ''}".strip())


def _raise_to(message: Message, state: OutboxState) -> bool:
    if RANK[state] <= RANK.get(OutboxState(message.state), 99):
        return False
    message.state = state
    return True


def _show(school: School, message: Message, detail: str) -> None:
    """A person must see it."""
    adult = school.session.get(Adult, message.adult_id) if message.adult_id else None
    call_for_a_person(
        school, Need.NOT_DELIVERED, key=f"outbox:{message.id}", adult=adult, address=message.address, detail=f"{message.kind}: {detail}"
    )


def recover(session: Session, now: datetime) -> int:
    """After a start: what an earlier life of this process had claimed may or may not have left; it is looked up. How many there were."""
    result = session.execute(
        update(Message)
        .where(Message.state == OutboxState.SENDING, Message.next_at.is_(None))
        .values(next_at=now, code="restarted")
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", result).rowcount
