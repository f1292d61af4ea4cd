"""What every crash test needs: where servers are born, and the providers that lie to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.life import SEED
from tests.crash.server import Nursery
from tests.standin.client import StandIn


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(process=True, seed=SEED) as running:
        yield running
