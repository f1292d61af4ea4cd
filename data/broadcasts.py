"""What the school tells many at once, and each time that it was sent. Whom it was sent to are rows of the outbox."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Json, Utc
from data.kept_files import KeptFile
from data.people import Staff
from data.texts import Text


class BroadcastKind(StrEnum):
    """What a broadcast is."""

    NEWS = "news"
    NEWSLETTER = "newsletter"  # with dates, and a document by link
    CLOSURE = "closure"
    REMINDER = "reminder"


class BroadcastState(StrEnum):
    """How far a broadcast has come."""

    DRAFT = "draft"
    WAITING = "waiting"  # for a person's yes: `waits_for` says which
    PLANNED = "planned"  # it is sent on day `next_on`
    SENDING = "sending"  # nothing more is planned, and some of it has not left
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class WaitsFor(StrEnum):
    """Whose yes a broadcast waits for."""

    SECOND_PERSON = "second person"  # someone other than who wrote it
    MONEY = "money"  # someone who agrees that the month costs more than the school has set


class Repeat(StrEnum):
    """How often a broadcast comes again, until a day."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


class Broadcast(Base):
    """One text for many. `audience_kind` with `audience_id` or `audience_tag` says for whom; who that is, is found anew each time it is sent.

    It is sent on day `on` at `at` on the school's clock, again as `repeats` says until `until`; the next time on `next_on`, None where no more is to come. The
    instants are computed when they are needed. `made_by` is who wrote it last. `over_cap_on` is the day for which someone agreed to spend more than the
    month's cap. `parts` are message parts of its SMS by language, as last measured, and `first_parts` of the first SMS to a number, which
    says which school it is.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        CheckConstraint("(repeats IS NULL) = (until IS NULL)", name="a_repeat_ends"),
        CheckConstraint("state <> 'planned' OR (next_on IS NOT NULL AND \"at\" IS NOT NULL)", name="a_plan_has_a_time"),
        Index("ix_broadcasts_next_on", "state", "next_on"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    audience_kind: Mapped[str] = mapped_column(String(20))
    audience_id: Mapped[int | None]
    audience_tag: Mapped[str] = mapped_column(String(35), default="")
    is_urgent: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), default=BroadcastState.DRAFT)
    waits_for: Mapped[str | None] = mapped_column(String(20))
    on: Mapped[date | None] = mapped_column("on")
    at: Mapped[time | None] = mapped_column("at")
    repeats: Mapped[str | None] = mapped_column(String(20))
    until: Mapped[date | None]
    next_on: Mapped[date | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("kept_files.id", ondelete="SET NULL"))
    parts: Mapped[Json] = mapped_column(default=dict)
    first_parts: Mapped[Json] = mapped_column(default=dict)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    made_at: Mapped[Utc]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    approved_at: Mapped[Utc | None]
    over_cap_on: Mapped[date | None]
    text: Mapped[Text] = relationship(lazy="joined")
    file: Mapped[KeptFile | None] = relationship()
    made_by: Mapped[Staff | None] = relationship(foreign_keys=[made_by_id])
    approved_by: Mapped[Staff | None] = relationship(foreign_keys=[approved_by_id])
    dates: Mapped[list[BroadcastDate]] = relationship(cascade="all, delete-orphan", order_by="BroadcastDate.on, BroadcastDate.at, BroadcastDate.id")
    runs: Mapped[list[BroadcastRun]] = relationship(back_populates="broadcast", cascade="all, delete-orphan", order_by="BroadcastRun.on")


class BroadcastDate(Base):
    """One date that a newsletter names: what is on that day, at `at` where that is said."""

    __tablename__ = "broadcast_dates"

    id: Mapped[Id]
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id", ondelete="CASCADE"), index=True)
    on: Mapped[date] = mapped_column("on")
    at: Mapped[time | None] = mapped_column("at")
    what_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    what: Mapped[Text] = relationship(lazy="joined")


class BroadcastRun(Base):
    """That a broadcast was sent, of its days the one `on`: never twice. At `planned_at` its messages were written, `people` of which could leave, and it was
    thought to cost `pence`. Those messages have that very moment as `created_at`, and a key that begins 'broadcast:<id of the run>:'.

    It said `text`, with `file`, whatever the broadcast says since. `sharing` are those who have it on another's phone: [their id, the other's, the address's].
    """

    __tablename__ = "broadcast_runs"
    __table_args__ = (UniqueConstraint("broadcast_id", "on"),)

    id: Mapped[Id]
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id", ondelete="CASCADE"))
    on: Mapped[date] = mapped_column("on")
    planned_at: Mapped[Utc]
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("kept_files.id", ondelete="SET NULL"))
    sharing: Mapped[list[list[int]]] = mapped_column(JSON, default=list)
    people: Mapped[int] = mapped_column(default=0)
    pence: Mapped[float] = mapped_column(default=0.0)
    broadcast: Mapped[Broadcast] = relationship(back_populates="runs")
    text: Mapped[Text] = relationship()
    file: Mapped[KeptFile | None] = relationship()
