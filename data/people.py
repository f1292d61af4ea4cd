"""Families, classes and staff: who they are and what each adult may do about each child."""

from __future__ import annotations

from datetime import date, time

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Language, Utc, Words

adult_groups = Table(
    "adult_groups",
    Base.metadata,
    Column("adult_id", ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
)
class_staff = Table(
    "class_staff",
    Base.metadata,
    Column("class_id", ForeignKey("school_classes.id", ondelete="CASCADE"), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
)


class SchoolClass(Base):
    """One class. Its team are all its staff; `teacher` is the one that parents book a time with, None until the school has said who."""

    __tablename__ = "school_classes"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    teacher: Mapped[Staff | None] = relationship(foreign_keys=[teacher_id])
    team: Mapped[list[Staff]] = relationship(secondary=class_staff, back_populates="classes")


class Staff(Base):
    """One member of staff. `name` is as parents say it, with its title: 'Ms Okafor'. `role` is one of interface.md's roles."""

    __tablename__ = "staff"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    has_left: Mapped[bool] = mapped_column(default=False)
    classes: Mapped[list[SchoolClass]] = relationship(secondary=class_staff, back_populates="team")
    hours: Mapped[list[WorkingHours]] = relationship(cascade="all, delete-orphan")
    addresses: Mapped[list[StaffAddress]] = relationship(cascade="all, delete-orphan")


class WorkingHours(Base):
    """When one member of staff is at work on one weekday (Monday is 0), on the school's clock: when they may be written to."""

    __tablename__ = "working_hours"
    __table_args__ = (CheckConstraint("starts < ends", name="starts_before_ends"),)

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]


class Group(Base):
    """A group that adults belong to: Parent Partnership group, helpers, governors' news."""

    __tablename__ = "groups"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)


class Adult(Base):
    """One parent, guardian or carer. `reference` is the school's own id for them, from the import. Who left the school is reached nowhere any more."""

    __tablename__ = "adults"

    id: Mapped[Id]
    reference: Mapped[str | None] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[Language]
    notes: Mapped[Words] = mapped_column(default="")
    left_on: Mapped[date | None]
    groups: Mapped[list[Group]] = relationship(secondary=adult_groups)
    addresses: Mapped[list[AdultAddress]] = relationship(back_populates="adult", cascade="all, delete-orphan", order_by="AdultAddress.rank")
    guardianships: Mapped[list[Guardianship]] = relationship(back_populates="adult", cascade="all, delete-orphan")


class Child(Base):
    """One child. `first_name` is what Bookbag calls them; the whole name never leaves in a message. About one who left nobody may do anything any more."""

    __tablename__ = "children"

    id: Mapped[Id]
    reference: Mapped[str | None] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    class_id: Mapped[int] = mapped_column(ForeignKey("school_classes.id"), index=True)
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]
    school_class: Mapped[SchoolClass] = relationship()
    guardianships: Mapped[list[Guardianship]] = relationship(back_populates="child", cascade="all, delete-orphan")

    @property
    def first_name(self) -> str:
        """The name a parent would say."""
        return self.name.split()[0]


class Guardianship(Base):
    """What one adult may do about one child: hear about them, book, be asked (questionnaires, absence), collect. A row, not a guess."""

    __tablename__ = "guardianships"

    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True)
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), primary_key=True, index=True)
    relationship_: Mapped[str] = mapped_column("relationship", String(50), default="")
    may_hear: Mapped[bool] = mapped_column(default=True)
    may_book: Mapped[bool] = mapped_column(default=True)
    may_be_asked: Mapped[bool] = mapped_column(default=True)
    may_collect: Mapped[bool] = mapped_column(default=True)
    adult: Mapped[Adult] = relationship(back_populates="guardianships")
    child: Mapped[Child] = relationship(back_populates="guardianships")


class AdultAddress(Base):
    """That an adult is reached at an address. The lowest `rank` is tried first. Two adults may share one address (a family's only phone)."""

    __tablename__ = "adult_addresses"

    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"), primary_key=True, index=True)
    rank: Mapped[int] = mapped_column(default=0)
    adult: Mapped[Adult] = relationship(back_populates="addresses")
    address: Mapped[Address] = relationship(lazy="joined")


class StaffAddress(Base):
    """That a member of staff is reached at an address, for alerts and reminders of their own. `checked_at`: when a code texted to it came back."""

    __tablename__ = "staff_addresses"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"), primary_key=True)
    checked_at: Mapped[Utc | None]
    address: Mapped[Address] = relationship(lazy="joined")
