"""`bookbag translations`: are the shipped catalogs whole, and how a native reader puts a sentence right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from translations.check import Cost
    from translations.corrections import Better

app = typer.Typer(help="Bookbag's own sentences in every language.", no_args_is_help=True)

BAD_INPUT, FAILURE = 2, 1
Language = Annotated[str, typer.Argument(metavar="LANGUAGE", help="A language's tag, such as so or zh-Hans.", show_default=False)]


@app.command("check")
def check() -> None:
    """Every shipped catalog is complete, compiled, its places as in English; one line a fault. Then what each language's letters cost on SMS."""
    from translations import catalogs
    from translations import check as checking

    found = checking.faults()
    for fault in found:
        typer.echo(str(fault), err=True)
    for folder in catalogs.shipped():
        typer.echo(_in_words(checking.cost(folder)))
    typer.echo(f"{len(found)} faults." if found else f"{len(catalogs.shipped())} catalogs are complete.")
    raise typer.Exit(FAILURE if found else 0)


def _in_words(cost: Cost) -> str:
    line = f"{cost.language}: {cost.in_gsm} of {cost.sentences} sentences in the GSM alphabet, {cost.parts} message parts"
    if not cost.letters:
        return line
    letters = ", ".join(f"{letter} in {count}" for letter, count in cost.letters)
    return f"{line}; {cost.dearer_by} fewer with fold_letters, which writes these plainly: {letters}"


@app.command("report")
def report(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")] = False) -> None:
    """A row for each language: sentences, draft or read, what it costs on SMS, and how well it is understood on its held-out messages."""
    import json

    from bot.languages import rows

    found = rows()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(show_edge=False)
    for name in found[0]:
        table.add_column(name.replace("_", " "))
    for row in found:
        table.add_row(*map(str, row.values()))
    Console().print(table)


@app.command("update")
def update(languages: Annotated[list[str] | None, typer.Argument(metavar="[LANGUAGE]...", show_default=False)] = None) -> None:
    """Bring the catalogs up to the code and compile them: new sentences come in empty, what is said no more goes. Names a new language to begin its catalog."""
    from translations import catalogs
    from translations.check import forms

    template = catalogs.source()
    for folder in [_folder(language) for language in languages or []] or catalogs.shipped():
        catalog = catalogs.update(folder, template)
        empty = sum(not all(forms(message)) for message in catalogs.sentences(catalog))
        typer.echo(f"{folder}: {len(template)} sentences, {empty} to be translated")


@app.command("sheet")
def sheet(
    language: Language,
    path: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Where the sheet goes.", show_default=False)],
    config: Annotated[Path | None, typer.Option("--config", envvar="BOOKBAG_CONFIG", show_default=False)] = None,
) -> None:
    """Write a language's sentences as a sheet that a native reader opens in a spreadsheet and fills the column 'better' of."""
    from bot.cli.base import settings_from
    from data.migrate import upgrade
    from data.store import Store
    from translations import corrections

    folder, settings = _known(language), settings_from(config)
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.read() as session:
            path.write_text(corrections.sheet(session, folder), encoding="utf-8", newline="")
    finally:
        store.close()
    typer.echo(f"{path}: write what reads better into the column 'better', then: bookbag translations correct {language} {path} --reader NAME")


@app.command("correct")
def correct(
    language: Language,
    path: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The sheet that came back.", show_default=False)],
    reader: Annotated[str, typer.Option(help="Who has read it.", show_default=False)],
    in_catalog: Annotated[bool, typer.Option("--in-catalog", help="Write into the shipped catalog, for everyone, instead of this school's database.")] = False,
    config: Annotated[Path | None, typer.Option("--config", envvar="BOOKBAG_CONFIG", show_default=False)] = None,
) -> None:
    """Take in a reader's better sentences, all or nothing; every row that cannot be taken is named. A running server speaks so within a minute."""
    from translations import corrections

    folder = _known(language)
    try:
        better, faults = corrections.read_sheet(folder, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        _refuse(f"{path}: cannot be read as UTF-8 text ({type(error).__name__})")
    for fault in faults:
        typer.echo(f"{path}:{fault.line}: {fault.what}", err=True)
    if faults:
        _refuse("Nothing was taken in.")
    if in_catalog:
        corrections.into_catalog(folder, better)
    else:
        _keep(config, folder, better, reader)
    typer.echo(f"{len(better)} sentences put right by {reader}.")


def _keep(config: Path | None, folder: str, better: Sequence[Better], reader: str) -> None:
    from bot.cli.base import settings_from
    from bot.clock import now
    from data.migrate import upgrade
    from data.store import Store
    from translations import corrections

    settings = settings_from(config)
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.write() as session:
            corrections.keep(session, folder, better, reader, now())
    finally:
        store.close()


def _known(language: str) -> str:
    """The folder of a language that has a catalog; else ends with 2, naming the near ones."""
    from difflib import get_close_matches

    from translations import catalogs

    folder = _folder(language)
    if folder in catalogs.shipped():
        return folder
    near = get_close_matches(folder, catalogs.shipped(), cutoff=0.3) or catalogs.shipped()
    return _refuse(f"{language}: there is no catalog of this language. Near ones: {', '.join(near)}")


def _folder(language: str) -> str:
    folder = language.replace("-", "_")
    return {"zh": "zh_Hans"}.get(folder, folder)


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(BAD_INPUT)
