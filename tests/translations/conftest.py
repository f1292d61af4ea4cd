"""What tests of translating may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.standin.client import StandIn
from translations.providers import Server
from translations.providers.google import Google
from translations.providers.google_cloud import GoogleCloud
from translations.providers.libretranslate import LibreTranslate

PATIENCE = 5.0
"""Seconds that a test's provider waits where it should not have to."""

MakeServer = Callable[..., Server]


class Clock:
    """Time that passes when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standin(providers: StandIn) -> StandIn:
    """The stand-in, as if just started."""
    providers.reset()
    return providers


@pytest.fixture
async def make_server(standin: StandIn) -> AsyncIterator[MakeServer]:
    """Makes a real client of a provider's, by its name, that asks the stand-in."""
    async with AsyncExitStack() as stack:

        def make(name: str, url: str | None = None, timeout: float = PATIENCE) -> Server:
            where = standin.url if url is None else url
            makers: dict[str, Callable[[], Server]] = {
                "google_cloud": lambda: GoogleCloud(standin.google_cloud_key, where, timeout),
                "libretranslate": lambda: LibreTranslate(where, timeout=timeout),
                "google": lambda: Google(where, timeout),
            }
            made = makers[name]()
            stack.push_async_callback(made.close)
            return made

        yield make


def unused_address() -> str:
    """An address on loopback where nobody answers: the discard port, which is privileged and so never given out."""
    return "http://127.0.0.1:9"
