"""What is to be said, and every change of its state. docs/outbox.md draws the states; each arrow there is one function here.

Nothing here knows a channel: the dispatcher hands in what a provider said, in our own words.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, bindparam, exists, false, func, or_, select, true, update
from sqlalchemy.orm import aliased

from bot.conversation.engine import Reply
from data.addresses import Address, AddressState
from data.attention import Attention, Need
from data.base import UtcDateTime
from data.inbox import Received
from data.outbox import Callback, Lane, Message, OutboxState
from data.people import Adult, AdultAddress
from school import School, daily_limit, doubts, openers, restored, texts
from school.addresses import WHATSAPP_WINDOW
from school.attention import call_for_a_person
from school.calendar import end_of_quiet

RANK = {
    OutboxState.PAUSED: -1,
    OutboxState.QUEUED: 0,
    OutboxState.SENDING: 1,
    OutboxState.UNCONFIRMED: 2,
    OutboxState.SENT: 3,
    OutboxState.UNDELIVERED: 4,
    OutboxState.FAILED: 5,
    OutboxState.DELIVERED: 6,
    OutboxState.READ: 7,
}
"""A later report never lowers a state: 'delivered' beats 'undelivered', 'read' beats all. Cancelled and expired are ours and final."""
NOT_DELIVERED = (OutboxState.UNDELIVERED, OutboxState.FAILED)
MORE = "+"
"""Ends the key of the rest of a long text, behind the key of its beginning."""
WORDINGS = 3
"""How often wording a message may fail before a person gets it."""
AGAIN_AFTER = 10
"""What must arrive and may have is repeated after so many waits of a look-up: ten minutes. Source: providers.md §5."""


@dataclass(frozen=True)
class Channels:
    """What `due` must know of the ways out, by name: those that are on, those that something may leave on now, those that ask for a recent message."""

    on: Collection[str]
    open: Collection[str]
    windowed: Collection[str] = ()


def reply(school: School, to: Received, said: Reply, adult: Adult | None, *, key: str | None = None) -> Message:
    """Queue what a turn said, to the address the message came from."""
    row = Message(
        uid=secrets.token_hex(8),
        key=key or f"reply:{to.id}",
        trace=to.trace,
        via=to.via,
        adult_id=adult.id if adult else None,
        address_id=to.address_id,
        kind="reply",
        text=said.text,
        english=said.english or None,
        choices=[list(choice) for choice in said.choices],
        attachment=said.attachment,
        asks_contact=said.asks_contact,
        lane=Lane.REPLY,
        must_arrive=said.must_arrive,
        created_at=school.now,
    )
    school.session.add(row)
    texts.carried(school, row, said.texts)
    return row


def due(school: School, limit: int, channels: Channels, via: str = "", *, only: int | None = None) -> Sequence[Message]:
    """What may leave now, in the order it should: replies first, then by age; for one address only the oldest, and none while another is on its way there.

    What would leave on a channel that is not open is left out, so that a slow channel's queue hides nobody else's. `only` names one message.
    In a school that was restored, and that staff have not let send again, nothing may leave but a call for a named person that is newer than the restore.
    """
    held = restored.held(school) if via == "" else None
    since = held.restored_at if held is not None else None
    at = {"now": school.now, "day_ago": school.now - WHATSAPP_WINDOW, "only": only, "most": limit, "restored_at": since}
    ways = (frozenset(channels.on), frozenset(channels.open), frozenset(channels.windowed))
    statement = _due(*ways, via, is_one=only is not None, is_held=held is not None)
    return school.session.scalars(statement, at).all()


@lru_cache(maxsize=64)
def _due(on: frozenset[str], are_open: frozenset[str], windowed: frozenset[str], via: str, *, is_one: bool, is_held: bool) -> Select[Message]:
    """The question of `due`, built once for each set of open channels: building it costs more than asking it."""
    now, address = bindparam("now", type_=UtcDateTime), _where_to(on, windowed)
    is_next = true() if is_held else ~_waits_behind(address)  # what passes waits for nothing that is held
    is_time = and_(or_(Message.not_before.is_(None), Message.not_before <= now), or_(Message.next_at.is_(None), Message.next_at <= now))
    statement = (
        select(Message)
        .where(Message.state == OutboxState.QUEUED, Message.via == via, is_time)
        .where(or_(and_(_is_open(address, are_open), is_next) if are_open else false(), Message.useless_after <= now))
        .where(~_is_busy(address))
        .order_by(Message.lane, Message.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=Message)
    )
    if is_held:
        statement = statement.where(Message.kind == restored.PASSES, Message.created_at >= bindparam("restored_at", type_=UtcDateTime))
    return statement.where(Message.id == bindparam("only", type_=Integer)) if is_one else statement


def _where_to(on: frozenset[str], windowed: frozenset[str]) -> ColumnElement[int | None]:
    """The address of a message; where none is chosen yet the first at which its adult can be reached now, if any."""
    in_window = and_(Address.channel.in_(windowed), Address.last_heard_at > bindparam("day_ago", type_=UtcDateTime))
    first = (
        select(Address.id)
        .join(AdultAddress)
        .where(AdultAddress.adult_id == Message.adult_id, Address.state == AddressState.USABLE, or_(Address.channel.in_(on - windowed), in_window))
        .where(or_(Address.channel != "email", Message.lane != Lane.ALERT))  # what must be answered within minutes waits for no mail
        .order_by(AdultAddress.rank, Address.id)
        .limit(1)
        .correlate(Message)
        .scalar_subquery()
    )
    return func.coalesce(Message.address_id, first)


def _waits_behind(address: ColumnElement[int | None]) -> ColumnElement[bool]:
    """Whether something that goes before it waits to go where it goes: by lane and age; the rest of a long text behind its beginning, wherever that goes.

    A rest that waits for its beginning holds nobody up, or the three would wait for each other. An earlier broadcast that has no address yet, being
    postponed, counts too; but no opener waits behind what waits for it.
    """
    earlier, postponed, beginning = aliased(Message), aliased(Message), aliased(Message)
    goes_before = or_(earlier.lane < Message.lane, and_(earlier.lane == Message.lane, earlier.id < Message.id))
    return or_(
        exists().where(earlier.address_id == address, earlier.state == OutboxState.QUEUED, goes_before, ~_waits_for_beginning(earlier, aliased(Message))),
        _waits_for_beginning(Message, beginning),
        exists().where(
            Message.lane.in_((Lane.URGENT, Lane.BROADCAST)),
            Message.kind != openers.KIND,
            postponed.adult_id == Message.adult_id,
            postponed.state == OutboxState.QUEUED,
            postponed.lane + 0 == Message.lane,  # so that SQLite, which keeps no statistics, goes by the adult and not through all that is queued
            postponed.id < Message.id,
            postponed.address_id.is_(None),
            postponed.next_at.is_not(None),
        ),
    )


def _waits_for_beginning(rest: type[Message], beginning: type[Message]) -> ColumnElement[bool]:
    """Whether this is the rest of a long text whose beginning, or the piece before, is still to leave: the phone was off, say."""
    before = (func.rtrim(rest.key, MORE), func.substr(rest.key, 1, func.length(rest.key) - 1))
    return and_(rest.lane == Lane.REST, exists().where(beginning.key.in_(before), beginning.state == OutboxState.QUEUED))


def _is_busy(address: ColumnElement[int | None]) -> ColumnElement[bool]:
    """Whether something is on its way to where it goes."""
    on_its_way = aliased(Message)
    return exists().where(
        on_its_way.address_id == address,
        on_its_way.state == OutboxState.SENDING,
        # A reply to a new message may pass one whose fate is unknown; nothing else may.
        or_(Message.lane != Lane.REPLY, on_its_way.next_at.is_(None)),
    )


def _is_open(address: ColumnElement[int | None], are_open: frozenset[str]) -> ColumnElement[bool]:
    """Whether the channel of where it goes is open; with nowhere to go, staff must hear."""
    channel = select(Address.channel).where(Address.id == address).correlate(Message).scalar_subquery()
    return or_(channel.is_(None), channel.in_(are_open))


# queued → …


def claim(school: School, message: Message, worker: str, parts: int = 1) -> None:
    """Queued → sending. Once this is committed the provider may have it, and be paid for so many message parts."""
    message.state, message.claimed_at, message.claimed_by, message.parts = OutboxState.SENDING, school.now, worker, parts
    message.attempts += 1
    message.next_at = None


def give_back(school: School, worker: str, *, claimed_after: datetime, except_for: Collection[int]) -> None:
    """Sending → queued: claimed by a process that surely did not send it, nor has left it so long that another may be looking it up."""
    held = select(Message).where(Message.state == OutboxState.SENDING, Message.claimed_by == worker, Message.next_at.is_(None))
    for message in school.session.scalars(held.where(Message.claimed_at > claimed_after, Message.id.not_in(except_for)).with_for_update(of=Message)):
        message.attempts -= 1
        _wait(message, school.now)


def postpone(message: Message, until: datetime) -> None:
    """Queued → queued, not before then: quiet hours, an open question."""
    message.next_at = until


def wait_for_morning(school: School, message: Message, *, is_opened: bool = False) -> bool:
    """Whether quiet hours hold this message back; if so it waits for their end. Replies, alerts, what is urgent and what they just opened pass."""
    if message.lane <= Lane.URGENT or is_opened:
        return False
    until = end_of_quiet(school, school.now)
    if until == school.now:
        return False
    postpone(message, until)
    return True


def ask_whose(school: School, message: Message, address: Address, said: Reply, key: str) -> Message:
    """The question whether a phone is still a parent's, which `message` waits for. It is to whoever has the phone: no adult of ours, as far as is known."""
    row = Message(key=key, uid=secrets.token_hex(8), trace=message.trace, via=message.via, kind=doubts.KIND, address=address, created_at=school.now)
    row.text, row.english, row.choices, row.lane = said.text, said.english or None, [list(choice) for choice in said.choices], message.lane
    school.session.add(row)
    school.session.flush()
    return row


def wait_for_tomorrow(school: School, message: Message, address: Address) -> bool:
    """Whether the day's limit of paid parts holds this message back; if so it waits for the next day, or until the limit is lifted."""
    if not daily_limit.holds(school, message, address):
        return False
    postpone(message, daily_limit.until(school))
    message.code = daily_limit.CODE
    return True


def ask_to_open(school: School, message: Message, address: Address, *, has_other: bool) -> Message | None:
    """Queued → queued, until they open WhatsApp or have had long enough for it; the opener that asks them, if one must leave for that, in the same transaction.

    None, and nothing done, where someone is just writing from there, or another message is just being made to wait for it: it is looked at again.
    """
    # They may write in this very moment: whoever has the address first is seen by the other, and nothing that they opened goes on waiting.
    held = select(Address.id, Address.last_heard_at).where(Address.id == address.id).with_for_update(key_share=True, skip_locked=True)
    row = school.session.execute(held).first()
    wait = openers.wait(school, message, address, has_other=has_other) if row is not None and row.last_heard_at == address.last_heard_at else None
    if wait is None:
        return None
    message.address, message.address_id, message.next_at = None, None, wait.until
    message.verdict, message.code = openers.NO_WINDOW, openers.CODE
    return _opener(school, message, address) if wait.asks else None


def _opener(school: School, message: Message, address: Address) -> Message:
    """Today's opener to an address, queued; one that was called off is taken up again."""
    adult = school.session.get_one(Adult, message.adult_id)
    words, key = openers.of(school, adult.language), openers.key(address, school.today)
    assert words is not None, "only who can be asked is"
    row = school.session.scalars(select(Message).where(Message.key == key)).one_or_none()
    row = row or Message(key=key, uid=secrets.token_hex(8), trace=message.trace, via=message.via, kind=openers.KIND)
    row.adult_id, row.address, row.created_at = adult.id, address, school.now
    row.text, row.choices = words.words(school.settings.name), [[openers.BUTTON, words.button]]
    row.about = {"language": adult.language, "sid": words.sid, "school": school.settings.name}
    # What is urgent and can go no other way asks at night too.
    row.provider_id = row.verdict = row.code = None
    row.attempts = row.lookups = 0
    row.state, row.lane, row.next_at = OutboxState.QUEUED, Lane.URGENT if message.lane <= Lane.URGENT else Lane.NOTICE, None
    school.session.add(row)
    school.session.flush()
    return row


def cancel(message: Message) -> None:
    """Queued → cancelled: what it was about is no longer so."""
    message.state = OutboxState.CANCELLED


def not_wanted(message: Message) -> None:
    """Queued → cancelled: they have switched off messages of this kind."""
    cancel(message)
    message.verdict = "switched_off"


def expire(school: School, message: Message) -> None:
    """Queued → expired: too late to be of use. Staff see it."""
    message.state = OutboxState.EXPIRED
    _show(school, message, "too late")


def could_not_word(school: School, message: Message, error: str) -> None:
    """Queued → queued, a little later; the third time failed, and a person sees it: one bad message must not hold up others."""
    message.attempts += 1
    if message.attempts < WORDINGS:
        postpone(message, school.now + timedelta(minutes=message.attempts))
    else:
        refused(school, message, "not_worded", error)


# sending → …


def sent(school: School, message: Message, provider_id: str, ask_at: datetime | None = None) -> OutboxState | None:
    """Sending → sent. Where a status came before the provider's answer, that status is given back, to be acted on; None when nothing is left to do.

    At `ask_at` the provider is asked what became of it, if it has reported nothing final by then.
    """
    early = best_report(school, provider_id)
    message.sent_at = message.sent_at or school.now
    if early in NOT_DELIVERED and message.state != OutboxState.SENDING:
        return None  # it was acted on already: the message waits to be sent again, or a person has it
    message.provider_id = provider_id
    if _raise_to(message, OutboxState.SENT):
        message.next_at = ask_at
    if early not in NOT_DELIVERED:
        _let_rest_follow(school, message)
    return early


_REPORTED = select(Callback.state).where(Callback.provider_id == bindparam("named", type_=String))


def best_report(school: School, provider_id: str, *, other_than: OutboxState | None = None) -> OutboxState | None:
    """The highest of what was reported of a message that the provider knows by this id, but for one state."""
    reported = set(map(OutboxState, school.session.scalars(_REPORTED, {"named": provider_id}))) - {other_than}
    return max(reported, key=RANK.__getitem__, default=None)


def try_later(school: School, message: Message, wait: timedelta, code: str | None) -> bool:
    """Sending → queued after a wait: surely not sent. False, and nothing done, if it is of no use by then."""
    message.code = code
    if message.useless_after is not None and school.now + wait >= message.useless_after:
        return False
    _wait(message, school.now + wait)
    message.provider_id = None
    return True


def elsewhere(school: School, message: Message, address: Address) -> None:
    """Sending or undelivered → queued at the person's next address: surely not arrived at the one before."""
    message.address, message.address_id = address, address.id
    _wait(message, school.now)
    message.provider_id = None
    message.attempts = message.lookups = 0


def refused(school: School, message: Message, verdict: str, code: str | None) -> None:
    """Queued or sending → failed: the same would be refused again. It is never retried, and a person sees it."""
    message.verdict, message.code, message.next_at = verdict, code, None
    if _raise_to(message, OutboxState.FAILED):
        _show(school, message, f"{verdict} {code or ''}".strip())


def fate_unknown(message: Message, look_up_at: datetime, code: str | None) -> None:
    """Sending → sending, to be looked up: the provider was asked and gave no answer that tells."""
    message.next_at, message.code = look_up_at, code


def not_found(school: School, message: Message, look_up_at: datetime, *, looks_left: bool) -> None:
    """A look-up did not find it: look again, or send it again (sending → queued), since the provider does not have it."""
    message.lookups += 1
    message.next_at = look_up_at
    if not looks_left:
        _wait(message, school.now)
        message.lookups = 0


def _wait(message: Message, until: datetime) -> None:
    """Queued again; or paused or cancelled, where staff said so while it was under way."""
    message.state, message.next_at, message.claimed_by = message.waits_as or OutboxState.QUEUED, until, None


def unconfirmed(school: School, message: Message, repeat_at: datetime) -> None:
    """Sending → unconfirmed: it may have arrived, and nobody can be asked. A plain reply is never repeated; what must arrive is, once."""
    _let_rest_follow(school, message)
    if message.must_arrive:
        repeat(school, message, repeat_at)
    message.state, message.next_at = OutboxState.UNCONFIRMED, None
    _show(school, message, "not confirmed")


def repeat(school: School, message: Message, at: datetime) -> None:
    """The same message once more, recognisably the same: same words, same reference. Never twice."""
    if message.key.endswith(":again"):
        return
    join(message)
    again = Message(key=f"{message.key}:again", text=message.text, lane=message.lane, next_at=at)
    _add_like(school, again, message)


def join(message: Message) -> None:
    """Take back what was split off and has not left: it may fit now, on another channel, or is cut anew."""
    if message.rest is not None:
        message.text, rest, message.rest = message.whole_text, message.rest, None
        _give_back(message, rest)


def split_off(message: Message, rest: str) -> None:
    """Keep back what does not fit, with the choices and the file: it follows as a message of its own once this one has left, and never without it."""
    message.rest = {"text": rest, **{name: getattr(message, name) for name in _LAST}}
    message.choices, message.attachment, message.asks_contact = [], None, False


_LAST = ("choices", "attachment", "asks_contact")
"""What stands under the last piece of a long text."""


def _let_rest_follow(school: School, message: Message) -> None:
    """Queue what was split off, whatever staff say meanwhile: half a message helps nobody."""
    if message.rest is None:
        return
    rest = Message(key=_free(school, f"{message.key}{MORE}"), text=message.rest["text"].strip(), lane=Lane.REST)
    _add_like(school, rest, message)
    _give_back(rest, message.rest)
    rest.state, rest.waits_as, message.rest = OutboxState.QUEUED, None, None


def _free(school: School, key: str) -> str:
    """A key for a rest: a beginning that went elsewhere after its rest had left may be cut once more."""
    while school.session.scalar(select(Message.id).where(Message.key == key)) is not None:
        key += MORE
    return key


def _give_back(message: Message, rest: Mapping[str, Any]) -> None:
    for name in _LAST:
        setattr(message, name, rest[name])


def _add_like(school: School, made: Message, other: Message) -> None:
    """Queue a message that is like another in all that was not given to it."""
    same = (
        "trace",
        "via",
        "adult_id",
        "address",
        "kind",
        "about",
        "choices",
        "attachment",
        "asks_contact",
        "must_arrive",
        "useless_after",
        "waits_as",
        "topic",
    )
    for name in same:
        setattr(made, name, getattr(other, name))
    made.state = made.waits_as or OutboxState.QUEUED
    made.uid, made.created_at = secrets.token_hex(8), school.now
    school.session.add(made)


# sent → …


def report(school: School, message: Message, state: OutboxState, verdict: str | None = None, code: str | None = None) -> bool:
    """What a provider says became of it; whether it raised the state. What arrived after all is taken off the staff's list."""
    was_shown = message.state in {*NOT_DELIVERED, OutboxState.UNCONFIRMED}
    if not _raise_to(message, state):
        return False
    message.next_at = None
    message.verdict, message.code = verdict, code
    if state in NOT_DELIVERED:
        _show(school, message, f"{verdict or 'unknown'} {code or ''}".strip())
        return True
    _let_rest_follow(school, message)
    if was_shown and state is not OutboxState.SENT:
        done = update(Attention).where(Attention.key == _call(message), Attention.done_at.is_(None)).values(done_at=school.now)
        school.session.execute(done.execution_options(synchronize_session=False))
    return True


def in_doubt(school: School, via: str, *, silent_since: datetime, except_for: Collection[int] = ()) -> Sequence[Message]:
    """What must be looked up now: asked and not answered, or claimed before `silent_since` by a process that has said nothing since."""
    silent = and_(Message.next_at.is_(None), Message.claimed_at <= silent_since, Message.id.not_in(except_for))
    statement = select(Message).where(Message.state == OutboxState.SENDING, Message.via == via, or_(Message.next_at <= school.now, silent))
    return school.session.scalars(statement.order_by(Message.id).limit(20)).all()


def silent(school: School, via: str) -> Sequence[Message]:
    """What a provider took and reported nothing final of by now: a callback can be lost, so it is asked, once."""
    statement = select(Message).where(Message.state == OutboxState.SENT, Message.via == via, Message.next_at <= school.now)
    return school.session.scalars(statement.order_by(Message.id).limit(20)).all()


def waiting_for(school: School, address_ids: Collection[int | None]) -> set[int | None]:
    """Those of these addresses for which something is queued."""
    return set(school.session.scalars(_WAITING, {"at": list(address_ids)}))


_WAITING = select(Message.address_id).where(Message.address_id.in_(bindparam("at", expanding=True)), Message.state == OutboxState.QUEUED).distinct()


def another_leaves(school: School, message: Message) -> bool:
    """Whether another message is with the provider now, for the same address."""
    other = select(Message.id).where(Message.address_id == message.address_id, Message.state == OutboxState.SENDING, Message.next_at.is_(None))
    return school.session.scalar(other.where(Message.id != message.id).limit(1)) is not None


def _raise_to(message: Message, state: OutboxState) -> bool:
    if RANK[state] <= RANK.get(OutboxState(message.state), 99):
        return False
    message.state = state
    return True


def _show(school: School, message: Message, detail: str) -> None:
    """A person must see it."""
    if message.kind == openers.KIND:
        openers.was_refused(school, message, detail)
        return
    adult = school.session.get(Adult, message.adult_id) if message.adult_id else None
    call_for_a_person(school, Need.NOT_DELIVERED, key=_call(message), adult=adult, address=message.address, detail=f"{message.kind}: {detail}")


def _call(message: Message) -> str:
    """The key under which staff are told of a message."""
    return f"outbox:{message.id}"
