"""The only one that sends. It claims what is due, hands it to the provider, and writes down what became of it.

No transaction is open while a provider is asked: claimed and committed, then asked, then written down. What happens when the process dies in between is
decided by the state that was committed last: docs/outbox.md.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import bindparam, event, select
from sqlalchemy.orm import Session

from bot import faults, outbox
from bot.channels.base import Channel, ChannelName, Outgoing, Receipt, StatusUpdate
from bot.channels.errors import FateUnknown, SendError, TryLater
from bot.channels.text import laid_out
from bot.clock import Clock
from bot.outcomes import DeliverySettings, Outcome, Outcomes
from bot.pace import Pace
from bot.shared_pace import Grant, SharedPace
from bot.timings import Passed, Timings
from bot.together import Crowded, Together
from bot.words_last import STAYS, Prepared, Words
from data.addresses import Address
from data.outbox import Callback, Lane, Message, OutboxState
from data.store import DatabaseAway, Store
from school import School, SchoolSettings, daily_limit
from translations.sms import fold_typography, segments

__all__ = ["DeliverySettings", "Dispatcher"]

log = structlog.get_logger()

LOOKING_ENDS = 1.0
"""Seconds that stopping waits for a look-up under way."""
LANDING = 0.02
"""Seconds between two claims where more may leave: places come free, and answers get written, in the same moments, and each claim costs a transaction."""
POLL = 1.0
"""Seconds between two looks at what is due: the net under every wake-up."""
PATIENCE = 1.8
"""Seconds after which a provider that reports a status is told 503 rather than kept waiting."""


@dataclass(frozen=True)
class Doubt:
    """A message that the provider may have: how it looked, since when it may be there, and where the search for it stood.

    Several processes may search at once: only the first to come back finds it as it stood, and counts.
    """

    message_id: int
    outgoing: Outgoing
    since: datetime
    stood: tuple[object, ...]


@dataclass(frozen=True)
class Silent:
    """A message that a provider took and has reported nothing final of, by the provider's own id."""

    message_id: int
    channel: str
    provider_id: str


class Dispatcher:
    """One process's way out. `run` goes on until `stop`; `run_once` sends what is due now and returns when it is done: for tests, the terminal, the demo."""

    def __init__(
        self,
        store: Store,
        settings: SchoolSettings,
        channels: Mapping[str, Channel],
        clock: Clock,
        delivery: DeliverySettings | None = None,
        *,
        public_url: str | None = None,
        stopwatch: Callable[[], float] | None = None,
        timings: Timings | None = None,
    ) -> None:
        self._store, self._settings, self._channels, self._clock = store, settings, channels, clock
        self._delivery = delivery or DeliverySettings()
        self._words = Words(channels, public_url)
        rates = {name: channel.limits.per_second for name, channel in channels.items()}
        self._paces = {name: Pace(rate, stopwatch or time.monotonic) for name, rate in rates.items()}
        self._shared = None if store.is_sqlite else SharedPace(store, rates, stopwatch)
        self._timings = timings or Timings()
        askable = [name for name, channel in channels.items() if channel.limits.repeatable_lookup]
        self._outcomes = Outcomes(self._delivery, self._words, self._paces, askable, self._timings)
        self._worker = secrets.token_hex(4)
        self._in_flight: dict[asyncio.Task[None], Prepared] = {}
        self._settled, self._reported = Together(self._settle), Together(self._report)
        self._holds_unknown = False  # a claim failed, and may have been committed all the same
        self._woken, self._told_to_stop = asyncio.Event(), asyncio.Event()
        self._stopping = False

    @property
    def paused(self) -> Mapping[str, str]:
        """The channels that rest because the provider refuses our account, and its code."""
        return self._outcomes.paused

    @property
    def in_flight(self) -> int:
        """How many messages of this process are with a provider, or wait for what became of them to be written down."""
        return len(self._in_flight)

    @property
    def waiting_reports(self) -> int:
        """How many delivery reports wait here to be written down."""
        return self._reported.waiting

    def wake(self) -> None:
        """Something may be due. Call from the event loop."""
        self._woken.set()

    def stop(self) -> None:
        """Claim no more."""
        self._stopping = True
        self._told_to_stop.set()
        self._woken.set()

    async def run(self) -> None:
        """Send what is due, until told to stop; then finish what is with a provider. Nothing that goes wrong ends it."""
        looking = asyncio.create_task(self._keep_looking())
        while not self._stopping:
            may_be_more = await self._survive(self._start_sending)
            await self._rest(LANDING if may_be_more else self._until_next())
        # A look into the database is waited for, so that it lets go of its connection; a provider that hangs is not.
        await asyncio.wait({looking}, timeout=LOOKING_ENDS)
        looking.cancel()
        await self._finish()

    async def run_once(self) -> int:
        """Send all that is due now, one after the other for each recipient; how many messages left the queue."""
        count = 0
        while True:
            await self._start_sending()
            claimed = len(self._in_flight)
            await self._finish()
            await self._look_up()
            if not claimed:
                return count
            count += claimed

    async def _keep_looking(self) -> None:
        while not self._stopping:
            await self._survive(self._look_up)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._told_to_stop.wait()

    async def _survive(self, step: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await step()
        except DatabaseAway:
            log.warning("database away", at="dispatcher")
        except Exception as error:
            log.exception("dispatcher failed", error=type(error).__name__)
        await asyncio.sleep(POLL)
        return False

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    def _until_next(self) -> float:
        """How long to sleep when nothing wakes us."""
        return min([POLL, *(wait for pace in self._paces.values() if (wait := pace.wait()) > 0)])

    # Claim

    async def _start_sending(self) -> bool:
        """Hand what is due to its providers; whether there may be more that could leave at once."""
        if self._holds_unknown:
            await asyncio.to_thread(self._give_back, [one.message.id for one in self._in_flight.values()])
            self._holds_unknown = False
        busy = Counter(one.outgoing.channel for one in self._in_flight.values())
        rooms = {name: room for name in self._channels if (room := self._delivery.in_flight - busy[ChannelName(name)]) > 0 and not self._paces[name].wait()}
        most = sum(rooms.values())
        try:
            prepared = await asyncio.to_thread(self._claim_what_can_be, rooms)
        except DatabaseAway:
            self._holds_unknown = True
            raise
        for one in prepared:
            task = asyncio.create_task(self._send(one))
            self._in_flight[task] = one
            task.add_done_callback(self._landed)
        return 0 < most <= len(prepared) or any(one.message.lane <= Lane.REPLY for one in prepared)

    def _claim_what_can_be(self, rooms: Mapping[str, int]) -> list[Prepared]:
        try:
            return self._claim(rooms)
        except DatabaseAway:
            raise
        except Exception as error:
            log.exception("claiming failed", error=type(error).__name__)
            return self._claim_singly(rooms)

    def _claim(self, rooms: Mapping[str, int], only: int | None = None) -> list[Prepared]:
        """Claim what may leave now, at most so many messages for each channel."""
        left, held = Counter(rooms), list[object]()
        with self._store.write() as session:
            # What many say is read once: a session forgets what nobody holds.
            event.listen(session, "loaded_as_persistent", lambda _, loaded: held.append(loaded))
            school = School(session, self._clock(), self._settings)
            due = outbox.due(school, max(sum(rooms.values()), 1), self._names(rooms), self._delivery.via, only=only)
            grants = self._granted(due, left)
            replies = [message for message in due if message.lane <= Lane.REPLY]
            # Nobody who writes waits until others' news is worded.
            prepared = self._claim_all(school, replies, left) or self._claim_all(school, due[len(replies) :], left)
            daily_limit.keep(school)
        self._settle_grants(grants, prepared)
        if prepared:
            faults.reached("claimed")
        for ready in prepared:
            log.info("claimed", trace=ready.message.trace, kind=ready.message.kind, channel=ready.outgoing.channel)
        return prepared

    def _granted(self, due: Sequence[Message], left: Counter[str]) -> Mapping[str, Grant]:
        """What may leave of this by the pace that all processes keep together: no more than that is `left` afterwards."""
        if self._shared is None or not due or not left:
            return {}
        known = Counter(message.address.channel for message in due if message.address is not None and message.kind in STAYS)
        may_go_anywhere = len(due) - known.total()
        wanted = {name: count for name, room in left.items() if (count := min(room, known[name] + may_go_anywhere)) > 0}
        grants = self._shared.take(wanted) if wanted else {}
        for name in left:
            left[name] = grants[name].messages if name in grants else 0
            if name in grants and grants[name].wait > 0:
                self._paces[name].hold(grants[name].wait)
        return grants

    def _settle_grants(self, grants: Mapping[str, Grant], prepared: Sequence[Prepared]) -> None:
        for name, grant in grants.items():
            used = [one.message.parts or 1 for one in prepared if one.outgoing.channel == name]
            if self._shared is not None:
                self._shared.settle(name, grant, len(used), sum(used))

    def _give_back(self, mine: Sequence[int]) -> None:
        """What this process holds and does not have in hand was claimed without its knowing: it has surely not left, and need not be looked up."""
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            outbox.give_back(school, self._worker, claimed_after=school.now - self._delivery.claim_expires, except_for=mine)

    def _names(self, rooms: Mapping[str, int]) -> outbox.Channels:
        return outbox.Channels(set(self._channels), set(rooms), {name for name, channel in self._channels.items() if channel.limits.keeps_window})

    def _claim_all(self, school: School, messages: Sequence[Message], left: Counter[str]) -> list[Prepared]:
        return [ready for message in messages if (ready := self._claim_one(school, message, left))]

    def _claim_one(self, school: School, message: Message, left: Counter[str]) -> Prepared | None:
        def may_leave(address: Address) -> bool:
            return left[address.channel] > 0 and self._paces[address.channel].has_room() and not _is_busy(school, message, address)

        due_at = max(at for at in (message.created_at, message.not_before, message.next_at) if at is not None)
        ready = self._words.prepare(school, message, may_leave)
        if ready is not None:
            self._timings.took(Passed.CLAIMED, (school.now - due_at).total_seconds())
            channel = ready.outgoing.channel
            left[channel] -= 1
            parts = _parts(ready.outgoing, self._channels[channel])
            self._paces[channel].take(parts)
            daily_limit.take(school, channel, parts)
            outbox.claim(school, ready.message, self._worker, parts)
        return ready

    def _claim_singly(self, rooms: Mapping[str, int]) -> list[Prepared]:
        """One of those that are due cannot be made ready: each in a transaction of its own, so that it holds up nobody else."""
        with self._store.read() as session:
            school = School(session, self._clock(), self._settings)
            due = [message.id for message in outbox.due(school, max(sum(rooms.values()), 1), self._names(rooms), self._delivery.via)]
        prepared: list[Prepared] = []
        for message_id in due:
            try:
                prepared += self._claim(rooms, message_id)
            except DatabaseAway:
                raise
            except Exception as error:
                log.exception("not worded", message=message_id)
                with self._store.write() as session:
                    school = School(session, self._clock(), self._settings)
                    outbox.could_not_word(school, session.get_one(Message, message_id), type(error).__name__)
        return prepared

    # Send

    async def _send(self, ready: Prepared) -> None:
        faults.reached("before POST")
        if ready.message.claimed_at is None or self._clock() - ready.message.claimed_at >= self._delivery.claim_expires:
            # This process stood still meanwhile, and another may have sent it: it is looked up, as what a dead process had claimed is.
            log.warning("claim expired", trace=ready.message.trace)
            return
        outcome: Outcome
        try:
            outcome = await self._channels[ready.outgoing.channel].send(ready.outgoing)
        except SendError as error:
            outcome = error
        except Exception as error:
            log.exception("channel failed", channel=ready.outgoing.channel, error=type(error).__name__)
            outcome = FateUnknown()
        faults.reached("after POST")
        if isinstance(outcome, Receipt):
            self._timings.took(Passed.SENT, (self._clock() - ready.message.claimed_at).total_seconds())
        while True:
            try:
                waits_behind = await self._settled.do((ready, outcome))
            except DatabaseAway:
                await asyncio.sleep(POLL)
            else:
                break
        if waits_behind:
            self.wake()

    def _landed(self, task: asyncio.Task[None]) -> None:
        channel = self._in_flight[task].outgoing.channel
        if sum(one.outgoing.channel == channel for one in self._in_flight.values()) >= self._delivery.in_flight:
            # There is room again. Others land in the same moments: they are replaced together, since each claim costs a transaction.
            asyncio.get_running_loop().call_later(LANDING, self.wake)
        del self._in_flight[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("not written down", error=type(error).__name__, exc_info=error)

    def _settle(self, batch: Sequence[tuple[Prepared, Outcome]]) -> list[bool]:
        """Write down outcomes in one transaction; for each, whether another message waits for its address.

        A power cut may lose it, and then the messages are looked up: nothing is said twice.
        """
        with self._store.write(durable=False) as session:
            school = School(session, self._clock(), self._settings)
            messages = _locked(session, [ready.message.id for ready, _ in batch])
            for ready, outcome in batch:
                message = messages.get(ready.message.id)
                if message is None:
                    continue  # its family was erased meanwhile
                if not isinstance(outcome, Receipt) and message.claimed_at != ready.message.claimed_at:
                    continue  # written down before, though we were not told: it is on its way anew
                self._outcomes.settle(school, message, ready.outgoing.channel, outcome)
                if self._shared is not None and isinstance(outcome, TryLater) and outcome.after is not None:
                    self._shared.hold(session, ready.outgoing.channel, outcome.after)
                what = "sent" if isinstance(outcome, Receipt) else "not sent"
                log.info(what, trace=message.trace, state=message.state, verdict=message.verdict, code=message.code)
            waiting = outbox.waiting_for(school, [message.address_id for message in messages.values()])
            faults.reached("before result commit")
        faults.reached("after")
        return [ready.message.address_id in waiting for ready, _ in batch]

    async def _finish(self) -> None:
        """Wait for what is with a provider."""
        while self._in_flight:
            await asyncio.wait(set(self._in_flight))

    # Look up

    async def _look_up(self) -> bool:
        """Ask providers about messages whose fate is unknown, side by side: one that hangs keeps only its own waiting."""
        doubts, silent = await asyncio.to_thread(self._doubts, [one.message.id for one in self._in_flight.values()])
        await asyncio.gather(*map(self._look_for, doubts), *map(self._ask_after, silent))
        if doubts or silent:
            self.wake()
        return bool(doubts)

    async def _look_for(self, doubt: Doubt) -> None:
        channel = self._channels.get(doubt.outgoing.channel)
        found: list[str] | None = None
        if channel is not None and channel.limits.repeatable_lookup:
            try:
                found = [record.provider_id for record in await channel.find(doubt.outgoing, doubt.since)]
            except TryLater:
                await asyncio.to_thread(self._ask_later, doubt)
                return
        await asyncio.to_thread(self._looked_up, doubt, found)

    async def _ask_after(self, silent: Silent) -> None:
        """Ask what became of a message that was taken, once. What could not be asked now is asked a while later."""
        channel, again = self._channels.get(silent.channel), None
        if channel is not None:
            try:
                update = await channel.status_of(silent.provider_id)
                await self.report([update] if update is not None else [])
            except (TryLater, Crowded):
                again = self._clock() + self._delivery.retry_ceiling
        await asyncio.to_thread(self._asked, silent, again)

    def _asked(self, silent: Silent, again: datetime | None) -> None:
        with self._store.write(durable=False) as session:
            message = _locked(session, [silent.message_id])[silent.message_id]
            if message.state == OutboxState.SENT:
                message.next_at = again

    def _doubts(self, mine: Sequence[int]) -> tuple[list[Doubt], list[Silent]]:
        with self._store.read() as session:
            school = School(session, self._clock(), self._settings)
            silent = school.now - self._delivery.claim_expires
            rows = outbox.in_doubt(school, self._delivery.via, silent_since=silent, except_for=mine)
            doubts = [Doubt(row.id, self._words.again(school, row), row.claimed_at or row.created_at, _stands(row)) for row in rows if row.address is not None]
            taken = outbox.silent(school, self._delivery.via)
            return doubts, [Silent(row.id, row.address.channel, row.provider_id) for row in taken if row.address is not None and row.provider_id is not None]

    def _ask_later(self, doubt: Doubt) -> None:
        with self._store.write(durable=False) as session:
            message = _locked(session, [doubt.message_id])[doubt.message_id]
            if _stands(message) == doubt.stood:
                outbox.fate_unknown(message, self._clock() + self._delivery.retry_first, message.code)

    def _looked_up(self, doubt: Doubt, found: Sequence[str] | None) -> None:
        """Write down what a look-up found, newest first; None where the provider cannot be asked."""
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            message = _locked(session, [doubt.message_id])[doubt.message_id]
            if _stands(message) != doubt.stood:
                return  # a status has told us meanwhile, or another process
            if found and outbox.another_leaves(school, message):
                outbox.fate_unknown(message, school.now + self._delivery.retry_first, message.code)
                return  # what was found may be that one, if it reads the same
            ours = _not_ours_yet(session, message, found) if found else None
            if ours is not None:
                self._outcomes.found(school, message, ours)
            elif found is not None:
                self._outcomes.not_found(school, message)
            else:
                outbox.unconfirmed(school, message, self._outcomes.repeat_at(school))
        log.info("looked up", trace=message.trace, state=message.state)

    def recover(self) -> int:
        """After a start: what an earlier life of this process had claimed may or may not have left; it is looked up. How many there were.

        On PostgreSQL others may be at work: there a claim is in doubt once it is `claim_expires` old.
        """
        if not self._store.is_sqlite:
            return 0
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            claimed = select(Message).where(Message.state == OutboxState.SENDING, Message.next_at.is_(None), Message.via == self._delivery.via)
            rows = session.scalars(claimed).all()
            for message in rows:
                outbox.fate_unknown(message, school.now, "restarted")
        return len(rows)

    # What providers report

    async def report(self, updates: Sequence[StatusUpdate]) -> bool:
        """Write down delivery statuses, in any order, repeated, late, or before we know their message; whether something may leave because of it.

        Raises DatabaseAway, within 2 s, and Crowded where too many wait to be written down.
        """
        try:
            frees = await asyncio.wait_for(self._reported.do(updates), PATIENCE)
        except TimeoutError as late:
            raise DatabaseAway("writing takes too long") from late
        if frees:
            self.wake()
        return frees

    def _report(self, batch: Sequence[Sequence[StatusUpdate]]) -> list[bool]:
        """Write down statuses in one transaction; whether something may leave now that could not before."""
        with self._store.write(durable=False) as session:
            school = School(session, self._clock(), self._settings)
            return [sum(self._outcomes.report(school, update) for update in updates) > 0 for updates in batch]


def _locked(session: Session, message_ids: Sequence[int]) -> dict[int, Message]:
    """These messages, which nobody else changes until this transaction ends."""
    return {row.id: row for row in session.scalars(_THESE, {"these": message_ids})}


_THESE = select(Message).where(Message.id.in_(bindparam("these", expanding=True))).order_by(Message.id).with_for_update(of=Message)


def _stands(message: Message) -> tuple[object, ...]:
    """Where the search for a message that may have left stands."""
    return message.state, message.claimed_at, message.lookups, message.next_at


def _is_busy(school: School, message: Message, address: Address) -> bool:
    """Whether a message is on its way to an address that was only just chosen."""
    if message.lane <= Lane.REPLY:
        return False
    other = select(Message.id).where(Message.address_id == address.id, Message.state == OutboxState.SENDING, Message.id != message.id)
    return school.session.scalar(other.limit(1)) is not None


def _not_ours_yet(session: Session, message: Message, provider_ids: Sequence[str]) -> str | None:
    """The oldest of these, given newest first, that no other message of ours has, nor a status names as another's: of equal texts each counts once."""
    session.execute(select(Address.id).where(Address.id == message.address_id).with_for_update())  # one after the other for one person
    known = set(session.scalars(select(Message.provider_id).where(Message.provider_id.in_(provider_ids))))
    known |= set(session.scalars(select(Callback.provider_id).where(Callback.provider_id.in_(provider_ids), Callback.uid != message.uid)))
    return next((provider_id for provider_id in reversed(provider_ids) if provider_id not in known), None)


def _parts(outgoing: Outgoing, channel: Channel) -> int:
    """How many messages it counts as for a sender's rate: a text its parts."""
    if channel.name is not ChannelName.SMS:
        return 1
    return segments(fold_typography(laid_out(outgoing.text, outgoing.choices, channel.limits).text))
