"""Several who want the same at the same time."""

from __future__ import annotations

import asyncio

import pytest

from translations.once import Once

pytestmark = pytest.mark.anyio


class Work:
    """Work that takes until it may end. `begun` and `ended` count."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = self.ended = 0
        self.may_end, self.error = asyncio.Event(), error

    async def __call__(self) -> int:
        self.begun += 1
        await self.may_end.wait()
        self.ended += 1
        if self.error:
            raise self.error
        return self.begun


async def waiting(once: Once[str, int], work: Work, *keys: str) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(once.do(key, work)) for key in keys]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_meanwhile_shares_the_work() -> None:
    once, work = Once[str, int](), Work()
    tasks = await waiting(once, work, "a", "a", "b", "a")
    work.may_end.set()
    await asyncio.gather(*tasks)
    assert work.begun == 2
    assert await once.do("a", work) == 3


async def test_a_failure_is_everybodys() -> None:
    once, work = Once[str, int](), Work(KeyError("gone"))
    tasks = await waiting(once, work, "a", "a")
    work.may_end.set()
    assert [type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)] == [KeyError, KeyError]


async def test_who_leaves_does_not_disturb_the_others() -> None:
    once, work = Once[str, int](), Work()
    first, second = await waiting(once, work, "a", "a")
    first.cancel()
    await asyncio.sleep(0)
    work.may_end.set()
    assert await second == 1
    assert first.cancelled()


async def test_what_nobody_waits_for_is_given_up_and_begun_anew() -> None:
    once, work = Once[str, int](), Work()
    first, second = await waiting(once, work, "a", "a")
    first.cancel()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    (third,) = await waiting(once, work, "a")
    work.may_end.set()
    assert await third == 2
    assert (work.begun, work.ended) == (2, 1)


async def test_a_failure_that_nobody_hears_is_no_complaint() -> None:
    once, work = Once[str, int](), Work(KeyError("gone"))
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    (only,) = await waiting(once, work, "a")
    work.may_end.set()
    for _ in range(2):
        await asyncio.sleep(0)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    del only
    assert complaints == []
