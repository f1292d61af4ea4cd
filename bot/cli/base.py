"""What every command needs: where the settings are, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

P = ParamSpec("P")

Config = Annotated[
    Path | None, typer.Option("--config", envvar="BOOKBAG_CONFIG", help="The settings file; config.yml here, if there is one.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]


def finish(work: Callable[P, int | None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do a command's work and end with its exit code; none is 0."""
    raise typer.Exit(work(*args, **kwargs) or 0)


def settings_from(config: Path | None, *, demo: bool = False) -> Settings:
    """The settings that hold now; ends with 2 and a line for each fault when they cannot be used. Logging is set up as they say."""
    import os

    from bot.settings import SettingsError, load

    ours = Path("config.yml")
    try:
        settings = load(config or (ours if ours.exists() else None), os.environ, demo=demo)
    except SettingsError as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        raise typer.Exit(2) from None

    from bot import logs

    logs.configure(as_json=settings.log.as_json, level=settings.log.level)
    return settings
