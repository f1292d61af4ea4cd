"""A turn costs the same in a school of any size: no statement of it reads a table from end to end, but for those that stay small."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.bench.families import fill, phone
from bot.channels.base import AddressKind, ChannelName, Inbound, InboundKind
from bot.clock import now
from bot.house import Embedded, House, simulated_channels
from bot.inbox import Arrivals
from bot.settings import Settings

SMALL = {
    "terms": "a few a year",
    "restorations": "one a restored backup",
    "staff": "some hundreds at most",
    "events": "those of a year",
}
"""What may be read from end to end, and why it stays small."""
MENU = [words for number in range(1, 11) for words in ("menu", str(number))]
BOOKING = ["menu", "1", "2", "1", "menu", "2", "menu", "1", "1", "2", "6"]


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A school of forty families, whose engine knows exact words and numbers."""
    made = House(Settings.model_validate({"database_url": sqlite_url}), simulated_channels({}), understander=Embedded(tmp_path, []))
    fill(made.store, 40, 400, now())
    yield made
    made.close()


@contextmanager
def heard(house: House) -> Iterator[dict[str, Any]]:
    """The statements that are said within, each with the values it was said with last."""
    said: dict[str, Any] = {}

    def remember(_connection: object, _cursor: object, statement: str, values: object, _context: object, many: bool) -> None:
        said[statement] = values[0] if many and isinstance(values, list) else values

    engines = {house.store._reader, house.store._writer}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", remember)
    yield said
    for engine in engines:
        event.remove(engine, "before_cursor_execute", remember)


async def say(house: House, number: int, words: str) -> None:
    message = Inbound(f"SM{number:032x}", ChannelName.SMS, InboundKind.TEXT, phone(3), AddressKind.PHONE, "+447700900900", text=words)
    house.inbox.take_in([Arrivals([message])])
    assert house.turns.waiting() == ["a4"]
    assert house.turns.take("a4") is None
    await house.dispatcher.run_once()


@pytest.mark.anyio
@pytest.mark.parametrize("texts", [MENU, BOOKING])
async def test_no_turn_reads_a_table_from_end_to_end(house: House, sqlite_url: str, texts: list[str]) -> None:
    with heard(house) as statements:
        for number, words in enumerate(texts):
            await say(house, number, words)
    assert len(statements) > 40
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        read = {
            (table, statement)
            for statement, values in statements.items()
            if statement.lstrip().split()[0] in ("SELECT", "UPDATE", "DELETE")
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            for table in re.findall(r"^SCAN (\w+)(?! CONSTANT)", step)
        }
    assert {(table, statement) for table, statement in read if table in tables - set(SMALL)} == set()
