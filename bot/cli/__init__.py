"""The command line: `bookbag`. It changes only by adding.

Only Typer is imported here: `bookbag --help` must answer at once, so every command imports what it needs when it is called.
A command reads the settings and calls one function, which does the work and gives the exit code.
0: done. 2: bad usage or bad input, with a line for each fault on standard error. 1: failure.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli import bench, database
from bot.cli.base import AsJson, Config, finish, settings_from

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(
    name="bookbag",
    help="The school's phone number that answers, in every family's own language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
config_app = typer.Typer(help="The settings: are they right?", no_args_is_help=True)
import_app = typer.Typer(help="Take in a file, all or nothing; every bad row is named.", no_args_is_help=True)
staff_app = typer.Typer(help="The people who work at the school.", no_args_is_help=True)
questionnaire_app = typer.Typer(help="What the school asks families, as a file, and what they answered.", no_args_is_help=True)
whatsapp_app = typer.Typer(help="WhatsApp's buttons, lists and openers.", no_args_is_help=True)
twilio_app = typer.Typer(help="What is set up in Twilio's console.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(database.db_app, name="db")
app.add_typer(import_app, name="import")
app.add_typer(staff_app, name="staff")
app.add_typer(database.family_app, name="family")
app.add_typer(questionnaire_app, name="questionnaire")
app.add_typer(whatsapp_app, name="whatsapp")
app.add_typer(twilio_app, name="twilio")
app.add_typer(bench.app, name="bench")


class ChannelChoice(StrEnum):
    """A channel, as `--channel` takes it."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"


class RoleChoice(StrEnum):
    """A role, as `--role` takes it."""

    ADMIN = "admin"
    OFFICE = "office"
    TEACHER = "teacher"
    CLASS = "class"
    SENIOR = "senior"
    ADVISOR = "advisor"
    LEAD = "lead"
    DEPUTY = "deputy"


EXPECTED: Final = {
    "DatabaseAway": "The database cannot be reached or written now. Is it running, is its disk full, may this user write there?",
    "HalfRestored": "A restore of this database is under way or was broken off. Run it again: bookbag db restore FILE --force",
    "NewerDatabase": "The database was written by a newer Bookbag. Use that version, or restore a backup.",
}
"""What may go wrong without being our fault, by the error's name: importing the classes would cost every command a second."""

WatchedAt = Annotated[str, typer.Option("--host", help="The address at which monitoring is answered.")]
WatchedOn = Annotated[int | None, typer.Option("--port", help="Where /healthz, /readyz and /metrics are answered; nowhere unless given.", min=1, max=65535)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
RemoveMissing = Annotated[bool, typer.Option("--remove-missing", help="Also remove what the file no longer has.")]
CalendarFile = Annotated[Path, typer.Argument(metavar="FILE.ics", help="The calendar file to take in.", show_default=False)]
Asked = Annotated[str, typer.Argument(metavar="FILE.yml", help="The file, or the name of one that Bookbag brings along, such as yearly.", show_default=False)]
QuestionnaireId = Annotated[int, typer.Argument(metavar="ID", help="Its number: see `bookbag questionnaire list`.", show_default=False)]
Csv = Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file to take in.", show_default=False)]


def main() -> None:
    """Run the command line. A database that is away, or newer than we are, ends in one line on standard error and 1."""
    try:
        app(prog_name="bookbag")
    except Exception as error:
        words = EXPECTED.get(type(error).__name__)
        if words is None:
            raise
        typer.echo(words, err=True)
        raise SystemExit(1) from None


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bookbag {version('bookbag')}")
        raise typer.Exit


@app.callback()
def bookbag(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")] = False,
) -> None:
    """The school's phone number that answers, in every family's own language."""


@app.command(short_help="Serve the school, all in one process.")
def run(
    config: Config = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Make the demo school, once, and open the simulator.")] = False,
) -> None:
    """Serve the school: webhooks, console, sending and the clock, in one process. Creates or upgrades its database."""
    settings = settings_from(config, demo=demo)
    from bot.run import serve

    finish(serve, settings, host=host, port=port, demo=demo)


@app.command(short_help="Take in messages and show the pages: a part of `run`.")
def web(
    config: Config = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Store what comes in, show the console and the pages. Any number of these; they need PostgreSQL, a worker and a scheduler."""
    from bot.processes import serve_web

    finish(serve_web, settings_from(config), host=host, port=port)


@app.command(short_help="Answer and send: a part of `run`.")
def worker(config: Config = None, host: WatchedAt = "127.0.0.1", port: WatchedOn = None) -> None:
    """Take turns, translate and send. Any number of these; they need PostgreSQL. SIGTERM ends one when what it has in hand is done."""
    from bot.processes import work

    finish(work, settings_from(config), host=host, port=port)


@app.command(short_help="Keep time and ask the providers: a part of `run`.")
def scheduler(config: Config = None, host: WatchedAt = "127.0.0.1", port: WatchedOn = None) -> None:
    """Do what falls due, catch up with the providers, poll them. Of several one leads, and another takes over; they need PostgreSQL."""
    from bot.processes import keep_time

    finish(keep_time, settings_from(config), host=host, port=port)


@app.command(short_help="Talk to the school in the terminal.")
def chat(
    number: Annotated[str, typer.Option("--as", metavar="NUMBER", help="The phone number to write as.", show_default=False)],
    channel: Annotated[ChannelChoice, typer.Option(help="The channel to write on.")] = ChannelChoice.SMS,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the conversation as a transcript for the tests.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Talk to the school in the terminal, with the real engine and database. Reads lines from standard input, so a script can drive it."""
    settings = settings_from(config)
    from bot import terminal

    finish(terminal.chat, settings, number=number, channel=channel.value, record=record)


@config_app.command("check")
def config_check(
    live: Annotated[bool, typer.Option("--live", help="Ask the providers too: are the school's accounts with them set up as the settings say?")] = False,
    config: Config = None,
) -> None:
    """Read config.yml and the environment, and say in one line each what is wrong and where."""
    settings = settings_from(config)
    for line in [*settings.unready(), *settings.channels_off(), *settings.folded()]:
        typer.echo(line)
    finish(_checked, settings, live=live)


def _checked(settings: Settings, *, live: bool) -> int:
    code = _named_persons_can_be_reached(settings)
    if not live:
        return code
    from bot.live import check

    return max(code, check.run(settings))


def _named_persons_can_be_reached(settings: Settings) -> int:
    from bot.named_persons import unreachable

    fault = unreachable(settings)
    if fault is not None:
        typer.echo(fault, err=True)
        return 1
    typer.echo("The settings can be used.")
    return 0


@twilio_app.command("opt-out")
def twilio_opt_out(config: Config = None) -> None:
    """The words and answers for STOP, START and HELP in every language, to paste into Twilio's Advanced Opt-Out."""
    settings = settings_from(config)
    from bot import opt_out

    finish(opt_out.show, settings)


@import_app.command("families")
def import_families(path: Csv, dry_run: DryRun = False, remove_missing: RemoveMissing = False, config: Config = None) -> None:
    """Families: a row for each adult and child."""
    _import("families", path, config, dry_run=dry_run, remove_missing=remove_missing)


@import_app.command("staff")
def import_staff(path: Csv, dry_run: DryRun = False, remove_missing: RemoveMissing = False, config: Config = None) -> None:
    """Staff: name, email, phone, role, classes and hours."""
    _import("staff", path, config, dry_run=dry_run, remove_missing=remove_missing)


@import_app.command("terms")
def import_terms(path: Csv, dry_run: DryRun = False, remove_missing: RemoveMissing = False, config: Config = None) -> None:
    """Term dates: starts, ends and what (term, half-term, INSET, closed)."""
    _import("terms", path, config, dry_run=dry_run, remove_missing=remove_missing)


@import_app.command("packs")
def import_packs(path: Csv, dry_run: DryRun = False, config: Config = None) -> None:
    """Home Learning Packs: title, what is in each, skills, copies and their labels."""
    _import("packs", path, config, dry_run=dry_run, remove_missing=False)


@import_app.command("events")
def import_events(path: CalendarFile, dry_run: DryRun = False, remove_missing: RemoveMissing = False, config: Config = None) -> None:
    """Events from a calendar file (.ics). What is new is a draft until staff open it."""
    _import("events", path, config, dry_run=dry_run, remove_missing=remove_missing)


def _import(what: str, path: Path, config: Path | None, *, dry_run: bool, remove_missing: bool) -> None:
    settings = settings_from(config)
    from bot import importing

    finish(importing.run, settings, what, path, dry_run=dry_run, remove_missing=remove_missing)


@staff_app.command("add")
def staff_add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", show_default=False)],
    name: Annotated[str, typer.Option(help="Their name, as parents know it.", show_default=False)],
    role: Annotated[RoleChoice, typer.Option(help="What they may see and do.", show_default=False)],
    phone: Annotated[str | None, typer.Option(help="Their phone number, to be told outside the page.", show_default=False)] = None,
    school_class: Annotated[
        list[str] | None, typer.Option("--class", metavar="NAME", help="A class of theirs; may be given more than once.", show_default=False)
    ] = None,
    config: Config = None,
) -> None:
    """Add someone to the staff, and print a link that logs them in once."""
    settings = settings_from(config)
    from bot import people

    finish(people.add_staff, settings, email=email, name=name, role=role.value, phone=phone, classes=school_class or [])


@app.command(short_help="What needs a person.")
def attention(
    as_json: AsJson = False,
    done: Annotated[list[int] | None, typer.Option(metavar="ID", help="Someone has dealt with this one: it is listed no more.", show_default=False)] = None,
    safeguarding: Annotated[bool, typer.Option("--safeguarding", help="Show the words of safeguarding matters: for the lead and deputy alone.")] = False,
    config: Config = None,
) -> None:
    """What needs a person: not understood, not delivered, for the office, refused; a line each."""
    settings = settings_from(config)
    from bot import attention as waiting

    finish(waiting.show, settings, as_json=as_json, done=done or (), with_safeguarding=safeguarding)


@app.command(short_help="The paper that the school needs, as files.")
def papers(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to; made if it is not there.", show_default=False)],
    config: Config = None,
) -> None:
    """Write the data map, the list of processors, the draft of the impact assessment and the privacy notice in every language, as pages to print."""
    settings = settings_from(config)
    from bot import papers as made

    finish(made.write, settings, directory)


@app.command(short_help="Write to many families at once.")
def broadcast(
    to: Annotated[
        str,
        typer.Option(metavar="AUDIENCE", help="everyone, class:NAME, group:NAME, event:ID, language:TAG or unanswered:ID (an event's).", show_default=False),
    ],
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What to say, in English.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(metavar="F", help="A file with what to say, instead of --text.", show_default=False)] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When, on the school's clock: '2026-03-02 08:00', or 08:00 for today. [default: now]", show_default=False)
    ] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Send it in quiet hours too, before all else, whatever the month has cost.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get it, in which languages and message parts, and what it would cost.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Write to many families, each in its own language; the running server sends it."""
    settings = settings_from(config)
    from bot import broadcasting

    finish(broadcasting.run, settings, to=to, text=text, file=file, at=at, urgent=urgent, dry_run=dry_run, as_json=as_json)


@questionnaire_app.command("open")
def questionnaire_open(
    path: Asked,
    closes: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day for an answer. [default: after as many days as the file says]", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    config: Config = None,
) -> None:
    """Check a questionnaire, say how many would be asked, and ask them; the running server sends it."""
    settings = settings_from(config)
    from bot import questionnaires

    finish(questionnaires.open_file, settings, path, closes=closes, yes=yes)


@questionnaire_app.command("check")
def questionnaire_check(path: Asked, config: Config = None) -> None:
    """Say what a questionnaire asks, or what is wrong with it, by line and question. Nothing is sent."""
    settings = settings_from(config)
    from bot import questionnaires

    finish(questionnaires.check, settings, path)


@questionnaire_app.command("results")
def questionnaire_results(
    questionnaire_id: QuestionnaireId,
    as_json: AsJson = False,
    as_sheet: Annotated[bool, typer.Option("--csv", help="Answer in CSV, for a spreadsheet.")] = False,
    config: Config = None,
) -> None:
    """What was answered, in figures and words. What would name someone is not told."""
    settings = settings_from(config)
    from bot import questionnaires

    finish(questionnaires.results, settings, questionnaire_id, as_json=as_json, as_sheet=as_sheet)


@questionnaire_app.command("list")
def questionnaire_list(as_json: AsJson = False, config: Config = None) -> None:
    """A line for each questionnaire, the newest first."""
    settings = settings_from(config)
    from bot import questionnaires

    finish(questionnaires.listing, settings, as_json=as_json)


@questionnaire_app.command("close")
def questionnaire_close(questionnaire_id: QuestionnaireId, config: Config = None) -> None:
    """Take no more answers. Whoever was not told yet is not told any more."""
    settings = settings_from(config)
    from bot import questionnaires

    finish(questionnaires.close, settings, questionnaire_id)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
def nlu(context: typer.Context) -> None:
    """Train, test and try what understands the parents' words."""
    from bot.cli_nlu import app as nlu_app

    nlu_app(context.args, prog_name="bookbag nlu")


@app.command(short_help="Translate one text, as a family's message would be.")
def translate(
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)],
    to: Annotated[str, typer.Option(metavar="LANG", help="The language to translate to: a BCP 47 tag.", show_default=False)],
    source: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="The language it is in. [default: told from the text]", show_default=False)
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Translate it back too, and say whether it looks fine.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Translate one text through the memory and the configured providers; says who answered and what was masked."""
    settings = settings_from(config)
    from bot import translate as translating

    finish(translating.translate, settings, text, to=to, source=source, as_json=as_json, with_back=back)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
def translations(context: typer.Context) -> None:
    """Bookbag's own sentences in every language: checked, and put right by those who speak it."""
    from bot.cli_translations import app as translations_app

    translations_app(context.args, prog_name="bookbag translations")


@whatsapp_app.command("setup")
def whatsapp_setup(config: Config = None) -> None:
    """Make the button and list templates with Twilio, once; without them choices are numbered in the text."""
    settings = settings_from(config)
    from bot import whatsapp

    finish(whatsapp.setup, settings)
