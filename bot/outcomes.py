"""What follows from what a provider said: of a message it was just handed, or later of one it took.

Everything here happens inside the caller's transaction and is quick: the provider was asked before.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import String, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot import outbox
from bot.channels.base import Receipt, StatusUpdate
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.pace import Pace
from bot.timings import Passed, Timings
from bot.words_last import Words
from data.addresses import Address
from data.attention import Need
from data.outbox import Callback, Message, OutboxState
from school import School, consent, openers
from school.attention import call_for_a_person

log = structlog.get_logger()

Outcome = Receipt | SendError

UNREACHABLE_WAITS: Final = (timedelta(minutes=15), timedelta(hours=2))
"""When to try a phone again that was off or out of reach. Source: providers.md, error 30003."""
ACCOUNT_WAIT: Final = timedelta(minutes=5)
"""How long a channel rests when the provider refuses our account; its queue is kept."""
BAD_PAIRS: Final = 3
"""After so many recipients in a row whom our sender cannot reach, it is our sender's fault. Source: providers.md, error 21606."""
NOT_ELSEWHERE: Final = frozenset({Verdict.OUR_CONTENT, Verdict.EXPIRED, Verdict.UNCERTAIN})
"""What another channel would not cure: our own bug, a message that is out of date, one that may have arrived."""


ON_ITS_WAY: Final = frozenset({OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ})
"""States of a message handed over once in which nothing was reported that a good report must be weighed against."""


@dataclass(frozen=True)
class DeliverySettings:
    """The waits of retry and look-up, and how many messages are with a provider at once."""

    lookup_after: timedelta = timedelta(seconds=60)
    lookups: int = 2
    retry_first: timedelta = timedelta(seconds=5)
    retry_ceiling: timedelta = timedelta(minutes=10)
    retries: int = 30
    claim_expires: timedelta = timedelta(seconds=120)
    ask_after: timedelta = timedelta(hours=1)
    in_flight: int = 10
    via: str = ""


class Outcomes:
    """Turns outcomes into states. `askable` are the channels whose provider can be asked what became of a message.

    `paused` says which channels rest because the provider refuses our account, and with which code.
    """

    def __init__(
        self, delivery: DeliverySettings, words: Words, paces: Mapping[str, Pace], askable: Collection[str] = (), timings: Timings | None = None
    ) -> None:
        self._timings = timings or Timings()
        self._delivery, self._words, self._paces, self._askable = delivery, words, paces, frozenset(askable)
        self._bad_pairs: Counter[str] = Counter()
        self.paused: dict[str, str] = {}

    def settle(self, school: School, message: Message, channel: str, outcome: Outcome) -> None:
        """What became of a message that was handed over. An answer that comes after a status has told more changes nothing."""
        if isinstance(outcome, Receipt):
            self._taken(school, message, channel, outcome)
        elif message.state == OutboxState.SENDING:
            self._not_taken(school, message, channel, outcome)

    def _taken(self, school: School, message: Message, channel: str, receipt: Receipt) -> None:
        self.paused.pop(channel, None)
        self._bad_pairs.pop(channel, None)
        self.found(school, message, receipt.provider_id)

    def found(self, school: School, message: Message, provider_id: str) -> None:
        """The provider has it, and this is how it calls it."""
        can_be_asked = message.address is not None and message.address.channel in self._askable
        early = outbox.sent(school, message, provider_id, school.now + self._delivery.ask_after if can_be_asked else None)
        if early is not None:
            kept = select(Callback.verdict, Callback.code).where(Callback.provider_id == provider_id, Callback.state == early)
            verdict, code = school.session.execute(kept).one()
            self._reported(school, message, early, Verdict(verdict) if verdict else None, code)

    def not_found(self, school: School, message: Message) -> None:
        """The provider has no record of it: it is looked for again, then sent again; after enough tries the person's next channel, then staff."""
        looks_left = message.lookups + 1 < self._delivery.lookups
        if looks_left or message.attempts <= self._delivery.retries:
            outbox.not_found(school, message, school.now + self._delivery.lookup_after, looks_left=looks_left)
        else:
            self._gave_up(school, message, OutboxState.FAILED, Verdict.THEIRS, message.code or "no answer")

    def _not_taken(self, school: School, message: Message, channel: str, error: SendError) -> None:
        match error:
            case TryLater(after=after, code=code):
                if after is not None:
                    self._paces[channel].hold(after)
                self._later(school, message, self._wait(message.attempts, after), code)
            case Rejected(verdict=Verdict.OUR_ACCOUNT, code=code):
                self._pause(school, channel, code)
                self._later(school, message, ACCOUNT_WAIT, code, counts=False)
            case Rejected(verdict=verdict, code=code):
                self._watch_pairs(school, channel, verdict, code)
                self._gave_up(school, message, OutboxState.FAILED, verdict, code)
            case FateUnknown(code=code):
                outbox.fate_unknown(message, school.now + self._delivery.lookup_after, code)

    def _later(self, school: School, message: Message, wait: timedelta, code: str | None, *, counts: bool = True) -> None:
        """Again after a wait; after enough tries the person's next channel, then staff."""
        tired = counts and message.attempts > self._delivery.retries
        if tired or not outbox.try_later(school, message, wait, code):
            self._gave_up(school, message, OutboxState.FAILED, Verdict.THEIRS, code or "no answer")

    def _wait(self, attempts: int, asked: float | None) -> timedelta:
        """What the provider asked for, or a wait that doubles each time, with jitter so that all do not come back at once."""
        if asked is not None:
            return timedelta(seconds=asked)
        grown: timedelta = min(self._delivery.retry_first * 2 ** min(attempts - 1, 20), self._delivery.retry_ceiling)
        return grown * random.uniform(0.75, 1.25)  # noqa: S311  # jitter, no secret

    def _pause(self, school: School, channel: str, code: str | None) -> None:
        """Our own account is refused: the channel rests with its queue kept, and staff are told."""
        self.paused[channel] = code or "refused"
        self._paces[channel].hold(ACCOUNT_WAIT.total_seconds())
        key = f"channel:{channel}:{school.today}"
        call_for_a_person(school, Need.NOT_DELIVERED, key=key, detail=f"{channel} refuses our account: {code or 'no code'}")

    def _watch_pairs(self, school: School, channel: str, verdict: Verdict, code: str | None) -> None:
        """One recipient whom our sender cannot reach is theirs; several in a row are ours."""
        self._bad_pairs[channel] = self._bad_pairs[channel] + 1 if verdict is Verdict.BAD_PAIR else 0
        if self._bad_pairs[channel] >= BAD_PAIRS:
            self._pause(school, channel, code)

    def _gave_up(self, school: School, message: Message, state: OutboxState, verdict: Verdict, code: str | None) -> None:
        """It will not arrive at this address. A notice, and what must arrive, goes to the person's next address if they have one; else staff see it."""
        if message.address is not None and verdict is Verdict.OPTED_OUT:
            self._fell_out_of_step(school, message.address)
        if message.address is not None and verdict is Verdict.BAD_ADDRESS:
            consent.mark_bad(school, message.address, code)
        may_go_on = verdict not in NOT_ELSEWHERE and message.kind != openers.KIND and (message.kind != "reply" or message.must_arrive)
        following = self._words.next_address(school, message) if may_go_on else None
        if following is not None:
            message.verdict, message.code = verdict, code
            outbox.elsewhere(school, message, following)
        elif state is OutboxState.FAILED:
            outbox.refused(school, message, verdict, code)
        else:
            outbox.report(school, message, state, verdict, code)

    def _fell_out_of_step(self, school: School, address: Address) -> None:
        """The carrier says that they sent STOP, which we did not know: staff are told once, since only they can ask for the START that ends it."""
        if not consent.is_blocked(address):
            detail = "they sent STOP to the phone company: ask them to text START"
            call_for_a_person(school, Need.ADDRESS, key=f"carrier-stop:{address.id}:{school.today}", address=address, detail=detail)
        consent.opt_out(school, address, how=consent.CARRIER)

    # What is reported later

    def report(self, school: School, told: StatusUpdate) -> bool:
        """Write down a delivery status, in whatever order it comes; a repeat changes nothing. Before we know its message it waits in its table.

        Whether something may leave now that could not before: this message again, or one that waited behind it.
        """
        state = OutboxState(told.state.value)
        if not _first_time(school, told):
            return False
        if state not in outbox.NOT_DELIVERED and self._simply_moves_on(school, told.provider_id, state):
            return False
        # By its provider's id first: of two equal texts in doubt, a look-up may have taken one for the other.
        named = school.session.scalars(_BY_PROVIDER, {"named": told.provider_id}).one_or_none()
        message = named or school.session.scalars(_BY_UID, {"named": told.outbox_id or ""}).one_or_none()
        if message is None:
            return False
        before, known = message.state, outbox.best_report(school, told.provider_id, other_than=state)
        if known in outbox.NOT_DELIVERED and state in outbox.NOT_DELIVERED:
            message.state = max(state, known, key=outbox.RANK.__getitem__) if message.state == known else message.state
        elif known is None or outbox.RANK[state] > outbox.RANK[known]:
            message.provider_id = message.provider_id or told.provider_id
            self._reported(school, message, state, told.verdict, told.code)
        log.info("status", trace=message.trace, reported=state, state=message.state, code=told.code)
        return before == OutboxState.SENDING or message.state == OutboxState.QUEUED

    def _simply_moves_on(self, school: School, provider_id: str, state: OutboxState) -> bool:
        """Whether that was all: a message that was handed over once and of which nothing bad was said goes from sent to delivered to read. Nine in ten."""
        row = school.session.execute(_STANDS, {"named": provider_id}).first()
        if row is None or row.state not in ON_ITS_WAY:
            return False
        if outbox.RANK[state] > outbox.RANK[row.state]:
            school.session.execute(_MOVES_ON, {"named": provider_id, "reached": state})
            if row.state == OutboxState.SENT and row.sent_at is not None:
                self._timings.took(Passed.DELIVERED, (school.now - row.sent_at).total_seconds())
        log.info("status", trace=row.trace, reported=state, state=state, code=None)
        return True

    def _reported(self, school: School, message: Message, state: OutboxState, verdict: Verdict | None, code: str | None) -> None:
        """The highest that was said of a message by this id of the provider's."""
        if state not in outbox.NOT_DELIVERED:
            outbox.report(school, message, state)
        elif outbox.RANK[OutboxState(message.state)] <= outbox.RANK[OutboxState.SENT]:
            if verdict is Verdict.UNREACHABLE and self._phone_again(school, message, code):
                return
            if verdict is Verdict.UNCERTAIN and message.must_arrive:
                outbox.repeat(school, message, self.repeat_at(school))
            self._gave_up(school, message, state, verdict or Verdict.UNKNOWN, code)

    def _phone_again(self, school: School, message: Message, code: str | None) -> bool:
        """A phone that is off is tried again, while that is of use."""
        if message.attempts > len(UNREACHABLE_WAITS):
            return False
        return outbox.try_later(school, message, UNREACHABLE_WAITS[max(message.attempts, 1) - 1], code)

    def repeat_at(self, school: School) -> datetime:
        """When what must arrive, and may have, is said once more."""
        return school.now + outbox.AGAIN_AFTER * self._delivery.lookup_after


_LOCKED: Final = select(Message).limit(1).with_for_update(of=Message).execution_options(populate_existing=True)  # nobody else changes it meanwhile
_BY_PROVIDER: Final = _LOCKED.where(Message.provider_id == bindparam("named", type_=String))
_BY_UID: Final = _LOCKED.where(Message.uid == bindparam("named", type_=String))
_OUTBOX: Final = Message.metadata.tables[Message.__tablename__]
_CALLBACKS: Final = Callback.metadata.tables[Callback.__tablename__]
_STANDS: Final = (
    select(_OUTBOX.c.trace, _OUTBOX.c.state, _OUTBOX.c.sent_at).where(_OUTBOX.c.provider_id == bindparam("named"), _OUTBOX.c.attempts == 1).with_for_update()
)
_MOVES_ON: Final = update(_OUTBOX).where(_OUTBOX.c.provider_id == bindparam("named")).values(state=bindparam("reached"), next_at=None)
_REMEMBER: Final = {
    name: insert(_CALLBACKS).on_conflict_do_nothing().returning(_CALLBACKS.c.id)
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


def _first_time(school: School, told: StatusUpdate) -> bool:
    """Whether this status was not reported before."""
    values = {"provider_id": told.provider_id, "state": told.state, "uid": told.outbox_id, "code": told.code, "verdict": told.verdict, "at": school.now}
    return school.session.execute(_REMEMBER[school.session.get_bind().dialect.name], values).first() is not None
