"""`bookbag attention`: what needs a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from bot import clock
from data.attention import Attention
from data.migrate import upgrade
from data.store import Store
from school import LONDON, School, addresses, attention

if TYPE_CHECKING:
    from bot.settings import Settings


def show(settings: Settings, as_json: bool) -> int:
    """Print what waits for a person, oldest first, one line each; as a JSON list for a script."""
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.read() as session:
            rows = [_row(each) for each in attention.open_needs(School(session, clock.now()))]
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        typer.echo(_line(row))
    typer.echo(f"{len(rows)} waiting for a person." if rows else "Nothing waits for a person.")
    return 0


def _row(need: Attention) -> dict[str, str | int]:
    who = need.adult.name if need.adult else "unknown" if need.address else ""
    where = f"{need.address.channel} {addresses.masked(need.address.value)}" if need.address else ""
    return {
        "id": need.id,
        "since": need.created_at.astimezone(LONDON).isoformat(timespec="minutes"),
        "need": need.need,
        "who": who,
        "where": where,
        "detail": need.detail,
        "text": need.text,
    }


def _line(row: dict[str, str | int]) -> str:
    parts = [str(row["id"]), str(row["since"])[:16].replace("T", " "), str(row["need"]).replace("_", " "), row["who"], row["where"], row["detail"]]
    return "  ".join(_plain(str(part)) for part in [*parts, row["text"]] if part)


def _plain(text: str) -> str:
    """One line that a terminal only shows: what anyone in the world wrote may hold its commands."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
