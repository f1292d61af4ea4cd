"""A closed WhatsApp is opened first: the opener, what waits for it, what lets it leave, and what becomes of it if nobody opens. Twilio is the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from bot import outbox
from bot.channels.base import AddressKind, ChannelName, DeliveryState, Inbound, InboundKind, StatusUpdate
from bot.channels.errors import Verdict
from bot.channels.twilio import TwilioAccount, TwilioChannel, TwilioSms, TwilioWhatsApp
from bot.channels.twilio_templates import ApprovedTemplate
from bot.dispatcher import Dispatcher
from bot.inbox import Arrivals, Inbox
from data.addresses import Address, AddressState
from data.outbox import Lane, Message, OutboxState
from data.people import Adult, AdultAddress
from school import School, addresses, consent, delivery, notices, openers
from school.openers import Opener
from tests.bot.sending import MONDAY, NUMBER, Provider, WayOut
from tests.standin.client import StandIn

WHATSAPP = f"whatsapp:{NUMBER}"
ASKED = "There is a message for you from Cherry Garden School. Reply OPEN, and it follows."
WITHIN = openers.OPENS_WITHIN


class Closed(WayOut):
    """One adult with WhatsApp first, closed, and texts second, both at the stand-in; the opener in English is approved."""

    def __init__(self, standin: StandIn, database_url: str) -> None:
        self.standin = standin
        account = TwilioAccount(
            standin.account_sid,
            standin.auth_token,
            standin.sms_number,
            standin.whatsapp_number,
            base_url=standin.url,
            sms_per_second=1_000,
            whatsapp_per_second=1_000,
        )
        self.lines = {"sms": TwilioSms(account), "whatsapp": TwilioWhatsApp(account)}
        super().__init__(database_url, channels=cast("Mapping[str, Provider]", self.lines))
        self.sid = self.make_opener()

    def make_opener(self) -> str:
        sid = str(self.run(_made(self.lines["whatsapp"])))
        self.approve({"en": Opener(sid, ASKED.replace("Cherry Garden School", openers.PLACE), "OPEN")})
        return sid

    def approve(self, made: Mapping[str, Opener]) -> None:
        self.write(lambda school: openers.keep(school, made))

    def _people(self, school: School) -> None:
        adult = Adult(reference="r1", name="Tom Reed", language="en")
        school.session.add(adult)
        school.session.flush()
        for rank, channel in enumerate(("whatsapp", "sms")):
            addresses.reach(school, adult, addresses.at(school, channel, "phone", NUMBER), rank)
        for address in school.session.scalars(select(Address)):
            address.first_greeted_at = self.now

    def close(self) -> None:
        for line in self.lines.values():
            self.run(line.aclose())
        super().close()

    def news(self, text: str = "Swimming is off", **values: Any) -> int:
        return self.queue(text, channel=None, kind="news", **values)

    def writes(self, text: str = "hello", provider_id: str = "SM1") -> None:
        """They write from WhatsApp; nothing else happens yet."""
        inbox = Inbox(self.store, self.settings, lambda: self.now, lambda: None)
        said = Inbound(provider_id, ChannelName.WHATSAPP, InboundKind.TEXT, NUMBER, AddressKind.PHONE, "us", text)
        inbox.take_in([Arrivals([said])])

    def no_texts(self) -> None:
        self.write(lambda school: school.session.execute(update(Address).where(Address.channel == "sms").values(state=AddressState.OPTED_OUT)))

    def left(self) -> list[tuple[str, str]]:
        """What has left, and by which channel."""
        return [("whatsapp" if entry["to"].startswith("whatsapp") else "sms", entry["body"]) for entry in self.standin.accepted()]

    def openers(self) -> list[str]:
        return [row.state for row in self.rows() if row.kind == openers.KIND]


async def _made(line: TwilioChannel) -> str:
    body = ASKED.replace("Cherry Garden School", openers.PLACE)
    [approval] = await line.have_approved([ApprovedTemplate(openers.KIND, "en_GB", body, "Cherry Garden School", "OPEN", openers.BUTTON)])
    return approval.sid


@pytest.fixture
def standin(providers: StandIn) -> StandIn:
    providers.reset()
    providers.control(callbacks="none")
    return providers


@pytest.fixture
def way(standin: StandIn, database_url: str) -> Iterator[Closed]:
    made = Closed(standin, database_url)
    yield made
    made.close()


def test_they_are_asked_to_open_and_the_message_follows(way: Closed) -> None:
    news = way.news()
    assert way.send() == 1
    [sent] = way.standin.accepted()
    assert (sent["to"], sent["form"]["ContentSid"], json.loads(sent["form"]["ContentVariables"])) == (WHATSAPP, way.sid, {"1": "Cherry Garden School"})
    assert "Body" not in sent["form"]
    row = way.row(news)
    assert (row.state, row.address_id, row.next_at, row.verdict, row.code) == ("queued", None, MONDAY + WITHIN, "no_window", "63016")
    assert delivery.why(row) == (
        "WhatsApp is closed: they have not written there for a day.",
        "They are asked to open it; then it leaves, or else by another way.",
    )
    way.now += timedelta(hours=1)
    way.writes()
    assert way.row(news).next_at is None
    way.send()
    assert way.left() == [("whatsapp", ASKED), ("whatsapp", "Swimming is off")]
    assert (way.state(news), way.row(news).verdict, way.calls()) == ("sent", None, [])


def test_all_that_waits_follows_in_order_and_they_are_asked_once(way: Closed) -> None:
    for text in ("One", "Two"):
        way.news(text)
    way.news("Three", lane=Lane.BROADCAST)
    way.send()
    way.later(minutes=30)
    way.news("Four", lane=Lane.BROADCAST)
    way.later(minutes=30)
    assert way.left() == [("whatsapp", ASKED)]
    way.writes()
    way.send()
    assert [text for _, text in way.left()[1:]] == ["One", "Two", "Three", "Four"]


def test_nobody_opens_and_it_goes_by_text_and_says_why(way: Closed) -> None:
    news = way.news()
    way.send()
    assert way.later(hours=2, minutes=59) == 0
    way.later(minutes=1)
    assert way.left() == [("whatsapp", ASKED), ("sms", "Swimming is off")]
    row = way.row(news)
    assert (row.state, delivery.why(row)) == ("sent", ("WhatsApp was closed: they had not written there for a day.", "So it went another way."))


def test_what_comes_after_they_did_not_open_goes_by_text_at_once_that_day(way: Closed) -> None:
    way.news()
    way.send()
    way.later(hours=4)
    way.news("Second")
    way.send()
    assert way.left()[1:] == [("sms", "Swimming is off"), ("sms", "Second")]
    way.later(days=1)
    way.news("Third")
    way.send()
    assert way.left()[3:] == [("whatsapp", ASKED)]


def test_without_an_opener_in_their_language_it_goes_by_text_and_says_why(way: Closed) -> None:
    way.approve({})
    news = way.news()
    way.send()
    assert way.left() == [("sms", "Swimming is off")]
    assert delivery.why(way.row(news)) == ("WhatsApp was closed: they had not written there for a day.", "So it went another way.")


def test_what_is_approved_is_known_without_a_restart(way: Closed) -> None:
    way.approve({})
    way.news("First")
    way.send()
    way.make_opener()
    way.news("Second")
    way.send()
    assert way.left() == [("sms", "First"), ("whatsapp", ASKED)]


def test_what_is_urgent_waits_for_nobody_who_has_another_way(way: Closed) -> None:
    way.news("Closed today", lane=Lane.URGENT)
    way.send()
    assert way.left() == [("sms", "Closed today")]


def test_what_is_urgent_asks_where_there_is_no_other_way_at_night_too(way: Closed) -> None:
    way.no_texts()
    way.now = MONDAY.replace(hour=22)
    for text in ("Closed today", "And tomorrow"):
        way.news(text, lane=Lane.URGENT)
    way.send()
    assert way.left() == [("whatsapp", ASKED)], "the opener waits behind nothing that waits for it"
    way.writes()
    way.send()
    assert [text for _, text in way.left()[1:]] == ["Closed today", "And tomorrow"]


def test_what_would_be_of_no_use_by_then_does_not_wait(way: Closed) -> None:
    way.news("At noon", useless_after=MONDAY + timedelta(hours=2))
    way.send()
    assert way.left() == [("sms", "At noon")]


def test_with_no_other_way_they_are_asked_on_three_days_and_then_staff_are(way: Closed) -> None:
    way.no_texts()
    news = way.news()
    for _day in range(5):
        way.send()
        way.later(hours=4)
        way.now += timedelta(hours=20)
    way.send()
    assert way.left() == [("whatsapp", ASKED)] * 3
    assert (way.state(news), way.calls()) == ("failed", ["news: no_window 63016"])


def test_with_no_other_way_it_expires_in_its_time(way: Closed) -> None:
    way.no_texts()
    news = way.news(useless_after=MONDAY + timedelta(hours=2))
    way.send()
    way.later(hours=2)
    assert (way.state(news), way.left(), way.calls()) == ("expired", [("whatsapp", ASKED)], ["news: too late"])


def test_with_no_other_way_and_no_opener_staff_hear_that_whatsapp_is_closed(way: Closed) -> None:
    way.approve({})
    way.no_texts()
    news = way.news()
    way.send()
    assert (way.state(news), way.calls(), way.left()) == ("failed", ["news: no_window 63016"], [])


@pytest.mark.parametrize("code", [63016, 63040, 63018])
def test_a_refused_opener_lets_go_at_once_and_staff_hear_once(way: Closed, code: int) -> None:
    way.standin.control(numbers={WHATSAPP: code})
    for text in ("One", "Two"):
        way.news(text)
    way.send()
    assert way.left() == [("sms", "One"), ("sms", "Two")]
    assert (way.openers(), way.calls()) == (["failed"], [f"opener in en: {'limited' if code == 63018 else 'no_window'} {code}"])


def test_an_opener_reported_undelivered_lets_go_at_once(way: Closed) -> None:
    way.news()
    way.send()
    [opener] = [row for row in way.rows() if row.kind == openers.KIND]
    assert opener.provider_id
    way.run(way.dispatcher.report([StatusUpdate(opener.provider_id, DeliveryState.UNDELIVERED, opener.uid, "63032", Verdict.LIMITED)]))
    way.send()
    assert (way.left()[1:], way.openers()) == ([("sms", "Swimming is off")], ["undelivered"])


def test_whoever_is_not_on_whatsapp_gets_it_by_text_and_staff_hear_nothing(way: Closed) -> None:
    way.standin.control(numbers={WHATSAPP: 63003})
    way.news()
    way.send()
    assert (way.left(), way.calls(), way.address("whatsapp").state) == ([("sms", "Swimming is off")], [], AddressState.BAD)


def test_near_the_evening_the_text_goes_at_once(way: Closed) -> None:
    way.now = MONDAY.replace(hour=18, minute=0)
    way.news()
    way.send()
    assert way.left() == [("sms", "Swimming is off")], "after three hours it would be night"


def test_a_wait_ends_before_the_night(way: Closed) -> None:
    way.now = MONDAY.replace(hour=16)
    way.news()
    way.send()
    assert way.left() == [("whatsapp", ASKED)]
    way.later(hours=2, minutes=46)
    assert way.left() == [("whatsapp", ASKED), ("sms", "Swimming is off")]


def test_what_is_opened_late_leaves_by_no_other_way_at_night(way: Closed) -> None:
    news = way.news()
    way.send()
    way.write(lambda school: notices.pause(school, way.row(news).key))
    way.writes()
    way.now = MONDAY.replace(hour=23) + timedelta(days=1)
    way.write(lambda school: notices.go_on(school, way.row(news).key))
    way.send()
    assert ("sms", "Swimming is off") not in way.left()


def test_stop_lets_nothing_leave(way: Closed) -> None:
    way.news()
    way.send()
    way.writes("STOP")
    way.send()
    assert way.left() == [("whatsapp", ASKED)]


def test_an_opener_that_nothing_waits_for_any_more_is_not_sent(way: Closed) -> None:
    news = way.news()
    way.standin.fault("twilio.send", "429", after=60)
    way.send()
    way.write(lambda school: notices.withdraw(school, way.row(news).key))
    way.later(minutes=2)
    assert (way.left(), way.openers()) == ([], ["cancelled"])
    way.news("Other")
    way.send()
    assert (way.left(), way.openers()) == ([("whatsapp", ASKED)], ["sent"]), "the same day's is taken up again"


def test_an_opener_is_not_sent_where_they_wrote_by_themselves(way: Closed) -> None:
    way.news()
    way.standin.fault("twilio.send", "429", after=60)
    way.send()
    way.writes()
    way.later(minutes=2)
    assert (way.left(), way.openers()) == ([("whatsapp", "Swimming is off")], ["cancelled"])


def test_nothing_goes_where_they_said_stop_meanwhile(way: Closed) -> None:
    way.news()
    way.standin.fault("twilio.send", "429", after=60)
    way.send()
    way.write(lambda school: school.session.execute(update(Address).where(Address.channel == "whatsapp").values(state=AddressState.OPTED_OUT)))
    way.later(minutes=2)
    assert (way.left(), way.openers(), way.calls()) == ([], ["cancelled"], [])
    way.later(hours=3)
    assert way.left() == [("sms", "Swimming is off")]


def test_what_is_held_back_asks_nobody_and_leaves_when_it_goes_on(way: Closed) -> None:
    news = way.news()
    way.standin.fault("twilio.send", "429", after=60)
    way.send()
    way.write(lambda school: notices.pause(school, way.row(news).key))
    way.later(minutes=2)
    assert (way.left(), way.openers(), way.state(news)) == ([], ["cancelled"], "paused")
    way.writes()
    way.send()
    assert (way.left(), way.state(news)) == ([], "paused")
    way.write(lambda school: notices.go_on(school, way.row(news).key))
    way.send()
    assert way.left() == [("whatsapp", "Swimming is off")]


def test_whoever_opens_at_night_is_shown_it_then(way: Closed) -> None:
    way.write(lambda school: school.session.execute(delete(AdultAddress).where(AdultAddress.rank > 0)))  # no other way
    way.now = MONDAY.replace(hour=18, minute=30)
    way.news()
    way.send()
    way.later(hours=2)
    way.writes()
    way.send()
    assert way.left()[1:] == [("whatsapp", "Swimming is off")]


def test_a_reply_never_asks(way: Closed) -> None:
    way.queue("Yes", channel="whatsapp")
    way.send()
    assert way.left() == [("whatsapp", "Yes")]


def test_after_texts_have_failed_they_are_asked_on_whatsapp(way: Closed) -> None:
    way.write(lambda school: school.session.execute(update(AdultAddress).where(AdultAddress.rank == 0).values(rank=9)))
    way.standin.control(numbers={NUMBER: 30007})
    news = way.news()
    way.send()
    assert way.left() == [("whatsapp", ASKED)]
    way.later(hours=3)
    assert (way.state(news), way.left(), way.calls()) == ("failed", [("whatsapp", ASKED)], ["news: filtered 30007"])


def test_an_opener_in_doubt_is_found_by_its_words_and_not_sent_twice(way: Closed) -> None:
    way.news()
    way.standin.fault("twilio.send", "drop_after")
    way.send()
    assert way.openers() == ["sending"]
    way.later(minutes=2)
    assert (way.left(), way.openers()) == ([("whatsapp", ASKED)], ["sent"])


def test_an_opener_and_the_wait_for_it_are_one_transaction(way: Closed, monkeypatch: pytest.MonkeyPatch) -> None:
    news = way.news()

    def dies(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "claim", dies)
        with pytest.raises(InterruptedError):
            way.dispatcher._claim({"sms": 10, "whatsapp": 10})
    assert (way.openers(), way.row(news).next_at, way.row(news).verdict) == ([], None, None)


def test_whoever_writes_while_it_is_decided_is_seen(standin: StandIn, postgresql_url: str) -> None:
    """On SQLite only one writes at a time. On PostgreSQL whoever has the address first is seen by the other."""
    way = Closed(standin, postgresql_url)
    news = way.news()
    with way.store.write() as writing:
        school = School(writing, way.now, way.settings)
        consent.heard_from(school, writing.scalars(select(Address).where(Address.channel == "whatsapp")).one())
        writing.flush()
        assert way.send() == 0
        assert (way.openers(), way.row(news).next_at) == ([], None)
    way.send()
    assert way.left() == [("whatsapp", "Swimming is off")]
    way.close()


@pytest.mark.parametrize("has_left", [False, True])
def test_a_death_with_the_opener_claimed_asks_once(way: Closed, has_left: bool) -> None:
    news = way.news()
    [claimed] = way.dispatcher._claim({"sms": 10, "whatsapp": 10})
    if has_left:
        way.run(way.lines["whatsapp"].send(claimed.outgoing))
    way.dispatcher = _next_life(way)
    for _ in range(6):
        way.later(minutes=2)
    assert way.left() == [("whatsapp", ASKED)]
    way.writes()
    way.send()
    assert (way.left()[1:], way.state(news)) == ([("whatsapp", "Swimming is off")], "sent")


def _next_life(way: Closed) -> Dispatcher:
    life = way.another()
    life.recover()
    with way.store.write() as session:  # PostgreSQL waits for the claim to expire
        session.execute(update(Message).where(Message.state == OutboxState.SENDING).values(next_at=way.now))
    return life


ACTS = ("news", "urgent", "broadcast", "opens", "refused", "withdraw", "pause", "go on", "an hour", "a night")


@pytest.fixture
def quick_way(standin: StandIn, sqlite_url: str) -> Iterator[Closed]:
    made = Closed(standin, sqlite_url)
    yield made
    made.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), max_size=10), has_texts=st.booleans())
def test_whatever_happens_nothing_is_lost_or_said_twice(quick_way: Closed, acts: list[str], has_texts: bool) -> None:
    way = quick_way
    way.standin.reset()
    way.standin.control(callbacks="none")
    way.now, way.dispatcher = MONDAY, way.another()
    way.write(lambda school: school.session.execute(delete(Message)))
    way.write(lambda school: school.session.execute(update(Address).values(last_heard_at=None, state=AddressState.USABLE)))
    way.make_opener()
    if not has_texts:
        way.no_texts()
    _live(way, acts)


def _live(way: Closed, acts: list[str]) -> None:
    said: list[int] = []
    does: Mapping[str, Callable[[School], object]] = {
        "withdraw": lambda school: notices.withdraw(school, "k1"),
        "pause": lambda school: notices.pause(school, "k"),
        "go on": lambda school: notices.go_on(school, "k"),
    }
    lanes = {"news": Lane.NOTICE, "urgent": Lane.URGENT, "broadcast": Lane.BROADCAST}
    for number, act in enumerate(acts):
        if act in lanes:
            said.append(way.news(f"{act} {number}", lane=lanes[act]))
        elif act == "opens":
            way.writes(provider_id=uuid4().hex)
        elif act == "refused":
            way.standin.fault("twilio.send", "refuse", code=63040, number=WHATSAPP)
        elif act in does:
            way.write(does[act])
        else:
            way.now += timedelta(hours=1 if act == "an hour" else 12)
        way.send()
    way.write(does["go on"])
    for _ in range(5 * 8):
        way.later(hours=3)
    texts = [text for _, text in way.left() if text != ASKED]
    assert len(texts) == len(set(texts)), "nothing twice"
    assert {way.state(each) for each in said} <= {"sent", "failed", "cancelled"}, "nothing waits for ever"
    asked_on = [row.key for row in way.rows() if row.kind == openers.KIND]
    assert len(asked_on) == len(set(asked_on))


def test_two_who_share_it_are_asked_once_and_both_are_shown_theirs(way: Closed) -> None:
    def join(school: School) -> int:
        other = Adult(reference="r2", name="Ann Reed", language="en")
        school.session.add(other)
        school.session.flush()
        addresses.reach(school, other, school.session.scalars(select(Address).where(Address.channel == "whatsapp")).one(), 0)
        return other.id

    way.news("For Tom")
    other = way.write(join)
    way.write(lambda school: school.session.add(_news(other, way.now)))
    way.send()
    assert way.left() == [("whatsapp", ASKED)]
    way.writes()
    way.send()
    assert {text for _, text in way.left()[1:]} == {"For Tom", "For Ann"}


def _news(adult_id: int, now: datetime) -> Message:
    return Message(uid="ux", key="kx", trace="t", kind="news", text="For Ann", adult_id=adult_id, lane=Lane.NOTICE, created_at=now)


def test_a_channel_that_refuses_for_now_makes_nobody_wait_for_ever(way: Closed) -> None:
    way.standin.fault("twilio.send", "429", times=200, number=WHATSAPP)
    way.news()
    way.send()
    for _ in range(4):
        way.later(hours=1)
    assert way.left() == [("sms", "Swimming is off")]
