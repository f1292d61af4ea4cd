"""A full school for the console's bench: someone of every role, families of many languages, what failed, what waits, and who looked at what."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from bot.bench.families import CHUNK, fill
from data.appointments import Appointment, AppointmentStaff
from data.attention import Attention, Need
from data.audit import AuditEntry
from data.outbox import Callback
from data.people import SchoolClass, Staff, class_staff
from data.store import Store
from school import School, accounts
from school.staff import ROLES

FIRST_STAFF = 100_000
"""Ids of those whom the bench adds begin here."""
LANGUAGES = ("en", "so", "bn", "ar", "pt", "pl", "ti", "zh")
WAITING, DONE, LOOKED_AT = 120, 4_000, 20_000
"""How many matters wait, how many were dealt with, and how many lines the audit has: a busy school's after a year."""


def furnish(store: Store, families: int, messages: int, now: datetime) -> None:
    """Fill an empty, migrated database: `messages` in all, half in and half out, of which one in a hundred did not arrive."""
    fill(store, families, messages, now)
    with store.write() as session:
        _roles(session)
        _mixed(session, now)
        _needs(session, families, now)
        _meetings(session, families, now)
        _looked_at(session, families, now)
    if not store.is_sqlite:
        with store.write() as session:
            session.execute(text("ANALYZE"))  # as autovacuum does by itself a minute later


def _roles(session: Session) -> None:
    """Someone of every role; the teacher and the tablet belong to the first two classes."""
    rows = [{"id": FIRST_STAFF + place, "name": f"M{role}", "email": f"{role}@example.org", "role": role} for place, role in enumerate(ROLES)]
    session.execute(insert(Staff), rows)
    classes = session.scalars(select(SchoolClass.id).order_by(SchoolClass.id).limit(2)).all()
    own = [{"class_id": each, "staff_id": FIRST_STAFF + ROLES.index(role)} for each in classes for role in ("teacher", "class")]
    session.execute(class_staff.insert(), own)


def _mixed(session: Session, now: datetime) -> None:
    """Languages, dead numbers, and what a year of sending leaves behind."""
    for place, language in enumerate(LANGUAGES):
        session.execute(text("UPDATE adults SET language = :language WHERE id % 8 = :place"), {"language": language, "place": place})
    session.execute(text("UPDATE addresses SET state = 'bad' WHERE id % 20 = 3"))
    session.execute(text("UPDATE outbox SET kind = 'appointment_reminder', english = text WHERE id % 5 = 0"))
    ended = (("undelivered", "unreachable", "30003", 11), ("failed", "bad_address", "21614", 23), ("unconfirmed", None, None, 57))
    for state, verdict, code, place in ended:
        told = {"state": state, "verdict": verdict, "code": code, "place": place}
        session.execute(text("UPDATE outbox SET state = :state, verdict = :verdict, code = :code WHERE id % 300 = :place"), told)
    ids = session.execute(text("SELECT provider_id, uid FROM outbox WHERE provider_id IS NOT NULL")).all()
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        session.execute(insert(Callback), [{"provider_id": given, "state": "delivered", "uid": uid, "at": now} for given, uid in part])


def _needs(session: Session, families: int, now: datetime) -> None:
    kinds = [need for need in Need if need is not Need.SAFEGUARDING]
    rows = [
        {
            "key": f"bench:{number}",
            "need": Need.SAFEGUARDING if number % 40 == 0 else kinds[number % len(kinds)],
            "adult_id": number % families + 1,
            "text": "Please ring me about the bus, it did not come again today.",
            "created_at": now - timedelta(hours=number % 400),
            "class_id": number % families // 30 + 1 if number % 2 else None,
            "done_at": None if number < WAITING else now,
        }
        for number in range(WAITING + DONE)
    ]
    session.execute(insert(Attention), rows)


def _meetings(session: Session, families: int, now: datetime) -> None:
    """Twelve appointments a day, today and on the days around."""
    for number in range(60):
        starts = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1 + number % 6, days=number // 12 - 2)
        who = number % families + 1
        row = {"child_id": who, "adult_id": who, "starts_at": starts, "minutes": 20, "token": f"bench{number}", "booked_at": now}
        made = session.execute(insert(Appointment).returning(Appointment.id), [row]).scalar_one()
        session.execute(insert(AppointmentStaff), [{"appointment_id": made, "staff_id": FIRST_STAFF + ROLES.index("teacher")}])


def _looked_at(session: Session, families: int, now: datetime) -> None:
    rows: list[dict[str, object]] = [
        {
            "at": now - timedelta(minutes=LOOKED_AT - number),
            "staff_id": FIRST_STAFF + number % len(ROLES),
            "who": "Bench",
            "action": "saw" if number % 4 else "sent again",
            "about": "adult",
            "about_id": number % families + 1,
            "detail": {},
        }
        for number in range(LOOKED_AT)
    ]
    session.execute(insert(AuditEntry), rows)


def log_in(store: Store, now: datetime) -> dict[str, str]:
    """A session for someone of each role: role to token."""
    tokens: dict[str, str] = {}
    with store.write() as session:
        school = School(session, now)
        for place, role in enumerate(ROLES):
            token = accounts.begin(school, session.get_one(Staff, FIRST_STAFF + place))
            found = accounts.session_of(school, token)
            if found is not None:
                found.has_second_factor = True
            tokens[role] = token
    return tokens
