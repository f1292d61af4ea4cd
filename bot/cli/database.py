"""`bookbag db` and `bookbag family`: what is kept, as a whole and of one adult."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.base import AsJson, Config, finish, settings_from

db_app = typer.Typer(help="The database.", no_args_is_help=True)
family_app = typer.Typer(help="The families and what is held about them.", no_args_is_help=True)

FamilyNumber = Annotated[
    str,
    typer.Argument(metavar="NUMBER", help="Their phone number, or the id of a Telegram chat; none where --adult says who.", show_default=False),
]
AdultId = Annotated[int | None, typer.Option("--adult", metavar="ID", help="Which of the adults with this number; or whoever has this id.", show_default=False)]
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the backup.", show_default=False)]


@db_app.command("upgrade")
def db_upgrade(config: Config = None) -> None:
    """Create the database, or bring it to this version."""
    settings = settings_from(config)
    from bot import database

    finish(database.upgrade, settings)


@db_app.command("backup")
def db_backup(path: BackupFile, config: Config = None) -> None:
    """Copy the database into a new file, while the server runs. The file is checked before it gets its name."""
    settings = settings_from(config)
    from bot import database

    finish(database.backup, settings, path)


@db_app.command("restore")
def db_restore(
    path: BackupFile,
    force: Annotated[bool, typer.Option("--force", help="Put the database that is there aside.")] = False,
    config: Config = None,
) -> None:
    """Put a backup in the place of the database, with no server running. Nothing is sent from it until staff say so on the console."""
    settings = settings_from(config)
    from bot import database

    finish(database.restore, settings, path, force=force)


@db_app.command("erased")
def db_erased(
    path: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A list of erased adults. [default: the database's own]", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Who was erased, by number: whoever puts an older backup back erases them again."""
    settings = settings_from(config)
    from bot import database

    finish(database.erased, settings, path)


@family_app.command("list")
def family_list(as_json: AsJson = False, config: Config = None) -> None:
    """A line for each registered adult: name, language, channel, number."""
    settings = settings_from(config)
    from bot import people

    finish(people.list_families, settings, as_json=as_json)


@family_app.command("export", short_help="What is held about one adult, as JSON.")
def family_export(number: FamilyNumber = "", adult: AdultId = None, config: Config = None) -> None:
    """What is held about the adult with this number, as JSON; other adults', safeguarding and staff matter is set aside."""
    settings = settings_from(config)
    from bot import erasing

    finish(erasing.export, settings, number, adult)


@family_app.command("erase", short_help="Erase one adult.")
def family_erase(
    number: FamilyNumber = "",
    adult: AdultId = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this it is only said what would be done.")] = False,
    config: Config = None,
) -> None:
    """Erase the adult with this number, and report what was removed, what the law keeps, and what providers still hold."""
    settings = settings_from(config)
    from bot import erasing

    finish(erasing.erase, settings, number, adult, yes=yes)
