"""The only one that sends. It claims what is due, hands it to the provider, and writes down what became of it.

No transaction is open while a provider is asked: claimed and committed, then asked, then written down. What happens when the process dies in between is
decided by the state that was committed last: docs/outbox.md.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot import faults, outbox
from bot.channels.base import Channel, Outgoing, Receipt, StatusUpdate
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.clock import Clock
from bot.pace import Pace
from bot.words_last import Prepared, Words
from data.addresses import Address
from data.attention import Need
from data.outbox import Callback, Lane, Message, OutboxState
from data.people import Adult
from data.store import DatabaseAway, Store
from school import School, SchoolSettings, addresses, consent
from school.attention import call_for_a_person

log = structlog.get_logger()

Outcome = Receipt | SendError

UNREACHABLE_WAITS = (timedelta(minutes=15), timedelta(hours=2))
"""When to try a phone again that was off or out of reach. Source: providers.md, error 30003."""
ACCOUNT_WAIT = timedelta(minutes=5)
"""How long a channel rests when the provider refuses our account; its queue is kept."""


@dataclass(frozen=True)
class DeliverySettings:
    """The waits of retry and look-up, and how many messages are with a provider at once."""

    lookup_after: timedelta = timedelta(seconds=60)
    lookups: int = 2
    retry_first: timedelta = timedelta(seconds=5)
    retry_ceiling: timedelta = timedelta(minutes=10)
    retries: int = 30
    in_flight: int = 10
    via: str = ""


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
    ) -> None:
        self._store, self._settings, self._channels, self._clock = store, settings, channels, clock
        self._delivery = delivery or DeliverySettings()
        self._words = Words(channels, public_url)
        self._worker = secrets.token_hex(4)
        self._paces = {name: Pace(channel.limits.per_second) for name, channel in channels.items()}
        self._in_flight: dict[asyncio.Task[None], str] = {}
        self._outcomes: list[tuple[Prepared, Outcome]] = []
        self._settling: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._stopping = False
        self.paused: dict[str, str] = {}

    def wake(self) -> None:
        """Something may be due. Call from the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Send what is due, until told to stop; then finish what is with a provider."""
        while not self._stopping:
            try:
                claimed = await self._start_sending()
                await self._look_up()
            except DatabaseAway:
                log.warning("database away", at="dispatcher")
                await self._rest(1.0)
                continue
            if not claimed:
                await self._rest(self._until_next())
        await self._finish()

    async def run_once(self) -> int:
        """Send all that is due now, one after the other for each recipient; how many messages left the queue."""
        count = 0
        while True:
            claimed = await self._start_sending()
            await self._finish()
            await self._look_up()
            if not claimed:
                return count
            count += claimed

    def stop(self) -> None:
        """Claim no more."""
        self._stopping = True
        self._woken.set()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    def _until_next(self) -> float:
        """How long to sleep when nothing wakes us: the poll that is the net under every wake-up."""
        waits = [pace.wait() for pace in self._paces.values() if pace.is_spent]
        return min([1.0, *waits])

    # Claim

    async def _start_sending(self) -> int:
        room = self._delivery.in_flight * max(len(self._channels), 1) - len(self._in_flight)
        if room <= 0:
            return 0
        prepared = await asyncio.to_thread(self._claim, room)
        for one in prepared:
            task = asyncio.create_task(self._send(one))
            self._in_flight[task] = one.outgoing.channel
            task.add_done_callback(self._landed)
        return len(prepared)

    def _claim(self, room: int) -> list[Prepared]:
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            prepared = [ready for message in outbox.due(school, room, self._delivery.via) if (ready := self._claim_one(school, message))]
        faults.reached("claimed")
        return prepared

    def _claim_one(self, school: School, message: Message) -> Prepared | None:
        ready = self._words.prepare(school, message, lambda address: self._may_use(address.channel) and not self._is_busy(school, message, address))
        if ready is not None:
            self._paces[ready.outgoing.channel].take()
            outbox.claim(school, message, self._worker)
        return ready

    def _may_use(self, channel: str) -> bool:
        in_flight = sum(1 for busy in self._in_flight.values() if busy == channel)
        return channel in self._channels and self._paces[channel].is_open and in_flight < self._delivery.in_flight

    def _is_busy(self, school: School, message: Message, address: Address) -> bool:
        """Whether a message is on its way to an address that was only just chosen."""
        if message.lane == Lane.REPLY:
            return False
        other = select(Message.id).where(Message.address_id == address.id, Message.state == OutboxState.SENDING, Message.id != message.id)
        return school.session.scalar(other.limit(1)) is not None

    # Send

    async def _send(self, ready: Prepared) -> None:
        channel = self._channels[ready.outgoing.channel]
        faults.reached("before POST")
        outcome: Outcome
        try:
            outcome = await channel.send(ready.outgoing)
        except SendError as error:
            outcome = error
        faults.reached("after POST")
        self._outcomes.append((ready, outcome))
        await self._settled()

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task, None)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sending failed", error=type(error).__name__, exc_info=error)

    async def _settled(self) -> None:
        """Write down outcomes, those that come together in one transaction. A power cut may lose it, and then the message is looked up: nothing is said twice."""
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_all())
        await asyncio.shield(self._settling)

    async def _settle_all(self) -> None:
        while self._outcomes:
            batch, self._outcomes = self._outcomes, []
            try:
                await asyncio.to_thread(self._settle, batch)
            except DatabaseAway:
                self._outcomes = batch + self._outcomes
                await asyncio.sleep(0.5)

    def _settle(self, batch: Sequence[tuple[Prepared, Outcome]]) -> None:
        with self._store.write(durable=False) as session:
            school = School(session, self._clock(), self._settings)
            for ready, outcome in batch:
                message = session.get_one(Message, ready.message.id)
                self._settle_one(school, message, ready.outgoing.channel, outcome)
                log.info("sent" if isinstance(outcome, Receipt) else "not sent", trace=message.trace, state=message.state, verdict=message.verdict, code=message.code)
        faults.reached("after")

    def _settle_one(self, school: School, message: Message, channel: str, outcome: Outcome) -> None:
        match outcome:
            case Receipt(provider_id=provider_id):
                self.paused.pop(channel, None)
                outbox.sent(school, message, provider_id)
            case TryLater(after=after, code=code):
                if after is not None:
                    self._paces[channel].hold(after)
                left = message.attempts <= self._delivery.retries
                outbox.try_later(school, message, self._wait(message.attempts, after), code, attempts_left=left)
            case Rejected(verdict=verdict, code=code):
                self._refused(school, message, channel, verdict, code)
            case FateUnknown(code=code):
                outbox.fate_unknown(message, school.now + self._delivery.lookup_after, code)

    def _wait(self, attempts: int, asked: float | None) -> timedelta:
        """What the provider asked for, or a wait that doubles each time, with jitter so that all do not come back at once."""
        if asked is not None:
            return timedelta(seconds=asked)
        grown: timedelta = min(self._delivery.retry_first * 2 ** min(attempts - 1, 20), self._delivery.retry_ceiling)
        return grown * random.uniform(0.75, 1.25)  # noqa: S311  # jitter, no secret

    def _refused(self, school: School, message: Message, channel: str, verdict: Verdict, code: str | None) -> None:
        """A refusal for good: what follows depends on whose fault it is. A notice goes to the person's next address, if they have one."""
        if verdict is Verdict.OUR_ACCOUNT:
            self._pause(school, channel, code)
            outbox.try_later(school, message, ACCOUNT_WAIT, code, attempts_left=True)
            return
        address = message.address
        if address is not None and verdict is Verdict.OPTED_OUT:
            consent.opt_out(school, address, how="carrier")
        if address is not None and verdict is Verdict.BAD_ADDRESS:
            consent.mark_bad(school, address)
        adult = school.session.get(Adult, message.adult_id) if message.adult_id else None
        others = [other for other in addresses.usable_for(school, adult) if other.id != message.address_id] if adult else []
        if message.kind != "reply" and others:
            message.address, message.state, message.next_at = others[0], OutboxState.QUEUED, school.now
            return
        outbox.refused(school, message, verdict, code)

    def _pause(self, school: School, channel: str, code: str | None) -> None:
        """Our own account is refused: the channel rests with its queue kept, and staff are told."""
        self.paused[channel] = code or "refused"
        self._paces[channel].hold(ACCOUNT_WAIT.total_seconds())
        key = f"channel:{channel}:{school.today}"
        call_for_a_person(school, Need.NOT_DELIVERED, key=key, detail=f"{channel} refuses our account: {code or 'no code'}")

    # Look up

    async def _look_up(self) -> None:
        """Ask the provider about messages whose fate is unknown."""
        for message_id, outgoing, since in await asyncio.to_thread(self._doubtful):
            channel = self._channels.get(outgoing.channel)
            found: str | None = None
            asked = channel is not None and channel.limits.repeatable_lookup
            if channel is not None and asked:
                try:
                    records = await channel.find(outgoing, since)
                except TryLater:
                    continue
                found = await asyncio.to_thread(self._not_ours_yet, [record.provider_id for record in records])
            await asyncio.to_thread(self._looked_up, message_id, found, asked)

    def _doubtful(self) -> list[tuple[int, Outgoing, datetime]]:
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            rows = session.scalars(select(Message).where(Message.state == OutboxState.SENDING, Message.via == self._delivery.via, Message.next_at <= school.now).limit(20)).all()
            return [(row.id, self._words.again(school, row), row.claimed_at or row.created_at) for row in rows if row.address is not None]

    def _not_ours_yet(self, provider_ids: Sequence[str]) -> str | None:
        """The oldest of these that no message of ours has: two equal texts to one person are told apart by counting."""
        with self._store.read() as session:
            known = set(session.scalars(select(Message.provider_id).where(Message.provider_id.in_(provider_ids))))
        return next((provider_id for provider_id in reversed(provider_ids) if provider_id not in known), None)

    def _looked_up(self, message_id: int, found: str | None, asked: bool) -> None:  # noqa: FBT001
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            message = session.get_one(Message, message_id)
            if message.state != OutboxState.SENDING:
                return  # a callback has told us meanwhile
            if found is not None:
                outbox.sent(school, message, found)
            elif asked:
                left = message.lookups + 1 < self._delivery.lookups
                outbox.not_found(school, message, school.now + self._delivery.lookup_after, looks_left=left)
            else:
                outbox.unconfirmed(school, message)
        log.info("looked up", trace=message.trace, state=message.state)

    # What providers report

    async def report(self, updates: Sequence[StatusUpdate]) -> None:
        """Write down delivery statuses, in any order, repeated, late, or before we know their message. Raises DatabaseAway."""
        await asyncio.to_thread(self._report, updates)
        self.wake()

    def _report(self, updates: Sequence[StatusUpdate]) -> None:
        with self._store.write(durable=False) as session:
            school = School(session, self._clock(), self._settings)
            for update in updates:
                if _first_time(session, update, school):
                    self._apply(school, update)

    def _apply(self, school: School, update: StatusUpdate) -> None:
        named = select(Message).where(or_(Message.uid == (update.outbox_id or ""), Message.provider_id == update.provider_id))
        message = school.session.scalars(named.limit(1)).one_or_none()
        if message is None:
            return  # it waits in its table until we know the message
        message.provider_id = message.provider_id or update.provider_id
        if update.verdict is Verdict.UNREACHABLE and self._try_phone_again(school, message):
            return
        outbox.report(school, message, OutboxState(update.state.value), update.verdict, update.code)
        if message.address is not None and update.verdict is Verdict.BAD_ADDRESS:
            consent.mark_bad(school, message.address)

    def _try_phone_again(self, school: School, message: Message) -> bool:
        """A phone that is off is tried again, while that is of use."""
        wait = next((wait for number, wait in enumerate(UNREACHABLE_WAITS, start=1) if message.attempts == number), None)
        if wait is None or (message.useless_after is not None and school.now + wait >= message.useless_after):
            return False
        message.state, message.next_at, message.provider_id = OutboxState.QUEUED, school.now + wait, None
        return True

    async def _finish(self) -> None:
        """Wait for what is with a provider."""
        while self._in_flight:
            await asyncio.wait(set(self._in_flight))


def _first_time(session: Session, update: StatusUpdate, school: School) -> bool:
    """Whether this status was not reported before."""
    insert = (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(Callback)
    values = {"provider_id": update.provider_id, "state": update.state, "uid": update.outbox_id, "code": update.code, "verdict": update.verdict, "at": school.now}
    return session.execute(insert.values(values).on_conflict_do_nothing().returning(Callback.id)).first() is not None
