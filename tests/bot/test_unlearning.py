"""What staff had Bookbag learn from a message goes when the message goes by the clock; what was taught by hand stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from data.inbox import Received
from nlu.learned import Learned
from school import LONDON, School, demo, leaving, messages
from tests.world import World

NOW = datetime(2026, 3, 2, 9, 10, tzinfo=LONDON)


@pytest.fixture
def taught(make_world: Callable[..., World], tmp_path: Path) -> World:
    """A school that learnt one message of Tom's, and one that a person typed in."""
    world = make_world(NOW, nlu={"model_dir": str(tmp_path)})
    world.say("Tom", "the wibbled bus was late")
    with world.house.store.write() as session:
        messages.relabel(session.scalars(select(Received).where(Received.text.contains("wibbled"))).one(), "report_late")
    for text, intent in (("the wibbled bus was late", "report_late"), ("where is the frimble", "ask_uniform")):
        Learned(tmp_path).add(text, intent)
    return world


def learnt(tmp_path: Path) -> tuple[bool, bool]:
    kept = Learned(tmp_path).path.read_text(encoding="utf-8")
    return "wibbled" in kept, "frimble" in kept


def received(world: World) -> int | None:
    with world.house.store.read() as session:
        return session.scalar(select(func.count()).where(Received.text.contains("wibbled")))


@pytest.mark.parametrize("days, leaves", [(399, False), (401, False), (364, True), (367, True)])
def test_what_goes_by_the_clock_is_unlearnt(taught: World, tmp_path: Path, days: int, *, leaves: bool) -> None:
    anew: list[str] = []
    taught.house.learn_anew = lambda: anew.append("anew")
    if leaves:
        with taught.house.store.write() as session:
            school = School(session, taught.moment, taught.house.school_settings)
            leaving.leave(school, [], [demo.adult(school, "Tom")], demo.member(school, "Mrs Doyle"))
    taught.pass_time(timedelta(days=days))
    is_over = days in (401, 367)
    assert received(taught) == (0 if is_over else 1)
    assert learnt(tmp_path) == (not is_over, True)
    assert len(anew) == is_over


def test_where_it_cannot_be_unlearnt_the_message_stays_to_be_found_again(taught: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Learned, kept: dict[str, str]) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Learned, "_write", full)
        taught.pass_time(timedelta(days=401))
    assert (received(taught), learnt(tmp_path)) == (1, (True, True))
    taught.pass_time(timedelta(days=1))
    assert (received(taught), learnt(tmp_path)) == (0, (False, True))
