"""One-time links to a file, for a family on SMS: unguessable, nameless, for one adult, and of no use after a week or once opened.

A look at the link changes nothing (robots look at links to draw a preview); only the press of the button that it shows opens it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select, update

from data.kept_files import FileLink, KeptFile
from data.outbox import Message, OutboxState
from data.people import Adult, Guardianship
from school import School
from school.errors import NotYourChild

LASTS = timedelta(days=7)
PLACE = "/m/"
_TOKEN = re.compile(r"/m/[A-Za-z0-9_-]{20,}")
_STILL_NEEDED = (OutboxState.QUEUED, OutboxState.SENDING)


def new(school: School, file: KeptFile, adult: Adult, *, message: Message | None = None, lasts: timedelta = LASTS) -> str:
    """The path of a new link, '/m/…', that lets `adult` open `file` once within `lasts`. `message` is the one whose words will hold it.

    Refuses with NotYourChild where the file is about a child of whom this adult may not hear.
    """
    if not _may_see(school, file, adult.id):
        raise NotYourChild
    token = secrets.token_urlsafe(24)
    if message is not None:
        school.session.flush()
    message_id = message.id if message else None
    made = FileLink(token_hash=_hash(token), file_id=file.id, adult_id=adult.id, message_id=message_id, expires_at=school.now + lasts)
    school.session.add(made)
    school.session.flush()
    return PLACE + token


def language_of(school: School, token: str) -> str | None:
    """The language of whoever a link was made for, used or not; None for one that was never made."""
    return school.session.scalar(select(Adult.language).join(FileLink).where(FileLink.token_hash == _hash(token)))


def is_open(school: School, token: str) -> bool:
    """Whether a link can still be opened. Looking changes nothing."""
    link = school.session.scalar(select(FileLink).where(FileLink.token_hash == _hash(token), *_good(school)))
    return link is not None and _may_still_see(school, link)


def redeem(school: School, token: str) -> KeptFile | None:
    """The file, the first time it is asked for; None for a link that is opened, out of date or not ours, or whose adult may not see it any more."""
    link = school.session.scalar(select(FileLink).where(FileLink.token_hash == _hash(token), *_good(school)))
    if link is None or not _may_still_see(school, link):
        return None
    # The row is changed only where it is unopened still: of two who press at once, one gets it.
    opened = update(FileLink).where(FileLink.id == link.id, *_good(school)).values(opened_at=school.now).returning(FileLink.file_id)
    file_id = school.session.scalar(opened.execution_options(synchronize_session=False))
    return None if file_id is None else school.session.get(KeptFile, file_id)


def forget_tokens(school: School) -> None:
    """Take the tokens of links that are opened or out of date out of the words of the messages that brought them; a message on its way is left alone."""
    over = or_(FileLink.opened_at.is_not(None), FileLink.expires_at <= school.now)
    found = select(FileLink, Message).join(Message, FileLink.message_id == Message.id).where(over, Message.state.not_in(_STILL_NEEDED)).limit(200)
    for link, message in school.session.execute(found):
        message.text = _TOKEN.sub(f"{PLACE}…", message.text or "")
        link.message_id = None


def _good(school: School) -> tuple[ColumnElement[bool], ...]:
    return (FileLink.opened_at.is_(None), FileLink.expires_at > school.now)


def _may_still_see(school: School, link: FileLink) -> bool:
    return _may_see(school, school.session.get_one(KeptFile, link.file_id), link.adult_id)


def _may_see(school: School, file: KeptFile, adult_id: int) -> bool:
    """Whether the file is about no child, or about one of whom this adult may hear."""
    if file.child_id is None:
        return True
    right = school.session.get(Guardianship, (adult_id, file.child_id))
    return right is not None and right.may_hear


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
