from __future__ import annotations

import pytest

from tests.console.staff import Console
from tests.world import World


@pytest.fixture
def console(world: World) -> Console:
    """The staff console of the demo school on Monday 2 March 2026, 09:10."""
    return Console(world)
