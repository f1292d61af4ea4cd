"""Every conversation in this folder reads as it did. `pytest --update-transcripts` writes them anew; the difference is then read by a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from data.attention import Attention, Need
from tests.transcripts.play import first_moment, play
from tests.world import World

FOLDER = Path(__file__).parent
ALL = sorted(FOLDER.rglob("*.txt"))


@pytest.mark.parametrize("path", ALL, ids=[str(path.relative_to(FOLDER).with_suffix("")) for path in ALL])
def test_the_school_answers_as_written(path: Path, make_world: object, request: pytest.FixtureRequest) -> None:
    world: World = make_world(first_moment(path))  # type: ignore[operator]
    played = play(path, world)
    if request.config.getoption("--update-transcripts"):
        path.write_text(played, encoding="utf-8")
    assert played == path.read_text("utf-8")
    assert _failed(world) == [], "no conversation is kept in which the code broke"


def _failed(world: World) -> list[str | None]:
    with world.house.store.read() as session:
        return list(session.scalars(select(Attention.detail).where(Attention.need == Need.FAILED)))
