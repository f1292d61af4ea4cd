"""`bookbag db …`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import typer

from bot.clock import now
from data import migrate
from data.backup import COPY_OF, BackupFailed, back_up
from data.data_requests import DataRequestKind
from data.inbox import Mark
from data.lease import Lease
from data.people import Adult
from data.restore import InUse, has_database, is_whole, put_back
from data.store import DatabaseAway, Store
from nlu.learned import Learned
from scheduler.lease import LASTS
from scheduler.ticker import NAME as TICKER
from school import School, data_requests, erased_log, learnt, restored, upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.settings import Settings
    from school.erased_log import Erased

FAILURE, BAD_USAGE = 1, 2


def upgrade(settings: Settings) -> int:
    """Create or upgrade the database; the exit code. Raises migrate.NewerDatabase."""
    migrate.upgrade(settings.database_url)
    typer.echo("The database is at this version.")
    return 0


def backup(settings: Settings, path: Path) -> int:
    """Copy the database into a new file, while it is served or not; the exit code. Raises DatabaseAway."""
    if path.exists():
        typer.echo(f"bookbag db backup: {path} is there already, and a backup replaces nothing: choose another name", err=True)
        return BAD_USAGE
    began = now()
    try:
        _note(settings, COPY_OF, began)  # it is in the copy, too: what happens from now on may not be
        back_up(settings.database_url, path)
        _note(settings, upkeep.BACKED_UP, began)
    except BackupFailed as reason:
        typer.echo(f"bookbag db backup: {reason}", err=True)
        return FAILURE
    typer.echo(f"{path} holds the database as it was on {began:%d %B %Y, %H:%M} UTC ({path.stat().st_size / 1_000_000:.1f} MB), and was read through.")
    return 0


def restore(settings: Settings, path: Path, *, force: bool) -> int:
    """Put a backup in the place of the database; the exit code. Nothing is sent from it until staff say so. Raises DatabaseAway."""
    if not force and has_database(settings.database_url):
        typer.echo("bookbag db restore: there is a database already. --force puts it aside and the backup in its place.", err=True)
        return BAD_USAGE
    try:
        finished, aside = put_back(settings.database_url, path, now(), migrate.is_known, partial(_finish, settings))
    except InUse:
        typer.echo("bookbag db restore: the database is open in a server or another program. Stop it first.", err=True)
        return FAILURE
    except (BackupFailed, ValueError) as reason:
        typer.echo(f"bookbag db restore: {reason}", err=True)
        return FAILURE
    for line in _told(settings, path, finished, aside):
        typer.echo(line)
    return 0


@dataclass(frozen=True)
class _Finished:
    """What was done to a database that was put back."""

    copy_of: datetime | None
    erased: Sequence[Erased]


def _finish(settings: Settings, url: str) -> _Finished:
    """Bring what was put back to this version, have it send nothing, and find who was erased since. Raises ValueError where that cannot be read."""
    log_of_erased = erased_log.of_database(settings.database_url, settings.erased_log)
    migrate.upgrade(url, is_restoring=True)
    store = Store(url)
    try:
        with store.write() as session:
            school = School(session, now(), replace(settings.for_school(), erased_log=log_of_erased))
            copy_of = moment_of_copy(school)
            restored.begin(school, copy_of)
            found = [each for each in erased_log.since(log_of_erased, copy_of) if session.get(Adult, each.adult_id) is not None]
            for each in found:
                if each.is_sure:
                    _erase_again(school, session.get_one(Adult, each.adult_id))
            is_whole(session)
        Learned(settings.nlu.model_dir).forget(learnt.to_forget(session))  # a backup of the whole folder brings this back too
    finally:
        store.close()
    return _Finished(copy_of, found)


def _erase_again(school: School, adult: Adult) -> None:
    """Whoever was erased after the backup was made is not to come back with it."""
    request = data_requests.ask(school, adult, DataRequestKind.ERASURE, how="restore")
    data_requests.release_erasure(school, request, None, "")


def moment_of_copy(school: School) -> datetime | None:
    """When the copy that this database comes from was made, as near as it says itself: noted by `bookbag db backup`, or the last sign of life in it."""
    noted, lease = school.session.get(Mark, COPY_OF), school.session.get(Lease, TICKER)
    known = [datetime.fromisoformat(noted.value)] if noted else []
    known += [lease.expires_at - LASTS] if lease else []
    return max(known, default=None)


def _told(settings: Settings, path: Path, finished: _Finished, aside: str | None) -> Iterator[str]:
    when = f"as it was on {finished.copy_of:%d %B %Y, %H:%M} UTC" if finished.copy_of else "of a moment that it does not tell"
    yield f"{path} is the database now, {when}."
    if aside is not None:
        yield f"The one before is kept: {aside}. It holds families' words: remove it once nothing is missing."
    yield "Nothing is sent to any family until staff say so on the console, under Restored. Everybody has to log in anew."
    for each in finished.erased:
        if each.is_sure:
            yield f"Adult {each.adult_id}, who was erased on {each.at:%d %B %Y}, was erased again."
        else:
            yield f"Adult {each.adult_id} may have been erased on {each.at:%d %B %Y}, and is here: look into the audit of the database before."
    log_of_erased = erased_log.of_database(settings.database_url, settings.erased_log)
    if not log_of_erased.exists():
        yield f"There is no list of erased adults ({log_of_erased}). If anyone was erased since this backup, erase them again."


def erased(settings: Settings, path: Path | None) -> int:
    """List who was erased, by the database's own file or another; the exit code."""
    where = path or erased_log.of_database(settings.database_url, settings.erased_log)
    if path is not None and not path.exists():
        typer.echo(f"bookbag db erased: there is no {path}", err=True)
        return BAD_USAGE
    try:
        found = erased_log.since(where, None)
    except (ValueError, OSError) as reason:
        typer.echo(f"bookbag db erased: {reason}", err=True)
        return BAD_USAGE
    for each in found:
        typer.echo(f"adult {each.adult_id}, erased {each.at:%Y-%m-%d %H:%M} UTC{'' if each.is_sure else ', perhaps: look whether they are still there'}")
    return 0


def _note(settings: Settings, what: str, at: datetime) -> None:
    """Remember a moment in the database, where it can be written: one that is full or read-only is copied all the same."""
    try:
        store = Store(settings.database_url)
        try:
            with store.write() as session:
                session.merge(Mark(name=what, value=at.astimezone(UTC).isoformat()))
        finally:
            store.close()
    except DatabaseAway as away:
        typer.echo(f"bookbag db backup: the time of this backup could not be noted in the database ({away})", err=True)
