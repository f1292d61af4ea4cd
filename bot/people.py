"""`bookbag family list` and `bookbag staff add`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from bot import clock
from data.addresses import Address
from data.migrate import upgrade
from data.people import Adult, SchoolClass
from data.store import Store
from school import School, accounts, addresses, audit, staff

if TYPE_CHECKING:
    from bot.settings import Settings

BAD_INPUT = 2
HERE = "http://127.0.0.1:8000"
"""Where `bookbag run` serves by itself, for a school that has no public address."""


def list_families(settings: Settings, as_json: bool) -> int:
    """Print a line for each registered adult: name, language, and the channel and number that are tried first (both empty where there is none)."""
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.read() as session:
            adults = session.scalars(select(Adult).where(Adult.left_on.is_(None)).options(selectinload(Adult.addresses)).order_by(Adult.name, Adult.id)).all()
            rows = [_row(adult) for adult in adults]
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print(rows)
    return 0


def add_staff(settings: Settings, email: str, name: str, role: str, phone: str | None, classes: Sequence[str]) -> int:
    """Add a member of staff and print a link with which they log in, once; the exit code: 0, or 2 with what is wrong on standard error."""
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    token = ""
    try:
        with store.write() as session:
            school = School(session, clock.now(), settings.for_school())
            faults = _added(school, email, name, role, phone, classes)
            if faults:
                session.rollback()
            elif (person := staff.with_email(school, email)) is not None:
                token = accounts.make_link(school, person, accounts.FIRST_LINK_LASTS)
                audit.changed(school, None, "added staff", "staff", person.id, role=role)
    finally:
        store.close()
    if faults:
        for fault in faults:
            typer.echo(fault, err=True)
        return BAD_INPUT
    typer.echo(f"Added: {name}, {role}.")
    typer.echo(f"Hand them this link; it logs them in once, within {accounts.FIRST_LINK_LASTS.days} days, and they choose a password then:")
    typer.echo(f"{(settings.public_url or HERE).rstrip('/')}/console/in/{token}")
    return 0


def _row(adult: Adult) -> dict[str, str]:
    first: Address | None = next((link.address for link in adult.addresses if link.address.channel != "email"), None)
    return {"name": adult.name, "language": adult.language, "channel": first.channel if first else "", "number": first.value if first else ""}


def _print(rows: Sequence[dict[str, str]]) -> None:
    console = Console()
    if not console.is_terminal:  # for a script: tabs, nothing cut off
        for row in rows:
            typer.echo("\t".join(row.values()))
        return
    table = Table("Name", "Language", "Channel", "Number", box=None)
    for row in rows:
        table.add_row(*(value.replace("[", r"\[") for value in row.values()))
    console.print(table)


def _added(school: School, email: str, name: str, role: str, phone: str | None, classes: Sequence[str]) -> list[str]:
    """What is wrong; nothing once the person is added."""
    found = [staff.class_named(school, each) for each in classes]
    faults = [f"--class: there is no class '{wanted}'" for wanted, school_class in zip(classes, found, strict=True) if school_class is None]
    if role not in staff.ROLES:
        faults.append(f"--role: '{role}' is none of {', '.join(staff.ROLES)}")
    if "@" not in email or any(letter.isspace() for letter in email):
        faults.append(f"'{email}' is no e-mail address")
    elif staff.with_email(school, email) is not None:
        faults.append(f"'{email}' is there already")
    number = _mobile(phone, faults) if phone else None
    if faults:
        return faults
    person = staff.add(school, email=email, name=name, role=role)
    teams: list[SchoolClass] = [each for each in found if each is not None]
    staff.join_classes(school, person, teams)
    if number:
        staff.reach_by_text(school, person, number)
    return []


def _mobile(phone: str, faults: list[str]) -> str | None:
    try:
        return addresses.mobile(phone)
    except addresses.NotAMobile as error:
        faults.append(f"--phone: '{phone}' is {error.what}; Bookbag texts mobile numbers only")
    except addresses.NotANumber:
        faults.append(f"--phone: '{phone}' is no phone number")
    return None
