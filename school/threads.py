"""Threads of messages as staff see them: which there are, what waits in each, and what was said in it, in English where that could be had.

A thread is named as the conversation is: 'a12' for adult 12, 'x7' for an address (id 7) that the school does not know. One adult's thread never holds anything
of another's, even where the two share a child.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from data.addresses import Address
from data.attention import Attention, Need
from data.inbox import Received
from data.kept_files import KeptFile
from data.messages import StaffMessage, ThreadNote
from data.outbox import Message
from data.people import Adult, Child, Guardianship, SchoolClass, Staff
from school import School, access, attention, kept_files, questionnaire_clock, texts
from school.access import Power, Viewer
from school.errors import NotThere
from school.texts import Reading

PAGE = 40
"""Threads, or lines of one, that are shown at once."""
NO_LONGER_KEPT = Reading("(answers to a questionnaire, no longer kept)")
"""What stands in place of words that were promised to be forgotten."""


class Filter(StrEnum):
    """Which threads an inbox shows."""

    UNANSWERED = "unanswered"
    MINE = "mine"
    CLASS = "class"
    URGENT = "urgent"
    SNOOZED = "snoozed"
    ALL = "all"


@dataclass(frozen=True)
class Thread:
    """One adult, or one address that the school does not know. `class_ids` are the classes as whose team the viewer reads it, None for the office's eyes."""

    key: str
    adult: Adult | None
    address: Address | None
    class_ids: Sequence[int] | None = None

    @property
    def class_id(self) -> int | None:
        """The class for which a team writes here; None for the office."""
        return self.class_ids[0] if self.class_ids else None

    @property
    def language(self) -> str:
        """What is spoken here, a BCP 47 tag."""
        return self.adult.language if self.adult else texts.STAFF_READ


@dataclass(frozen=True)
class Row:
    """One thread in an inbox, with what waits in it, the oldest first; `words` are the newest of that, in English where they could be had."""

    thread: Thread
    needs: Sequence[Attention]
    words: Reading
    at: datetime
    classes: Sequence[str]

    @property
    def assigned(self) -> Staff | None:
        """Who said they will deal with it."""
        return next((need.assigned for need in self.needs if need.assigned), None)


class Kind(StrEnum):
    """Whose words a line of a thread is."""

    THEIRS = "theirs"
    BOOKBAG = "bookbag"
    STAFF = "staff"
    NOTE = "note"


@dataclass(frozen=True)
class Line:
    """One thing in a thread. `reading` is for staff, in English where that could be had; `original` is as it was written or sent, '' where that is the same."""

    kind: Kind
    at: datetime
    reading: Reading
    original: str = ""
    by: str = ""
    received: Received | None = None
    message: Message | None = None
    choices: Sequence[str] = field(default=())
    files: Sequence[KeptFile] = field(default=())


# Finding threads


def thread(school: School, who: Viewer, key: str) -> Thread:
    """The thread of this name. Refuses with NotThere where it may not be seen, the same as where there is none."""
    if Power.MESSAGES not in who.powers or not re.fullmatch(r"[ax]\d{1,9}", key):
        raise NotThere
    if key[0] == "a":
        adult = access.adult(school, who, int(key[1:]))
        return Thread(key, adult, None, _classes_seen_as(school, who, adult))
    address = school.session.get(Address, int(key[1:])) if who.class_ids is None else None
    if address is None or address.adults:
        raise NotThere
    return Thread(key, None, address)


def key_of(need: Attention) -> str:
    """The thread that a need belongs to; '' for what concerns no family."""
    if need.adult_id is not None:
        return f"a{need.adult_id}"
    return f"x{need.address_id}" if need.address_id is not None else ""


def inbox(school: School, who: Viewer, which: Filter, *, page: int = 0, class_id: int | None = None) -> Sequence[Row]:
    """The threads in which something waits: urgent ones first, then the longest waiting. `class_id` keeps one class's."""
    conditions = [Attention.done_at.is_(None), access.needs_seen(who), *_of_filter(school, who, which)]
    if class_id is not None:
        conditions.append(or_(Attention.class_id == class_id, Attention.adult_id.in_(_adults_of_class(class_id))))
    statement = select(Attention).where(*conditions, or_(Attention.adult_id.is_not(None), Attention.address_id.is_not(None)))
    found = school.session.scalars(statement.options(selectinload(Attention.adult), selectinload(Attention.assigned)).order_by(Attention.id).limit(1_000)).all()
    by_thread: dict[str, list[Attention]] = {}
    for need in found:
        by_thread.setdefault(key_of(need), []).append(need)
    rows = [_row(school, key, needs) for key, needs in by_thread.items()]
    rows.sort(key=lambda row: (not any(need.is_urgent for need in row.needs), row.at))
    return rows[page * PAGE : (page + 1) * PAGE]


def recent(school: School, who: Viewer, *, page: int = 0) -> Sequence[Row]:
    """Every thread in which anyone wrote lately, the newest first, whether anything waits or not: for whoever sees every family."""
    if Power.MESSAGES not in who.powers or who.class_ids is not None:
        return ()
    newest = select(Received.thread, func.max(Received.id).label("newest")).group_by(Received.thread).order_by(func.max(Received.id).desc())
    rows = []
    for key, newest_id in school.session.execute(newest.limit(PAGE).offset(page * PAGE)):
        received = school.session.get_one(Received, newest_id)
        if (found := _thread_of(school, key)) is not None:
            hidden = received.id in _hidden(school, found)
            rows.append(Row(found, (), Reading("") if hidden else english(school, received), received.received_at, _class_names(school, found.adult)))
    return rows


def count_unanswered(school: School, who: Viewer) -> int:
    """In how many threads something waits for an answer."""
    conditions = (Attention.done_at.is_(None), access.needs_seen(who), *_of_filter(school, who, Filter.UNANSWERED))
    known = select(func.count(Attention.adult_id.distinct())).where(*conditions)
    unknown = select(func.count(Attention.address_id.distinct())).where(*conditions, Attention.adult_id.is_(None))
    return (school.session.scalar(known) or 0) + (school.session.scalar(unknown) or 0)


def _of_filter(school: School, who: Viewer, which: Filter) -> list[ColumnElement[bool]]:
    awake = or_(Attention.snoozed_until.is_(None), Attention.snoozed_until <= school.now)
    conditions: dict[Filter, list[ColumnElement[bool]]] = {
        Filter.UNANSWERED: [awake],
        Filter.MINE: [awake, Attention.assigned_id == who.staff.id],
        Filter.CLASS: [awake, Attention.class_id.is_not(None)],
        Filter.URGENT: [awake, Attention.is_urgent.is_(True)],
        Filter.SNOOZED: [Attention.snoozed_until > school.now],
    }
    return conditions.get(which, [])


def _row(school: School, key: str, needs: Sequence[Attention]) -> Row:
    spoken = next((need for need in reversed(needs) if need.text), needs[-1])
    address = school.session.get(Address, int(key[1:])) if key[0] == "x" else None
    return Row(Thread(key, needs[0].adult, address), needs, attention.in_english(school, spoken), needs[0].created_at, _class_names(school, needs[0].adult))


def _thread_of(school: School, key: str) -> Thread | None:
    if key[0] == "a":
        adult = school.session.get(Adult, int(key[1:]))
        return Thread(key, adult, None) if adult else None
    address = school.session.get(Address, int(key[1:]))
    return Thread(key, None, address) if address else None


def _class_names(school: School, adult: Adult | None) -> Sequence[str]:
    if adult is None:
        return ()
    theirs = select(SchoolClass.name).join(Child, Child.class_id == SchoolClass.id).join(Guardianship).where(Guardianship.adult_id == adult.id)
    return school.session.scalars(theirs.distinct().order_by(SchoolClass.name)).all()


def _adults_of_class(class_id: int) -> ColumnElement[int]:
    return select(Guardianship.adult_id).join(Child).where(Child.class_id == class_id).scalar_subquery()


def _classes_seen_as(school: School, who: Viewer, adult: Adult) -> Sequence[int] | None:
    if who.class_ids is None:
        return None
    theirs = select(Child.class_id).join(Guardianship).where(Guardianship.adult_id == adult.id, Child.class_id.in_(who.class_ids))
    return school.session.scalars(theirs.distinct().order_by(Child.class_id)).all()


# One thread


def open_needs(school: School, who: Viewer, of: Thread) -> Sequence[Attention]:
    """What waits in a thread, the oldest first."""
    statement = select(Attention).where(Attention.done_at.is_(None), access.needs_seen(who), needs_of(of)).order_by(Attention.id)
    return school.session.scalars(statement).all()


def needs_of(of: Thread) -> ColumnElement[bool]:
    """What waits or waited in a thread, as a condition on Attention."""
    if of.adult is not None:
        return Attention.adult_id == of.adult.id
    assert of.address is not None
    return and_(Attention.adult_id.is_(None), Attention.address_id == of.address.id)


def lines(school: School, who: Viewer, of: Thread, limit: int = PAGE) -> Sequence[Line]:
    """The newest words of a thread, the oldest of them first. What was forgotten stands there once, however many messages it was.

    A class team reads what was written to its class, what staff answered to that and its own notes; the office reads all. What concerns a child's safety is
    read by the named persons alone, and elsewhere: it is left out.
    """
    hidden = _hidden(school, of)
    found = [*_theirs(school, of, hidden, limit), *_from_staff(school, of, limit), *_notes(school, of, limit)]
    if of.class_ids is None:
        found += _from_bookbag(school, of, hidden, limit)
    return sorted(found, key=lambda line: line.at)[-limit:]


def _theirs(school: School, of: Thread, hidden: Collection[int], limit: int) -> Iterable[Line]:
    statement = select(Received).where(Received.thread == of.key, Received.id.not_in(hidden))
    if of.class_ids is not None:
        statement = statement.where(Received.id.in_(_received_of(school, Attention.class_id.in_(of.class_ids), of)))
    for row in school.session.scalars(statement.order_by(Received.id.desc()).limit(limit)):
        if questionnaire_clock.is_forgotten(row):  # nothing of it can be understood otherwise, or passed on
            yield Line(Kind.THEIRS, row.received_at, NO_LONGER_KEPT)
            continue
        reading = english(school, row)
        original = row.text if reading.words != row.text else ""
        yield Line(Kind.THEIRS, row.received_at, reading, original, received=row, files=kept_files.of_received(school, row.id) if row.media else ())


def _from_staff(school: School, of: Thread, limit: int) -> Iterable[Line]:
    statement = select(StaffMessage).where(StaffMessage.thread == of.key, *_of_class(StaffMessage.class_id, of)).order_by(StaffMessage.id.desc()).limit(limit)
    for row in school.session.scalars(statement.options(selectinload(StaffMessage.staff), selectinload(StaffMessage.text))):
        sent = school.session.scalars(select(Message).where(Message.key == outbox_key(row))).first()
        theirs = row.text.read_in(of.language)
        yield Line(
            Kind.STAFF,
            row.at,
            Reading(row.text.words),
            theirs.words if theirs.is_machine or theirs.words != row.text.words else "",
            row.staff.name,
            message=sent,
        )


def _notes(school: School, of: Thread, limit: int) -> Iterable[Line]:
    statement = select(ThreadNote).where(ThreadNote.thread == of.key, *_of_class(ThreadNote.class_id, of)).order_by(ThreadNote.id.desc()).limit(limit)
    for row in school.session.scalars(statement.options(selectinload(ThreadNote.staff))):
        yield Line(Kind.NOTE, row.at, Reading(row.words), by=row.staff.name)


def _from_bookbag(school: School, of: Thread, hidden: Collection[int], limit: int) -> Iterable[Line]:
    theirs = Message.adult_id == of.adult.id if of.adult else and_(Message.adult_id.is_(None), Message.address_id == (of.address.id if of.address else 0))
    answers = [f"reply:{received}:{of.key}" for received in hidden] + [f"reply:{received}" for received in hidden]
    kinds = ("staff_message", "safeguarding_alert")
    statement = select(Message).where(theirs, Message.text.is_not(None), Message.kind.not_in(kinds), Message.key.not_in(answers))
    for row in school.session.scalars(statement.order_by(Message.id.desc()).limit(limit)):
        words = row.text or ""
        labels = [str(label) for _id, label in row.choices]
        yield Line(Kind.BOOKBAG, row.claimed_at or row.created_at, Reading(row.english or words), words if row.english else "", message=row, choices=labels)


def outbox_key(row: StaffMessage) -> str:
    """Under which key an answer of staff stands in the outbox."""
    return f"staff-message:{row.id}"


def _of_class(column: InstrumentedAttribute[int | None], of: Thread) -> list[ColumnElement[bool]]:
    return [] if of.class_ids is None else [column.in_(of.class_ids)]


def _received_of(school: School, condition: ColumnElement[bool], of: Thread) -> Collection[int]:
    rows = school.session.scalars(select(Attention).where(condition, needs_of(of)).order_by(Attention.id.desc()).limit(500))
    return {found for row in rows if (found := attention.came_with(row)) is not None}


def _hidden(school: School, of: Thread) -> Collection[int]:
    """The messages that are for the named persons alone."""
    return _received_of(school, Attention.need == Need.SAFEGUARDING, of)


# English


def english(school: School, row: Received) -> Reading:
    """What a parent wrote, for staff: in English where it was English, or was put into English already."""
    if questionnaire_clock.is_forgotten(row):
        return NO_LONGER_KEPT
    kept = school.session.get(texts.Text, row.text_id) if row.text_id else None
    if kept is None:
        of_needs = select(texts.Text).join(Attention, texts.Text.attention_id == Attention.id).where(Attention.key.in_(attention.keys_of(row.id)))
        kept = school.session.scalars(of_needs.where(texts.Text.words == row.text).limit(1)).first()
    if kept is not None:
        return kept.read_in(texts.STAFF_READ)
    return Reading(row.text, is_foreign=not _is_for_staff(school, row))


def _is_for_staff(school: School, row: Received) -> bool:
    """Whether staff can read it as it is: whoever is spoken to in English most likely wrote that."""
    adult = school.session.get(Adult, int(row.thread[1:])) if row.thread[0] == "a" else None
    return adult is None or texts.same_language(adult.language, texts.STAFF_READ)


def want_english(school: School, of: Thread, row: Received) -> None:
    """Have a message of this thread put into English, which was not asked for when it came: it comes a moment later."""
    if row.text_id is None and row.text.strip():
        text = texts.write(school, row.text, of.language, adult=of.adult)
        texts.want(text, [texts.STAFF_READ])
        row.text_id = text.id


def received(school: School, who: Viewer, of: Thread, row_id: int) -> Received:
    """A message of this thread that may be seen. Refuses with NotThere."""
    row = next((line.received for line in lines(school, who, of, limit=500) if line.received is not None and line.received.id == row_id), None)
    if row is None:
        raise NotThere
    return row
