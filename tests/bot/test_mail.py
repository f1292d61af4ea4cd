"""E-mail to staff, over a real connection to a mail server of the tests' own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.mail import Mailer
from bot.telling import Telling
from school import LONDON
from tests.conftest import Lines
from tests.console.staff import Console
from tests.standin.wire import listen
from tests.world import World

SENDER = "bookbag@cherrygarden.example"


class Post:
    """What the server was handed; `refuses` makes it say no."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], str, str]] = []
        self.refuses = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.refuses:
            return "451 not now"
        letter = message_from_bytes(envelope.original_content or b"")
        self.letters.append((envelope.rcpt_tos, str(letter["Subject"]), str(letter.get_payload())))
        return "250 OK"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def smtp_url(post: Post) -> Iterator[str]:
    socket = listen()
    port = socket.getsockname()[1]
    socket.close()
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    yield f"smtp://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def mailing(make_world: Callable[..., World], smtp_url: str) -> World:
    return make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), email={"smtp_url": smtp_url, "from": SENDER}, public_url="https://bookbag.example")


def to_office(post: Post) -> list[str]:
    return [words for to, _subject, words in post.letters if to == ["office@cherrygarden.example"]]


def tell(world: World, minutes: int = 0) -> None:
    world.moment += timedelta(minutes=minutes)
    world.house.telling.once()


def test_a_mail_arrives(smtp_url: str, post: Post) -> None:
    assert Mailer(smtp_url, SENDER).send("a@school.example", "Hello", "Words.")
    assert post.letters == [(["a@school.example"], "Hello", "Words.\r\n")]


def test_a_server_that_is_away_or_refuses_is_told_without_the_address(post: Post, smtp_url: str, logged: Lines) -> None:
    post.refuses = True
    assert not Mailer(smtp_url, SENDER).send("a@school.example", "Hello", "Words.")
    assert not Mailer("smtp://127.0.0.1:9", SENDER).send("a@school.example", "Hello", "Words.")
    assert [line["error"] for line in logged.named("mail not sent")] == ["SMTPDataError", "ConnectionRefusedError"]
    assert not any("a@school.example" in str(line) for line in logged.events() if line["logger"] != "mail.log"), "mail.log is the test server's own"


def test_the_office_is_told_that_something_waits_and_never_what(mailing: World, post: Post) -> None:
    mailing.say("Amina", "message to the office: Ayaan lost the blue jumper")
    tell(mailing)
    assert post.letters == [], "whoever sits at the page sees it anyway"
    tell(mailing, minutes=6)
    [words] = to_office(post)
    assert words.startswith("1 message waits for you on Bookbag, the oldest since Monday 09:10.")
    assert "https://bookbag.example/console" in words
    assert not any(secret in str(post.letters) for secret in ("jumper", "Ayaan", "Amina"))


def test_nobody_is_told_twice_in_an_hour_nor_of_the_same_thing(mailing: World, post: Post) -> None:
    mailing.say("Amina", "message to the office: the blue jumper is lost")
    for _ in range(20):
        tell(mailing, minutes=6)
    assert len(to_office(post)) == 1
    mailing.say("Tom", "message to the office: the red jumper is lost")
    tell(mailing, minutes=6)
    assert len(to_office(post)) == 2
    assert to_office(post)[1].startswith("2 messages wait")


def test_what_could_not_be_mailed_is_tried_again(mailing: World, post: Post) -> None:
    mailing.say("Amina", "message to the office: the blue jumper is lost")
    post.refuses = True
    tell(mailing, minutes=6)
    post.refuses = False
    tell(mailing)
    assert len(to_office(post)) == 1


def test_staff_have_hours_but_safeguarding_has_none(mailing: World, post: Post) -> None:
    mailing.at("2026-03-02 20:00")
    mailing.say("Amina", "message to the office: the blue jumper is lost")
    mailing.say("Tom", "my ex said he will come and hurt my son after school")
    tell(mailing, minutes=6)
    assert [to for to, _subject, _words in post.letters] == [["a.hartley@cherrygarden.example"]]
    tell(mailing, minutes=30)
    assert [to for to, _subject, _words in post.letters][1:] == [["k.nasser@cherrygarden.example"]], "unread, it goes to the deputy"


def test_the_deputy_is_told_of_each_matter_that_lies_unread_and_of_no_other(mailing: World, post: Post) -> None:
    def deputys() -> int:
        return sum(to == ["k.nasser@cherrygarden.example"] for to, _subject, _words in post.letters)

    mailing.say("Tom", "my ex said he will come and hurt my son after school")
    tell(mailing, minutes=10)
    mailing.say("Amina", "my husband hits me and the children")
    tell(mailing, minutes=21)
    assert deputys() == 1, "the first has lain unread for half an hour"
    tell(mailing, minutes=10)
    assert deputys() == 2, "so has the second, which came before the deputy was told of the first"
    mailing.say("Kate", "my ex said he will come and hurt my son after school")
    lead = Console(mailing).as_("Mrs Hartley")
    found = re.findall(r"/console/safeguarding/\d+", lead.get("/console/safeguarding"))
    lead.get(found[-1])
    tell(mailing, minutes=31)
    assert deputys() == 2, "the lead has read the third"


def test_without_a_mail_server_nobody_is_told(world: World) -> None:
    assert isinstance(world.house.telling, Telling)
    assert world.house.telling.once() == 0
