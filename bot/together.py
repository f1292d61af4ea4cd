"""Group commit: what several callers want written is written in one transaction, at one flush of the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from data.store import DatabaseAway

MOST_WAITING = 256
"""How many wait for a batch at most: what one transaction still writes within the patience of whoever brought it."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crowded(Exception):
    """More waits already than may be taken on: nothing was done. Whoever brought it may bring it again a little later."""


class Together(Generic[Item, Result]):
    """Does one kind of work, in a thread, for many callers. What comes while a batch is being done goes into the next one together.

    `work` takes a batch and gives a result for each item, or raises with nothing done. Where it fails for another reason than a database that is away,
    each item is tried alone, so that one bad item fails nobody else. While the database is away, what waits behind a batch is told so with it: it would
    only wait as long again, and be written after its caller had given up, perhaps before what came earlier. At most `most` wait: memory must not grow with
    what is not written.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], most: int = MOST_WAITING) -> None:
        self._work, self._most = work, most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait for the next batch."""
        return len(self._waiting)

    async def do(self, item: Item) -> Result:
        """The result for one item, once its batch is done. Raises Crowded, and what the work raises.

        A caller that gives up takes back its item, unless its batch began.
        """
        if len(self._waiting) >= self._most:
            self._waiting = [one for one in self._waiting if not one[1].done()]
        if len(self._waiting) >= self._most:
            raise Crowded
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work_off())
        return await done

    async def _work_off(self) -> None:
        while self._waiting:
            batch, self._waiting = [one for one in self._waiting if not one[1].done()], []
            if batch and not await self._do(batch, is_last_word=len(batch) == 1):
                for one in batch:
                    await self._do([one], is_last_word=True)

    async def _do(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]], *, is_last_word: bool) -> bool:
        """Whether each caller was told something."""
        try:
            results = await asyncio.to_thread(self._work, [item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  # told to whoever waits for it
            if not is_last_word and not isinstance(error, DatabaseAway):
                return False
            behind, self._waiting = (self._waiting, []) if isinstance(error, DatabaseAway) else ([], self._waiting)
            for _, done in (*batch, *behind):
                if not done.done():
                    done.set_exception(error)
            return True
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)
        return True
