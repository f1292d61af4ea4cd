"""`bookbag questionnaire`: a questionnaire as a file, checked and opened; its results; those there are, and closing one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.clock import now
from data.migrate import upgrade
from data.store import Store
from school import School, audiences, audit, questionnaire_results, questionnaire_sheet, questionnaires
from school.questionnaire_file import BadFile, read, shipped_files
from school.questionnaire_form import Fault, Form
from school.questionnaire_rates import Group
from school.questionnaire_results import Results
from school.questionnaires import NobodyToAsk, NotNow, NotReady, Questionnaire, QuestionnaireState
from school.sheets import as_csv
from translations import scales

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.settings import Settings

FAILED, BAD_INPUT = 1, 2
WIDE = 120
"""Columns of a table that goes into a file or a pipe."""
T = TypeVar("T")


class _Wrong(Exception):
    """What was asked for cannot be done: a line for each fault."""


def check(settings: Settings, path: str) -> int:
    """Say what a file asks, or what is wrong with it; the exit code: 0, or 2 with a line for each fault on standard error."""

    def look(store: Store) -> None:
        with store.read() as session:
            form = _form(_school(session, settings), path)
            to = audiences.written(_school(session, settings), form.audience)
        typer.echo(f"{form.title}: {_count(len(form.questions), 'question')}, {form.privacy}, for each {form.per}, open for {_count(form.days, 'day')}.")
        typer.echo(f"To {to}. It can be opened.")

    return _done(settings, look)


def open_file(settings: Settings, path: str, *, closes: str | None, yes: bool) -> int:
    """Ask what a file says, once whoever types has said yes; the exit code: 0, 1 where they said no, 2 with a line for each fault on standard error."""

    def ask(store: Store) -> int:
        last = _day(closes)
        with _tried(store, settings) as school:  # what it would come to: undone again, so that no transaction waits for an answer
            made, asked = _opened(school, path, last)
            to, closes_on = audiences.written(school, questionnaires.audience_of(made)), made.closes_on
            typer.echo(f"{made.title.words}: {_count(len(made.questions), 'question')}, {made.privacy}.")
        typer.echo(f"To {to}: {_count(asked, 'adult')}, until {closes_on}. Once it is open it cannot be changed.")
        if not yes and not _agreed():
            typer.echo("Nobody was asked.", err=True)
            return FAILED
        with store.write() as session:
            school = _school(session, settings)
            made, asked = _opened(school, path, last)
            audit.changed(school, None, "opened questionnaire", "questionnaire", made.id)
            number = made.id
        typer.echo(f"Questionnaire {number} is open: {_count(asked, 'adult')} will be asked.")
        return 0

    return _done(settings, ask)


def results(settings: Settings, questionnaire_id: int, *, as_json: bool, as_sheet: bool) -> int:
    """Print the results as a table, JSON or CSV; the exit code: 0, or 2 with what is wrong on standard error."""

    def show(store: Store) -> None:
        if as_json and as_sheet:
            raise _Wrong("--json, --csv: give one of them")
        with store.read() as session:
            school = _school(session, settings)
            shown = questionnaire_results.results(school, _known(school, questionnaire_id))
            if as_json:
                typer.echo(json.dumps(questionnaire_sheet.plain(school, shown, scales.in_english), ensure_ascii=False, indent=2))
            elif as_sheet:
                typer.echo(as_csv(questionnaire_sheet.rows(school, shown, scales.in_english)), nl=False)
            else:
                _print(school, shown)

    return _done(settings, show)


def listing(settings: Settings, *, as_json: bool) -> int:
    """Print a line for each questionnaire, the newest first."""

    def show(store: Store) -> None:
        with store.read() as session:
            found = [_line(each) for each in questionnaires.newest(_school(session, settings))]
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        elif not found:
            typer.echo("There are none. 'bookbag questionnaire open FILE.yml' opens one; ready to be taken are: " + ", ".join(shipped_files()) + ".")
        else:
            _table(found[0], (each.values() for each in found))

    return _done(settings, show)


def close(settings: Settings, questionnaire_id: int) -> int:
    """Take no more answers; the exit code: 0, or 2 with what is wrong on standard error."""

    def end(store: Store) -> None:
        with store.write() as session:
            school = _school(session, settings)
            found = _known(school, questionnaire_id)
            try:
                questionnaires.close(school, None, found)
            except NotNow as refusal:
                raise _Wrong(f"questionnaire {questionnaire_id} is not open: it is {_STATES[refusal.state]}") from None
            audit.changed(school, None, "closed questionnaire", "questionnaire", questionnaire_id)
        typer.echo(f"Questionnaire {questionnaire_id} is closed. The last answers are opened within minutes, if five or more wait: see its results.")

    return _done(settings, end)


_STATES: Mapping[str, str] = {QuestionnaireState.DRAFT: "a draft still", QuestionnaireState.OPEN: "open", QuestionnaireState.CLOSED: "closed already"}


# What all of them do


def _done(settings: Settings, work: Callable[[Store], int | None]) -> int:
    upgrade(settings.database_url)
    with closing(Store(settings.database_url)) as store:
        try:
            return work(store) or 0
        except _Wrong as wrong:
            for fault in wrong.args:
                typer.echo(fault, err=True)
            return BAD_INPUT


def _school(session: Session, settings: Settings) -> School:
    return School(session, now(), settings.for_school())


@contextmanager
def _tried(store: Store, settings: Settings) -> Iterator[School]:
    """A school in which all that is done is undone."""
    with store.write() as session:
        yield _school(session, settings)
        session.rollback()


def _known(school: School, questionnaire_id: int) -> Questionnaire:
    found = questionnaires.get(school, questionnaire_id)
    if found is None:
        there = ", ".join(str(each.id) for each in questionnaires.newest(school, 5))
        raise _Wrong(f"there is no questionnaire {questionnaire_id}" + (f"; the newest are {there}" if there else "; there is none yet"))
    return found


def _opened(school: School, path: str, closes_on: date | None) -> tuple[Questionnaire, int]:
    form = _form(school, path)
    try:
        made = questionnaires.make(school, None, form)
        return made, questionnaires.open_up(school, None, made, closes_on)
    except NobodyToAsk:
        raise _Wrong(f"{path}: there is nobody to ask in '{audiences.written(school, form.audience)}'") from None
    except NotReady as refusal:
        raise _Wrong(
            *(f"--closes {closes_on}: {fault.what}" if closes_on and _is_about_days(fault) else f"{path}: {fault.what}" for fault in refusal.faults)
        ) from None


def _is_about_days(fault: Fault) -> bool:
    return fault.where == ("days",)


def _form(school: School, path: str) -> Form:
    """What a file asks; one that Bookbag brings along is known by its name alone."""
    try:
        return read(school, _content(path))
    except BadFile as refusal:
        raise _Wrong(*(f"{path} {fault}" if fault.line else f"{path}: {fault.what}" for fault in refusal.faults)) from None


def _content(path: str) -> bytes:
    known = shipped_files()
    if path in known and not Path(path).exists():
        return known[path]
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _Wrong(f"{path} cannot be read ({error.strerror or error}). Ready to be taken are: {', '.join(known)}") from None


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written is not None else None
    except ValueError:
        raise _Wrong(f"--closes: '{written}' is no day such as 2026-03-20") from None


def _agreed() -> bool:
    try:
        return typer.confirm("Ask them?")
    except typer.Abort:
        typer.echo("There is nobody here to answer: say --yes to ask without a question.", err=True)
        return False


# Shown


def _line(questionnaire: Questionnaire) -> Mapping[str, object]:
    return {
        "id": questionnaire.id,
        "title": questionnaire.title.words,
        "state": str(questionnaire.state),
        "answers": str(questionnaire.privacy),
        "questions": len(questionnaire.questions),
        "closes": questionnaire.closes_on.isoformat() if questionnaire.closes_on else None,
    }


def _print(school: School, shown: Results) -> None:
    finished = f"{shown.finished} ({_percent(shown.share or 0)})" if shown.finished is not None else "how many is not told of so few"
    typer.echo(f"{shown.questionnaire.title.words} ({shown.questionnaire.state}, {shown.questionnaire.privacy})")
    typer.echo(f"Asked: {shown.asked}. Finished: {finished}.")
    for what, groups, names in (("class", shown.by_class, shown.class_names), ("language", shown.by_language, {})):
        if groups:
            _table((what, "asked", "finished", "share"), (_cells(each, names) for each in groups))
    if shown.withheld is not None:
        typer.echo(questionnaire_sheet.WHY[shown.withheld])
        return
    found = list(questionnaire_sheet.rows(school, shown, scales.in_english))
    _table([str(head) for head in found[0]], found[1:])


def _cells(group: Group, names: Mapping[str, str]) -> Sequence[object]:
    return names.get(group.value, group.value) or "the others together", group.asked, group.finished, _percent(group.share)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _table(heads: Iterable[str], lines: Iterable[Iterable[object]]) -> None:
    table = Table(show_edge=False)
    for head in heads:
        table.add_column(escape(head), overflow="fold")
    for line in lines:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in line))
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(table)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
