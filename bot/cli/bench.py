"""`bookbag bench`: how fast it is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.base import AsJson, Config, finish, settings_from

app = typer.Typer(help="How fast it is, against a limit measured in the same run.", no_args_is_help=True)


class Peer(StrEnum):
    """Whom `bench nlu` measures beside us."""

    RASA = "rasa"


@app.command("nlu")
def bench_nlu(
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The folder with the public intent sets.", show_default=False)] = None,
    peer: Annotated[Peer | None, typer.Option("--peer", help="Train and serve this beside us, and ask it the same.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """How much is understood, in public sets and in our own held-out messages, and what it costs."""
    from bot.bench import understanding

    finish(understanding.nlu, data=data, as_json=as_json, with_rasa=peer is Peer.RASA)


@app.command("translate")
def bench_translate(as_json: AsJson = False) -> None:
    """One news item to 500 families in 17 languages: provider calls and time, with the memory cold and warm; and what the catalogs cost."""
    from bot.bench import translation

    finish(translation.translate, as_json=as_json)


@app.command("turns")
def bench_turns(
    count: Annotated[int, typer.Option(help="How many turns to take in each way.", min=1)] = 500,
    families: Annotated[int, typer.Option(help="How many families the school has.", min=1)] = 100,
    old_messages: Annotated[int, typer.Option(help="How many messages it has had before.", min=0)] = 0,
    database: Annotated[str | None, typer.Option(metavar="URL", help="An empty database to use instead of a new file.", show_default=False)] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Whole turns, from a parent's text to the reply's arrival at a provider, beside what this machine could do at best."""
    settings = settings_from(config)
    from bot import bench

    finish(bench.turns, settings, count=count, families=families, old_messages=old_messages, as_json=as_json, database_url=database)


@app.command("broadcast")
def bench_broadcast(
    adults: Annotated[int, typer.Option(help="How many adults are told.", min=12)] = 10_000,
    replies: Annotated[int, typer.Option(help="How many messages parents write, without a broadcast and again during one.", min=1)] = 200,
    provider_ms: Annotated[int, typer.Option(help="How long the provider takes to answer, in milliseconds.", min=0)] = 0,
    database: Annotated[str | None, typer.Option(metavar="URL", help="An empty database to use instead of a new file.", show_default=False)] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """One text to many: planning it, sending it beside a bare HTTP client, and what parents who write meanwhile wait."""
    settings = settings_from(config)
    from bot.bench import broadcast as one_to_many

    finish(one_to_many.broadcast, settings, adults=adults, replies=replies, provider_ms=provider_ms, as_json=as_json, database_url=database)


@app.command("questionnaire")
def bench_questionnaire(
    families: Annotated[int, typer.Option(help="How many families answer at once.", min=5)] = 500,
    answers: Annotated[int, typer.Option(help="How many answers the results are counted from.", min=50)] = 100_000,
    database: Annotated[str | None, typer.Option(metavar="URL", help="An empty database to use instead of a new file.", show_default=False)] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Ten questions to many families who answer at once, and whether all of it is kept; and the results of many answers."""
    settings = settings_from(config)
    from bot.bench import questionnaire

    finish(questionnaire.questionnaire, settings, families=families, answers=answers, as_json=as_json, database_url=database)


@app.command("console")
def bench_console(
    families: Annotated[int, typer.Option(help="How many families the school has.", min=1)] = 400,
    messages: Annotated[int, typer.Option(help="How many messages it has had, in and out.", min=0)] = 200_000,
    rounds: Annotated[int, typer.Option(help="How often each page is asked for as each role.", min=1)] = 30,
    database: Annotated[str | None, typer.Option(metavar="URL", help="An empty database to use instead of a new file.", show_default=False)] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Every page of the staff console as each role, in a full school; and how soon a new message is on an open page."""
    settings = settings_from(config)
    from bot.bench import pages

    finish(pages.console, settings, families=families, messages=messages, rounds=rounds, as_json=as_json, database_url=database)
