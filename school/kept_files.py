"""Photos, voice notes and documents: what comes from a family or from staff is looked at, made safe and kept; what a provider still holds is fetched, then
deleted there.

Why they stand in the database: docs/decisions/0014-files-in-the-database.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import and_, delete, func, or_, select, update

from data.attention import Attention
from data.inbox import InboxState, Received
from data.kept_files import IncomingFile, IncomingState, KeptFile
from data.people import Adult, Child
from school import School, attention, file_links, heic
from school.attention import Need, call_for_a_person, came_with
from school.capability import Capability
from school.errors import NotAllowed, TooLarge
from school.file_kinds import ENDINGS, PICTURES, Why, clean_name, media_type
from school.files import File
from school.pictures import made_anew

__all__ = [
    "Examined",
    "IncomingFile",
    "KeptFile",
    "as_file",
    "belong_to",
    "count_on",
    "examine",
    "fetched",
    "find",
    "for_the_lead_alone",
    "forgotten",
    "headers",
    "keep",
    "keep_examined",
    "not_fetched",
    "not_forgotten",
    "not_kept",
    "of_attention",
    "of_child",
    "of_received",
    "refused",
    "to_fetch",
    "to_forget",
    "whose",
]

TRIES = 6
"""How often a file is asked for, at growing waits: three hours in all; then staff are told."""
FORGET_TRIES = 9
"""How often a provider is asked to delete a file: a week in all."""
FIRST_WAIT = timedelta(seconds=30)
MOST_A_DAY = 60
"""How many files of one address are fetched in a day. What comes beyond that stays with the provider for a while, and staff are told."""
HALF_KNOWN = timedelta(hours=1)
"""How long a file waits until it is known who of two that share a phone has sent it."""
LEFT_THERE = timedelta(days=30)
"""How long the provider keeps what was not kept here, so that a person can still look at it there."""


@dataclass(frozen=True)
class Examined:
    """A file that may be kept, as it will be. Made outside a transaction, since reading a picture takes up to a second."""

    media_type: str
    name: str
    content: bytes
    thumbnail: bytes | None = None


def examine(content: bytes, claimed_type: str, *, most: int, name: str = "") -> Examined:
    """Look at a file, and make a picture anew. Touches no database.

    Refuses with TooLarge (`most` in bytes) and with NotAllowed: no kind that is kept by its content, broken, or of too many pixels.
    """
    if len(content) > most:
        raise TooLarge(len(content), most)
    found = media_type(content)
    if found not in ENDINGS:
        raise NotAllowed(claimed_type, found, Why.KIND)
    if found == "image/heic":
        return Examined(found, clean_name(name, found), _anonymous(content, claimed_type))
    if found not in PICTURES:
        return Examined(found, clean_name(name, found), content)
    picture = made_anew(content, found)
    if isinstance(picture, Why):
        raise NotAllowed(claimed_type, found, picture)
    return Examined(picture.media_type, clean_name(name, picture.media_type), picture.content, picture.thumbnail)


def _anonymous(content: bytes, claimed_type: str) -> bytes:
    try:
        return heic.without_what_the_camera_wrote(content)
    except heic.Unreadable as broken:
        raise NotAllowed(claimed_type, "image/heic", Why.BROKEN) from broken


def keep(school: School, content: bytes, claimed_type: str, *, name: str = "", adult: Adult | None = None, child: Child | None = None) -> KeptFile:
    """Keep a file that came from `adult`, is about `child`, or both. Refuses as `examine` does; the largest size is a setting.

    A page had better call `examine` before it opens its transaction, and `keep_examined` inside it.
    """
    return keep_examined(school, examine(content, claimed_type, most=school.settings.largest_file, name=name), adult=adult, child=child)


def keep_examined(school: School, examined: Examined, *, adult: Adult | None = None, child: Child | None = None, received: Received | None = None) -> KeptFile:
    """Keep a file that was looked at before."""
    kept = KeptFile(
        media_type=examined.media_type,
        name=examined.name,
        size=len(examined.content),
        content=examined.content,
        thumbnail=examined.thumbnail,
        adult_id=adult.id if adult else None,
        child_id=child.id if child else None,
        received_id=received.id if received else None,
        made_at=school.now,
    )
    school.session.add(kept)
    school.session.flush()
    return kept


def find(school: School, file_id: int) -> KeptFile | None:
    """A file by its id; None if it is gone."""
    return school.session.get(KeptFile, file_id)


def of_received(school: School, received_id: int) -> Sequence[KeptFile]:
    """The files that came with a message, in their order."""
    theirs = select(KeptFile).outerjoin(IncomingFile, IncomingFile.file_id == KeptFile.id).where(KeptFile.received_id == received_id)
    return school.session.scalars(theirs.order_by(IncomingFile.place, KeptFile.id)).all()


def of_attention(school: School, row: Attention) -> Sequence[KeptFile]:
    """The files that came with the message because of which a person is needed."""
    received_id = came_with(row)
    return of_received(school, received_id) if received_id is not None else []


def not_kept(school: School, row: Attention) -> Sequence[IncomingFile]:
    """The files of that message that are not here: those that may still come (`wanted`), and those that will not, each with its `reason`."""
    received_id = came_with(row)
    if received_id is None:
        return []
    theirs = select(IncomingFile).where(IncomingFile.received_id == received_id, IncomingFile.state != IncomingState.KEPT)
    return school.session.scalars(theirs.order_by(IncomingFile.place)).all()


def of_child(school: School, child: Child) -> Sequence[KeptFile]:
    """The files about a child, the newest first."""
    return school.session.scalars(select(KeptFile).where(KeptFile.child_id == child.id).order_by(KeptFile.id.desc())).all()


def for_the_lead_alone(school: School, file: KeptFile) -> bool:
    """Whether it came with a message that suggests that someone may be at risk: then only the safeguarding lead or deputy may see it."""
    if file.received_id is None:
        return False
    matters = school.session.scalars(select(Attention).where(Attention.key.in_(attention.keys_of(file.received_id)), Attention.need == Need.SAFEGUARDING))
    return matters.first() is not None


def needs_of(school: School, file: KeptFile) -> Sequence[Attention]:
    """What waits or waited for a person because of the message that a file came with."""
    return school.session.scalars(select(Attention).where(Attention.key.in_(attention.keys_of(file.received_id)))).all() if file.received_id else ()


def headers(file: KeptFile, *, inline: bool = False) -> Mapping[str, str]:
    """The HTTP headers under which a browser can do nothing with a file but save it or, where that is asked for and it is a picture, show it."""
    way = "inline" if inline and file.media_type in PICTURES else "attachment"
    plain = file.name.encode("ascii", "replace").decode().replace("?", "_")
    return {
        "Content-Type": file.media_type,
        "Content-Disposition": f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def as_file(school: School, kept: KeptFile) -> File:
    """The file as it goes along with a message; where a channel carries none, the reader gets a one-time link."""
    return File(kept.name, kept.media_type, kept.content, link=lambda adult, message: file_links.new(school, kept, adult, message=message))


# What a provider still holds


def count_on(school: School, received: Received, names: Sequence[str] = ()) -> None:
    """Files came with this message: they are to be fetched. In the transaction that stores it, so that a crash forgets none.

    Of one address only so many a day are fetched, as many as it gets answers where the school does not know it.
    """
    references = received.media or ()
    if not references:
        return
    school.session.flush()
    room = _most_a_day(school, received) - _fetched_today(school, received)
    for place, reference in enumerate(references):
        made = IncomingFile(received_id=received.id, place=place, reference=str(reference), name="".join(names[place : place + 1])[:200])
        school.session.add(made)
        if place >= room:
            made.state, made.reason, made.forget_at = IncomingState.NOT_KEPT, "too many in a day", school.now + LEFT_THERE
    school.session.flush()


def _most_a_day(school: School, received: Received) -> int:
    return MOST_A_DAY if received.address.adults else school.settings.unknown_replies_per_day


def _fetched_today(school: School, received: Received) -> int:
    since = school.now - timedelta(days=1)
    theirs = select(func.count()).select_from(IncomingFile).join(Received).where(Received.address_id == received.address_id, Received.received_at > since)
    return school.session.scalar(theirs) or 0


def to_fetch(school: School, limit: int) -> Sequence[IncomingFile]:
    """Files that may be asked for now, the oldest first: those of messages that have had their turn, so that it is known whose they are."""
    due = or_(IncomingFile.next_at.is_(None), IncomingFile.next_at <= school.now)
    had_turn = or_(
        Received.state.in_((InboxState.HANDLED, InboxState.FOR_STAFF)),
        and_(Received.state == InboxState.ASIDE, Received.received_at <= school.now - HALF_KNOWN),
    )
    statement = select(IncomingFile).join(IncomingFile.received).where(IncomingFile.state == IncomingState.WANTED, due, had_turn)
    return school.session.scalars(statement.order_by(IncomingFile.id).limit(limit)).all()


def fetched(school: School, incoming_id: int, examined: Examined) -> KeptFile | None:
    """The file came and is kept; from now on it may be deleted at the provider. None, and nothing changes, where another was quicker or it is gone."""
    incoming = _locked(school, incoming_id, IncomingState.WANTED)
    if incoming is None:
        return None
    kept = keep_examined(school, examined, adult=whose(school, incoming.received), received=incoming.received)
    incoming.state, incoming.file_id, incoming.attempts, incoming.next_at, incoming.forget_at = IncomingState.KEPT, kept.id, 0, None, school.now
    _see_that_someone_looks(school, incoming)
    return kept


def refused(school: School, incoming_id: int, reason: str) -> None:
    """It will not be kept: too large, of a wrong kind, gone. Staff are told, and the provider keeps it for a while longer."""
    incoming = _locked(school, incoming_id, IncomingState.WANTED)
    if incoming is None:
        return
    incoming.state, incoming.reason, incoming.attempts, incoming.next_at = IncomingState.NOT_KEPT, reason[:100], 0, None
    incoming.forget_at = school.now + LEFT_THERE
    _see_that_someone_looks(school, incoming)


def not_fetched(school: School, incoming_id: int, reason: str) -> None:
    """The provider did not give it. It is asked again after growing waits, six times in all; then staff are told."""
    incoming = _locked(school, incoming_id, IncomingState.WANTED)
    if incoming is None:
        return
    incoming.attempts += 1
    if incoming.attempts >= TRIES:
        refused(school, incoming_id, reason)
    else:
        incoming.reason, incoming.next_at = reason[:100], school.now + FIRST_WAIT * 4 ** (incoming.attempts - 1)


def to_forget(school: School, limit: int) -> Sequence[IncomingFile]:
    """Files that are to be deleted at the provider now."""
    statement = select(IncomingFile).where(IncomingFile.forget_at <= school.now)
    return school.session.scalars(statement.order_by(IncomingFile.forget_at, IncomingFile.id).limit(limit)).all()


def forgotten(school: School, incoming_id: int) -> None:
    """The provider has it no more."""
    incoming = _locked(school, incoming_id, IncomingState.KEPT, IncomingState.NOT_KEPT)
    if incoming is not None:
        incoming.forget_at, incoming.attempts = None, 0


def not_forgotten(school: School, incoming_id: int, reason: str) -> None:
    """The provider did not delete it. It is asked again after growing waits, for a week; then staff are told."""
    incoming = _locked(school, incoming_id, IncomingState.KEPT, IncomingState.NOT_KEPT)
    if incoming is None:
        return
    incoming.attempts += 1
    incoming.forget_at = school.now + min(FIRST_WAIT * 4 ** (incoming.attempts - 1), timedelta(days=1))
    if incoming.attempts >= FORGET_TRIES:
        incoming.forget_at = None
        detail = f"a file is still with the provider and could not be deleted there: {reason}"
        call_for_a_person(school, Need.FAILED, key=f"file:{incoming.id}:there", address=incoming.received.address, detail=detail[:200])


def whose(school: School, received: Received) -> Adult | None:
    """The adult whose message it was; None for someone unknown, and on a shared phone until it is known who wrote."""
    return school.session.get(Adult, int(received.thread[1:])) if received.thread.startswith("a") else None


def belong_to(school: School, received_id: int, adult: Adult) -> None:
    """It is known now who wrote on a shared phone: what came with that message is theirs."""
    school.session.execute(update(KeptFile).where(KeptFile.received_id == received_id).values(adult_id=adult.id))


def _locked(school: School, incoming_id: int, *states: IncomingState) -> IncomingFile | None:
    incoming = school.session.get(IncomingFile, incoming_id, with_for_update={"of": IncomingFile})
    return incoming if incoming is not None and incoming.state in states else None


def _see_that_someone_looks(school: School, incoming: IncomingFile) -> None:
    """What was said to staff of the message leads to its files. Where nothing was, as with a stranger's photo alone, or that is ticked off, they are told."""
    received, is_kept = incoming.received, incoming.state == IncomingState.KEPT
    known = school.session.scalars(select(Attention).where(Attention.key.in_(attention.keys_of(received.id)), Attention.done_at.is_(None))).first()
    if known is None:
        cause, detail = (attention.FILES, received.kind) if is_kept else (attention.LOST_FILES, f"{received.kind}; {_said(incoming)}")
        call_for_a_person(school, Need.MEDIA, key=f"{cause}:inbox:{received.id}", adult=whose(school, received), address=received.address, detail=detail[:200])
    elif not is_kept and known.need != Need.SAFEGUARDING:
        known.detail = f"{known.detail}; {_said(incoming)}".removeprefix("; ")[:200]


def _said(incoming: IncomingFile) -> str:
    return f"a file was not kept: {incoming.reason}"


# For the house


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    theirs = school.session.scalars(select(KeptFile).where(KeptFile.adult_id == adult.id).order_by(KeptFile.id)).all()
    return {
        "files": [
            {"name": row.name, "media_type": row.media_type, "bytes": row.size, "since": row.made_at.isoformat()}
            for row in theirs
            if not for_the_lead_alone(school, row)
        ]
    }


def _erase(school: School, adult: Adult) -> None:
    """What came from them goes; what was not fetched yet is deleted at the provider unread, but for what only the safeguarding lead may see."""
    theirs = select(Received.id).where(Received.thread == f"a{adult.id}")
    alarms = school.session.scalars(select(Attention).where(Attention.need == Need.SAFEGUARDING, Attention.adult_id.is_(None), Attention.was_from != ""))
    kept = [found for row in alarms if (found := came_with(row)) is not None]
    unread = update(IncomingFile).where(IncomingFile.received_id.in_(theirs), IncomingFile.received_id.not_in(kept), IncomingFile.state == IncomingState.WANTED)
    school.session.execute(unread.values(state=IncomingState.NOT_KEPT, reason="erased", next_at=None, forget_at=school.now))
    school.session.execute(delete(KeptFile).where(KeptFile.adult_id == adult.id))


capability = Capability("kept_files", due=file_links.forget_tokens, export=_export, erase=_erase, files={"KeptFile": as_file})
