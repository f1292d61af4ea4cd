"""`bookbag import families|staff|terms|events|packs`: a file in, what changed or what is wrong out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot import clock
from data.migrate import upgrade
from data.store import Store
from school import School, telegram_links
from school.event_import import import_events
from school.importing import LARGEST, BadRows, Changes, Fault, import_families, import_staff, import_terms
from school.pack_import import import_packs

if TYPE_CHECKING:
    from bot.settings import Settings

IMPORTS: Mapping[str, Callable[..., Changes]] = {
    "families": import_families,
    "staff": import_staff,
    "terms": import_terms,
    "events": import_events,
    "packs": import_packs,
}
BAD_INPUT = 2


def run(settings: Settings, what: str, path: Path, dry_run: bool, remove_missing: bool) -> int:
    """Import 'families', 'staff', 'terms' or 'packs' from a CSV file, or 'events' from a calendar file.

    Gives the exit code: 0, or 2 with a line for each fault on standard error. A dry run tells the same and keeps nothing. Raises DatabaseAway.
    """
    try:
        content = _content(path)
        upgrade(settings.database_url)
        importing = partial(IMPORTS[what], content=content, remove_missing=remove_missing)
        changes = _imported(settings, what, importing, dry_run=dry_run)
    except BadRows as refusal:
        for fault in refusal.faults:
            place = f"line {fault.line}, {fault.column}" if fault.line else fault.column
            typer.echo(f"{path.name} {place}: {fault.reason}", err=True)
        typer.echo(f"Nothing was imported: {_count(len(refusal.faults), 'fault')}.", err=True)
        return BAD_INPUT
    _tell(changes, dry_run=dry_run)
    return 0


def _content(path: Path) -> bytes:
    """The file's bytes, no more than can be refused for being too many."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise BadRows([Fault(0, "file", f"cannot be read ({error.strerror or error})")]) from error


def _imported(settings: Settings, what: str, importing: Callable[..., Changes], *, dry_run: bool) -> Changes:
    store = Store(settings.database_url)
    try:
        with store.write() as session:
            school = School(session, clock.now(), settings.for_school())
            changes = importing(school, headers=school.settings.columns.get(what))
            for link in changes.start_links:
                telegram_links.offer(school, link.adult, link.token)
            if changes.start_links and not telegram_links.bot_name(school):
                changes.warnings.append(
                    "the Telegram links wait until the server has run with Telegram on, since they name the school's bot; for 7 days at most"
                )
            if dry_run:
                session.rollback()
        return changes
    finally:
        store.close()


def _tell(changes: Changes, *, dry_run: bool) -> None:
    for warning in changes.warnings:
        typer.echo(f"Note: {warning}")
    for word, lines in (("new", changes.created), ("changed", changes.updated), ("removed", changes.removed)):
        for line in lines:
            typer.echo(f"{word:8}{line}")
    typer.echo(
        f"{'It would be' if dry_run else 'Done'}: {len(changes.created)} new, {len(changes.updated)} changed, "
        f"{len(changes.removed)} removed, {len(changes.unchanged)} as before.{' Nothing was kept (dry run).' if dry_run else ''}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
