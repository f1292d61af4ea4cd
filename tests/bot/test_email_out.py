"""E-mail as the last channel, on both databases and over a real connection: what goes there, what never does, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import select

from bot.channels.base import ChannelName
from bot.channels.email import EmailChannel
from bot.channels.errors import Rejected, Verdict
from bot.mail import Mailer
from data.addresses import AddressState
from data.outbox import Lane
from data.people import Adult
from school import School, addresses
from tests.bot.sending import Provider, WayOut
from tests.standin.mail import PostOffice, post_office

TOM = "tom@family.example"
GONE = Rejected(Verdict.BAD_ADDRESS, "1")


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


class WithMail(WayOut):
    """The small school, whose Tom has an e-mail address after his phone and his chat."""

    def __init__(self, database_url: str, office: PostOffice) -> None:
        self.office = office
        mail = EmailChannel(Mailer(office.url, "bookbag@school.example"), "Cherry Garden School")
        sms, telegram = Provider(ChannelName.SMS), Provider(ChannelName.TELEGRAM, can_be_asked=False)
        super().__init__(database_url, channels={"sms": sms, "telegram": telegram, "email": cast("Any", mail)})
        self.sms, self.telegram = sms, telegram
        self.settings = replace(self.settings, writes_email=True, text_number="+447700900900")
        self.dispatcher = self.another()
        self.write(self._add_mail)

    def _add_mail(self, school: School) -> None:
        tom = school.session.scalars(select(Adult)).one()
        addresses.reach(school, tom, addresses.at(school, "email", "email", TOM), addresses.EMAIL_RANK)

    def close(self) -> None:
        self.run(self.channels["email"].aclose())
        super().close()

    def break_phones(self, *, times: int = 1) -> None:
        """Neither his phone nor his chat takes the next so many messages."""
        for _ in range(times):
            self.fails(GONE, "sms")
            self.fails(GONE, "telegram")


@pytest.fixture
def way(database_url: str, office: PostOffice) -> Iterator[WithMail]:
    made = WithMail(database_url, office)
    yield made
    made.close()


def test_it_is_used_once_no_phone_takes_a_notice(way: WithMail, office: PostOffice) -> None:
    message = way.queue("The hall is open", kind="note")
    way.send()
    assert (way.sms.texts, office.letters) == (["The hall is open"], []), "not while a phone is reached"
    way.break_phones()
    message = way.queue("The hall is closed", kind="note")
    way.send()
    [letter] = office.to(TOM)
    assert letter.words.startswith("The hall is closed\n\n")
    row = way.row(message)
    assert (row.state, row.provider_id, row.parts) == ("sent", f"mail:{row.uid}", 1)
    assert letter.read["Message-ID"] == f"<{row.uid}@school.example>"
    assert way.calls() == []


def test_the_next_goes_there_at_once_and_nothing_is_asked_for_afterwards(way: WithMail, office: PostOffice) -> None:
    way.break_phones()
    way.queue("One", kind="note", channel=None)
    way.send()
    second = way.queue("Two", kind="note", channel=None)
    way.send()
    assert [letter.words.split("\n")[0] for letter in office.to(TOM)] == ["One", "Two"]
    way.later(hours=30)
    assert (way.state(second), way.calls()) == ("sent", [])


@pytest.mark.parametrize("kind,lane", [("reply", Lane.REPLY), ("note", Lane.ALERT)])
def test_no_answer_and_no_alert_ever_goes_there(way: WithMail, office: PostOffice, kind: str, lane: Lane) -> None:
    way.break_phones()
    message = way.queue("Where is Sam today?", kind=kind, lane=lane, must_arrive=True)
    way.send()
    assert (office.letters, way.state(message), len(way.calls())) == ([], "failed", 1)
    later = way.queue("Where is Sam now?", kind="note", lane=Lane.ALERT, channel=None)
    way.send()
    assert (office.letters, way.state(later), len(way.calls())) == ([], "failed", 2), "nor where it is all that is left"


@pytest.mark.parametrize(
    "answer,became,state", [("550 5.1.1 no such user", AddressState.BAD, "failed"), ("554 5.7.1 relay denied", AddressState.USABLE, "failed")]
)
def test_a_refused_address_is_dead_but_not_for_what_is_our_fault(way: WithMail, office: PostOffice, answer: str, became: str, state: str) -> None:
    office.refuse("RCPT", answer)
    message = way.queue("Hello", kind="note", channel="email")
    way.send()
    assert (way.state(message), way.address("email").state, len(way.calls())) == (state, became, 1)


def test_three_refusals_that_are_our_fault_rest_the_channel(way: WithMail, office: PostOffice) -> None:
    office.refuse("RCPT", "554 5.7.1 relay denied", times=3)
    for _ in range(3):
        way.queue("Hello", kind="note", channel="email")
        way.send()
    assert dict(way.dispatcher.paused) == {"email": "554 5.7.1"}


def test_a_wrong_account_rests_the_channel_and_keeps_its_queue(way: WithMail, office: PostOffice) -> None:
    office.refuse("MAIL", "535 5.7.8 who are you")
    message = way.queue("Hello", kind="note", channel="email")
    way.send()
    assert (way.state(message), dict(way.dispatcher.paused)) == ("queued", {"email": "535 5.7.8"})
    way.later(minutes=6)
    assert (way.state(message), dict(way.dispatcher.paused), len(office.letters)) == ("sent", {}, 1)


def test_a_busy_server_is_tried_again(way: WithMail, office: PostOffice) -> None:
    office.refuse("RCPT", "451 4.7.1 greylisted", times=2)
    message = way.queue("Hello", kind="note", channel="email")
    way.send()
    assert way.state(message) == "queued"
    for _ in range(3):
        way.later(minutes=1)
    assert (way.state(message), len(office.letters)) == ("sent", 1)


@pytest.mark.parametrize("must_arrive", [False, True])
def test_a_lost_answer_is_unconfirmed_and_never_looked_for(way: WithMail, office: PostOffice, must_arrive: bool) -> None:
    office.refuse("DATA", "hang up")
    message = way.queue("Hello", kind="note", channel="email", must_arrive=must_arrive)
    way.send()
    assert way.state(message) == "sending"
    way.later(minutes=2)
    assert (way.state(message), len(way.calls())) == ("unconfirmed", 1)
    for _ in range(3):
        way.later(minutes=11)
    assert len(office.letters) == int(must_arrive), "what must arrive is said once more, as a mail of its own"


def test_whoever_said_no_more_emails_gets_none(way: WithMail, office: PostOffice) -> None:
    from school import consent

    way.break_phones()
    address = way.address("email").id
    way.write(lambda school: consent.opt_out(school, school.session.get_one(type(way.address("email")), address), how="link"))
    message = way.queue("Hello", kind="note")
    way.send()
    assert (office.letters, way.state(message)) == ([], "failed")


def test_a_long_text_is_one_mail(way: WithMail, office: PostOffice) -> None:
    words = "All that is new at school this week. " * 120
    way.queue(words, kind="note", channel="email")
    way.send()
    assert [letter.words.startswith(words.strip()) for letter in office.letters] == [True]
