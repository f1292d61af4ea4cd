"""Telling someone something: a rule writes down what happened and to whom; how it reads is found when it leaves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, select, update

from data.addresses import Address
from data.outbox import Lane, Message, OutboxState
from data.people import Adult
from school import School


def tell(
    school: School,
    adult: Adult,
    kind: str,
    about: Mapping[str, int | str],
    *,
    key: str,
    not_before: datetime | None = None,
    useless_after: datetime | None = None,
    address: Address | None = None,
    lane: Lane = Lane.NOTICE,
    must_arrive: bool = True,
) -> bool:
    """Write a notice to `adult` into the outbox, in the caller's transaction; False if `key` was used before, and then nothing is written.

    `address` is where it goes, where that is not for their own order of addresses to say.
    `about` holds the ids it is about. `not_before` and `useless_after` are aware; past the latter it is dropped and shown to staff.
    """
    if school.session.scalar(select(Message.id).where(Message.key == key)) is not None:
        return False
    school.session.add(
        Message(
            uid=secrets.token_hex(8),
            key=key,
            trace=secrets.token_hex(6),
            adult_id=adult.id,
            address_id=address.id if address else None,
            kind=kind,
            about=dict(about),
            lane=lane,
            must_arrive=must_arrive,
            not_before=not_before,
            useless_after=useless_after,
            created_at=school.now,
        )
    )
    school.session.flush()
    return True


def withdraw(school: School, key_prefix: str) -> None:
    """Take back the notices whose key begins so and that have not left yet: their cause is gone. What is under way is not tried again if it fails."""
    _wait_as(school, key_prefix, OutboxState.CANCELLED, from_=(OutboxState.QUEUED, OutboxState.PAUSED))


def pause(school: School, key_prefix: str) -> None:
    """Hold back the notices whose key begins so and that have not left yet, until they go on. What is under way and fails is held back too."""
    _wait_as(school, key_prefix, OutboxState.PAUSED, from_=(OutboxState.QUEUED,))


def go_on(school: School, key_prefix: str) -> None:
    """Let the notices whose key begins so leave that were held back."""
    _wait_as(school, key_prefix, OutboxState.QUEUED, from_=(OutboxState.PAUSED,))


def _wait_as(school: School, key_prefix: str, state: OutboxState, *, from_: Sequence[OutboxState]) -> None:
    """The rest of a text whose beginning has left follows it, whatever staff say meanwhile: half a message helps nobody."""
    whole = (Message.key.startswith(key_prefix, autoescape=True), Message.lane != Lane.REST)
    values = {"state": case((Message.state.in_(from_), state), else_=Message.state), "waits_as": None if state == OutboxState.QUEUED else state}
    school.session.execute(update(Message).where(*whole).values(values).execution_options(synchronize_session=False))
