"""Erasing one adult: their name, numbers, words and files go out of every table; what the law makes the school keep stays, and the report says what and why.

Each capability erases its own; here is what belongs to the house: messages both ways, what waited for staff, files, addresses, the adult. What a provider still
holds is written down to be deleted there (`bot.forgetting` does it). That a message was taken in is known for ever by a hash of the provider's id, so that
nothing that is caught up later brings it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, String, Table, Text, cast, delete, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from data.addresses import Address, AddressState, Consent
from data.attention import Attention, Need
from data.base import Base
from data.book import ClassLine
from data.collection import CollectionRequest
from data.conversation import Conversation
from data.data_requests import DataRequest, ProviderDeletion
from data.doubts import Doubt
from data.inbox import InboxState, Received
from data.kept_files import IncomingFile, IncomingState, KeptFile
from data.messages import StaffMessage, Talk, ThreadNote
from data.outbox import Callback, Message
from data.people import Adult, AdultAddress, StaffAddress
from data.setting_up import Upload
from data.texts import Text as Written
from data.texts import TextTranslation
from school import School, attention, closings, erased_log, learnt, leaving
from school.capability import capabilities
from school.data_map import KEPT as KEEPS

NOT_LOOKED_AT: Collection[str] = ("safeguarding_notes", "provider_deletions")
"""Tables that are not searched for who still stands in them: the lead's own, and what is on its way to be deleted."""
BY_PROVIDER = ("sms", "whatsapp", "telegram")
"""Channels whose provider keeps messages. E-mail is in the reader's own mailbox at once."""


@dataclass(frozen=True)
class Kept:
    """One thing that stays after an erasure: what, why, and until when."""

    what: str
    why: str
    until: str


KEPT: Sequence[Kept] = (
    Kept(
        "The safeguarding record, where there is one: what was written, the files that came with it, from whom and about which child. "
        "Only the safeguarding lead and deputy see whether there is one.",
        "The school must keep it: Keeping children safe in education; UK GDPR art. 17(3)(b); Data Protection Act 2018, schedule 1, paragraph 18.",
        KEEPS["safeguarding"].told,
    ),
    Kept(
        "What the class wrote in the child's home/school book, that the child was absent or late, and whether it may be photographed: without who said so.",
        "It is the child's, and the school must know who is in (School Attendance (Pupil Registration) (England) Regulations 2024).",
        f"The book {KEEPS['book'].told}, absences {KEEPS['absences'].told}, consent to photos while the child is here.",
    ),
    Kept(
        "That members of staff looked at or changed something of 'parent or carer 12': a number, no name.",
        "The school must be able to show who saw what: UK GDPR art. 5(2).",
        KEEPS["audit"].told,
    ),
    Kept(
        "Finished answers to private and anonymous questionnaires.",
        "They stand apart from whoever gave them: nobody can tell which they are.",
        KEEPS["questionnaires"].told,
    ),
    Kept(
        "A hash of the provider's number of each message, which holds nothing of it.",
        "So that the same message, told again by the provider, does not come back.",
        KEEPS["received ids"].told,
    ),
    Kept("This request: what was asked, when and by whom it was done, without the name.", "To show that it was done: UK GDPR art. 5(2).", "For ever."),
)
"""What the law or its nature keeps, the same for everybody: so that the report tells nobody whether there is a safeguarding record."""


def erase(school: School, adult: Adult, request: DataRequest) -> Mapping[str, Any]:
    """Erase `adult` for good, for `request`; the report as plain data, without their name. In one transaction, which the caller commits; `school.learnt` says
    what is to be forgotten beside the model.

    `removed` counts what went, `kept` says what stays and why, `at_providers` how many things are to be deleted there, `still_named` in how many rows of which
    table their whole name, a number or an e-mail address still stands in what others wrote: for a person to look at.
    """
    erased_log.erased(school, adult.id)  # so that no older backup brings them back
    learnt.is_removed(school, Received.thread == f"a{adult.id}")
    traces, former = _Traces.of(school, adult), _once_theirs(school, adult)
    removed: Counter[str] = Counter(_held_by_capabilities(school, adult))
    kept = _keep_for_safeguarding(school, adult, traces.addresses)
    leaving.cut(school, [], [adult])
    for capability in capabilities():
        if capability.erase is not None:
            capability.erase(school, adult)
    removed += _erase_the_houses(school, adult, traces.addresses, kept, request)
    school.session.expire_all()
    school.session.delete(school.session.get_one(Adult, adult.id))
    school.session.flush()
    removed["numbers and addresses"] += _let_go_of(school, {*traces.addresses, *former})
    school.session.expire_all()
    wanted = school.session.scalar(select(func.count()).where(ProviderDeletion.request_id == request.id)) or 0
    return {
        "removed": {name: count for name, count in sorted(removed.items()) if count},
        "kept": [{"what": each.what, "why": each.why, "until": each.until} for each in KEPT],
        "at_providers": wanted,
        "still_named": _still_named(school, traces),
    }


@dataclass(frozen=True)
class _Traces:
    """What someone is known by: their whole name, the values of their own addresses, and the ids of all of them."""

    name: str
    values: Sequence[str]
    addresses: Sequence[int]

    @staticmethod
    def of(school: School, adult: Adult) -> _Traces:
        closed = closings.only_theirs(school, adult)
        own = [*(link.address for link in adult.addresses if len(link.address.adults) == 1), *closed]
        every = [*(link.address_id for link in adult.addresses), *(address.id for address in closed)]
        return _Traces(adult.name, sorted({address.value for address in own}), every)


def _held_by_capabilities(school: School, adult: Adult) -> Mapping[str, int]:
    """How much each capability holds about them, by the names that stand in their copy."""
    found: Counter[str] = Counter()
    for capability in capabilities():
        if capability.export is not None and capability.erase is not None:
            for name, held in capability.export(school, adult).items():
                found[name.replace("_", " ")] += len(held) if isinstance(held, list) else 0
    return found


# What the law keeps


def _keep_for_safeguarding(school: School, adult: Adult, address_ids: Sequence[int]) -> Collection[int]:
    """What was said to the safeguarding lead stays hers, with who wrote it, as words of its own: nothing leads back to a row of theirs.

    What comes back are the ids of the messages that it came with: their rows stay, empty, for the files that belong to them.
    """
    theirs = or_(Attention.adult_id == adult.id, Attention.adult_id.is_(None) & Attention.address_id.in_(address_ids))
    matters = school.session.scalars(select(Attention).where(theirs, Attention.need == Need.SAFEGUARDING)).all()
    ids = [row.id for row in matters]
    received = [found for row in matters if (found := attention.came_with(row)) is not None]
    for row in matters:
        row.was_from, row.adult_id = (_who(adult) if row.adult_id else row.was_from), None
    for table, values in ((Written, {"adult_id": None}), (CollectionRequest, {"attention_id": None})):
        school.session.execute(update(table).where(table.attention_id.in_(ids)).values(**values).execution_options(synchronize_session=False))
    school.session.execute(delete(ClassLine).where(ClassLine.attention_id.in_(ids)).execution_options(synchronize_session=False))
    school.session.execute(update(KeptFile).where(KeptFile.received_id.in_(received)).values(adult_id=None).execution_options(synchronize_session=False))
    school.session.flush()
    school.session.expire_all()
    return received


def _who(adult: Adult) -> str:
    """Who they were, for the record: 'Maria Lopez (mother of Leo Lopez)'."""
    children = ", ".join(f"{tie.relationship_ or 'adult'} of {tie.child.name}" for tie in sorted(adult.guardianships, key=lambda tie: tie.child_id))
    return f"{adult.name} ({children})"[:400] if children else adult.name


# What belongs to the house


def _erase_the_houses(school: School, adult: Adult, address_ids: Sequence[int], kept: Collection[int], request: DataRequest) -> Counter[str]:
    """Messages both ways, what waited, notes, files and half-said conversations, with what came from their phones before they were known."""
    own = _own(school, address_ids)
    threads = [f"a{adult.id}", *(f"x{address_id}" for address_id in own)]
    received = or_(Received.thread.in_(threads), Received.address_id.in_(own))
    sent = or_(Message.adult_id == adult.id, Message.address_id.in_(own))
    _ask_providers(school, request, received, sent, kept)
    removed = Counter({"files": _remove(school, delete(KeptFile).where(KeptFile.adult_id == adult.id))})
    told = select(Message.provider_id).where(sent, Message.provider_id.is_not(None))
    _remove(school, delete(Callback).where(Callback.provider_id.in_(told)))
    removed["messages to them"] = _remove(school, delete(Message).where(sent))
    emptied = {"text": "", "payload": None, "media": None, "text_id": None, "intent": None, "corrected": None}
    _remove(school, update(Received).where(received, Received.id.in_(kept)).values(**emptied, thread="erased", state=InboxState.HANDLED))
    removed["messages from them"] = _remove(school, delete(Received).where(received, Received.id.not_in(kept)))
    waited = or_(Attention.adult_id == adult.id, Attention.address_id.in_(own))
    removed["matters that waited for staff"] = _remove(school, delete(Attention).where(waited, Attention.need != Need.SAFEGUARDING))
    written = select(StaffMessage.text_id).where(StaffMessage.thread.in_(threads))
    _remove(school, delete(Written).where(or_(Written.id.in_(written), Written.adult_id == adult.id)))
    for table in (StaffMessage, ThreadNote, Talk, Conversation):
        _remove(school, delete(table).where(table.thread.in_(threads)))
    # A list that staff have brought and not taken in yet holds every family: it is brought again.
    _remove(school, delete(Upload).where(Upload.what == "families"))
    _remove(school, update(DataRequest).where(DataRequest.adult_id == adult.id).values(reason=""))
    return removed


def _own(school: School, address_ids: Collection[int]) -> Sequence[int]:
    """Those of these addresses that nobody else is reached at. The adult's own links are gone by now."""
    shared = school.session.scalars(select(AdultAddress.address_id).where(AdultAddress.address_id.in_(address_ids))).all()
    staffs = school.session.scalars(select(StaffAddress.address_id).where(StaffAddress.address_id.in_(address_ids))).all()
    return [each for each in address_ids if each not in {*shared, *staffs}]


def _ask_providers(school: School, request: DataRequest, received: Any, sent: Any, kept: Collection[int]) -> None:
    """Write down what their providers still hold: each message, and each file that was not deleted there yet."""
    in_ = select(Address.channel, Received.provider_id).join(Address, Address.id == Received.address_id).where(received)
    out = select(Address.channel, Message.provider_id).join(Address, Address.id == Message.address_id).where(sent, Message.provider_id.is_not(None))
    left = (IncomingFile.state != IncomingState.KEPT) | IncomingFile.forget_at.is_not(None)
    files = select(Address.channel, IncomingFile.reference).join(Received, Received.id == IncomingFile.received_id).join(Address)
    files = files.where(received, left, Received.id.not_in(kept))
    for what, statement in (("file", files), ("message", in_), ("message", out)):
        rows = [row for row in school.session.execute(statement) if row[0] in BY_PROVIDER]
        school.session.add_all(ProviderDeletion(request_id=request.id, channel=channel, what=what, reference=reference) for channel, reference in rows)
    school.session.flush()


def _let_go_of(school: School, address_ids: Collection[int]) -> int:
    """Their own numbers and addresses go; where something that stays hangs on one, its row stays without its value. How many went."""
    own = _own(school, address_ids)
    for address in school.session.scalars(select(Address).where(Address.id.in_(own))).all():
        if remove_address(school, address.id):
            continue
        _forget_what_was_agreed(school, address.id)
        address.value, address.token, address.state, address.state_since = f"erased {address.id}", None, AddressState.BAD, school.now
        address.last_heard_at = address.speaker_id = address.speaker_since = address.first_greeted_at = None
    school.session.flush()
    return len(own)


def _once_theirs(school: School, adult: Adult) -> Sequence[int]:
    """Addresses that they wrote from or were written to at, and are not reached at any more: of whoever has left, all.

    Not those from which a stranger has written since: that number is somebody else's now.
    """
    came = select(Received.address_id).where(Received.thread == f"a{adult.id}")
    went = select(Message.address_id).where(Message.adult_id == adult.id, Message.address_id.is_not(None))
    known = select(Address.value).where(or_(Address.id.in_(came), Address.id.in_(went)))
    same_phone = select(Address.id).where(Address.value.in_(known))  # on another channel nothing may have been said yet
    theirs = {*school.session.scalars(same_phone)} - {link.address_id for link in adult.addresses}
    strangers = select(Received.address_id).where(Received.thread.in_([f"x{each}" for each in theirs]))
    return [*(theirs - {*school.session.scalars(strangers)})]


def remove_address(school: School, address_id: int) -> bool:
    """Remove an address that is nobody's, with what was agreed there; False, and all is as it was, where something that stays names it."""
    try:
        with school.session.begin_nested():
            _forget_what_was_agreed(school, address_id)
            _remove(school, delete(Address).where(Address.id == address_id))
    except IntegrityError:
        return False
    return True


def _forget_what_was_agreed(school: School, address_id: int) -> None:
    _remove(school, delete(Consent).where(Consent.address_id == address_id))
    _remove(school, delete(Doubt).where(Doubt.address_id == address_id))


def _remove(school: School, statement: Any) -> int:
    """How many rows there were."""
    return int(school.session.execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


# What others wrote of them


def _still_named(school: School, traces: _Traces) -> Mapping[str, int]:
    """In how many rows of each column their whole name or an address of theirs still stands. Of the safeguarding record nothing is told."""
    wanted = [trace for trace in (traces.name, *traces.values) if len(trace) >= len("Li Xu")]
    found = {}
    for table, column, only in _written_columns():
        words = cast(column, Text) if isinstance(column.type, JSON) else column
        here = or_(*(words.contains(trace, autoescape=True) for trace in wanted))
        if count := school.session.scalar(select(func.count()).select_from(table).where(here, only)) or 0:
            found[f"{table.name}.{column.name}"] = count
    return found


def _written_columns() -> Iterable[tuple[Table, Any, Any]]:
    """Every column that words can stand in, with what of its table is looked at."""
    safe = Attention.need != Need.SAFEGUARDING
    sensitive = select(Written.id).where(Written.is_sensitive)
    only = {"attention": safe, "texts": Written.is_sensitive.is_(False), "text_translations": TextTranslation.text_id.not_in(sensitive)}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, (String, Text, JSON)) and table.name not in NOT_LOOKED_AT:
                yield table, column, only.get(table.name, true())
