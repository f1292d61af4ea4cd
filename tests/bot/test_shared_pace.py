"""However many processes send from one sender, in no second do more messages leave than its rate allows, and none of the rate is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from bot.channels.base import ChannelName, Outgoing, Receipt
from bot.channels.errors import TryLater
from bot.shared_pace import SharedPace, _locked
from data.outbox import Lane, Message
from data.store import DatabaseAway, Store
from school import School, addresses
from tests.bot.sending import WAITS, Provider, WayOut

STEP = 0.2


class Timed(Provider):
    """A provider that notes when each message came."""

    way: WayOut

    async def send(self, message: Outgoing) -> Receipt:
        self.times = [*getattr(self, "times", []), self.way.now.timestamp()]
        return await super().send(message)


def made(url: str, rate: float) -> tuple[WayOut, Timed]:
    sender = Timed(ChannelName.SMS, per_second=rate)
    sender.way = WayOut(url, WAITS, {"sms": sender, "telegram": Provider(ChannelName.TELEGRAM)})
    return sender.way, sender


def replies(school: School, count: int) -> None:
    for number in range(count):
        address = addresses.at(school, "sms", "phone", f"+4477009005{number:02}")
        address.first_greeted_at = school.now
        row = Message(uid=f"s{number}", key=f"s{number}", trace="t", kind="reply", text="Hello", address=address, lane=Lane.REPLY, created_at=school.now)
        school.session.add(row)


@pytest.mark.parametrize("rate, count", [(1, 7), (3, 20)])
def test_four_workers_never_pass_the_rate_and_use_all_of_it(postgresql_url: str, rate: int, count: int) -> None:
    """The third and fourth come while the others send."""
    way, sender = made(postgresql_url, rate)
    way.write(lambda school: replies(school, count))
    began, workers = way.now.timestamp(), [way.dispatcher, way.another()]
    for step in range(int(count / rate * 1.4 / STEP)):
        if step == 5:
            workers += [way.another(), way.another()]
        for worker in workers[step % len(workers) :] + workers[: step % len(workers)]:
            way.run(worker.run_once())
        way.now += timedelta(seconds=STEP)
    assert len(sender.times) == count
    for start in sender.times:
        assert sum(start <= at < start + 1 for at in sender.times) <= rate
    assert sender.times[-1] - began <= (count / rate) * 1.3
    way.close()


def test_a_provider_that_asks_one_worker_for_a_pause_gets_it_from_all(postgresql_url: str) -> None:
    way, _ = made(postgresql_url, 100)
    way.queue("first")
    way.fails(TryLater(after=20, code="429"))
    other = way.another()
    way.send()
    way.write(lambda school: replies(school, 3))
    way.now += timedelta(seconds=19)
    assert way.run(other.run_once()) == 0
    way.now += timedelta(seconds=2)
    assert way.run(other.run_once()) == 4
    way.close()


class Shared:
    """The pace of one sender, asked by hand."""

    def __init__(self, store: Store, rate: float) -> None:
        self.now = 1_000.0
        self.pace = SharedPace(store, {"sms": rate, "telegram": 30}, lambda: self.now)

    def take(self, messages: int) -> int:
        grant = self.pace.take({"sms": messages})["sms"]
        self.wait, self.grant = grant.wait, grant
        return grant.messages


@pytest.fixture
def store(postgresql_url: str) -> Iterator[Store]:
    with closing(Store(postgresql_url)) as opened:
        yield opened


def test_what_was_not_used_is_free_again(store: Store) -> None:
    shared = Shared(store, 3)
    assert shared.take(5) == 3
    shared.pace.settle("sms", shared.grant, 1, 1)
    assert shared.take(5) == 2
    assert (shared.take(5), round(shared.wait, 4)) == (0, 1.0625)


def test_waiting_as_long_as_it_says_is_enough(store: Store) -> None:
    shared = Shared(store, 3)
    shared.take(2)
    shared.now += 0.5
    assert (shared.take(2), shared.take(1)) == (1, 0)
    shared.now += shared.wait
    assert shared.take(5) == 2


def test_a_long_text_is_charged_its_parts(store: Store) -> None:
    shared = Shared(store, 1)
    shared.take(1)
    shared.pace.settle("sms", shared.grant, 1, 3)
    shared.now += 1.1
    assert shared.take(1) == 0
    shared.now += 2.2
    assert shared.take(1) == 1


def test_what_took_long_to_make_ready_counts_from_when_it_leaves(store: Store) -> None:
    shared = Shared(store, 3)
    shared.take(3)
    shared.now += 0.6
    shared.pace.settle("sms", shared.grant, 3, 3)
    shared.now += 0.6
    assert shared.take(1) == 0
    shared.now += 0.5
    assert shared.take(5) == 3


def test_all_who_take_at_once_get_no_more_than_there_is(store: Store) -> None:
    """By the database's own clock, two channels at a time, each in a connection of its own."""
    pace = SharedPace(store, {"sms": 5, "telegram": 5})
    with ThreadPoolExecutor(8) as pool:
        grants = list(pool.map(lambda _: pace.take({"sms": 2, "telegram": 2}), range(8)))
    first = min(grant["sms"].at for grant in grants)
    assert sum(grant["sms"].messages for grant in grants if grant["sms"].at < first + 1) == 5


def test_who_is_stopped_with_the_row_in_hand_holds_up_nobody_for_long(store: Store) -> None:
    pace = SharedPace(store, {"sms": 5})
    stopped = store.write(durable=False)
    session = stopped.__enter__()
    _locked(session, ["sms"])
    assert pace.take({"sms": 1})["sms"].messages == 1, "its connection was cut a second later"
    with pytest.raises(DatabaseAway):
        stopped.__exit__(None, None, None)
