"""`bookbag attention`: what needs a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from bot import clock
from data.attention import Attention, Need
from data.migrate import upgrade
from data.store import Store
from school import LONDON, School, addresses, attention, families

if TYPE_CHECKING:
    from bot.settings import Settings


BAD_INPUT = 2


def show(settings: Settings, *, as_json: bool, done: Sequence[int] = (), with_safeguarding: bool = False) -> int:
    """Print what waits for a person, oldest first, one line each; as a JSON list for a script. First tick off what is `done`, by id.

    The words of safeguarding matters are shown only where that is asked for. The exit code: 0, or 2 where no such id waits.
    """
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.write() as session:
            unknown = [number for number in done if not attention.tick_off(School(session, clock.now()), number)]
        with store.read() as session:
            school = School(session, clock.now())
            rows = [_row(school, each, with_safeguarding=with_safeguarding) for each in attention.open_needs(school)]
    finally:
        store.close()
    if unknown:
        typer.echo(f"Nothing with the id {', '.join(map(str, unknown))} waits for a person.", err=True)
        return BAD_INPUT
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        typer.echo(_line(row))
    typer.echo(f"{len(rows)} waiting for a person." if rows else "Nothing waits for a person.")
    return 0


def _row(school: School, need: Attention, *, with_safeguarding: bool) -> dict[str, str | int]:
    who = need.adult.name if need.adult else _sharing(need) if need.address else ""
    # Whoever is to be rung back, and whoever only the number leads to, is shown with it.
    is_rung = need.need == Need.RING_ME or need.adult is None
    where = f"{need.address.channel} {need.address.value if is_rung else addresses.masked(need.address.value)}" if need.address else ""
    is_hidden = need.need == Need.SAFEGUARDING and not with_safeguarding
    return {
        "id": need.id,
        "since": need.created_at.astimezone(LONDON).isoformat(timespec="minutes"),
        "need": need.need,
        "who": who,
        "class": need.school_class.name if need.school_class else "",
        "where": where,
        "detail": need.detail,
        "text": "(for the safeguarding lead or deputy: --safeguarding)" if is_hidden else need.text,
        "english": "" if is_hidden else _english(school, need),
    }


def _sharing(need: Attention) -> str:
    """Those who share the phone, where it is not known which of them it was."""
    return " or ".join(adult.name for adult in families.adults_at(need.address)) if need.address and need.address.adults else "unknown"


def _line(row: dict[str, str | int]) -> str:
    parts = [
        str(row["id"]),
        str(row["since"])[:16].replace("T", " "),
        str(row["need"]).replace("_", " "),
        row["who"],
        row["class"],
        row["where"],
        row["detail"],
    ]
    words = [row["english"], f"[{row['text']}]"] if row["english"] else [row["text"]]
    return "  ".join(_plain(str(part)) for part in [*parts, *words] if part)


def _english(school: School, need: Attention) -> str:
    """What was written, in English, where a translator was asked and had an answer; empty where it needs none or has none."""
    reading = attention.in_english(school, need)
    return "" if reading.is_foreign or reading.words == need.text else reading.words


def _plain(text: str) -> str:
    """One line that a terminal only shows: what anyone in the world wrote may hold its commands."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
