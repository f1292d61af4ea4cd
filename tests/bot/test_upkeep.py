"""The technician is told that no backup is made, and that the provider has been silent: on the console, in /readyz, and by e-mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from bot.house import Embedded, House
from bot.metrics import Metrics
from bot.running import Role, Running
from bot.settings import Settings
from bot.web import application
from data.addresses import Address
from data.attention import Attention, Need
from data.inbox import Mark
from data.outbox import Callback, Message
from data.people import Adult
from school import LONDON, School, upkeep
from tests.bot.test_mail import SENDER, Post, post, smtp_url, tell  # noqa: F401  # fixtures
from tests.console.staff import Console
from tests.world import World

TECHNICIAN = "server@cherrygarden.example"


@pytest.fixture
def real(make_world: Callable[..., World], smtp_url: str) -> World:  # noqa: F811  # the fixture
    """A school with one real family, started a month ago, on a Tuesday of school."""
    email = {"smtp_url": smtp_url, "from": SENDER, "technician": TECHNICIAN}
    world = make_world(datetime(2026, 3, 3, 12, 0, tzinfo=LONDON), email=email)
    with world.house.store.write() as session:
        session.add(Adult(name="Real Person", language="en"))
        began = world.moment - timedelta(days=30)
        session.merge(Mark(name=upkeep.FIRST_START, value=began.astimezone(UTC).isoformat()))
    return world


def wrong(world: World) -> dict[str, str]:
    with world.house.store.read() as session:
        return dict(upkeep.wrong(School(session, world.moment, world.house.school_settings)))


def backed_up(world: World, ago: timedelta) -> None:
    with world.house.store.write() as session:
        session.merge(Mark(name=upkeep.BACKED_UP, value=(world.moment - ago).astimezone(UTC).isoformat()))


def sent(world: World, ago: timedelta, channel: str = "sms") -> None:
    with world.house.store.write() as session:
        address, at = session.scalars(select(Address).where(Address.channel == channel)).first(), world.moment - ago
        session.add(
            Message(uid=f"u{ago}{channel}", key=f"k{ago}{channel}", trace="t", kind="reply", text="x", address=address, state="sent", created_at=at, sent_at=at)
        )


def test_a_backup_grows_old(real: World) -> None:
    assert "No backup was ever made" in wrong(real)["backup"]
    backed_up(real, timedelta(days=1, hours=23))
    assert "backup" not in wrong(real)
    backed_up(real, timedelta(days=2))
    assert wrong(real)["backup"] == "The last backup is of 01 March 2026: is the nightly one still made?"


def test_a_school_that_makes_its_backups_another_way_says_so(make_world: Callable[..., World], real: World) -> None:
    assert "backup" in wrong(real)
    object.__setattr__(real.house.school_settings, "backup_days", 0)
    assert "backup" not in wrong(real)


def test_the_demo_is_left_in_peace(world: World) -> None:
    with world.house.store.write() as session:
        session.merge(Mark(name=upkeep.FIRST_START, value=(world.moment - timedelta(days=90)).astimezone(UTC).isoformat()))
    sent(world, timedelta(hours=5))
    assert wrong(world) == {}


def test_a_provider_falls_silent(real: World) -> None:
    assert "silence" not in wrong(real), "nothing was sent"
    sent(real, timedelta(hours=1))
    assert "silence" not in wrong(real), "the phone may be off"
    sent(real, timedelta(hours=5), "telegram")
    assert "silence" not in wrong(real), "Telegram never says what became of a message"
    sent(real, timedelta(hours=5))
    assert "silent for a day" in wrong(real)["silence"]
    real.moment += timedelta(days=4)
    sent(real, timedelta(hours=4))
    assert "silence" not in wrong(real), "it is Saturday"


@pytest.mark.parametrize("how", ["text", "callback"])
def test_a_provider_is_heard_of(real: World, how: str) -> None:
    sent(real, timedelta(hours=5))
    if how == "text":
        real.receive(real.phones["sms"].says(real.address("Tom", "sms"), "hello"))  # type: ignore[index]
    else:
        with real.house.store.write() as session:
            session.add(Callback(provider_id="SM1", state="delivered", at=real.moment - timedelta(hours=23)))
    assert "silence" not in wrong(real)
    real.moment += timedelta(days=1)
    sent(real, timedelta(hours=4))
    assert "silence" in wrong(real)


def test_it_waits_on_the_console_until_it_is_well_again(real: World) -> None:
    real.pass_time(timedelta(minutes=10))
    real.pass_time(timedelta(minutes=10))
    page = Console(real).as_("Mrs Doyle").get("/console")
    assert "For the technician" in page
    assert "No backup was ever made" in page
    with real.house.store.read() as session:
        assert len(session.scalars(select(Attention).where(Attention.need == Need.UPKEEP)).all()) == 1
    backed_up(real, timedelta())
    real.pass_time(timedelta(minutes=10))
    assert "For the technician" not in Console(real).as_("Mrs Doyle").get("/console")


def test_the_technician_is_mailed_once_a_day(real: World, post: Post) -> None:  # noqa: F811  # the fixture
    def mails() -> list[str]:
        return [words for to, _subject, words in post.letters if to == [TECHNICIAN]]

    real.pass_time(timedelta(minutes=10))
    tell(real)
    tell(real, minutes=60)
    assert len(mails()) == 1
    assert "No backup was ever made" in mails()[0]
    tell(real, minutes=60 * 24)
    assert len(mails()) == 2
    backed_up(real, timedelta())
    real.pass_time(timedelta(days=1))
    tell(real)
    assert len(mails()) == 2


def test_monitoring_is_told_and_goes_on(real: World) -> None:
    """It is no reason to send nobody there any more: messages are taken and answered."""
    app = application(real.house, Running(real.house), Metrics())
    answer = TestClient(app, client=("127.0.0.1", 5000)).get("/readyz")
    assert answer.status_code == 200
    assert any("No backup was ever made" in note for note in answer.json()["notes"])


@pytest.mark.parametrize("roles, says_so", [(frozenset(Role), True), ({Role.WORKER}, True), ({Role.WEB}, False)])
def test_only_who_takes_turns_is_warming_up(sqlite_url: str, tmp_path: Path, roles: set[Role], says_so: bool) -> None:
    """A process that stores and shows never warms up: it would say so for ever."""
    house = House(Settings(database_url=sqlite_url), {}, understander=Embedded(tmp_path, []))
    app = application(house, Running(house, roles=roles), Metrics())
    notes = TestClient(app, client=("127.0.0.1", 5000)).get("/readyz").json()["notes"]
    house.close()
    assert any("warming up" in note for note in notes) is says_so
