"""What is counted, for Prometheus. No label ever holds a person's name, number or words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.rasa import WithRasa
from bot.timings import Timings
from bot.translating import Translators
from data.attention import Attention
from data.inbox import InboxState, Received
from data.outbox import Message, OutboxState
from data.store import DatabaseAway, Store
from scheduler import presence
from translations.providers import Guard

ROLES: Final = ("web", "worker", "scheduler")


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.received = Counter("bookbag_received", "Messages that came in and were new.", ["channel"], registry=self.registry)
        self.refused = Counter("bookbag_refused", "Webhooks that were refused.", ["why"], registry=self.registry)
        self.acknowledged = Histogram(
            "bookbag_acknowledged_seconds",
            "From a webhook's arrival to its answer.",
            registry=self.registry,
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2),
        )
        self._inbox = Gauge("bookbag_inbox", "Messages that came in, by state.", ["state"], registry=self.registry)
        self._outbox = Gauge("bookbag_outbox", "Messages to send, by state.", ["state"], registry=self.registry)
        self._oldest = Gauge("bookbag_oldest_waiting_seconds", "How long what waits longest has waited, by queue.", ["queue"], registry=self.registry)
        self._processes = Gauge("bookbag_processes", "Processes that are there, by what they do. On PostgreSQL alone.", ["role"], registry=self.registry)
        self._attention = Gauge("bookbag_attention", "What needs a person, by kind.", ["need"], registry=self.registry)
        self._paused = Gauge("bookbag_channel_paused", "Channels that rest because the provider refuses our account.", ["channel"], registry=self.registry)
        self._translators: Translators | None = None
        by_provider = ["provider", "language"]
        self._translated = Gauge("bookbag_translations", "Texts that a provider was asked for, by outcome.", [*by_provider, "outcome"], registry=self.registry)
        self._unusable = Gauge(
            "bookbag_translations_unusable", "Answers thrown away: a mark lost, the source back.", [*by_provider, "why"], registry=self.registry
        )
        self._resting = Gauge("bookbag_translator_resting", "1 while a provider of translations is left in peace.", ["provider"], registry=self.registry)
        self._database = Gauge(
            "bookbag_database_up", "1 while the database answers. While it does not, what is counted in it is left out.", registry=self.registry
        )

    def watch_timings(self, timings: Timings) -> None:
        """Show from now on how long each stage takes, and what asks the database for long."""
        self.registry.register(timings.stages)
        self.registry.register(timings.slow)

    def watch_queues(self, queues: Mapping[str, Callable[[], int]]) -> None:
        """Show from now on how much each of these queues in memory holds."""
        held = Gauge("bookbag_in_memory", "What this process has in hand and would do anew after a crash, by queue.", ["queue"], registry=self.registry)
        for name, count in queues.items():
            held.labels(name).set_function(lambda count=count: float(count()))  # type: ignore[misc]

    def watch_connections(self, store: Store) -> None:
        """Show from now on how many connections to the database are in use."""
        used = Gauge("bookbag_connections", "Connections to the database that this process has in use; on SQLite those that read.", registry=self.registry)
        most = Gauge("bookbag_connections_most", "How many it may have.", registry=self.registry)
        used.set_function(lambda: float(store.connections[0]))
        most.set_function(lambda: float(store.connections[1]))

    def watch_rasa(self, rasa: WithRasa) -> None:
        """Show from now on whether Rasa answers: for a school that has it."""
        up = Gauge("bookbag_rasa_up", "1 while Rasa answers. While it does not, the embedded engine understands alone.", registry=self.registry)
        up.set_function(lambda: float(rasa.rasa_answers))

    def watch_translators(self, translators: Translators) -> None:
        """Show from now on how each provider of translations fares, and whether what it answered could be used."""
        self._translators = translators
        for name, guard in translators.providers.items():
            self._resting.labels(name).set_function(partial(_is_resting, guard))

    def render(self, store: Store, paused: Mapping[str, str], now: datetime) -> bytes:
        """All metrics in Prometheus' text format; the gauges are read from the database now, and left out while it is away."""
        self._count_translations()
        self._paused.clear()
        for channel in list(paused):
            self._paused.labels(channel).set(1)
        try:
            with store.read() as session:
                self._count(session)
                self._look_for_the_oldest(session, now)
                for role in () if store.is_sqlite else ROLES:
                    self._processes.labels(role).set(presence.count(session, role, now))
            self._database.set(1)
        except DatabaseAway:
            for gauge in (self._inbox, self._outbox, self._attention, self._oldest, self._processes):
                gauge.clear()
            self._database.set(0)
        return generate_latest(self.registry)

    def _count_translations(self) -> None:
        if self._translators is None:
            return
        for name, guard in self._translators.providers.items():
            for (language, outcome), count in guard.counts.items():
                self._translated.labels(name, language, outcome).set(count)
        for (name, language, why), count in self._translators.broken.items():
            self._unusable.labels(name, language, why).set(count)

    def _count(self, session: Session) -> None:
        waiting = select(Attention.need, func.count()).where(Attention.done_at.is_(None)).group_by(Attention.need)
        for gauge, statement in (
            (self._inbox, select(Received.state, func.count()).group_by(Received.state)),
            (self._outbox, select(Message.state, func.count()).group_by(Message.state)),
            (self._attention, waiting),
        ):
            gauge.clear()
            for label, count in session.execute(statement):
                gauge.labels(label).set(count)

    def _look_for_the_oldest(self, session: Session, now: datetime) -> None:
        due_at = func.coalesce(Message.next_at, Message.not_before, Message.created_at)
        for queue, statement in (
            ("inbox", select(func.min(Received.received_at)).where(Received.state == InboxState.NEW)),
            ("outbox", select(func.min(due_at)).where(Message.state == OutboxState.QUEUED, due_at <= now)),
        ):
            since = session.scalar(statement)
            self._oldest.labels(queue).set((now - since).total_seconds() if since is not None else 0.0)


def _is_resting(guard: Guard) -> float:
    return float(guard.state.is_resting)
