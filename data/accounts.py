"""How staff get into the console: passwords, one-time links, second factors, sessions, a class's tablet."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc
from data.people import Staff


class SessionKind(StrEnum):
    """What a session was begun with, and so how long it lasts."""

    BROWSER = "browser"
    TABLET = "tablet"  # a class's shared tablet, with its PIN, until the end of the school day


class Account(Base):
    """How one member of staff proves who they are. Nothing here can be turned back into a password, a PIN or an authenticator's secret.

    The secret of the second factor is worked out from the school's secret key and `totp_salt`; it is asked for from `totp_since` on. `totp_step` is the newest
    time step whose code was used.
    """

    __tablename__ = "accounts"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    totp_salt: Mapped[str | None] = mapped_column(String(32))
    totp_since: Mapped[Utc | None]
    totp_step: Mapped[int] = mapped_column(default=0)
    staff: Mapped[Staff] = relationship()


class LogInFailures(Base):
    """How often someone failed to get in, by a fingerprint of what they named: an address that nobody has is counted as one that somebody has."""

    __tablename__ = "log_in_failures"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    in_a_row: Mapped[int]
    wait_until: Mapped[Utc]


class LogInLink(Base):
    """A link that logs one member of staff in, once, for a short time. Only a hash of its token is kept."""

    __tablename__ = "log_in_links"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    made_at: Mapped[Utc]
    expires_at: Mapped[Utc]
    used_at: Mapped[Utc | None]


class StaffSession(Base):
    """One browser that is logged in as a member of staff. It ends at `ends_at`, when it was idle for too long, and when someone ends it.

    `has_second_factor` says whether a code was given in it. Only a hash of its token is kept; `device` is what the browser calls itself, shortened.
    """

    __tablename__ = "staff_sessions"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10), default=SessionKind.BROWSER)
    device: Mapped[str] = mapped_column(String(80), default="")
    has_second_factor: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[Utc]
    seen_at: Mapped[Utc]
    ends_at: Mapped[Utc]
    ended_at: Mapped[Utc | None]
    staff: Mapped[Staff] = relationship(lazy="joined", innerjoin=True)


class Tablet(Base):
    """A device that a class's PIN works on: it was set up by someone who was logged in, and can be taken back."""

    __tablename__ = "tablets"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    added_at: Mapped[Utc]
    revoked_at: Mapped[Utc | None]
    staff: Mapped[Staff] = relationship(lazy="joined", innerjoin=True)


class StaffTold(Base):
    """When a member of staff was last told by e-mail that something waits on the page; of safeguarding matters apart."""

    __tablename__ = "staff_told"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    is_safeguarding: Mapped[bool] = mapped_column(primary_key=True)
    at: Mapped[Utc]


class SentForm(Base):
    """One form that was sent and done, by the number that was drawn into it: sent twice, it does nothing the second time and leads where the first one led."""

    __tablename__ = "sent_forms"

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    led_to: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[Utc] = mapped_column(index=True)
