"""The restore drill: parents write all the time, a backup is made meanwhile, the server is killed, and the backup is put back elsewhere.

Nothing that was acknowledged before the backup began is missing; what the provider took since comes in again; nobody is written to until staff say so.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from data.addresses import AddressState
from data.store import Store
from school import School, demo, restored
from school.restored import Choice
from tests.crash.checker import History, Log
from tests.crash.parents import Crowd
from tests.crash.server import WAITS, Nursery, Server
from tests.postgres import Cluster
from tests.standin.client import StandIn

pytestmark = pytest.mark.slow

SENDS = ("twilio.send", "telegram.sendMessage")
SEED = 7
STOPS = "+447700900110"
"""A family on SMS that texts STOP after the backup: the carrier's word, which Twilio then answers itself."""


class Drill:
    """One school: its server, and the one elsewhere that its backup is put back for."""

    def __init__(self, nursery: Nursery, standin: StandIn, before: str, after: str, folder: Path) -> None:
        self.standin, self.before, self.after, self._folder, self._nursery = standin, before, after, folder, nursery
        fast = WAITS | {"LIMITS__UNKNOWN_PER_DAY": "1000"}
        self.server = Server(nursery, standin, before, folder / "server.log", fast)
        self.elsewhere = Server(nursery, standin, after, folder / "elsewhere.log", fast)
        self.file = folder / "school.backup"
        standin.control(seed=SEED, listing_delay=0.2, callbacks="normal")
        self.point_at(self.server)

    def point_at(self, server: Server) -> None:
        """The providers call this server from now on."""
        self.standin.control(twilio_target=f"{server.url}/webhooks/twilio/message", telegram_target=f"{server.url}/webhooks/telegram")

    def command(self, of: Server, *arguments: str) -> str:
        """Run `bookbag` with a server's settings; what it says."""
        return self._nursery.run(arguments, of.environment, self._folder / f"{arguments[1]}.out")

    def sent(self) -> int:
        """How many messages the providers took."""
        return sum(entry["operation"] in SENDS and entry["accepted"] for entry in self.standin.log())


def rows(url: str, query: str) -> dict[Any, Any]:
    """What a query gives, by its first column."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {row[0]: tuple(row[1:]) for row in connection.execute(text(query))}
    engine.dispose()
    return found


def wait_until(what: str, is_so: Any, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.1)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_backup_under_load_is_put_back(engine: str, nursery: Nursery, standin: StandIn, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    before = str(request.getfixturevalue(f"demo_{engine}_url"))
    if engine == "sqlite":
        _rehearse(Drill(nursery, standin, before, f"sqlite:///{tmp_path}/elsewhere/bookbag.db", tmp_path))
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with cluster.database() as after:
        _rehearse(Drill(nursery, standin, before, after, tmp_path))


def _rehearse(drill: Drill) -> None:
    invented = {row["id"] for row in History.of(drill.before, []).appointments}
    drill.server.start()
    crowd = Crowd(drill.standin, SEED)
    crowd.start()
    time.sleep(2)
    acknowledged = _acknowledged(drill.standin.log())
    said = drill.command(drill.server, "db", "backup", str(drill.file))
    assert "was read through" in said, said
    assert drill.server.alive, drill.server.tail()
    drill.standin.inbound("sms", STOPS, "STOP")
    time.sleep(1.5)
    crowd.stop()
    drill.server.kill()

    assert "is the database now" in drill.command(drill.elsewhere, "db", "restore", str(drill.file))
    _is_the_same_up_to_the_backup(drill, acknowledged, invented)
    _hears_and_says_nothing(drill)
    _sends_again(drill)


def _acknowledged(log: Log) -> set[str]:
    return History([], [], [], [], [], [], log).acknowledged()


def _is_the_same_up_to_the_backup(drill: Drill, acknowledged: set[str], invented: set[int]) -> None:
    """All that was acknowledged before it began is there, word for word, and no booking is half one."""
    written = "SELECT provider_id, thread, text, received_at FROM inbox"
    was, is_now = rows(drill.before, written), rows(drill.after, written)
    assert len(acknowledged) > 10
    assert not acknowledged - is_now.keys()
    assert {key: was[key] for key in is_now} == is_now
    assert len(is_now) < len(was)
    known = "SELECT id, name FROM adults"  # their language they may have changed since, by a text
    assert rows(drill.before, known) == rows(drill.after, known)
    history = History.of(drill.after, [], invented)
    history._half_done()
    assert not history.faults, history.faults


def _hears_and_says_nothing(drill: Drill) -> None:
    """What Twilio took since the backup comes in again, STOP is carried out, and no provider is handed anything."""
    sent = drill.sent()
    drill.point_at(drill.elsewhere)
    drill.elsewhere.start()
    texted = {entry["sid"] for entry in drill.standin.log() if entry["operation"] == "twilio.inbound"}
    wait_until("caught up", lambda: texted <= rows(drill.after, "SELECT provider_id FROM inbox").keys())
    stopped = "SELECT id, state FROM addresses WHERE channel = 'sms' AND value = '" + STOPS + "'"
    wait_until("STOP carried out", lambda: (AddressState.OPTED_OUT,) in rows(drill.after, stopped).values())
    drill.standin.inbound("sms", "+447700900102", "book an appointment")
    asked = "SELECT id, state FROM inbox WHERE state = 'new'"
    wait_until("turns taken", lambda: not rows(drill.after, asked))
    time.sleep(1)
    assert drill.sent() == sent, drill.elsewhere.tail()


def _sends_again(drill: Drill) -> None:
    """The office lets it: what was kept is sent, and the next text is answered."""
    sent, store = drill.sent(), Store(drill.after)
    with store.write() as session:
        school = School(session, datetime.now(UTC), drill.elsewhere.settings().for_school())
        held = restored.held(school)
        assert held is not None
        assert held.copy_of is not None
        chosen: Mapping[str, Choice] = {each.kind: Choice.DROP for each in restored.waiting(school, held)}
        assert "reply" in chosen
        restored.release(school, demo.member(school, "Mrs Doyle"), chosen)
    store.close()
    drill.standin.inbound("sms", "+447700900102", "menu")
    wait_until("answered", lambda: drill.sent() > sent)
    took = drill.elsewhere.stop()
    assert took < 10, f"stopping took {took:.1f} s"
