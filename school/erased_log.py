"""Which adults were erased, kept outside the database: a backup from before that still has them, and whoever restores it must erase them again.

A small file that only grows. It holds no name, no number and no word: a moment (UTC), an adult's id, and `begun` before the erasure is committed or `done`
after that. So a crash in between leaves a line that a person can look at, and an erasure that failed is never carried out later by a restore.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session, SessionTransaction

from school import School

FOLDER = Path("var")
"""Where the file is for a database that is itself no file here."""
BEGUN, DONE = "begun", "done"


@dataclass(frozen=True)
class Erased:
    """That an adult was erased; not `is_sure` where the process died before it could say that the erasure was kept."""

    adult_id: int
    at: datetime
    is_sure: bool


def erased(school: School, adult_id: int) -> None:
    """Note that this adult is being erased in the transaction under way; call it beside the erasure.

    Nothing is noted of one that is only tried and rolled back. The commit raises OSError, and erases nobody, where that cannot be written down.
    """
    session, at, is_open = school.session, school.now, [True]
    around = [*_around(session.get_nested_transaction() or session.get_transaction())]
    path = of_database(session.get_bind().engine.url, school.first_settings.erased_log)

    @event.listens_for(session, "before_commit")
    def begin(session: Session) -> None:
        if is_open[0] and not session.in_nested_transaction():
            _append(path, at, adult_id, BEGUN)

    @event.listens_for(session, "after_commit")
    def note(session: Session) -> None:
        if is_open[0] and not session.in_nested_transaction():
            is_open[0] = False
            _append(path, at, adult_id, DONE)

    @event.listens_for(session, "after_soft_rollback")
    def forget(_: Session, undone: SessionTransaction) -> None:
        # What is tried beside it in a savepoint of its own, and undone, says nothing of the erasure.
        is_open[0] = is_open[0] and undone not in around


def _around(transaction: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


def of_database(url: str | URL, chosen: Path | None = None) -> Path:
    """Where a database's file is: the `chosen` place, else beside the database, else in var/."""
    if chosen is not None:
        return chosen
    database = make_url(url)
    if database.get_backend_name() == "sqlite" and database.database not in (None, "", ":memory:"):
        return Path(f"{database.database}.erased")
    return FOLDER / f"{database.database or 'bookbag'}.erased"


def since(path: Path, moment: datetime | None) -> Sequence[Erased]:
    """Who was erased after a moment, or ever, each once, by their ids. Empty where there is no such file. Raises ValueError for one that is not ours."""
    found: dict[int, Erased] = {}
    for adult_id, at, what in _lines(path):
        if moment is None or at > moment:
            was_sure = adult_id in found and found[adult_id].is_sure
            found[adult_id] = Erased(adult_id, at, was_sure or what == DONE)
    return [found[adult_id] for adult_id in sorted(found)]


def _lines(path: Path) -> Sequence[tuple[int, datetime, str]]:
    """What the file says. A line that a power cut left half is passed over: what it was about was not committed, or its `begun` stands before it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    whole = [parts for line in lines if len(parts := line.split()) == 3 and parts[2] in (BEGUN, DONE)]
    if lines and not whole:
        raise ValueError(f"{path} is no list of erased adults")
    return [(int(adult_id), datetime.fromisoformat(at), what) for at, adult_id, what in whole]


def _append(path: Path, at: datetime, adult_id: int, what: str) -> None:
    """Add a line and wait until the disk has it. A line that a power cut left half is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        broken = b"\n" if size and file.read(1) != b"\n" else b""
        file.write(broken + f"{at.astimezone(UTC).isoformat()} {adult_id} {what}\n".encode())
        file.flush()
        os.fsync(file.fileno())
