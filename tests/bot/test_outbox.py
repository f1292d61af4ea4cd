"""Every arrow of docs/outbox.md, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bot import outbox
from bot.channels.base import Outgoing, Receipt
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.words_last import for_paper
from data.addresses import Address, AddressState
from data.outbox import Lane, Message, OutboxState
from school import School, notices
from tests.bot.sending import MONDAY, WayOut, due


@pytest.fixture
def way(database_url: str) -> Iterator[WayOut]:
    made = WayOut(database_url)
    yield made
    made.close()


def test_a_reply_leaves_and_is_sent(way: WayOut) -> None:
    message = way.queue("Hello")
    assert way.send() == 1
    row = way.row(message)
    assert (row.state, row.provider_id, row.attempts, row.sent_at) == ("sent", "sms-1", 1, MONDAY)
    assert way.send() == 0


def test_surely_not_sent_waits_as_long_as_was_asked(way: WayOut) -> None:
    message = way.queue()
    way.fails(TryLater(after=30, code="429"))
    way.send()
    row = way.row(message)
    assert (row.state, row.next_at, row.code) == ("queued", MONDAY + timedelta(seconds=30), "429")
    assert way.later(seconds=29) == 0


def test_surely_not_sent_waits_twice_as_long_each_time(way: WayOut) -> None:
    message = way.queue()
    for tries, wait in enumerate((5, 10, 20), start=1):
        way.fails(TryLater())
        way.send()
        row = way.row(message)
        assert row.attempts == tries
        assert row.next_at is not None
        assert 0.75 * wait <= (row.next_at - way.now).total_seconds() <= 1.25 * wait
        way.now = row.next_at


def test_enough_tries_and_a_person_sees_it(way: WayOut) -> None:
    message = way.queue()
    for _ in range(4):
        way.fails(TryLater(code="503"))
        way.later(minutes=1)
    assert way.state(message) == "failed"
    assert way.calls() == ["reply: theirs 503"]
    assert way.later(hours=9) == 0


def test_a_refusal_is_never_retried_and_a_person_sees_it(way: WayOut) -> None:
    message = way.queue()
    way.fails(Rejected(Verdict.OUR_CONTENT, "21602"))
    way.send()
    assert way.state(message) == "failed"
    assert way.calls() == ["reply: our_content 21602"]
    assert way.later(days=2) == 0
    assert len(way.sms.sent) == 1


def test_an_unknown_code_fails_and_is_shown(way: WayOut) -> None:
    message = way.queue()
    way.fails(Rejected(Verdict.UNKNOWN, "99999"))
    way.send()
    assert (way.state(message), way.calls()) == ("failed", ["reply: unknown 99999"])


def test_stop_to_the_carrier_is_remembered(way: WayOut) -> None:
    way.queue()
    way.fails(Rejected(Verdict.OPTED_OUT, "21610"))
    way.send()
    assert way.address("sms").state == AddressState.OPTED_OUT


def test_a_notice_goes_to_the_next_channel(way: WayOut) -> None:
    message = way.queue("Reminder", kind="notice")
    way.fails(Rejected(Verdict.BAD_ADDRESS, "21614"))
    way.send()
    assert way.address("sms").state == AddressState.BAD
    assert (way.state(message), way.telegram.texts, way.calls()) == ("sent", ["Reminder"], [])


def test_no_channel_left_and_a_person_sees_it(way: WayOut) -> None:
    message = way.queue("Reminder", kind="notice")
    way.fails(Rejected(Verdict.FILTERED, "30007"))
    way.fails(Rejected(Verdict.FILTERED, "403"), "telegram")
    way.send()
    assert (way.state(message), way.calls()) == ("failed", ["notice: filtered 403"])
    assert (len(way.sms.sent), len(way.telegram.sent)) == (1, 1), "never back and forth between two that both refuse"


def test_a_plain_reply_stays_on_its_channel_and_one_that_must_arrive_does_not(way: WayOut) -> None:
    plain, booked = way.queue("plain"), way.queue("booked", must_arrive=True)
    way.fails(Rejected(Verdict.LIMITED, "63018"))
    way.fails(Rejected(Verdict.LIMITED, "63018"))
    way.send()
    assert (way.state(plain), way.state(booked), way.telegram.texts) == ("failed", "sent", ["booked"])


def test_an_unknown_fate_is_looked_up_and_adopted(way: WayOut) -> None:
    message = way.queue("Hello")
    way.fails(FateUnknown("500"))
    way.send()
    assert way.state(message) == "sending"
    way.record("Hello")
    way.later(seconds=61)
    row = way.row(message)
    assert (row.state, row.provider_id, len(way.sms.sent)) == ("sent", "sms-9", 1)


def test_not_found_twice_is_sent_again(way: WayOut) -> None:
    message = way.queue()
    way.fails(FateUnknown())
    way.send()
    assert way.later(seconds=61) == 0
    assert (way.state(message), way.row(message).lookups) == ("sending", 1)
    way.later(seconds=61)
    assert (way.state(message), len(way.sms.sent)) == ("queued", 1)
    assert way.send() == 1
    assert (way.state(message), len(way.sms.sent)) == ("sent", 2)


def test_what_is_never_answered_and_never_found_is_seen_by_a_person(way: WayOut) -> None:
    message = way.queue()
    for _ in range(4):
        assert way.state(message) == "queued"
        way.fails(FateUnknown())
        way.send()
        way.later(seconds=61)
        way.later(seconds=61)
    assert (way.state(message), len(way.sms.sent)) == ("failed", 4)
    assert way.calls() == ["reply: theirs no answer"]
    assert way.later(hours=9) == 0


def test_a_look_up_that_fails_is_no_look_up(way: WayOut) -> None:
    message = way.queue()
    way.fails(FateUnknown())
    way.send()
    way.sms.listing.append(TryLater())
    way.later(seconds=61)
    row = way.row(message)
    assert (row.state, row.lookups, row.next_at) == ("sending", 0, way.now + timedelta(seconds=5))


def test_two_equal_texts_in_doubt_are_told_apart_by_counting(way: WayOut) -> None:
    first = way.queue("Same")
    way.fails(FateUnknown())
    way.send()
    second = way.queue("Same")
    way.fails(FateUnknown())
    way.later(seconds=1)
    way.record("Same")
    way.later(seconds=61)
    way.later(seconds=61)
    way.later(seconds=1)
    assert (way.state(first), way.state(second)) == ("sent", "sent")
    assert len(way.sms.sent) == 3, "one of the two was on record; the other, and only it, is sent again"


def test_what_a_status_names_as_anothers_is_not_adopted(way: WayOut) -> None:
    first = way.queue("Same")
    way.fails(FateUnknown())
    way.send()
    way.queue("Same")
    way.fails(FateUnknown())
    way.later(seconds=1)
    way.record("Same", "sms-7")
    way.told("sent", "sms-0", uid="u2")
    way.told("delivered", "sms-7", uid="u2")
    way.later(seconds=61)
    assert way.state(first) == "sending"


def test_where_nobody_can_be_asked_a_plain_reply_is_never_repeated(way: WayOut) -> None:
    message = way.queue(channel="telegram")
    way.fails(FateUnknown(), "telegram")
    way.send()
    way.later(seconds=61)
    way.later(days=1)
    assert (way.state(message), len(way.telegram.sent), way.calls()) == ("unconfirmed", 1, ["reply: not confirmed"])


def test_where_nobody_can_be_asked_what_must_arrive_is_repeated_once(way: WayOut) -> None:
    message = way.queue("Booked", channel="telegram", must_arrive=True)
    way.fails(FateUnknown(), "telegram")
    way.fails(FateUnknown(), "telegram")
    way.send()
    way.later(seconds=61)
    assert len(way.telegram.sent) == 1
    way.later(minutes=10)
    way.later(minutes=10)
    way.later(days=1)
    assert way.telegram.texts == ["Booked", "Booked"]
    assert [row.state for row in way.rows()] == ["unconfirmed", "unconfirmed"]
    assert way.rows()[0].id == message


def test_a_reply_may_pass_one_whose_fate_is_unknown_and_nothing_else_may(way: WayOut) -> None:
    way.queue("in doubt")
    way.fails(FateUnknown())
    way.send()
    notice, reply = way.queue("notice", kind="notice"), way.queue("reply")
    assert due(way) == [reply]
    way.send()
    assert (way.state(reply), way.state(notice)) == ("sent", "queued")
    way.record("in doubt")
    way.later(seconds=61)
    way.send()
    assert way.state(notice) == "sent"


def test_order_is_kept_while_an_earlier_one_waits(way: WayOut) -> None:
    way.queue("first")
    way.fails(TryLater(after=30))
    way.send()
    way.queue("second")
    assert way.later(seconds=5) == 0
    way.later(seconds=26)
    assert way.sms.texts == ["first", "first", "second"]


def test_a_notice_waits_behind_an_earlier_one_that_is_tried_again(way: WayOut) -> None:
    way.queue("First", channel=None, kind="news")
    way.queue("Second", channel=None, kind="news")
    way.fails(TryLater())
    way.send()
    assert way.sms.texts == ["First"]
    way.later(seconds=10)
    assert way.sms.texts == ["First", "First", "Second"]


def test_what_waits_for_one_in_doubt_takes_nobodys_place(way: WayOut) -> None:
    way.queue("First", channel=None, kind="news")
    way.queue("Second", channel=None, kind="news")
    way.fails(FateUnknown())
    way.send()
    assert due(way) == []


@pytest.mark.parametrize("lane", [Lane.URGENT, Lane.BROADCAST])
def test_a_broadcast_waits_behind_an_earlier_one_that_was_postponed(way: WayOut, lane: Lane) -> None:
    way.queue("First", channel=None, kind="broadcast", lane=lane, next_at=way.now + timedelta(seconds=5))
    second = way.queue("Second", channel=None, kind="broadcast", lane=lane)
    assert due(way) == []
    way.later(seconds=6)
    assert way.state(second) == "sent"
    assert way.sms.texts == ["First", "Second"]


def test_what_is_not_yet_looked_at_holds_up_nothing(way: WayOut) -> None:
    way.queue("Next week", channel=None, kind="news", not_before=way.now + timedelta(days=7))
    now = way.queue("Now", channel=None, kind="news")
    assert due(way) == [now]


def test_replies_go_first(way: WayOut) -> None:
    ids = [way.queue("broadcast", channel=None, kind="notice", lane=Lane.BROADCAST), way.queue("notice", channel="telegram", kind="notice"), way.queue("reply")]
    assert due(way) == ids[:0:-1]
    way.send()
    assert way.sms.texts == ["reply", "broadcast"]


def test_a_slow_channels_queue_hides_nobody_elses(way: WayOut) -> None:
    for _ in range(12):
        way.queue("slow", channel=None, kind="notice")
    way.queue("slow", channel="sms")
    quick = way.queue("quick", channel="telegram", kind="notice", lane=Lane.BROADCAST)
    assert due(way, open={"telegram"}) == [quick]


def test_quiet_hours_hold_what_is_neither_an_answer_nor_urgent(way: WayOut) -> None:
    way.now = MONDAY.replace(hour=19, minute=30)
    notice = way.queue("notice", kind="notice")
    reply, alert = way.queue("reply"), way.queue("alert", channel="telegram", kind="alert", lane=Lane.ALERT)
    way.send()
    assert [way.state(each) for each in (notice, reply, alert)] == ["queued", "sent", "sent"]
    assert way.row(notice).next_at == MONDAY.replace(day=3, hour=7)
    assert way.later(hours=12) == 1


def test_what_is_too_late_to_be_of_use_expires_and_is_shown(way: WayOut) -> None:
    message = way.queue("Reminder", kind="notice", useless_after=MONDAY + timedelta(hours=1))
    way.now += timedelta(hours=2)
    way.send()
    assert (way.state(message), way.calls(), way.sms.sent) == ("expired", ["notice: too late"], [])


def test_it_expires_although_its_channel_is_closed(way: WayOut) -> None:
    message = way.queue("Reminder", kind="notice", useless_after=MONDAY)
    assert due(way, open=set()) == [message]


def test_a_try_that_would_come_too_late_is_not_made(way: WayOut) -> None:
    message = way.queue(useless_after=MONDAY + timedelta(seconds=20))
    way.fails(TryLater(after=30))
    way.send()
    assert way.state(message) == "failed"


def test_not_before_its_time(way: WayOut) -> None:
    way.queue("later", kind="notice", not_before=MONDAY + timedelta(hours=1))
    assert way.send() == 0
    assert way.later(hours=1) == 1


def test_a_notice_for_nobody_who_can_be_reached_is_shown(way: WayOut) -> None:
    way.write(lambda school: school.session.execute(update(Address).values(state=AddressState.OPTED_OUT)))
    message = way.queue("Reminder", channel=None, kind="notice")
    way.send()
    assert (way.state(message), way.calls()) == ("failed", ["notice: no_address"])


def test_a_notice_does_not_go_where_stop_was_said_meanwhile(way: WayOut) -> None:
    way.queue("Reminder", channel="sms", kind="notice")
    way.write(lambda school: school.session.execute(update(Address).where(Address.channel == "sms").values(state=AddressState.OPTED_OUT)))
    way.send()
    assert (way.sms.texts, way.telegram.texts) == ([], ["Reminder"])


def test_a_long_text_leaves_in_order_with_its_choices_last(database_url: str) -> None:
    way = WayOut(database_url)
    way.sms.limits = type(way.sms.limits)(40, 0, 0, 1_000)
    way.queue("One two three four five. Six seven eight nine ten. Eleven twelve.", choices=[["a", "Yes"]])
    way.queue("After")
    for _ in range(4):
        way.send()
    assert way.sms.texts == ["One two three four five.", "Six seven eight nine ten.", "Eleven twelve.", "After"]
    assert [len(message.choices) for message in way.sms.sent] == [0, 0, 1, 0]
    way.close()


# What is reported later


def test_the_rest_of_a_text_never_passes_its_beginning(way: WayOut) -> None:
    way.queue("one two three " * 100)
    way.fails(TryLater())
    way.send()
    beginning = way.sms.texts[0]
    assert way.sms.texts == [beginning]
    way.later(seconds=10)
    assert way.sms.texts[:2] == [beginning, beginning]
    assert len(way.sms.texts) == 3


def test_a_phone_that_is_off_is_tried_again_after_15_minutes_and_two_hours(way: WayOut) -> None:
    message = way.queue()
    way.send()
    way.told("undelivered", verdict=Verdict.UNREACHABLE)
    assert (way.state(message), way.row(message).next_at) == ("queued", MONDAY + timedelta(minutes=15))
    way.later(minutes=15)
    way.told("undelivered", "sms-2", verdict=Verdict.UNREACHABLE)
    assert way.row(message).next_at == way.now + timedelta(hours=2)
    way.later(hours=2)
    way.told("undelivered", "sms-3", verdict=Verdict.UNREACHABLE)
    assert (way.state(message), len(way.sms.sent), way.calls()) == ("undelivered", 3, ["reply: unreachable 1"])


def test_a_phone_that_is_off_is_not_tried_when_it_is_too_late(way: WayOut) -> None:
    message = way.queue(useless_after=MONDAY + timedelta(minutes=10))
    way.send()
    way.told("undelivered", verdict=Verdict.UNREACHABLE)
    assert way.state(message) == "undelivered"


def test_an_undelivered_notice_goes_to_the_next_channel(way: WayOut) -> None:
    message = way.queue("Reminder", kind="notice")
    way.send()
    way.told("undelivered", verdict=Verdict.BAD_ADDRESS)
    way.send()
    assert (way.state(message), way.telegram.texts, way.address("sms").state) == ("sent", ["Reminder"], AddressState.BAD)


def test_what_arrived_after_all_is_taken_off_the_list(way: WayOut) -> None:
    message = way.queue()
    way.send()
    way.told("undelivered", verdict=Verdict.FILTERED)
    assert way.calls() == ["reply: filtered 1"]
    way.told("delivered")
    row = way.row(message)
    assert (row.state, row.verdict, row.code, way.calls()) == ("delivered", None, None, [])


def test_a_status_may_come_before_the_answer(way: WayOut) -> None:
    message = way.queue()
    way.told("delivered", "sms-1")  # of a message that we do not know by this name yet
    way.send()
    assert way.state(message) == "delivered"


def test_a_status_by_our_own_id_settles_an_unknown_fate(way: WayOut) -> None:
    message = way.queue()
    way.fails(FateUnknown())
    way.send()
    way.told("sent", "sms-7", uid="u1")
    assert (way.state(message), way.row(message).provider_id) == ("sent", "sms-7")
    way.later(minutes=10)
    assert len(way.sms.sent) == 1


def test_a_status_of_nothing_of_ours_waits_quietly(way: WayOut) -> None:
    way.told("delivered", "nobodys")
    assert way.rows() == []


def test_expired_at_the_carrier_is_not_sent_elsewhere(way: WayOut) -> None:
    message = way.queue("Reminder", kind="notice")
    way.send()
    way.told("undelivered", verdict=Verdict.EXPIRED)
    way.send()
    assert (way.state(message), way.telegram.sent) == ("undelivered", [])


def test_what_the_carrier_is_unsure_of_is_repeated_only_if_it_must_arrive(way: WayOut) -> None:
    way.queue("plain")
    way.send()
    way.queue("booked", must_arrive=True)
    way.send()
    way.told("undelivered", "sms-1", verdict=Verdict.UNCERTAIN)
    way.told("undelivered", "sms-2", verdict=Verdict.UNCERTAIN)
    way.later(minutes=11)
    assert way.sms.texts == ["plain", "booked", "booked"]


def test_an_early_report_of_a_phone_that_is_off_is_not_undone_by_the_answer(way: WayOut) -> None:
    message = way.queue()
    way.write(lambda school: outbox.claim(school, school.session.get_one(Message, message), "w"))
    way.told("undelivered", "sms-1", uid="u1", verdict=Verdict.UNREACHABLE)
    way.write(lambda school: outbox.sent(school, school.session.get_one(Message, message), "sms-1"))
    assert (way.state(message), way.row(message).next_at) == ("queued", MONDAY + timedelta(minutes=15))


REPORTS = st.lists(st.sampled_from(["sent", "delivered", "undelivered", "failed", "read"]), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def databases(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WayOut]:
    path = tmp_path_factory.mktemp("reports") / "bookbag.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    way = WayOut(f"sqlite:///{path}")
    yield way
    way.close()


_numbers = count(1)


@given(reports=REPORTS, shuffled=st.randoms(use_true_random=False), verdict=st.sampled_from([Verdict.FILTERED, Verdict.UNREACHABLE]), early=st.integers(0, 6))
@example(["undelivered", "sent"], None, Verdict.UNREACHABLE, 0)
@example(["failed", "undelivered"], None, Verdict.FILTERED, 0)
@example(["delivered", "undelivered"], None, Verdict.UNREACHABLE, 0)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reports_in_any_order_and_number_end_in_the_same_state(databases: WayOut, reports: list[str], shuffled: object, verdict: Verdict, early: int) -> None:
    """Twice the same reports, once in another order, some again, some before the provider's answer: the same is shown, and waits for the same."""
    other = [*reports, *reports[:2]]
    shuffled.shuffle(other) if shuffled else other.reverse()  # type: ignore[attr-defined]
    ends = []
    for order, before in ((reports, 0), (other, early)):
        number = next(_numbers)
        databases.now = MONDAY
        message = databases.queue(key=f"r{number}", uid=f"r{number}", channel="sms")
        databases.write(lambda school, message=message: outbox.claim(school, school.session.get_one(Message, message), "w"))  # type: ignore[misc]
        for place, state in enumerate([*order, ""]):
            if place == min(before, len(order)):
                databases.write(lambda school, message=message, number=number: outbox.sent(school, school.session.get_one(Message, message), f"p{number}"))  # type: ignore[misc]
            if state:
                databases.told(state, f"p{number}", uid=f"r{number}", verdict=verdict if state in {"undelivered", "failed"} else None)
        row = databases.row(message)
        ends.append((row.state, row.verdict, row.next_at))
    assert ends[0] == ends[1]


def test_ranks_are_all_different() -> None:
    assert len(set(outbox.RANK.values())) == len(outbox.RANK)
    assert set(OutboxState) - outbox.RANK.keys() == {OutboxState.CANCELLED, OutboxState.EXPIRED}


def test_what_is_paused_stays_until_it_goes_on(way: WayOut) -> None:
    message = way.queue(kind="news", key="news:1")
    way.write(lambda school: notices.pause(school, "news:"))
    assert (way.state(message), way.later(hours=1)) == ("paused", 0)
    way.write(lambda school: notices.go_on(school, "news:"))
    assert (way.send(), way.state(message)) == (1, "sent")


def test_what_is_paused_holds_up_nothing_else(way: WayOut) -> None:
    way.queue(kind="news", key="news:1")
    way.write(lambda school: notices.pause(school, "news:"))
    way.queue("Booked.", kind="booked")
    assert way.send() == 1


def test_what_is_taken_back_never_leaves(way: WayOut) -> None:
    messages = [way.queue(kind="news", key=f"news:{number}") for number in range(2)]
    way.write(lambda school: notices.pause(school, "news:0"))
    way.write(lambda school: notices.withdraw(school, "news:"))
    way.write(lambda school: notices.go_on(school, "news:"))
    assert [way.state(message) for message in messages] == ["cancelled", "cancelled"]
    assert way.later(hours=1) == 0


@pytest.mark.parametrize("arrow, state", [pytest.param(notices.pause, "paused", id="paused"), pytest.param(notices.withdraw, "cancelled", id="taken back")])
@pytest.mark.parametrize("outcome", [Rejected(Verdict.BAD_ADDRESS, "21211"), TryLater(), FateUnknown()])
def test_what_was_under_way_and_fails_does_not_leave_either(way: WayOut, arrow: Callable[[School, str], None], state: str, outcome: SendError) -> None:
    message = way.queue(kind="news", key="news:1")

    async def meanwhile(message: Outgoing) -> Receipt:
        way.write(lambda school: arrow(school, "news:"))
        raise outcome

    way.sms.send = meanwhile  # type: ignore[method-assign]
    way.send()
    way.later(minutes=2)
    way.later(minutes=2)
    assert (way.state(message), way.telegram.sent, way.calls()) == (state, [], [])


def test_what_is_paused_and_arrived_after_all_is_not_sent_again(way: WayOut) -> None:
    message = way.queue(kind="news", key="news:1")
    way.fails(FateUnknown())
    way.send()
    way.write(lambda school: notices.pause(school, "news:"))
    way.later(minutes=2)
    way.later(minutes=2)
    assert way.state(message) == "paused"
    way.told("delivered", "sms-7", uid=way.row(message).uid)
    way.write(lambda school: notices.go_on(school, "news:"))
    assert (way.state(message), way.send()) == ("delivered", 0)


def test_the_rest_of_a_text_follows_whatever_is_paused(way: WayOut) -> None:
    way.queue("First. " * 200, kind="news", key="news:1")
    way.send()
    way.write(lambda school: notices.withdraw(school, "news:"))
    way.send()
    assert "".join(way.sms.texts).count("First.") == 200


def test_the_rest_of_a_text_does_not_leave_before_its_beginning(way: WayOut) -> None:
    way.queue("First. " * 200, kind="news", key="news:1", choices=[["1", "We will come"]])
    way.fails(TryLater())
    assert (way.send(), way.send()) == (1, 0)
    way.sms.sent.clear()
    way.later(hours=1)
    way.send()
    assert "".join(way.sms.texts).count("First.") == 200
    assert [bool(message.choices) for message in way.sms.sent] == [False, True]


@pytest.mark.parametrize("arrow", [pytest.param(notices.pause, id="paused"), pytest.param(notices.withdraw, id="taken back")])
def test_of_what_is_held_back_before_its_beginning_left_nothing_leaves(way: WayOut, arrow: Callable[[School, str], None]) -> None:
    way.queue("First. " * 200, kind="news", key="news:1")
    way.fails(TryLater())
    way.send()
    way.write(lambda school: arrow(school, "news:"))
    assert (way.later(hours=1), way.later(hours=1)) == (0, 0)


def test_what_waits_with_its_beginning_holds_up_no_answer(way: WayOut) -> None:
    way.queue("First. " * 200, kind="news", key="news:1")
    way.fails(TryLater())
    way.send()
    way.write(lambda school: notices.pause(school, "news:"))
    way.queue("Booked.")
    assert (way.later(hours=1), way.sms.texts[-1]) == (1, "Booked.")


def test_a_long_text_that_goes_elsewhere_goes_there_whole(way: WayOut) -> None:
    way.queue("First. " * 200, kind="news", key="news:1")
    way.telegram.limits = replace(way.telegram.limits, text_characters=4_096)
    way.fails(Rejected(Verdict.BAD_ADDRESS, "21211"))
    way.send()
    way.send()
    assert [text.count("First.") for text in way.telegram.texts] == [200]


def test_the_rest_follows_a_beginning_that_may_have_arrived(way: WayOut) -> None:
    way.queue("First. " * 2_000, channel="telegram", kind="news", key="news:1")
    way.fails(FateUnknown(), "telegram")
    way.send()
    for _ in range(9):
        way.later(minutes=2)
    assert [way.row(1).state, len(way.telegram.texts) > 1] == ["unconfirmed", True]


def came(texts: list[str]) -> list[str]:
    """Which pieces of a text that begins with A and goes on with b came, in order."""
    return ["A" if text.startswith("A") else "b" if text.startswith("b") else text for text in texts]


LONG = "A " + "b " * 600


def test_an_answer_leaves_while_both_parts_of_a_text_wait_for_a_phone_that_is_off(way: WayOut) -> None:
    """The rest waits for its beginning, that for the answer, and the answer for neither."""
    way.queue(LONG, kind="news", key="news:1", lane=Lane.BROADCAST)
    way.send()
    way.send()
    for number in (1, 2):
        way.told("undelivered", f"sms-{number}", verdict=Verdict.UNREACHABLE)
    way.queue("Booked.")
    assert (way.send(), way.sms.texts[-1]) == (1, "Booked.")
    way.later(hours=3)
    way.later(minutes=1)
    assert came(way.sms.texts) == ["A", "b", "Booked.", "A", "b"]


def test_what_is_of_no_use_any_more_is_given_up_though_it_waits_behind_another(way: WayOut) -> None:
    way.queue("First", next_at=way.now + timedelta(days=2))
    second = way.queue("Second", useless_after=way.now + timedelta(hours=1))
    way.later(hours=2)
    assert way.state(second) == "expired"


def test_what_went_elsewhere_after_its_rest_had_left_may_be_cut_once_more(way: WayOut) -> None:
    first = way.queue(LONG, kind="news", key="news:1")
    way.send()
    way.send()
    way.telegram.limits = replace(way.telegram.limits, text_characters=300)
    way.told("undelivered", "sms-1", verdict=Verdict.BAD_ADDRESS)
    for _ in range(6):
        way.send()
    assert way.state(first) == "sent"
    assert "".join(way.telegram.texts).count("b") == way.sms.texts[0].count("b")


def test_the_rest_stays_with_a_beginning_of_which_a_report_came_before_its_answer(way: WayOut) -> None:
    way.queue(LONG, kind="news", key="news:1")
    way.told("undelivered", "sms-1", verdict=Verdict.BAD_ADDRESS)
    way.telegram.limits = replace(way.telegram.limits, text_characters=4_096)
    way.send()
    way.send()
    assert (len(way.sms.texts), [text.count("b") for text in way.telegram.texts]) == (1, [600])


def test_the_rest_does_not_pass_a_beginning_that_goes_elsewhere(way: WayOut) -> None:
    way.queue(LONG, kind="news", key="news:1")
    way.sms.answers.extend([Receipt("sms-1"), TryLater()])
    way.send()
    way.told("undelivered", "sms-1", verdict=Verdict.BAD_ADDRESS)
    way.later(hours=1)
    assert came(way.telegram.texts) == ["A", "b"]


def test_a_text_that_is_tried_again_on_a_channel_that_holds_less_is_cut_anew(way: WayOut) -> None:
    way.queue(LONG, kind="news", key="news:1")
    way.fails(TryLater())
    way.send()
    way.sms.sent.clear()
    way.sms.limits = replace(way.sms.limits, text_characters=300)
    way.later(hours=1)
    for _ in range(6):
        way.send()
    assert max(map(len, way.sms.texts)) <= 300
    assert "".join(way.sms.texts).count("b") == 600


def test_what_did_not_arrive_is_printed_whole(way: WayOut) -> None:
    message = way.queue(LONG, kind="news", key="news:1")
    way.fails(TryLater())
    way.send()
    assert way.row(message).rest is not None
    assert for_paper(way.store, way.settings, way.now, [message]) == {message: LONG.strip()}


def test_a_message_keeps_what_it_is_paid_for_as(way: WayOut) -> None:
    short, long = way.queue("Hello"), way.queue("No school today. " * 20)
    way.send()
    way.send()
    assert [way.row(message).parts for message in (short, long)] == [1, 3]
