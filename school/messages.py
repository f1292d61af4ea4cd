"""What staff do with messages: answer them, say who deals with what, and keep Bookbag out while a person is talking.

Refusal
├── SomeoneAnswered    another member of staff has answered meanwhile
└── NothingWritten     an answer without words
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from data.addresses import Address
from data.attention import Attention, Need
from data.inbox import Received
from data.messages import SavedReply, StaffMessage, Talk, ThreadNote
from data.outbox import Lane, Message
from data.people import Adult, Staff
from school import LONDON, School, access, notices, texts
from school.access import Viewer
from school.attention import call_for_a_person, came_with
from school.calendar import end_of_quiet
from school.errors import NotThere, Refusal
from school.safeguarding import raise_alarm
from school.threads import Thread, needs_of, open_needs, outbox_key, thread

__all__ = ["SavedReply", "StaffMessage", "Talk", "ThreadNote"]

TALK_LASTS = timedelta(minutes=30)
"""How long after the last word of either side Bookbag stays out of a talk."""
LONGEST = 5_000
SNOOZES = {"hour": "an hour", "tomorrow": "tomorrow morning", "week": "a week"}


@dataclass
class SomeoneAnswered(Refusal):
    """Another member of staff answered since the page was drawn. `by` and `at` say who and when."""

    by: str
    at: datetime


class NothingWritten(Refusal):
    """An answer without words."""


# Answering


def last_answer(school: School, of: Thread) -> int:
    """The id of the newest answer of staff in a thread, 0 where there is none: what a page shows it was drawn with."""
    return school.session.scalar(select(func.max(StaffMessage.id)).where(StaffMessage.thread == of.key)) or 0


def answer(school: School, who: Viewer, of: Thread, words: str, *, seen: int, keep_open: bool = False) -> StaffMessage:
    """Write to a family, in English; it arrives in its language, with the name of who wrote. What waited in the thread is dealt with, unless `keep_open`.

    `seen` is `last_answer` as the page had it. Refuses with SomeoneAnswered, where someone else was quicker, and with NothingWritten. Bookbag stays out of
    the talk for half an hour.
    """
    words = words.strip()[:LONGEST]
    if not words:
        raise NothingWritten
    if last_answer(school, of) > seen:
        newest = school.session.scalars(
            select(StaffMessage).where(StaffMessage.id > seen, StaffMessage.thread == of.key).order_by(StaffMessage.id.desc())
        ).first()
        if newest is not None and newest.staff_id != who.staff.id:
            raise SomeoneAnswered(newest.staff.name, newest.at)
    text = texts.write(school, words, texts.STAFF_READ, adult=of.adult)
    waiting = open_needs(school, who, of)
    class_id = of.class_id or next((need.class_id for need in waiting if need.class_id), None)
    row = StaffMessage(thread=of.key, staff_id=who.staff.id, text_id=text.id, class_id=class_id, at=school.now)
    school.session.add(row)
    school.session.flush()
    if of.adult is not None:
        texts.want(text, [of.adult.language])
        notices.tell(school, of.adult, "staff_message", {"text": text.id, "staff": who.staff.id}, key=outbox_key(row))
    else:
        _to_stranger(school, of, row, f"{who.staff.name}: {words}")
    take_over(school, who, of, class_id)
    if not keep_open:
        done(school, who, of)
    return row


def _to_stranger(school: School, of: Thread, row: StaffMessage, words: str) -> None:
    assert of.address is not None
    school.session.add(
        Message(
            uid=secrets.token_hex(8),
            key=outbox_key(row),
            trace=secrets.token_hex(6),
            address_id=of.address.id,
            kind="reply",
            text=words,
            lane=Lane.NOTICE,
            must_arrive=True,
            created_at=school.now,
        )
    )


# Who is talking


def take_over(school: School, who: Viewer, of: Thread, class_id: int | None = None) -> None:
    """A person is talking here now: Bookbag stays out for half an hour after the last word."""
    talk = school.session.get(Talk, of.key)
    if talk is None:
        talk = Talk(thread=of.key, began_at=school.now)
        school.session.add(talk)
    talk.staff_id, talk.class_id, talk.until = who.staff.id, of.class_id or class_id, school.now + TALK_LASTS
    school.session.flush()


def hand_back(school: School, of: Thread) -> None:
    """Bookbag may answer here again."""
    school.session.execute(delete(Talk).where(Talk.thread == of.key))


def talk_in(school: School, key: str) -> Talk | None:
    """The talk that is going on in a thread; None where Bookbag may answer."""
    talk = school.session.get(Talk, key)
    return talk if talk is not None and talk.until > school.now else None


def heard_in_talk(school: School, talk: Talk, *, key: str, adult: Adult | None, address: Address, text: str, language: str | None) -> None:
    """A parent wrote while a person is talking with them: it waits for that person, and Bookbag says nothing."""
    talk.until = max(talk.until, school.now + TALK_LASTS)
    call_for_a_person(school, Need.FOR_OFFICE, key=key, adult=adult, address=address, text=text, language=language, detail="in a talk")
    need = school.session.scalars(select(Attention).where(Attention.key == key)).one()
    need.class_id, need.assigned_id = talk.class_id, talk.staff_id


# Dealing with what waits


def done(school: School, who: Viewer, of: Thread) -> int:
    """Everything that waits in a thread has been dealt with; how much that was."""
    waiting = open_needs(school, who, of)
    for need in waiting:
        need.done_at, need.done_by_id = school.now, who.staff.id
    school.session.flush()
    return len(waiting)


def reopen(school: School, who: Viewer, of: Thread) -> bool:
    """What was last dealt with in a thread waits again; False where nothing was."""
    statement = select(Attention).where(Attention.done_at.is_not(None), Attention.done_by_id.is_not(None), access.needs_seen(who), needs_of(of))
    newest = school.session.scalars(statement.order_by(Attention.done_at.desc(), Attention.id.desc())).first()
    if newest is None:
        return False
    newest.done_at = newest.done_by_id = newest.snoozed_until = None
    return True


def assign(school: School, who: Viewer, of: Thread, to: Staff | None) -> None:
    """`to` will deal with it; None: whoever comes first."""
    for need in open_needs(school, who, of):
        need.assigned_id = to.id if to else None


def may_be_assigned(school: School, of: Thread) -> Sequence[Staff]:
    """Who can be given a thread: the office and senior staff, and the teams of the adult's classes."""
    everyone = school.session.scalars(select(Staff).where(Staff.has_left.is_(False)).order_by(Staff.name)).all()
    return [staff for staff in everyone if _sees(school, staff, of)]


def _sees(school: School, staff: Staff, of: Thread) -> bool:
    try:
        thread(school, access.viewer(school, staff), of.key)
    except NotThere:
        return False
    return True


def snooze(school: School, who: Viewer, of: Thread, how_long: str) -> datetime:
    """Out of sight for 'hour', till 'tomorrow' at the opening, or for a 'week'; until when."""
    until = _until(school, how_long)
    for need in open_needs(school, who, of):
        need.snoozed_until = until
    return until


def _until(school: School, how_long: str) -> datetime:
    if how_long == "hour":
        return school.now + timedelta(hours=1)
    day = school.today + timedelta(days=7 if how_long == "week" else 1)
    return datetime.combine(day, school.settings.opens, LONDON)


def mark_urgent(school: School, who: Viewer, of: Thread, *, is_urgent: bool) -> None:
    """It goes before all else, or no longer."""
    for need in open_needs(school, who, of):
        need.is_urgent = is_urgent


def note(school: School, who: Viewer, of: Thread, words: str) -> None:
    """Note something for other staff who see this thread. Refuses with NothingWritten."""
    if not words.strip():
        raise NothingWritten
    school.session.add(ThreadNote(thread=of.key, staff_id=who.staff.id, class_id=of.class_id, words=words.strip()[:LONGEST], at=school.now))
    school.session.flush()


def relabel(row: Received, intent: str) -> None:
    """Staff say what a message meant; '' takes that back."""
    row.corrected = intent or None


def to_safeguarding(school: School, who: Viewer, of: Thread, row: Received) -> None:
    """A message may concern a child's safety: the named persons get it at once, and from now on nobody else reads it."""
    raise_alarm(school, key=f"safeguarding:inbox:{row.id}", text=row.text, adult=of.adult, address=row.address)
    for need in open_needs(school, who, of):
        if came_with(need) == row.id:
            need.done_at, need.done_by_id = school.now, who.staff.id


# Saved replies


def saved_replies(school: School) -> Sequence[SavedReply]:
    """Answers that are often given, by name."""
    return school.session.scalars(select(SavedReply).order_by(SavedReply.name)).all()


def save_reply(school: School, name: str, words: str) -> None:
    """Keep an answer under a name; the same name again replaces it. Refuses with NothingWritten."""
    if not name.strip() or not words.strip():
        raise NothingWritten
    found = school.session.scalars(select(SavedReply).where(SavedReply.name == name.strip()[:80])).first()
    if found is None:
        school.session.add(SavedReply(name=name.strip()[:80], words=words.strip()[:LONGEST]))
    else:
        found.words = words.strip()[:LONGEST]
    school.session.flush()


def forget_reply(school: School, reply_id: int) -> bool:
    """Remove a saved answer; False where there is none."""
    found = school.session.get(SavedReply, reply_id)
    if found is not None:
        school.session.delete(found)
    return found is not None


def when_it_leaves(school: School) -> datetime | None:
    """When an answer that is written now leaves: None for now, else the end of the quiet hours."""
    leaves = end_of_quiet(school, school.now)
    return None if leaves <= school.now else leaves
