"""The only one that sends: claimed, asked, written down; whatever dies, hangs or is bad in between holds up nobody else."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import outbox
from bot.channels.base import ChannelName, DeliveryState, Outgoing, Receipt, StatusUpdate
from bot.channels.errors import FateUnknown, Rejected, TryLater, Verdict
from bot.words_last import Prepared
from data.outbox import Lane, Message
from data.store import DatabaseAway
from school import School
from tests.bot.sending import MONDAY, WAITS, Provider, WayOut


@pytest.fixture
def way(database_url: str) -> Iterator[WayOut]:
    made = WayOut(database_url)
    yield made
    made.close()


def claim(way: WayOut, message_id: int) -> None:
    """As another life of this process did, and died."""
    way.write(lambda school: outbox.claim(school, school.session.get_one(Message, message_id), "gone"))


def test_what_an_earlier_life_had_claimed_is_looked_up_at_once_on_sqlite(sqlite_url: str) -> None:
    way = WayOut(sqlite_url)
    message = way.queue()
    claim(way, message)
    assert way.dispatcher.recover() == 1
    way.record("Hello")
    way.send()
    assert (way.state(message), way.sms.sent) == ("sent", [])
    way.close()


def test_what_another_process_has_claimed_is_left_to_it_on_postgresql(postgresql_url: str) -> None:
    way = WayOut(postgresql_url)
    message = way.queue()
    claim(way, message)
    assert way.dispatcher.recover() == 0
    way.send()
    assert way.state(message) == "sending"
    way.record("Hello")
    way.later(seconds=121)
    assert (way.state(message), way.sms.sent) == ("sent", [])
    way.close()


def test_what_is_with_a_provider_is_not_in_doubt(way: WayOut) -> None:
    """However long it takes: only a process that has gone silent leaves doubt."""

    class Slow(Provider):
        async def send(self, message: Outgoing) -> Receipt:
            way.now += timedelta(hours=1)
            await way.dispatcher._look_up()
            return await super().send(message)

    way.channels["sms"] = way.dispatcher._channels["sms"] = Slow(ChannelName.SMS)  # type: ignore[index]
    message = way.queue()
    way.send()
    assert (way.state(message), way.row(message).lookups) == ("sent", 0)


def test_one_message_that_cannot_be_worded_holds_up_nobody(way: WayOut) -> None:
    bad = way.queue(channel="telegram", choices=[["no label"]])
    good = way.queue("good", channel="sms")
    way.send()
    assert (way.state(bad), way.state(good)) == ("queued", "sent")
    way.later(minutes=2)
    way.later(minutes=2)
    way.later(minutes=2)
    assert (way.state(bad), len(way.calls()), way.telegram.sent) == ("failed", 1, [])


def test_our_account_refused_rests_the_channel_and_keeps_its_queue(way: WayOut) -> None:
    first, other = way.queue("first"), way.queue("other", channel="telegram")
    way.fails(Rejected(Verdict.OUR_ACCOUNT, "20003"))
    way.send()
    second = way.queue("second", kind="alert", lane=Lane.ALERT)
    way.later(minutes=4)
    assert [way.state(each) for each in (first, second, other)] == ["queued", "queued", "sent"]
    assert dict(way.dispatcher.paused) == {"sms": "20003"}
    assert way.calls() == ["sms refuses our account: 20003"]
    way.later(minutes=2)
    way.send()
    assert [way.state(each) for each in (first, second)] == ["sent", "sent"]
    assert dict(way.dispatcher.paused) == {}


def test_three_recipients_in_a_row_that_we_cannot_reach_rest_the_channel(way: WayOut) -> None:
    for number in range(3):
        way.queue(f"text {number}")
        way.fails(Rejected(Verdict.BAD_PAIR, "21606"))
        way.send()
        assert bool(way.dispatcher.paused) == (number == 2)


def test_a_retry_after_halts_the_whole_channel(way: WayOut) -> None:
    way.queue("first")
    way.fails(TryLater(after=20, code="429"))
    way.send()
    way.queue("alert", kind="alert", lane=Lane.ALERT, channel=None)
    assert way.later(seconds=19) == 0
    assert way.later(seconds=2) == 2


def test_a_channel_that_fails_in_a_way_of_its_own_leaves_an_unknown_fate(way: WayOut) -> None:
    message = way.queue()
    way.sms.answers.append(RuntimeError("a bug"))
    way.send()
    assert (way.state(message), way.row(message).next_at) == ("sending", MONDAY + WAITS.lookup_after)


def test_never_more_than_ten_are_with_one_provider(sqlite_url: str) -> None:
    busy = most = 0

    class Counting(Provider):
        async def send(self, message: Outgoing) -> Receipt:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0)
            busy -= 1
            return await super().send(message)

    way = WayOut(sqlite_url, replace(WAITS, in_flight=3), {"sms": Counting(ChannelName.SMS), "telegram": Provider(ChannelName.TELEGRAM)})
    way.write(lambda school: _strangers(school, 20))
    way.send()
    assert most == 3
    assert {row.state for row in way.rows()} == {"sent"}
    way.close()


def test_the_rate_of_a_sender_is_kept(sqlite_url: str) -> None:
    way = WayOut(sqlite_url, WAITS, {"sms": Provider(ChannelName.SMS, per_second=2)})
    way.write(lambda school: _strangers(school, 6))
    assert [way.send(), *(way.later(seconds=1.1) for _ in range(3))] == [2, 2, 2, 0]
    way.close()


def test_a_reply_is_claimed_before_news_is_worded(way: WayOut) -> None:
    way.queue("News", kind="news")
    way.write(lambda school: _strangers(school, 2))
    claims = [[one.outgoing.text for one in way.dispatcher._claim({"sms": 10})] for _ in range(3)]
    assert claims == [["Hello", "Hello"], ["News"], []]


def _strangers(school: School, count: int) -> None:
    from school import addresses

    for number in range(count):
        address = addresses.at(school, "sms", "phone", f"+4477009005{number:02}")
        address.first_greeted_at = school.now
        row = Message(uid=f"s{number}", key=f"s{number}", trace="t", kind="reply", text="Hello", address=address, lane=Lane.REPLY, created_at=school.now)
        school.session.add(row)


def test_a_provider_that_hangs_on_a_look_up_holds_up_no_message(way: WayOut) -> None:
    """Look-ups have a loop of their own."""

    async def scene() -> None:
        never = asyncio.Event()

        async def hang(*_: object) -> list[object]:
            await never.wait()
            return []

        way.sms.find = hang  # type: ignore[assignment, method-assign]
        running = asyncio.create_task(way.dispatcher.run())
        way.now += timedelta(minutes=2)
        await asyncio.sleep(0.2)
        message = way.queue("after", channel="telegram")
        way.dispatcher.wake()
        async with asyncio.timeout(5):
            while way.state(message) != "sent":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            way.dispatcher.stop()
            await running

    way.queue("in doubt")
    way.fails(FateUnknown())
    way.send()
    way.run(scene())


def test_nothing_that_goes_wrong_ends_the_loop(way: WayOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.dispatcher.POLL", 0.02)
    failures: list[Exception] = [DatabaseAway("away"), RuntimeError("a bug"), DatabaseAway("away")]
    write = way.store.write

    def failing(**how: bool) -> object:
        if failures:
            raise failures.pop()
        return write(**how)

    message = way.queue()
    monkeypatch.setattr(way.store, "write", failing)

    async def scene() -> None:
        running = asyncio.create_task(way.dispatcher.run())
        async with asyncio.timeout(5):
            while way.state(message) != "sent":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        way.dispatcher.stop()
        await running

    way.run(scene())
    assert len(way.sms.sent) == 1


def test_stopping_finishes_what_is_with_a_provider(way: WayOut) -> None:
    async def scene() -> None:
        running = asyncio.create_task(way.dispatcher.run())
        async with asyncio.timeout(5):
            while not way.sms.sent:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            way.dispatcher.stop()
            await running

    message = way.queue()
    way.run(scene())
    assert way.state(message) == "sent"


def test_two_dispatchers_send_each_message_once(postgresql_url: str) -> None:
    way = WayOut(postgresql_url)
    way.write(lambda school: _strangers(school, 40))
    other = way.another()

    async def both() -> None:
        await asyncio.gather(way.dispatcher.run_once(), other.run_once())

    way.run(both())
    assert sorted(message.id for message in way.sms.sent) == sorted(f"s{number}" for number in range(40))
    way.close()


def test_a_claim_that_was_committed_and_not_confirmed_is_given_back(way: WayOut, monkeypatch: pytest.MonkeyPatch) -> None:
    message = way.queue()

    with monkeypatch.context() as broken:
        claim_all = way.dispatcher._claim

        def not_confirmed(rooms: Mapping[str, int], only: int | None = None) -> list[Prepared]:
            claim_all(rooms, only)
            raise DatabaseAway("the connection broke")

        broken.setattr(way.dispatcher, "_claim", not_confirmed)
        with pytest.raises(DatabaseAway):
            way.send()
    assert way.state(message) == "sending"
    assert way.send() == 1
    assert (way.state(message), way.row(message).attempts, len(way.sms.sent)) == ("sent", 1, 1)


def test_what_is_held_for_so_long_that_another_may_look_it_up_is_not_given_back(way: WayOut) -> None:
    message = way.queue()
    assert len(way.dispatcher._claim({"sms": 1})) == 1
    way.now += timedelta(seconds=120)
    way.dispatcher._give_back([])
    assert way.state(message) == "sending"


def test_two_processes_that_look_for_a_message_at_once_have_looked_once(way: WayOut) -> None:
    message = way.queue()
    way.fails(FateUnknown())
    way.send()
    way.now += timedelta(seconds=61)
    both = [(each, each._doubts([])[0]) for each in (way.dispatcher, way.another())]
    for dispatcher, [doubt] in both:
        way.run(dispatcher._look_for(doubt))
    assert (way.state(message), way.row(message).lookups) == ("sending", 1)


def test_an_outcome_that_is_written_down_twice_does_not_call_back_what_leaves_anew(way: WayOut) -> None:
    message = way.queue()
    [ready] = way.dispatcher._claim({"sms": 1})
    way.dispatcher._settle([(ready, TryLater())])
    way.now += timedelta(seconds=10)
    assert len(way.another()._claim({"sms": 1})) == 1
    way.dispatcher._settle([(ready, TryLater())])
    assert way.state(message) == "sending"


def test_a_phone_of_another_process_is_not_ours_to_call(way: WayOut) -> None:
    way.queue(via="terminal")
    assert way.send() == 0


# A callback that never comes


def test_what_became_of_a_silent_message_is_asked_once_an_hour_later(way: WayOut) -> None:
    quiet, lost, other = way.queue("one"), way.queue("two"), way.queue("three", channel="telegram")
    way.send()
    way.send()
    way.sms.became["sms-1"] = StatusUpdate("sms-1", DeliveryState.UNDELIVERED, code="30005", verdict=Verdict.BAD_ADDRESS)
    way.later(minutes=59)
    assert way.sms.asked == []
    way.later(minutes=2)
    assert sorted(way.sms.asked) == ["sms-1", "sms-2"]
    assert [way.state(message) for message in (quiet, lost, other)] == ["undelivered", "sent", "sent"]
    assert way.calls() == ["reply: bad_address 30005"]
    way.later(hours=5)
    assert sorted(way.sms.asked) == ["sms-1", "sms-2"]
    assert way.telegram.asked == []


def test_a_provider_that_cannot_be_asked_now_is_asked_again(way: WayOut) -> None:
    message = way.queue("one")
    way.send()
    way.sms.became["sms-1"] = StatusUpdate("sms-1", DeliveryState.DELIVERED)
    way.sms.listing.append(TryLater(code="503"))
    way.later(hours=1)
    assert way.state(message) == "sent"
    way.later(minutes=10)
    assert way.state(message) == "delivered"
    assert way.sms.asked == ["sms-1", "sms-1"]


def test_what_was_reported_is_not_asked(way: WayOut) -> None:
    way.queue("one")
    way.send()
    way.told("delivered")
    way.later(hours=2)
    assert way.sms.asked == []
