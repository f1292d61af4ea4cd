"""`bookbag db …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data import migrate

if TYPE_CHECKING:
    from bot.settings import Settings


def upgrade(settings: Settings) -> int:
    """Create or upgrade the database; the exit code. Raises migrate.NewerDatabase."""
    migrate.upgrade(settings.database_url)
    print("The database is at this version.")
    return 0
