"""What is counted, for Prometheus. No label ever holds a person's name, number or words."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.attention import Attention
from data.inbox import Received
from data.outbox import Message


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
        self._attention = Gauge("bookbag_attention", "What needs a person, by kind.", ["need"], registry=self.registry)

    def render(self, session: Session) -> bytes:
        """All metrics in Prometheus' text format; the gauges are read from the database now."""
        for gauge, column in ((self._inbox, Received.state), (self._outbox, Message.state)):
            gauge.clear()
            for state, count in session.execute(select(column, func.count()).group_by(column)):
                gauge.labels(state).set(count)
        self._attention.clear()
        waiting = select(Attention.need, func.count()).where(Attention.done_at.is_(None)).group_by(Attention.need)
        for need, count in session.execute(waiting):
            self._attention.labels(need).set(count)
        return generate_latest(self.registry)
