"""The clock: every little while it asks each capability what has fallen due. What is due, and what was done, is the database's to say.

So a tick that is missed, doubled or late, and a night on which the clocks change, make no difference: APScheduler keeps nothing but the interval.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from data.inbox import Mark
from data.store import DatabaseAway, Store
from scheduler.lease import lead, resign, still_leads
from school import LONDON, School, SchoolSettings, learnt, retention
from school.capability import capabilities

log = structlog.get_logger()

NAME = "ticker"
RETAINED = "retained on"
"""The mark of the last day on which what was past its time was removed."""
RETAINS_AT = time(3)
"""On the school's clock, from when on it is done: never in the hour that two days of the year lack or have twice."""
EVERY = 4
"""Seconds between ticks."""
FORGETS_EVERY = timedelta(minutes=10)
"""How long what was deleted may stand in the database's log."""


class Ticker:
    """Ticks while it leads. `wake` is called after a tick that may have written something to send, `unlearn` with the messages that were removed and that
    staff had Bookbag learn from.
    """

    def __init__(
        self, store: Store, settings: SchoolSettings, clock: Callable[[], datetime], wake: Callable[[], None], unlearn: Callable[[Sequence[str]], None]
    ) -> None:
        self._store, self._settings, self._clock, self._wake, self._unlearn = store, settings, clock, wake, unlearn
        self._holder = secrets.token_hex(8)
        self._forgot_at: datetime | None = None
        self._retained_on: date | None = None
        self._scheduler = BackgroundScheduler(timezone="Europe/London")

    def start(self) -> None:
        """Tick now and then every few seconds, on a thread of its own."""
        # Without a grace time a job two seconds late would be dropped; coalesced, ten missed ticks are one.
        self._scheduler.add_job(self.tick, "interval", seconds=EVERY, misfire_grace_time=None, coalesce=True, max_instances=1, next_run_time=self._clock())
        self._scheduler.start()

    def stop(self) -> None:
        """No more ticks; the one under way ends, and another process may lead at once."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
            with suppress(DatabaseAway), self._store.write(durable=False) as session:
                resign(session, NAME, self._holder, self._clock())

    def tick(self) -> None:
        """Do what has fallen due, each capability in a transaction of its own, if this process leads. A capability that fails does not stop the others."""
        try:
            with self._store.write(durable=False) as session:
                fence = lead(session, NAME, self._holder, self._clock())
            if fence is None:
                return
            for capability in capabilities():
                if capability.due is not None:
                    self._do(capability.name, capability.due, fence)
            self._retain(fence)
            self._forget_log()
        except DatabaseAway:
            log.warning("database away", at="ticker")
            return
        self._wake()

    def _retain(self, fence: int) -> None:
        """Remove what is past its time, once a day: while the school sleeps, or at the first tick after that. What fails is tried again the next day."""
        now = self._clock().astimezone(LONDON)
        if now.time() < RETAINS_AT or now.date() == self._retained_on:
            return
        if self._was_retained(now.date()):
            self._retained_on = now.date()
            return
        with self._store.read() as session:
            before = retention.counts(School(session, self._clock(), self._settings))
        for capability in capabilities():
            if capability.retain is not None:
                self._do(capability.name, capability.retain, fence)
        self._do("retention", lambda school: _note_retained(school, before), fence)

    def _was_retained(self, day: date) -> bool:
        with self._store.read() as session:
            mark = session.get(Mark, RETAINED)
            return mark is not None and mark.value >= day.isoformat()

    def _forget_log(self) -> None:
        now = self._clock()
        if (self._forgot_at is None or now - self._forgot_at >= FORGETS_EVERY) and self._store.forget_log():
            self._forgot_at = now

    def _do(self, name: str, due: Callable[[School], None], fence: int) -> None:
        try:
            with self._store.write() as session:
                if still_leads(session, NAME, self._holder, fence):
                    due(School(session, self._clock(), self._settings))
                if texts := learnt.to_forget(session):
                    self._unlearn(texts)  # before the commit: where it fails, the messages are still there to be found again
        except DatabaseAway:
            raise
        except Exception as error:
            log.exception("due failed", capability=name, error=type(error).__name__)


def _note_retained(school: School, before: Mapping[str, int]) -> None:
    retention.note(school, before)
    school.session.merge(Mark(name=RETAINED, value=school.today.isoformat()))
