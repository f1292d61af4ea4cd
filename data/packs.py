"""Home Learning Packs: what is in them, their copies, who waits for one, who has one at home, and what is given for the holidays."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Json, Utc
from data.kept_files import KeptFile
from data.people import Adult, Child
from data.texts import Text


class Skill(StrEnum):
    """What a pack is good for."""

    COMMUNICATION = "communication"
    BEHAVIOUR = "behaviour"
    INDEPENDENCE = "independence"
    SELF_HELP = "self-help"
    SENSORY = "sensory"
    READING = "reading"
    MATHS = "maths"


class Pack(Base):
    """One pack of the catalogue, of which there are copies. `stage` is for whom it is, as the school says it; `languages` are BCP 47 tags of the books in it.

    One that `is_retired` is lent no more, and kept for what was.
    """

    __tablename__ = "packs"

    id: Mapped[Id]
    title_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    about_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    stage: Mapped[str] = mapped_column(String(60), default="")
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("kept_files.id", ondelete="SET NULL"))
    is_retired: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[Utc]
    changed_at: Mapped[Utc]
    title: Mapped[Text] = relationship(foreign_keys=[title_id], lazy="joined")
    about: Mapped[Text | None] = relationship(foreign_keys=[about_id])
    picture: Mapped[KeptFile | None] = relationship()
    items: Mapped[list[PackItem]] = relationship(cascade="all, delete-orphan", order_by="PackItem.place", lazy="selectin")
    copies: Mapped[list[PackCopy]] = relationship(cascade="all, delete-orphan", order_by="PackCopy.label", back_populates="pack")


class PackItem(Base):
    """One thing that is in every copy of a pack, so that it can be named when it is missing: `pieces` of it, in their `place`."""

    __tablename__ = "pack_items"
    __table_args__ = (CheckConstraint("pieces >= 1", name="there_is_one"),)

    id: Mapped[Id]
    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id", ondelete="CASCADE"), index=True)
    name_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    pieces: Mapped[int] = mapped_column(default=1)
    place: Mapped[int]
    name: Mapped[Text] = relationship(lazy="joined")


class CopyState(StrEnum):
    """Where a copy is."""

    SHELF = "shelf"  # free to be lent
    KEPT = "kept"  # set aside for a family
    OUT = "out"  # at a family's home
    COUNTING = "counting"  # back, its pieces not counted yet
    REPAIR = "repair"
    LOST = "lost"
    RETIRED = "retired"


class PackCopy(Base):
    """One copy of a pack, known by its `label`. `note` is staff's own, about its condition."""

    __tablename__ = "pack_copies"

    id: Mapped[Id]
    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(12), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=CopyState.SHELF, index=True)
    note: Mapped[str] = mapped_column(String(500), default="")
    pack: Mapped[Pack] = relationship(back_populates="copies", lazy="joined")


class Way(StrEnum):
    """How a copy comes to a family."""

    BAG = "bag"  # in the child's book bag, on the school's bag day
    COLLECT = "collect"


class HoldState(StrEnum):
    """What became of a wish for a pack."""

    WAITING = "waiting"
    READY = "ready"  # a copy is set aside
    TAKEN = "taken"  # it went home
    GIVEN_UP = "given up"
    LAPSED = "lapsed"  # not collected in time
    GONE = "gone"  # the pack, or the family, is no longer there


OPEN_HOLDS = (HoldState.WAITING, HoldState.READY)
"""States of holds that stand."""
_OPEN = text("state IN ('waiting', 'ready')")


class PackHold(Base):
    """One family's wish for one pack, for one child. While it is `ready`, `copy` is set aside; `keep_until` is when that ends, None where it goes in the bag.

    A family, where packs are lent, is one adult: what another adult of the same child borrows is not theirs to see. `asked_at` is its place in the queue.
    One that `is_weekly` came of the weekly loan.
    """

    __tablename__ = "pack_holds"
    __table_args__ = (
        CheckConstraint("(state = 'ready') = (copy_id IS NOT NULL)", name="ready_is_a_copy"),
        Index("uq_pack_holds_family", "pack_id", "adult_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("uq_pack_holds_copy", "copy_id", unique=True),
        Index("ix_pack_holds_queue", "pack_id", "state", "asked_at"),
    )

    id: Mapped[Id]
    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id", ondelete="CASCADE"))
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[Utc]
    way: Mapped[str] = mapped_column(String(10), default=Way.BAG)
    is_weekly: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default=HoldState.WAITING)
    copy_id: Mapped[int | None] = mapped_column(ForeignKey("pack_copies.id", ondelete="SET NULL"))
    ready_at: Mapped[Utc | None]
    keep_until: Mapped[Utc | None]
    ended_at: Mapped[Utc | None]
    pack: Mapped[Pack] = relationship(lazy="joined")
    adult: Mapped[Adult] = relationship()
    child: Mapped[Child] = relationship()
    copy: Mapped[PackCopy | None] = relationship()


class PackLoan(Base):
    """One copy at one family's home, or that was. Open while `back_at` and `lost_at` are None; there is never more than one open loan of a copy.

    `due_on` is a day at school. `said_back_on` is the day the family said that it is on its way; `reminded` how many reminders went out after it was
    due, the last on `reminded_on`.
    `waited_since` is when the family had asked for it. Who had it is forgotten (None) when the family is; `language` and `class_name` stay, for the figures.
    """

    __tablename__ = "pack_loans"
    __table_args__ = (
        Index(
            "uq_pack_loans_copy",
            "copy_id",
            unique=True,
            sqlite_where=text("back_at IS NULL AND lost_at IS NULL"),
            postgresql_where=text("back_at IS NULL AND lost_at IS NULL"),
        ),
        Index("ix_pack_loans_pack", "pack_id", "out_at"),
    )

    id: Mapped[Id]
    copy_id: Mapped[int] = mapped_column(ForeignKey("pack_copies.id", ondelete="CASCADE"))
    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id", ondelete="CASCADE"))
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="SET NULL"), index=True)
    child_id: Mapped[int | None] = mapped_column(ForeignKey("children.id", ondelete="SET NULL"), index=True)
    language: Mapped[str] = mapped_column(String(35), default="")
    class_name: Mapped[str] = mapped_column(String(100), default="")
    way: Mapped[str] = mapped_column(String(10), default=Way.BAG)
    is_weekly: Mapped[bool] = mapped_column(default=False)
    waited_since: Mapped[Utc | None]
    out_at: Mapped[Utc]
    due_on: Mapped[date]
    renewals: Mapped[int] = mapped_column(default=0)
    reminded: Mapped[int] = mapped_column(default=0)
    reminded_on: Mapped[date | None]
    said_back_on: Mapped[date | None]
    back_at: Mapped[Utc | None]
    lost_at: Mapped[Utc | None]
    handed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    copy: Mapped[PackCopy] = relationship()
    pack: Mapped[Pack] = relationship(lazy="joined")
    adult: Mapped[Adult | None] = relationship()
    child: Mapped[Child | None] = relationship()


class ProblemKind(StrEnum):
    """What is wrong with a copy."""

    MISSING = "missing"
    DAMAGED = "damaged"


class PackProblem(Base):
    """Something of a copy that is missing or damaged: `item`, or the whole pack where it is None. `told_by_family` or found by staff; open till `mended_at`."""

    __tablename__ = "pack_problems"

    id: Mapped[Id]
    copy_id: Mapped[int] = mapped_column(ForeignKey("pack_copies.id", ondelete="CASCADE"), index=True)
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("pack_loans.id", ondelete="SET NULL"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("pack_items.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    told_by_family: Mapped[bool] = mapped_column(default=False)
    told_at: Mapped[Utc]
    mended_at: Mapped[Utc | None]
    copy: Mapped[PackCopy] = relationship()
    item: Mapped[PackItem | None] = relationship()


class WeeklyPlace(Base):
    """A child's place in the weekly loan, which one adult asked for. `served_at` is when it got a pack last, `missed_on` the bag day on which it went without.

    Over once there is an `ended_at`.
    """

    __tablename__ = "weekly_places"
    __table_args__ = (
        Index("uq_weekly_places_open", "adult_id", "child_id", unique=True, sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), index=True)
    since: Mapped[Utc]
    served_at: Mapped[Utc | None]
    missed_on: Mapped[date | None]
    ended_at: Mapped[Utc | None]
    adult: Mapped[Adult] = relationship()
    child: Mapped[Child] = relationship()


class HolidayPack(Base):
    """A pack that is given for the holidays, not lent. Families are told of it on `offer_on`, answer until `answer_by`; with a `stock` no more are promised.

    `promised` counts the families that said yes: the database refuses one too many.
    """

    __tablename__ = "holiday_packs"
    __table_args__ = (CheckConstraint("promised >= 0 AND (stock IS NULL OR promised <= stock)", name="never_too_many"),)

    id: Mapped[Id]
    title_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    about_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    offer_on: Mapped[date | None]
    answer_by: Mapped[date]
    stock: Mapped[int | None]
    promised: Mapped[int] = mapped_column(default=0)
    is_over: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[Utc]
    title: Mapped[Text] = relationship(foreign_keys=[title_id], lazy="joined")
    about: Mapped[Text | None] = relationship(foreign_keys=[about_id])


class HolidayWish(Base):
    """What one adult said to a holiday pack for one child: whether they want it; `given_at` once it went home."""

    __tablename__ = "holiday_wishes"

    holiday_pack_id: Mapped[int] = mapped_column(ForeignKey("holiday_packs.id", ondelete="CASCADE"), primary_key=True)
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True, index=True)
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), primary_key=True, index=True)
    is_wanted: Mapped[bool]
    answered_at: Mapped[Utc]
    given_at: Mapped[Utc | None]
    pack: Mapped[HolidayPack] = relationship(lazy="joined")
    adult: Mapped[Adult] = relationship()
    child: Mapped[Child] = relationship()


class PackRules(Base):
    """The school's rules of lending, one row: what `school.pack_rules` knows by name. `filled_on` is the bag day for which bags were last filled."""

    __tablename__ = "pack_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    values: Mapped[Json]
    filled_on: Mapped[date | None]
