"""News for open pages, as server-sent events: that something changed, never what. The page asks for its own part anew, and is shown what it may see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from school import accounts, news

if TYPE_CHECKING:
    from console.door import Door

EVERY = 0.5
"""Seconds between two looks into the database: one for all open pages. A new message is to be on the page within a second."""
ALIVE_EVERY = 15.0
"""Seconds until an open page is told that we are still there, so that a proxy does not cut the line."""
LONGEST = 600.0
"""Seconds that one stream lasts; the browser then comes again by itself, and is asked again whether it is logged in."""


class Watch:
    """Looks into the database while any page is open. `mark` changes when something has."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._listening = 0
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self.mark = ""

    async def listen(self) -> None:
        """One more page is open."""
        self._listening += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())

    async def wait(self, seen: str) -> None:
        """Until the mark is no longer `seen`, or a second has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1), self._changed:
                await self._changed.wait_for(lambda: self.mark != seen)

    def leave(self) -> None:
        """One page fewer."""
        self._listening -= 1

    async def _look(self) -> None:
        while self._listening > 0:
            with suppress(self._door.away):
                mark = await asyncio.to_thread(self._read)
                if mark != self.mark:
                    self.mark = mark
                    async with self._changed:
                        self._changed.notify_all()
            await asyncio.sleep(EVERY)

    def _read(self) -> str:
        with self._door.store.read() as database:
            return news.mark(self._door.school(database))


def add(app: FastAPI, door: Door) -> None:
    """Add /console/live."""
    watch = Watch(door)

    @app.get("/live", response_model=None)
    async def live(request: Request) -> Response:
        """The stream of one open page."""
        if not await asyncio.to_thread(_is_in, door, request.cookies.get(door.cookie, "")):
            return Response(status_code=204)  # an EventSource that is answered 204 does not come again
        is_over = getattr(request.app.state, "is_stopping", lambda: False)
        return StreamingResponse(_events(watch, is_over), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _is_in(door: Door, token: str) -> bool:
    with door.store.read() as database:
        school = door.school(database)
        session = accounts.session_of(school, token)
        return session is not None and not accounts.owes_second_factor(school, session)


async def _events(watch: Watch, is_over: Callable[[], bool]) -> AsyncIterator[str]:
    await watch.listen()
    clock = asyncio.get_running_loop().time
    try:
        yield "retry: 2000\n\n"
        until, seen, told_at = clock() + LONGEST, watch.mark, clock()
        while clock() < until and not is_over():
            await watch.wait(seen)
            if watch.mark != seen:
                seen, told_at = watch.mark, clock()
                yield "data: news\n\n"
            elif clock() - told_at > ALIVE_EVERY:
                told_at = clock()
                yield ": here\n\n"
    finally:
        watch.leave()
