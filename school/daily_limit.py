"""How many paid message parts may leave in a day: a mistake, or somebody's flood, must not empty the school's purse while everyone sleeps.

Replies to families, alerts and what staff mark as urgent leave in any case: a parent who writes is answered. Everything else that costs money waits until the
next day, or until a person lifts the day's limit; so do replies to numbers that the school does not know, of which a flood would be made.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from data.addresses import Address
from data.attention import Need
from data.outbox import Lane, Message, OutboxState
from data.people import Staff
from data.spending import PaidParts
from school import LONDON, School
from school.attention import call_for_a_person, settle

CODE = "daily_limit"
"""What stands in the code of a message that waits because of it."""
_TAKEN = "paid parts"
"""Where a session counts what its transaction has taken."""


def is_paid(school: School, channel: str) -> bool:
    """Whether the school pays for messages on this channel."""
    return school.settings.pence.get(channel, 0.0) > 0


def is_reached(school: School) -> bool:
    """Whether so much has left today that only what cannot wait still leaves."""
    today = school.session.get(PaidParts, school.today)
    if today is not None and today.lifted_at is not None:
        return False
    taken: int = school.session.info.get(_TAKEN, 0)
    return (today.parts if today is not None else 0) + taken >= school.settings.parts_per_day


def holds(school: School, message: Message, address: Address) -> bool:
    """Whether this message must wait for the next day, or for a person's word: who is told of it, once a day."""
    must_leave = message.lane <= Lane.URGENT and (message.adult_id is not None or message.lane != Lane.REPLY)
    if must_leave or not is_paid(school, address.channel) or not is_reached(school):
        return False
    detail = f"{school.settings.parts_per_day} paid message parts have left today"
    call_for_a_person(school, Need.DAILY_LIMIT, key=_key(school), detail=detail)
    return True


def until(school: School) -> datetime:
    """When it may leave: as the next day begins on the school's clock (quiet hours hold it longer), in UTC."""
    return datetime.combine(school.today + timedelta(days=1), time(), LONDON).astimezone(school.now.tzinfo)


def take(school: School, channel: str, parts: int) -> None:
    """So many parts are handed over on this channel, in the transaction under way; `keep` writes that down."""
    if is_paid(school, channel):
        school.session.info[_TAKEN] = school.session.info.get(_TAKEN, 0) + parts


def keep(school: School) -> None:
    """Write down what was taken. Call it last in a transaction: from then on other processes that hand something over wait for it."""
    parts = school.session.info.pop(_TAKEN, 0)
    if not parts:
        return
    insert = (postgresql.insert if school.session.get_bind().dialect.name == "postgresql" else sqlite.insert)(PaidParts)
    adding = insert.values(day=school.today, parts=parts)
    school.session.execute(adding.on_conflict_do_update(index_elements=[PaidParts.day], set_={"parts": PaidParts.parts + parts}))


def waiting(school: School) -> int:
    """How many messages wait because of it."""
    return school.session.scalar(select(func.count()).where(*_waits(school))) or 0


def lift(school: School, by: Staff) -> int:
    """Let everything leave for the rest of the day; how many messages waited for that. It cannot be taken back: they leave at once."""
    today = school.session.get(PaidParts, school.today) or PaidParts(day=school.today, parts=0)
    today.lifted_at, today.lifted_by_id = school.now, by.id
    school.session.add(today)
    waited = waiting(school)
    freed = update(Message).where(*_waits(school)).values(next_at=None, code=None)
    school.session.execute(freed.execution_options(synchronize_session=False))
    settle(school, _key(school))
    return waited


def _waits(school: School) -> tuple[ColumnElement[bool], ...]:
    return (Message.state == OutboxState.QUEUED, Message.code == CODE, Message.next_at > school.now)


def _key(school: School) -> str:
    return f"daily-limit:{school.today}"
