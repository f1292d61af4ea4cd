"""`bookbag db …`."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import typer

from bot.clock import now
from data import migrate
from data.backup import BACKED_UP, COPY_OF, BackupFailed, back_up
from data.inbox import Mark
from data.store import DatabaseAway, Store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.settings import Settings

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
        _note(settings, BACKED_UP, began)
    except BackupFailed as reason:
        typer.echo(f"bookbag db backup: {reason}", err=True)
        return FAILURE
    typer.echo(f"{path} holds the database as it was on {began:%d %B %Y, %H:%M} UTC ({path.stat().st_size / 1_000_000:.1f} MB), and was read through.")
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
