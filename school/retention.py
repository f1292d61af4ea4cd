"""What is past its time and belongs to the house: messages, what waited for staff, files, half-said conversations, unknown numbers, families that left.

Each capability removes its own beside this. The times are those of `school.data_map`; the clock calls this each night, and what was removed is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, table

from data.addresses import Address
from data.attention import Attention, Need
from data.book import Entry, Part
from data.conversation import Conversation
from data.data_requests import DataRequest, DataRequestKind, DataRequestState, RetentionRun
from data.inbox import InboxState, Received
from data.kept_files import IncomingFile, IncomingState, KeptFile
from data.messages import StaffMessage, Talk, ThreadNote
from data.outbox import STILL_TO_LEAVE, Callback, Message
from data.people import Adult, AdultAddress, Child, StaffAddress
from data.safeguarding import SafeguardingNote
from data.texts import PERSON, Text
from data.translation_memory import Translation
from school import School, attention, data_map, erasure, learnt
from school.capability import Capability
from school.data_map import time_of

MESSAGES_KEPT = time_of("messages")
SETTLED_KEPT = time_of("attention")
FILES_KEPT = time_of("files")
PAGES_KEPT = time_of("book")
TALK_KEPT = time_of("conversations")
SAFEGUARDING_KEPT = time_of("safeguarding")
LEFT_KEPT = time_of("families")
UNKNOWN_KEPT = time_of("addresses")
TRANSLATIONS_KEPT = time_of("translations")
AT_ONCE = 20_000
"""Rows of one kind that are removed in one night: the first night of a school that has never removed any must not keep families waiting."""
ADULTS_AT_ONCE = 20
ADDRESSES_AT_ONCE = 500
HOW = "left"
"""How an erasure was asked for that came about because the family left long ago."""
NOBODYS = ("school", "staff", "audit", "received ids", "data requests")
"""Kinds of data that are not counted: nothing of a family is in them, or nothing goes."""


def retain(school: School) -> None:
    """Remove what is past its time. Called once a night; what is too much for one night is removed in the next."""
    _messages(school, school.now - MESSAGES_KEPT)
    _settled(school)
    _files(school)
    quiet = school.now - TALK_KEPT
    _remove(school, delete(Conversation).where(Conversation.updated_at < quiet))
    _remove(school, delete(Talk).where(Talk.until < quiet))
    machines = Translation.origin.not_in((PERSON, "demo")), Translation.at < school.now - TRANSLATIONS_KEPT
    _remove(school, delete(Translation).where(*machines))
    _who_left(school)
    _unknown_numbers(school)
    school.session.expire_all()


def counts(school: School) -> Mapping[str, int]:
    """How many rows each kind of data about people has now, by its title."""
    return {
        kind.title: sum(school.session.scalar(select(func.count()).select_from(table(name))) or 0 for name in kind.tables)
        for key, kind in data_map.KINDS.items()
        if key not in NOBODYS
    }


def note(school: School, before: Mapping[str, int]) -> None:
    """Keep how many of each were removed tonight, where there were `before`: for the page, and to show that it is done."""
    removed = {title: before[title] - left for title, left in counts(school).items() if before.get(title, 0) > left}
    school.session.merge(RetentionRun(on=school.today, ended_at=school.now, removed=removed))
    _remove(school, delete(RetentionRun).where(RetentionRun.on < school.today - timedelta(days=365)))


def last(school: School) -> RetentionRun | None:
    """The newest night on which what was past its time was removed."""
    return school.session.scalars(select(RetentionRun).order_by(RetentionRun.on.desc()).limit(1)).first()


def _messages(school: School, before: Any) -> None:
    """What came in and had its turn, what went out and will not leave any more, what staff wrote and noted. What raised an alarm stays with its matter."""
    alarms = school.session.scalars(select(Attention).where(Attention.need == Need.SAFEGUARDING)).all()
    kept = [found for row in alarms if (found := attention.came_with(row)) is not None]
    had_turn = Received.received_at < before, Received.state.in_((InboxState.HANDLED, InboxState.FOR_STAFF)), Received.id.not_in(kept)
    in_ = select(Received.id).where(*had_turn).order_by(Received.id).limit(AT_ONCE)
    learnt.is_removed(school, Received.id.in_(in_))
    _remove(school, delete(Text).where(Text.id.in_(select(Received.text_id).where(Received.id.in_(in_), Received.text_id.is_not(None)))))
    _remove(school, delete(Received).where(Received.id.in_(in_)))
    out = select(Message.id).where(Message.created_at < before, Message.state.not_in(STILL_TO_LEAVE)).order_by(Message.id).limit(AT_ONCE)
    _remove(school, delete(Message).where(Message.id.in_(out)))
    _remove(school, delete(Callback).where(Callback.at < before))
    written = select(StaffMessage.text_id).where(StaffMessage.at < before).limit(AT_ONCE)
    _remove(school, delete(Text).where(Text.id.in_(written)))  # and with it the row that says who wrote it
    _remove(school, delete(ThreadNote).where(ThreadNote.at < before))


def _settled(school: School) -> None:
    """What was dealt with long ago; a safeguarding matter, when nothing was added to it for as long as the law wants it kept."""
    long_ago = Attention.done_at < school.now - SETTLED_KEPT
    some = select(Attention.id).where(Attention.need != Need.SAFEGUARDING, long_ago).order_by(Attention.id).limit(AT_ONCE)
    _remove(school, delete(Attention).where(Attention.id.in_(some)))
    end = school.now - SAFEGUARDING_KEPT
    added = exists().where(SafeguardingNote.attention_id == Attention.id, SafeguardingNote.at >= end)
    over = school.session.scalars(select(Attention).where(Attention.need == Need.SAFEGUARDING, Attention.done_at < end, ~added)).all()
    received = [found for row in over if (found := attention.came_with(row)) is not None]
    _remove(school, delete(KeptFile).where(KeptFile.received_id.in_(received)))
    _remove(school, delete(Attention).where(Attention.id.in_([row.id for row in over])))


def _files(school: School) -> None:
    """What came with a message, and photos of the book; what only the lead may see stays with its matter. A picture of a pack or an event is the school's."""
    alarms = school.session.scalars(select(Attention).where(Attention.need == Need.SAFEGUARDING)).all()
    kept = [found for row in alarms if (found := attention.came_with(row)) is not None]
    is_kept = and_(KeptFile.received_id.is_not(None), KeptFile.received_id.in_(kept))
    sent = or_(KeptFile.adult_id.is_not(None), KeptFile.received_id.is_not(None)) & (KeptFile.made_at < school.now - FILES_KEPT)
    page = KeptFile.child_id.is_not(None) & KeptFile.adult_id.is_(None) & KeptFile.received_id.is_(None) & (KeptFile.made_at < school.now - PAGES_KEPT)
    _remove(school, delete(KeptFile).where(or_(sent, page), ~is_kept))
    _remove(school, delete(IncomingFile).where(IncomingFile.state == IncomingState.KEPT, IncomingFile.file_id.is_(None), IncomingFile.forget_at.is_(None)))


def _who_left(school: School) -> None:
    """Adults and children who left long ago are erased, at providers too; the safeguarding record stays."""
    before = school.today - LEFT_KEPT
    for adult in school.session.scalars(select(Adult).where(Adult.left_on < before).order_by(Adult.id).limit(ADULTS_AT_ONCE)).all():
        request = DataRequest(kind=DataRequestKind.ERASURE, asked_at=school.now, how=HOW, due_on=school.today, state=DataRequestState.RELEASED)
        request.decided_at = school.now
        school.session.add(request)
        school.session.flush()
        request.report = dict(erasure.erase(school, adult, request))
    gone = select(Child.id).where(Child.left_on < before).order_by(Child.id).limit(ADULTS_AT_ONCE)
    pages = select(Part.text_id).join(Entry, Entry.id == Part.entry_id).where(Entry.child_id.in_(gone), Part.text_id.is_not(None))
    _remove(school, delete(Text).where(Text.id.in_(pages)))
    _remove(school, delete(Child).where(Child.id.in_(gone)))


def _unknown_numbers(school: School) -> None:
    """Numbers and chats that are nobody's, from which nothing came for long and which nothing that is kept names."""
    named = (AdultAddress, StaffAddress, Received, Message, Attention)
    nobodys = [~exists().where(each.address_id == Address.id) for each in named]
    silent = or_(Address.last_heard_at.is_(None), Address.last_heard_at < school.now - UNKNOWN_KEPT)
    for address_id in school.session.scalars(select(Address.id).where(*nobodys, silent).order_by(Address.id).limit(ADDRESSES_AT_ONCE)).all():
        erasure.remove_address(school, address_id)


def _remove(school: School, statement: Any) -> None:
    school.session.execute(statement.execution_options(synchronize_session=False))


capability = Capability("retention", retain=retain)
