"""A school of any size for the bench: classes of thirty with a teacher to be seen after school, one parent and one child a family, and old messages."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice

from sqlalchemy import insert
from sqlalchemy.orm import Session

from data.addresses import Address
from data.appointments import Availability
from data.inbox import Received, Seen
from data.outbox import Lane, Message
from data.people import Adult, AdultAddress, Child, Guardianship, SchoolClass, Staff
from data.store import Store

IN_A_CLASS = 30
CHUNK = 2_000


def phone(number: int) -> str:
    """The number of the parent of family `number`, from 0. Nobody is texted: they go to a stand-in on loopback."""
    return f"+4471{number:08}"


def fill(store: Store, families: int, old_messages: int, now: datetime, languages: Sequence[str] = ("en",), chats: int = 0) -> None:
    """Fill an empty, migrated database; old messages are spread over the families and the last year, half in and half out.

    The families take turns at the languages, by their BCP 47 tags. The first `chats` of them also write on Telegram, in the chats 1, 2, and so on.
    """
    classes = -(-families // IN_A_CLASS)
    with store.write() as session:
        _staff(session, classes)
        adults = ({"id": n + 1, "reference": f"b{n}", "name": f"Parent {n}", "language": languages[n % len(languages)]} for n in range(families))
        add_rows(session, Adult, adults)
        children = (
            {"id": n + 1, "reference": f"c{n}", "name": f"Child {n}", "class_id": n // IN_A_CLASS + 1, "joined_on": date(2020, 9, 1)} for n in range(families)
        )
        add_rows(session, Child, children)
        add_rows(session, Guardianship, ({"adult_id": n + 1, "child_id": n + 1} for n in range(families)))
        add_rows(session, Address, ({"id": n + 1, "channel": "sms", "kind": "phone", "value": phone(n), "first_greeted_at": now} for n in range(families)))
        add_rows(session, AdultAddress, ({"adult_id": n + 1, "address_id": n + 1, "rank": 0} for n in range(families)))
        _chats(session, families, chats, now)
    for start in range(0, old_messages // 2, 50 * CHUNK):
        _old(store, families, range(start, min(start + 50 * CHUNK, old_messages // 2)), now, timedelta(days=365) / (old_messages // 2))


def _chats(session: Session, families: int, chats: int, now: datetime) -> None:
    told = ({"id": families + n + 1, "channel": "telegram", "kind": "telegram_chat", "value": str(n + 1), "first_greeted_at": now} for n in range(chats))
    add_rows(session, Address, told)
    add_rows(session, AdultAddress, ({"adult_id": n + 1, "address_id": families + n + 1, "rank": 1} for n in range(chats)))


def _staff(session: Session, classes: int) -> None:
    add_rows(session, Staff, ({"id": n + 1, "name": f"Ms {n}", "email": f"ms{n}@example.org", "role": "teacher"} for n in range(classes)))
    add_rows(session, SchoolClass, ({"id": n + 1, "name": f"Class {n}", "teacher_id": n + 1} for n in range(classes)))
    days = (
        {"staff_id": n + 1, "kind": "teacher", "weekday": day, "starts": time(15, 10), "ends": time(16, 30), "minutes": 20}
        for n in range(classes)
        for day in range(5)
    )
    add_rows(session, Availability, days)


def _old(store: Store, families: int, numbers: range, now: datetime, apart: timedelta) -> None:
    def when(number: int) -> datetime:
        return now - timedelta(days=365) + number * apart

    with store.write() as session:
        add_rows(session, Seen, ({"hash": hashlib.sha256(f"old{n}".encode()).digest()[:16]} for n in numbers))
        heard = (
            {
                "trace": "old",
                "provider_id": f"old{n}",
                "address_id": n % families + 1,
                "thread": f"a{n % families + 1}",
                "kind": "text",
                "text": "Can I see the teacher on Tuesday after three?",
                "received_at": when(n),
                "state": "handled",
                "handled_at": when(n),
            }
            for n in numbers
        )
        add_rows(session, Received, heard)
        said = (
            {
                "uid": secrets.token_hex(8),
                "key": f"old:{n}",
                "trace": "old",
                "adult_id": n % families + 1,
                "address_id": n % families + 1,
                "kind": "reply",
                "text": "When would you like to see Ms Okafor?\n1 Tue 3 March, 15:10\n2 Tue 3 March, 15:30",
                "lane": Lane.REPLY,
                "state": "delivered",
                "created_at": when(n),
                "sent_at": when(n),
                "provider_id": f"oldout{n}",
            }
            for n in numbers
        )
        add_rows(session, Message, said)


def add_rows(session: Session, table: type[object], rows: Iterator[dict[str, object]]) -> None:
    """Rows into a table, some thousands at a time."""
    while chunk := list(islice(rows, CHUNK)):
        session.execute(insert(table), chunk)
