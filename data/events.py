"""What is on at school: events, who is asked to them, what each adult answered, and the groups that adults ask to join."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc
from data.people import Adult, Group, Staff
from data.texts import Text

event_staff = Table(
    "event_staff",
    Base.metadata,
    Column("event_id", ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
)


class EventState(StrEnum):
    """How far an event has come."""

    DRAFT = "draft"  # staff alone see it
    OPEN = "open"
    CANCELLED = "cancelled"


class Event(Base):
    """One event, as the school's clock has it: from `starts` on day `on` to `ends` on day `ends_on`. The instants are computed when they are needed.

    Those of one series share `series`. `source` is the id it has in the calendar file that it came from. `place` is never translated. `answer_by` is the last
    day on which answers are taken, None for until it begins. `asks`: people are asked whether they come; with a `capacity`, None for any number, places are
    counted in `taken`, those that are being offered too: the database refuses one too many. `most` is how many one adult may bring, themselves included.
    `invite_on` is the day on which its guests are told, None for never; `reminders` are some of 'week', 'day', 'morning'. `version` rises with each
    change: a calendar's SEQUENCE. `look_at` is when the clock looks at it next; None when it is over.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("taken >= 0 AND (capacity IS NULL OR taken <= capacity)", name="never_too_many"),
        CheckConstraint('ends_on > "on" OR (ends_on = "on" AND ends > starts)', name="ends_after_it_starts"),
        CheckConstraint("most >= 1", name="someone_may_come"),
        Index("ix_events_on", "on"),
        Index("ix_events_look_at", "look_at", sqlite_where=text("look_at IS NOT NULL"), postgresql_where=text("look_at IS NOT NULL")),
        Index("ix_events_series", "series", "on"),
    )

    id: Mapped[Id]
    series: Mapped[str | None] = mapped_column(String(32))
    source: Mapped[str | None] = mapped_column(String(400), unique=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    words_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    access_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))  # parking, steps, quiet room
    place: Mapped[str] = mapped_column(String(200), default="")
    on: Mapped[date] = mapped_column("on")
    starts: Mapped[time]
    ends_on: Mapped[date]
    ends: Mapped[time]
    interpreters: Mapped[list[str]] = mapped_column(JSON, default=list)  # BCP 47 tags of those who will be there
    asks: Mapped[bool] = mapped_column(default=True)
    asks_after: Mapped[bool] = mapped_column(default=False)  # those who came are asked how it was
    answer_by: Mapped[date | None]
    capacity: Mapped[int | None]
    taken: Mapped[int] = mapped_column(default=0)
    most: Mapped[int] = mapped_column(default=2)
    invite_on: Mapped[date | None]
    reminders: Mapped[list[str]] = mapped_column(JSON, default=list)
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("kept_files.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(20), default=EventState.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    look_at: Mapped[Utc | None]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    made_at: Mapped[Utc]
    changed_at: Mapped[Utc]  # when it was last made, changed or called off
    title: Mapped[Text] = relationship(foreign_keys=[title_id], lazy="joined")
    words: Mapped[Text | None] = relationship(foreign_keys=[words_id])
    access: Mapped[Text | None] = relationship(foreign_keys=[access_id])
    staff: Mapped[list[Staff]] = relationship(secondary=event_staff, order_by=Staff.name)
    guests: Mapped[list[EventGuests]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class EventGuests(Base):
    """Some who are invited to an event: a class, a group, one adult; where none of them is named, the whole school."""

    __tablename__ = "event_guests"
    __table_args__ = (
        CheckConstraint(
            "(class_id IS NULL OR group_id IS NULL) AND (class_id IS NULL OR adult_id IS NULL) AND (group_id IS NULL OR adult_id IS NULL)", name="one_kind"
        ),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="CASCADE"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))

    @property
    def is_everyone(self) -> bool:
        """Whether it stands for the whole school."""
        return self.class_id is None and self.group_id is None and self.adult_id is None


class Answer(StrEnum):
    """What an adult said to an invitation, or what became of it."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"
    WAITING = "waiting"  # on the waiting list
    OFFERED = "offered"  # a freed place is kept for them until `offered_until`
    CAME = "came"  # came without having said so


class Rsvp(Base):
    """One adult's answer to one event: `people` come, themselves included. `waiting_since` is their place in the waiting list. `came` is how many did."""

    __tablename__ = "rsvps"
    __table_args__ = (
        CheckConstraint("people >= 1", name="someone_comes"),
        CheckConstraint("(answer = 'offered') = (offered_until IS NOT NULL)", name="an_offer_ends"),
        Index("ix_rsvps_waiting", "event_id", "answer", "waiting_since"),
        Index("ix_rsvps_offered_until", "offered_until", sqlite_where=text("offered_until IS NOT NULL"), postgresql_where=text("offered_until IS NOT NULL")),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True, index=True)
    answer: Mapped[str] = mapped_column(String(20))
    people: Mapped[int] = mapped_column(default=1)
    answered_at: Mapped[Utc]
    waiting_since: Mapped[Utc | None]
    offered_until: Mapped[Utc | None]
    came: Mapped[int | None]
    token: Mapped[str | None] = mapped_column(String(43), unique=True, index=True)  # the unguessable part of /e/TOKEN.ics, once there is such a link
    event: Mapped[Event] = relationship(lazy="joined")
    adult: Mapped[Adult] = relationship()


class GroupTerms(Base):
    """How adults come into a group: `is_open` to those who ask, at once or after staff agree (`staff_agree`). A group without terms is the school's own matter.

    `about` says in a line what the group is, for families.
    """

    __tablename__ = "group_terms"

    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    is_open: Mapped[bool] = mapped_column(default=False)
    staff_agree: Mapped[bool] = mapped_column(default=False)
    about_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    name_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))  # the group's name, to be read in every language
    group: Mapped[Group] = relationship(lazy="joined")
    name: Mapped[Text] = relationship(foreign_keys=[name_id], lazy="joined")
    about: Mapped[Text | None] = relationship(foreign_keys=[about_id])


class GroupWish(Base):
    """An adult's wish to join a group that staff must agree to. `decided_at` is None while it waits."""

    __tablename__ = "group_wishes"
    __table_args__ = (
        Index(
            "uq_group_wishes_open", "group_id", "adult_id", unique=True, sqlite_where=text("decided_at IS NULL"), postgresql_where=text("decided_at IS NULL")
        ),
    )

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[Utc]
    decided_at: Mapped[Utc | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    is_agreed: Mapped[bool | None]
    adult: Mapped[Adult] = relationship()


class Feed(Base):
    """A calendar that can be subscribed to by an unguessable link: the whole school's, a class's or a teacher's. Revoked by removing it."""

    __tablename__ = "feeds"
    __table_args__ = (CheckConstraint("class_id IS NULL OR staff_id IS NULL", name="one_kind"),)

    id: Mapped[Id]
    token: Mapped[str] = mapped_column(String(64), unique=True)
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="CASCADE"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    made_at: Mapped[Utc]
