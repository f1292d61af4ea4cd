"""`bookbag bench`: how fast it is."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from bot.cli.base import AsJson, Config, finish, settings_from

P = ParamSpec("P")
app = typer.Typer(help="How fast it is, against a limit measured in the same run.", no_args_is_help=True)


Database = Annotated[str | None, typer.Option(metavar="URL", help="An empty database to use instead of a new file.", show_default=False)]
Postgresql = Annotated[bool, typer.Option("--postgresql", help="Use a PostgreSQL server that runs as long as the bench does, instead of a new file.")]
Processes = Annotated[int, typer.Option(help="How many processes serve and work; more than one need PostgreSQL.", min=1)]


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
    processes: Processes = 1,
    database: Database = None,
    postgresql: Postgresql = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Whole turns, from a parent's text to the reply's arrival at a provider, beside what this machine could do at best."""
    settings = settings_from(config)
    _must_share(processes, database, postgresql=postgresql)
    from bot.bench import turns

    _measure(
        turns.turns,
        settings,
        count=count,
        families=families,
        old_messages=old_messages,
        processes=processes,
        as_json=as_json,
        database_url=database,
        postgres=postgresql,
    )


@app.command("load")
def bench_load(
    rate: Annotated[float, typer.Option(help="How many messages a second parents write.", min=0.1)] = 20,
    seconds: Annotated[float, typer.Option(help="For how long.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Who writes what and when follows from it: the same seed, the same morning.")] = 1,
    families: Annotated[int, typer.Option(help="How many families the school has.", min=10)] = 400,
    search: Annotated[bool, typer.Option("--search", help="Also look for the highest rate that holds.")] = False,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="A server that runs already, with the same settings, its provider on this machine.", show_default=False)
    ] = None,
    processes: Processes = 1,
    database: Database = None,
    postgresql: Postgresql = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """A morning with snow: answers, questions, bookings, pictures and rubbish at a given rate, and how long each waits for its reply."""
    settings = settings_from(config)
    _must_share(processes, database, postgresql=postgresql)
    from bot.bench import snow_day

    _measure(
        snow_day.load,
        settings,
        rate=rate,
        seconds=seconds,
        seed=seed,
        families=families,
        search=search,
        processes=processes,
        address=server,
        as_json=as_json,
        database_url=database,
        postgres=postgresql,
    )


@app.command("peers")
def bench_peers(
    count: Annotated[int, typer.Option(help="How many turns to take with each.", min=1)] = 500,
    rasa: Annotated[bool, typer.Option("--rasa/--no-rasa", help="Train and serve Rasa too, where it is set up.")] = True,
    database: Database = None,
    postgresql: Postgresql = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The same booking with us, with a plain Telegram bot, and with Rasa: turns a second, processor, memory."""
    settings = settings_from(config)
    from bot.bench import beside

    _measure(beside.peers, settings, count=count, with_rasa=rasa, as_json=as_json, database_url=database, postgres=postgresql)


@app.command("broadcast")
def bench_broadcast(
    adults: Annotated[int, typer.Option(help="How many adults are told.", min=12)] = 10_000,
    replies: Annotated[int, typer.Option(help="How many messages parents write, without a broadcast and again during one.", min=1)] = 200,
    provider_ms: Annotated[int, typer.Option(help="How long the provider takes to answer, in milliseconds.", min=0)] = 0,
    database: Database = None,
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
    database: Database = None,
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
    database: Database = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Every page of the staff console as each role, in a full school; and how soon a new message is on an open page."""
    settings = settings_from(config)
    from bot.bench import pages

    finish(pages.console, settings, families=families, messages=messages, rounds=rounds, as_json=as_json, database_url=database)


@app.command("all")
def bench_all(
    docs: Annotated[Path, typer.Option("--docs", metavar="DIR", help="Where the documentation is, into which tables and pictures are written.")] = Path("docs"),
    quick: Annotated[bool, typer.Option("--quick", help="A little of each, in two or three minutes: to see that it runs.")] = False,
    rasa: Annotated[bool, typer.Option("--rasa/--no-rasa", help="Measure Rasa too, where it is set up.")] = True,
    redraw: Annotated[bool, typer.Option("--redraw", help="Measure nothing; make tables and pictures anew from the numbers that were written last.")] = False,
    config: Config = None,
) -> None:
    """All of it in one run, some twelve minutes on a quiet machine, on both databases: writes benchmarks.md, benchmarks.json and pictures."""
    settings = settings_from(config)
    from bot.bench import everything

    if redraw:
        _measure(everything.redraw, docs)
    _measure(everything.everything, settings, folder=docs, quick=quick, with_rasa=rasa)


def _measure(work: Callable[P, int | None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do a bench's work and end with its exit code; with 2 where something stands in its way."""
    from bot.bench.limits import CannotMeasure

    try:
        finish(work, *args, **kwargs)
    except CannotMeasure as reason:
        typer.echo(f"bookbag bench: {reason}", err=True)
        raise typer.Exit(2) from None


def _must_share(processes: int, database: str | None, *, postgresql: bool) -> None:
    """End with 2 where several processes are asked for and no database that they could share."""
    if processes > 1 and not postgresql and not (database or "").startswith("postgresql"):
        typer.echo("bookbag bench: several processes share PostgreSQL: add --postgresql, or give --database the address of an empty one.", err=True)
        raise typer.Exit(2)
