"""Whether the server is looked after: a backup was made lately, and the provider that carries the texts is still heard of.

Told to the technician on the console, in /readyz and by e-mail, in a line each; none is about anyone. A school without real families needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from data.addresses import Address
from data.attention import Attention, Need
from data.inbox import Mark, Received
from data.outbox import Callback, Message
from school import School, demo, hours
from school.attention import call_for_a_person
from school.capability import Capability

BACKED_UP, FIRST_START = "backed up", "first-start"
"""Marks of `bookbag db backup` and of the first start of all."""
LOOKED = "upkeep looked"
LOOKS_EVERY = timedelta(minutes=10)
"""It changes in hours: not every tick of the clock need look."""
TOLD = "upkeep told on"
"""The mark of the last day on which the technician was mailed."""
SILENT_FOR = timedelta(hours=24)
TAKES_A_WHILE = timedelta(hours=2)
"""How young a message may be that nothing was heard of yet, with the phone off."""
CARRIED = ("sms", "whatsapp")
"""The channels whose provider tells of each message what became of it."""
_KEY = "upkeep:"


def wrong(school: School) -> Mapping[str, str]:
    """What is wrong now, by a word for it, in the technician's words; empty where all is well."""
    found = {"backup": _old_backup(school), "silence": _silence(school)}
    return {what: words for what, words in found.items() if words}


def _old_backup(school: School) -> str:
    days = school.first_settings.backup_days
    last, began = (_moment(school, name) for name in (BACKED_UP, FIRST_START))
    since = last or began
    if days == 0 or since is None or school.now - since < timedelta(days=days):
        return ""
    if not demo.has_real_families(school):
        return ""
    return f"The last backup is of {last:%d %B %Y}: is the nightly one still made?" if last else "No backup was ever made: see docs/operations.md."


def _silence(school: School) -> str:
    """Something was sent, and for a day Twilio has neither brought a message nor said what became of one, on a day of school."""
    since = school.now - SILENT_FOR
    sent = select(Message.id).join(Address).where(Address.channel.in_(CARRIED), Message.via == "", Message.sent_at <= school.now - TAKES_A_WHILE)
    if not hours.is_school_day(school) or school.session.scalar(sent.where(Message.created_at >= since).limit(1)) is None:
        return ""
    # The newest of each by its id, so that a year of them need not be read.
    came = select(Received.received_at).join(Address).where(Address.channel.in_(CARRIED)).order_by(Received.id.desc()).limit(1)
    told_of = select(Callback.at).order_by(Callback.id.desc()).limit(1)
    heard = [at for at in (school.session.scalar(came), school.session.scalar(told_of)) if at is not None]
    if any(at > since for at in heard) or not demo.has_real_families(school):
        return ""
    return "Twilio has been silent for a day: no message came in, and of none that was sent was anything said. Are public_url and its webhooks right?"


def due(school: School) -> None:
    """Ask a person to see to what is wrong, once until that is ticked off, at most once a day; what is well again is ticked off."""
    looked = _moment(school, LOOKED)
    if looked is not None and timedelta() <= school.now - looked < LOOKS_EVERY:
        return
    school.session.merge(Mark(name=LOOKED, value=school.now.isoformat()))
    found = wrong(school)
    open_rows = school.session.scalars(select(Attention).where(Attention.need == Need.UPKEEP, Attention.done_at.is_(None))).all()
    waiting = {row.key.split(":")[1]: row for row in open_rows}
    for what, words in found.items():
        if what not in waiting:
            call_for_a_person(school, Need.UPKEEP, key=f"{_KEY}{what}:{school.today}", detail=words)
    for what, row in waiting.items():
        if what not in found:
            row.done_at = school.now


def to_tell(school: School) -> Sequence[str]:
    """What to mail the technician now: what waits, once a day."""
    mark = school.session.get(Mark, TOLD)
    if mark is not None and mark.value >= school.today.isoformat():
        return []
    rows = select(Attention.detail).where(Attention.need == Need.UPKEEP, Attention.done_at.is_(None)).order_by(Attention.id)
    return school.session.scalars(rows).all()


def told(school: School) -> None:
    """The technician was mailed today."""
    school.session.merge(Mark(name=TOLD, value=school.today.isoformat()))


def _moment(school: School, name: str) -> datetime | None:
    mark = school.session.get(Mark, name)
    return datetime.fromisoformat(mark.value) if mark else None


capability = Capability("upkeep", due=due)
