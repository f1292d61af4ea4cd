"""Broadcasts: one text to many, now, at a time or again and again; held back, taken back, and agreed to by a second person where the school wants that.

What is due is the database's to say: each of a broadcast's days is sent once (`BroadcastRun`), and each adult has one message of it (its key). So a clock
that stopped, two of them, or a night on which the clocks change neither repeat nor skip.

Its own refusals, beside those of a time (`school.broadcast_days`):

    Refusal
    ├── NothingToSay        there are no words
    ├── Nobody              there is nobody in the audience
    ├── NotNow              it has come too far, or not far enough, for that
    ├── StillLeaving        some of what was sent has not left, and would say other words than those that were agreed to
    ├── NotYourOwn          a second person must agree, and that is not who wrote it
    └── NoCheckedPhone      whoever wants to see it first has no mobile of their own that was checked
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import selectinload

from data.addresses import Address
from data.broadcasts import Broadcast, BroadcastDate, BroadcastKind, BroadcastRun, BroadcastState, WaitsFor
from data.kept_files import KeptFile
from data.outbox import STILL_TO_LEAVE, Lane, Message, OutboxState
from data.people import Adult
from data.texts import Text
from school import School, audiences, broadcast_days, broadcast_runs, notices, staff, texts
from school.access import Power, Viewer
from school.audiences import Audience
from school.broadcast_days import NOW, Repeat, When
from school.broadcast_plan import Plan, audience_of, plan, switches
from school.broadcast_sending import OF_USE, due, go_ahead, wait_for, wait_no_more, want_translations
from school.capability import Capability
from school.data_map import time_of
from school.errors import NotThere, Refusal

__all__ = [
    "NOW",
    "Broadcast",
    "BroadcastKind",
    "BroadcastRun",
    "BroadcastState",
    "Content",
    "Dated",
    "NoCheckedPhone",
    "Nobody",
    "NotNow",
    "NotYourOwn",
    "NothingToSay",
    "Plan",
    "Repeat",
    "Said",
    "StillLeaving",
    "WaitsFor",
    "When",
    "approve",
    "audience_of",
    "cancel",
    "change",
    "discard",
    "due",
    "find",
    "hold",
    "intend",
    "listing",
    "make",
    "may_be_taken_back",
    "measured",
    "pause",
    "plan",
    "resume",
    "send",
    "switches",
    "to_myself",
    "to_say",
    "waiting",
]

COMES_BACK = timedelta(days=31)
"""How long after it was sent a message may be reported as not delivered, and leave by another way."""
LEADERS = ("senior", "lead")
"""Whose closures need nobody else's yes."""
KEPT = time_of("broadcasts")
_CHANGEABLE = (BroadcastState.DRAFT, BroadcastState.WAITING, BroadcastState.PLANNED)
_ENDED = (BroadcastState.DONE, BroadcastState.CANCELLED)


class NothingToSay(Refusal):
    """There are no words."""


class Nobody(Refusal):
    """There is nobody in the audience."""


@dataclass(eq=False)
class NotNow(Refusal):
    """It has come too far, or not far enough, for that."""

    state: str


class StillLeaving(Refusal):
    """Some of what was sent has not left yet: changed now, it would say words to these families that nobody has agreed to for them."""


class NotYourOwn(Refusal):
    """A second person must agree, and that is not who wrote it."""


class NoCheckedPhone(Refusal):
    """They have no mobile of their own that a code was sent to."""


@dataclass(frozen=True)
class Dated:
    """One date that a newsletter names; at `at` on the school's clock where that is said."""

    on: date
    what: str
    at: time | None = None


@dataclass(frozen=True)
class Content:
    """What a broadcast says and to whom, as staff wrote it in `language`. `file` goes along, as a link where there is no other way.

    What is urgent passes quiet hours and the month's cap, and goes before all that is not.
    """

    words: str
    kind: BroadcastKind = BroadcastKind.NEWS
    audience: Audience = audiences.EVERYONE
    is_urgent: bool = False
    file: KeptFile | None = None
    dates: Sequence[Dated] = ()
    language: str = texts.STAFF_READ


# Writing it


def make(school: School, who: Viewer | None, content: Content) -> Broadcast:
    """A draft, whose words are translated meanwhile. `who` is None for the command line. Refuses with NotThere (who may not write to many) or NothingToSay."""
    _check_power(who)
    made = Broadcast(text=texts.write(school, _words(content), content.language), state=BroadcastState.DRAFT)
    _put(school, who, made, content)
    return made


def change(school: School, who: Viewer | None, broadcast: Broadcast, content: Content) -> None:
    """Let it say this, and to these, from now on; whoever agreed to what it said before must agree again.

    What was sent before keeps its words. Refuses as `make` does, with NotNow once nothing more of it is planned, and with StillLeaving.
    """
    _check_power(who)
    _locked(school, broadcast, *_CHANGEABLE)
    if _is_leaving(school, broadcast):
        raise StillLeaving
    _reword(school, broadcast, _words(content), content.language)
    _put(school, who, broadcast, content)
    if broadcast.state != BroadcastState.DRAFT:
        _plan_or_wait(school, who, broadcast)


def _words(content: Content) -> str:
    if not content.words.strip():
        raise NothingToSay
    return content.words.strip()


def _reword(school: School, broadcast: Broadcast, words: str, language: str) -> None:
    if (broadcast.text.words, broadcast.text.language) == (words, language):
        return
    if any(run.text_id == broadcast.text_id for run in broadcast.runs):
        broadcast.text = texts.write(school, words, language)
    else:
        broadcast.text.language = language
        texts.rewritten(broadcast.text, words)


def _put(school: School, who: Viewer | None, broadcast: Broadcast, content: Content) -> None:
    audience = content.audience
    broadcast.kind, broadcast.is_urgent = content.kind, content.is_urgent
    broadcast.audience_kind, broadcast.audience_id, broadcast.audience_tag = audience.kind, audience.about_id, audience.tag
    _put_file(school, broadcast, content.file)
    _put_dates(school, broadcast, content)
    broadcast.made_by_id, broadcast.made_at = who.staff.id if who else None, school.now
    broadcast.approved_by_id, broadcast.approved_at, broadcast.over_cap_on, broadcast.parts, broadcast.first_parts = None, None, None, {}, {}
    school.session.add(broadcast)
    school.session.flush()
    want_translations(school, broadcast)


def _put_file(school: School, broadcast: Broadcast, file: KeptFile | None) -> None:
    """Let this document go along. The one before is thrown away, unless families were sent it."""
    before, broadcast.file = broadcast.file, file
    if before is not None and before is not file and all(run.file_id != before.id for run in broadcast.runs):
        school.session.delete(before)


def _put_dates(school: School, broadcast: Broadcast, content: Content) -> None:
    """Let it name these dates. What stays as it was keeps its translations."""
    before = list(broadcast.dates)
    kept = [next((row for row in before if _reads(row, each, content.language)), None) for each in content.dates]
    broadcast.dates = [
        row or BroadcastDate(on=each.on, at=each.at, what=texts.write(school, each.what, content.language))
        for row, each in zip(kept, content.dates, strict=True)
    ]
    for row in before:
        if row not in kept:
            school.session.delete(row.what)


def _reads(row: BroadcastDate, each: Dated, language: str) -> bool:
    return (row.on, row.at, row.what.words, row.what.language) == (each.on, each.at, each.what, language)


def intend(school: School, who: Viewer | None, broadcast: Broadcast, when: When | None) -> None:
    """Note with a draft when it is meant to be sent; None: now. Refuses with NotThere, NotNow, NoSuchTime, AlreadyPast or BadRepeat."""
    _check_power(who)
    _locked(school, broadcast, BroadcastState.DRAFT)
    if when is not None:
        broadcast_days.check(school, when)
    broadcast.on, broadcast.at = (when.on, when.at) if when is not None else (None, None)
    broadcast.repeats, broadcast.until = (when.repeats, when.until) if when is not None else (None, None)


def discard(school: School, who: Viewer | None, broadcast: Broadcast) -> None:
    """Throw away a draft, with its document. Refuses with NotThere or NotNow."""
    _check_power(who)
    _locked(school, broadcast, BroadcastState.DRAFT)
    _remove(school, broadcast)


def measured(broadcast: Broadcast, parts: Mapping[str, int], first_parts: Mapping[str, int] | None = None) -> None:
    """So many message parts an SMS of it has by language, and the first to a number: what it is thought to cost hangs on that."""
    broadcast.parts, broadcast.first_parts = dict(parts), dict(first_parts or {})


def find(school: School, who: Viewer, broadcast_id: int) -> Broadcast:
    """The broadcast with this id. Refuses with NotThere."""
    _check_power(who)
    found = school.session.get(Broadcast, broadcast_id)
    if found is None:
        raise NotThere
    return found


def hold(school: School, who: Viewer, broadcast_id: int) -> Broadcast:
    """The same, as it is now; nobody else changes it until the transaction ends. Refuses with NotThere."""
    found = find(school, who, broadcast_id)
    school.session.refresh(found, with_for_update={"of": Broadcast})
    return found


def listing(school: School, who: Viewer, limit: int = 50) -> Sequence[Broadcast]:
    """The newest first. Refuses with NotThere."""
    _check_power(who)
    newest = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    return school.session.scalars(newest.options(selectinload(Broadcast.runs))).all()


def waiting(school: School, who: Viewer) -> Sequence[Broadcast]:
    """Those that wait for someone's yes, the oldest first. Refuses with NotThere."""
    _check_power(who)
    return school.session.scalars(select(Broadcast).where(Broadcast.state == BroadcastState.WAITING).order_by(Broadcast.id)).all()


def to_myself(school: School, who: Viewer, words: str) -> None:
    """Text these words, as a family would read them, to the checked mobile of whoever asks, at once. Refuses with NotThere or NoCheckedPhone."""
    _check_power(who)
    phone = staff.phone(staff.find(school, who.staff.id))
    if phone is None or phone.checked_at is None:
        raise NoCheckedPhone
    school.session.add(
        Message(
            uid=secrets.token_hex(8),
            key=f"broadcast-test:{who.staff.id}:{secrets.token_hex(6)}",
            trace=secrets.token_hex(6),
            address_id=phone.address_id,
            kind="broadcast_test",
            text=words,
            lane=Lane.ALERT,  # they stand there and wait
            useless_after=school.now + timedelta(hours=1),
            created_at=school.now,
        )
    )
    school.session.flush()


# Sending it


def send(school: School, who: Viewer | None, broadcast: Broadcast, when: When | None = NOW) -> None:
    """Send it now, or have it sent at a time; where someone must agree first, it waits for that.

    Refuses with NotThere, NotNow (it is no draft), Nobody, NoSuchTime, AlreadyPast or BadRepeat.
    """
    _check_power(who)
    _locked(school, broadcast, BroadcastState.DRAFT)
    if when is not None:
        broadcast_days.check(school, when)
    if school.session.scalar(select(Adult.id).where(audiences.members(school, audience_of(broadcast))).limit(1)) is None:
        raise Nobody
    planned = when or When(school.today, school.clock.time().replace(microsecond=0))
    broadcast.on, broadcast.at, broadcast.repeats, broadcast.until = planned.on, planned.at, planned.repeats, planned.until
    broadcast.next_on = planned.on
    _plan_or_wait(school, who, broadcast)


def _plan_or_wait(school: School, who: Viewer | None, broadcast: Broadcast) -> None:
    wait_no_more(school, broadcast)
    is_leaders = broadcast.kind == BroadcastKind.CLOSURE and who is not None and who.staff.role in LEADERS
    if school.settings.second_person and not is_leaders:
        wait_for(school, broadcast, WaitsFor.SECOND_PERSON)
    else:
        go_ahead(school, broadcast)


def approve(school: School, who: Viewer, broadcast: Broadcast) -> None:
    """Agree to what it waits for; it goes out at its time, or at once where that has come.

    Of days that have passed meanwhile only the last counts. Refuses with NotThere, NotNow (it waits for nobody) or NotYourOwn.
    """
    _check_power(who)
    _locked(school, broadcast, BroadcastState.WAITING)
    if broadcast.waits_for == WaitsFor.SECOND_PERSON and broadcast.made_by_id == who.staff.id:
        raise NotYourOwn
    broadcast_days.pass_over(school, broadcast)
    if broadcast.waits_for == WaitsFor.MONEY:
        broadcast.over_cap_on = broadcast.next_on
    broadcast.approved_by_id, broadcast.approved_at = who.staff.id, school.now
    go_ahead(school, broadcast)


def pause(school: School, who: Viewer | None, broadcast: Broadcast) -> None:
    """Hold back what of it has not left, and what is planned. Refuses with NotThere or NotNow."""
    _check_power(who)
    _locked(school, broadcast, BroadcastState.PLANNED, BroadcastState.SENDING)
    broadcast.state = BroadcastState.PAUSED
    for run in _lately_sent(school, broadcast):
        notices.pause(school, broadcast_runs.key(run.id))


def resume(school: School, who: Viewer | None, broadcast: Broadcast) -> None:
    """Let it go on: what was held back leaves, and is of use as long as if it were sent now. Of days that have passed only the last counts.

    Refuses with NotThere or NotNow.
    """
    _check_power(who)
    _locked(school, broadcast, BroadcastState.PAUSED)
    for run in _lately_sent(school, broadcast):
        held = update(Message).where(broadcast_runs.messages(run), Message.state == OutboxState.PAUSED)
        school.session.execute(held.values(useless_after=school.now + OF_USE[broadcast.kind]).execution_options(synchronize_session=False))
        notices.go_on(school, broadcast_runs.key(run.id))
    broadcast.state = BroadcastState.SENDING
    if broadcast.next_on is not None:
        broadcast_days.pass_over(school, broadcast)
        go_ahead(school, broadcast)


def cancel(school: School, who: Viewer | None, broadcast: Broadcast) -> None:
    """Take back what of it has not left, what a provider may still give back, and what is planned. Refuses with NotThere or NotNow (it is over)."""
    _check_power(who)
    _locked(school, broadcast, *(state for state in BroadcastState if state != BroadcastState.CANCELLED))
    if not may_be_taken_back(school, broadcast):
        raise NotNow(broadcast.state)
    wait_no_more(school, broadcast)
    broadcast.state, broadcast.next_on = BroadcastState.CANCELLED, None
    for run in _lately_sent(school, broadcast):
        notices.withdraw(school, broadcast_runs.key(run.id))


def may_be_taken_back(school: School, broadcast: Broadcast) -> bool:
    """Whether something of it may still leave, now or later; also of one that has all left once, since what fails is tried again while it is of use."""
    if broadcast.state not in _ENDED:
        return True
    reports = Message.address.has(Address.channel.not_in(("telegram", "email")))  # there nothing follows on 'sent'
    may_come_back = (Message.state == OutboxState.SENT) & (Message.useless_after > school.now) & reports
    return broadcast.state == BroadcastState.DONE and _has_message(school, broadcast, or_(may_come_back, Message.state.in_(STILL_TO_LEAVE)))


def _is_leaving(school: School, broadcast: Broadcast) -> bool:
    return _has_message(school, broadcast, Message.state.in_(STILL_TO_LEAVE))


def _has_message(school: School, broadcast: Broadcast, condition: ColumnElement[bool]) -> bool:
    theirs = select(Message.id).join(BroadcastRun, broadcast_runs.of_runs()).where(BroadcastRun.broadcast_id == broadcast.id, condition)
    return school.session.scalar(theirs.limit(1)) is not None


def _lately_sent(school: School, broadcast: Broadcast) -> Sequence[BroadcastRun]:
    """Its sendings of which something may still leave: a message has not, or comes back from a provider."""
    waits = exists().where(broadcast_runs.of_runs(), Message.state.in_(STILL_TO_LEAVE))
    is_fresh = BroadcastRun.planned_at > school.now - COMES_BACK
    return school.session.scalars(select(BroadcastRun).where(BroadcastRun.broadcast_id == broadcast.id, or_(is_fresh, waits))).all()


def _check_power(who: Viewer | None) -> None:
    if who is not None and not who.may(Power.BROADCASTS):
        raise NotThere


def _locked(school: School, broadcast: Broadcast, *states: BroadcastState) -> None:
    """Nobody else changes it until the transaction ends; it must be in one of these states. Refuses with NotNow."""
    school.session.flush()
    school.session.refresh(broadcast, with_for_update={"of": Broadcast})
    if broadcast.state not in states:
        raise NotNow(broadcast.state)


# Saying it


@dataclass(frozen=True)
class Said:
    """What one sending says to each."""

    text: Text
    file: KeptFile | None
    dates: Sequence[BroadcastDate]


def to_say(school: School, broadcast_id: int, adult: Adult, run_id: int | None = None) -> Said | None:
    """What a sending of it says to this adult, or would say; None where it was taken back, or they are no more of those whom it is for."""
    found = school.session.get(Broadcast, broadcast_id)
    if found is None or found.state == BroadcastState.CANCELLED or not audiences.belongs(school, audience_of(found), adult):
        return None
    source = (school.session.get(BroadcastRun, run_id) if run_id is not None else None) or found
    return Said(source.text, source.file, found.dates)


# What the house asks of every capability


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    theirs = select(Message).where(Message.adult_id == adult.id, Message.kind == broadcast_runs.KIND).order_by(Message.id)
    return {"broadcasts": [{"at": row.created_at.isoformat(), "state": row.state, "words": row.whole_text} for row in school.session.scalars(theirs)]}


def _erase(school: School, adult: Adult) -> None:
    school.session.execute(delete(Message).where(Message.adult_id == adult.id, Message.kind == broadcast_runs.KIND))


def _retain(school: School) -> None:
    """What was sent or given up more than a year ago, or lay as a draft since, is removed, with its document."""
    over = select(Broadcast).where(Broadcast.state.in_((*_ENDED, BroadcastState.DRAFT)), Broadcast.made_at < school.now - KEPT)
    for broadcast in school.session.scalars(over.where(~exists().where(BroadcastRun.broadcast_id == Broadcast.id, BroadcastRun.on > school.today - KEPT))):
        _remove(school, broadcast)


def _remove(school: School, broadcast: Broadcast) -> None:
    sources: Sequence[Broadcast | BroadcastRun] = [broadcast, *broadcast.runs]
    words = {*(each.text_id for each in sources), *(each.what_id for each in broadcast.dates)}
    files = {each.file for each in sources if each.file is not None}
    school.session.delete(broadcast)
    school.session.flush()
    school.session.execute(delete(Text).where(Text.id.in_(words)))
    for file in files:
        school.session.delete(file)


def _may_be_switched_off(school: School, about: Mapping[str, Any]) -> Sequence[str]:
    broadcast = school.session.get(Broadcast, about["broadcast"])
    return switches(broadcast) if broadcast is not None else ()


capability = Capability("broadcasts", due=due, export=_export, erase=_erase, retain=_retain, optional={"broadcast": _may_be_switched_off})
