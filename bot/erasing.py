"""`bookbag family export` and `bookbag family erase`: what is held about one adult, and the end of that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import typer
from sqlalchemy import select

from bot import clock
from data.addresses import Address
from data.migrate import upgrade
from data.people import Adult, AdultAddress
from data.store import Store
from nlu.learned import Learned
from school import School, addresses, audit, data_requests, held, learnt
from school.data_requests import DataRequestKind
from school.errors import Refusal

if TYPE_CHECKING:
    from bot.settings import Settings

BAD_INPUT = 2
HOW = "command line"
"""How a request was asked that was typed in here."""


def export(settings: Settings, number: str, adult_id: int | None) -> int:
    """Print what is held about the adult with this number, as JSON; the exit code: 0, or 2 with what is wrong on standard error."""
    upgrade(settings.database_url)
    with closing(Store(settings.database_url)) as store, store.write() as session:
        school = School(session, clock.now(), settings.for_school())
        adult = _chosen(school, number, adult_id)
        if adult is None:
            return BAD_INPUT
        audit.changed(school, None, "exported", "adult", adult.id)
        typer.echo(json.dumps(held.export(school, adult).copy(), ensure_ascii=False, indent=2))
    return 0


def erase(settings: Settings, number: str, adult_id: int | None, *, yes: bool) -> int:
    """Erase the adult with this number and print the report; without `yes` what would be done, and do nothing. The exit code, as `export`."""
    upgrade(settings.database_url)
    with closing(Store(settings.database_url)) as store:
        with store.write() as session:
            school = School(session, clock.now(), settings.for_school())
            adult = _chosen(school, number, adult_id)
            if adult is None:
                return BAD_INPUT
            name = adult.name
            request = data_requests.ask(school, adult, DataRequestKind.ERASURE, how=HOW)
            report = data_requests.release_erasure(school, request, None, "")
            if not yes:
                session.rollback()
        if yes:
            Learned(settings.nlu.model_dir).forget(learnt.to_forget(session))
            store.forget_log()
    for line in told(report):
        typer.echo(line)
    typer.echo("" if yes else f"\nNothing is erased yet. To erase {name} for good: the same again with --yes.", nl=not yes)
    return 0


def told(report: Any) -> Sequence[str]:
    """A report as lines to read: what was removed, what is kept and why, what providers hold, where the name still stands."""
    lines = ["Removed:", *(f"  {count} {what}" for what, count in report["removed"].items()), "Kept:"]
    for kept in report["kept"]:
        lines += [f"  {kept['what']}", f"    Why: {kept['why']}", f"    Until: {kept['until']}"]
    lines.append(f"To be deleted at providers: {report['at_providers']}")
    if report["still_named"]:
        lines += ["The name or number still stands in what others wrote. Look there:", *(f"  {where}: {n}" for where, n in report["still_named"].items())]
    return lines


def _chosen(school: School, number: str, adult_id: int | None) -> Adult | None:
    """The one adult who is meant; None where that cannot be told, and why on standard error."""
    found = _with_number(school, number) if number else school.session.scalars(select(Adult).where(Adult.id == adult_id)).all()
    if adult_id is not None:
        found = [adult for adult in found if adult.id == adult_id]
    if not found:
        typer.echo("Nobody with this number." if adult_id is None else f"Nobody here has the id {adult_id}.", err=True)
        return None
    if len(found) > 1:
        typer.echo("More than one adult has this number. Say which with --adult ID:", err=True)
        for adult in found:
            typer.echo(f"  --adult {adult.id}  {adult.name}", err=True)
        return None
    return found[0]


def _with_number(school: School, number: str) -> Sequence[Adult]:
    values = {number.strip()}  # a landline, or a Telegram chat's id, is looked for as it stands
    with suppress(Refusal):
        values.add(addresses.mobile(number))
    has = select(AdultAddress.adult_id).join(Address).where(Address.value.in_(values))
    return school.session.scalars(select(Adult).where(Adult.id.in_(has)).order_by(Adult.id)).all()
