"""Whoever has stored something rings, and the other processes hear it at once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from bot.bell import Bell, Ring
from data.store import Store


@pytest.mark.anyio
async def test_the_others_hear_it_also_after_the_connection_was_cut(postgresql_url: str) -> None:
    here, there = Store(postgresql_url), Store(postgresql_url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    ringing, listening = Bell(here, {}), Bell(there, {ring: (lambda ring=ring: heard.put_nowait(ring)) for ring in Ring})  # type: ignore[misc]
    tasks = [asyncio.create_task(ringing.keep_ringing()), asyncio.create_task(listening.keep_listening())]
    async with asyncio.timeout(60):
        assert {await heard.get() for _ in Ring} == set(Ring), "when it begins to listen, something may have been missed"
        ringing.ring(Ring.OUTBOX)
        assert await heard.get() == Ring.OUTBOX
        with here.write() as session:
            session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()"))
        assert {await heard.get() for _ in Ring} == set(Ring)
        ringing.ring(Ring.TURNS)
        assert await heard.get() == Ring.TURNS
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    here.close()
    there.close()
