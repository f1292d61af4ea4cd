"""Appointments, when staff can be seen, and the cells of time that no two of them may share."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc, Words
from data.people import Adult, Child, Staff


class MeetingKind(StrEnum):
    """What a meeting is. Planning meetings and EHCP reviews need a senior leader too and are booked on invitation."""

    TEACHER = "teacher"
    PLANNING = "planning"
    EHCP = "ehcp"
    PARENTS_EVENING = "parents_evening"
    HOME_VISIT = "home_visit"


class Way(StrEnum):
    """How people meet."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"


class AppointmentState(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"


class Availability(Base):
    """When one member of staff can be seen on one weekday (Monday is 0), on the school's clock, for which kind of meeting, in slots of so many minutes."""

    __tablename__ = "availability"
    __table_args__ = (
        CheckConstraint("starts < ends", name="starts_before_ends"),
        CheckConstraint("minutes > 0 AND minutes % 5 = 0", name="five_minute_grid"),
        UniqueConstraint("staff_id", "kind", "weekday", "starts"),
    )

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20), default=MeetingKind.TEACHER)
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]
    minutes: Mapped[int] = mapped_column(default=20)


class AvailabilityException(Base):
    """One day that differs: away for that time, or there for it in addition. `kind` of an extra time says for which meetings; an absence is for all."""

    __tablename__ = "availability_exceptions"
    __table_args__ = (CheckConstraint("starts < ends", name="starts_before_ends"),)

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    on: Mapped[date] = mapped_column("day")
    starts: Mapped[time]
    ends: Mapped[time]
    is_extra: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(String(20), default=MeetingKind.TEACHER)
    minutes: Mapped[int] = mapped_column(default=20)


class Appointment(Base):
    """One meeting that was booked. It is true once its transaction committed, and stays as a row when it is cancelled."""

    __tablename__ = "appointments"
    __table_args__ = (Index("ix_appointments_adult_id", "adult_id", "starts_at"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20), default=MeetingKind.TEACHER)
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), index=True)
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    starts_at: Mapped[Utc]
    minutes: Mapped[int]
    way: Mapped[str] = mapped_column(String(20), default=Way.IN_PERSON)
    interpreter: Mapped[str] = mapped_column(String(35), default="")  # the language, empty for none
    access_needs: Mapped[Words] = mapped_column(default="")
    note: Mapped[Words] = mapped_column(default="")  # the parent's, for the teacher
    state: Mapped[str] = mapped_column(String(20), default=AppointmentState.BOOKED)
    version: Mapped[int] = mapped_column(default=0)  # rises with each move: the calendar file's SEQUENCE
    token: Mapped[str] = mapped_column(String(43), unique=True)  # the unguessable part of /a/TOKEN.ics
    booked_at: Mapped[Utc]  # or moved: when this time was agreed
    child: Mapped[Child] = relationship()
    adult: Mapped[Adult] = relationship()
    staff: Mapped[list[Staff]] = relationship(secondary="appointment_staff", order_by="AppointmentStaff.position")


class AppointmentStaff(Base):
    """That a member of staff takes part; position 0 is the one the parent comes to see."""

    __tablename__ = "appointment_staff"

    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)


class Hold(Base):
    """A slot kept for one adult while they decide, or offered to one who waits (`waiting_id`). Its cells say until when."""

    __tablename__ = "holds"

    id: Mapped[Id]
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    waiting_id: Mapped[int | None] = mapped_column(ForeignKey("waiting.id", ondelete="CASCADE"))


class Occupied(Base):
    """Five minutes of one member of staff's time that are given away. The primary key is why no slot is ever given twice.

    `cell` counts five-minute steps since 1970 in UTC. A booking's cells have no `expires_at`; a hold's may be taken over once it has passed.
    """

    __tablename__ = "occupied"
    __table_args__ = (Index("ix_occupied_hold_id", "hold_id"), Index("ix_occupied_appointment_id", "appointment_id"))

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"))
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("holds.id", ondelete="CASCADE"))
    expires_at: Mapped[Utc | None]


class Invitation(Base):
    """That the school asks a child's adults to book one meeting of a kind, between two days; `appointment_id` is the answer, once someone booked it."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("child_id", "kind", "first_on"),)

    id: Mapped[Id]
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    first_on: Mapped[date]
    last_on: Mapped[date]
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id", ondelete="SET NULL"))
    child: Mapped[Child] = relationship()


class ParentsEvening(Base):
    """One parents' evening: a block of short slots with every class teacher, with a break."""

    __tablename__ = "parents_evenings"
    __table_args__ = (CheckConstraint("starts < ends", name="starts_before_ends"),)

    id: Mapped[Id]
    on: Mapped[date] = mapped_column("day", unique=True)
    starts: Mapped[time]
    ends: Mapped[time]
    minutes: Mapped[int] = mapped_column(default=10)
    break_starts: Mapped[time | None]
    break_ends: Mapped[time | None]


class Waiting(Base):
    """That an adult waits for a time with someone who is full. A freed slot is offered in the order of `since`, for a while, then to the next."""

    __tablename__ = "waiting"
    __table_args__ = (UniqueConstraint("adult_id", "child_id", "staff_id"),)

    id: Mapped[Id]
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    since: Mapped[Utc]
    offered: Mapped[str | None] = mapped_column(String(200))  # the slot's identity
    offered_until: Mapped[Utc | None]
    adult: Mapped[Adult] = relationship()
    child: Mapped[Child] = relationship()
    staff: Mapped[Staff] = relationship()
