"""`bookbag db …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from data import migrate

if TYPE_CHECKING:
    from bot.settings import Settings


def upgrade(settings: Settings) -> int:
    """Create or upgrade the database; the exit code. Raises migrate.NewerDatabase."""
    migrate.upgrade(settings.database_url)
    typer.echo("The database is at this version.")
    return 0
