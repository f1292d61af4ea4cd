"""E-mail to families over a real connection: every answer of the server has one of three outcomes, and no text of ours can make a header."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import AddressKind, Attachment, ChannelName, Forged, Outgoing, WebhookRequest
from bot.channels.email import EmailChannel, written
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.mail import Mailer
from tests.conftest import Lines
from tests.standin.mail import PASSWORD, PostOffice, post_office
from tests.standin.wire import listen

pytestmark = pytest.mark.anyio

SENDER, AMINA = "bookbag@cherrygarden.example", "amina@family.example"
ICS = Attachment("event.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
LINK = "https://bookbag.a-rather-long-name-of-a-school.lambeth.sch.uk/mail/0123456789abcdef0123456789abcdef"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
async def email(office: PostOffice) -> AsyncIterator[EmailChannel]:
    channel = EmailChannel(Mailer(office.url, SENDER), "Cherry Garden School")
    yield channel
    await channel.aclose()


def mail(text: str = "Ms Okafor will see you at 15:10.", **changed: Any) -> Outgoing:
    usual = {"address": AMINA, "address_kind": AddressKind.EMAIL, "text": text, "subject": "A message from Cherry Garden School"}
    return Outgoing(id="00ff17", channel=ChannelName.EMAIL, **{**usual, **changed})


async def test_a_mail_arrives_as_it_was_meant(email: EmailChannel, office: PostOffice) -> None:
    receipt = await email.send(mail("Salaan.\n.\n..bilow\n", language="so", unsubscribe=LINK))
    [letter] = office.letters
    head = letter.read
    assert receipt.provider_id == "mail:00ff17"
    assert (letter.sender, letter.receivers) == (SENDER, (AMINA,))
    assert (head["From"], head["To"]) == (f"Cherry Garden School <{SENDER}>", AMINA)
    assert (head["Subject"], head["Message-ID"]) == ("A message from Cherry Garden School", "<00ff17@cherrygarden.example>")
    assert (head["Auto-Submitted"], head["Content-Language"], head.get_content_charset()) == ("auto-generated", "so", "utf-8")
    assert parsedate_to_datetime(head["Date"]).tzinfo is not None
    assert letter.words == "Salaan.\n.\n..bilow\n"


async def test_it_is_ended_at_one_click_where_there_is_a_page_for_that(email: EmailChannel, office: PostOffice) -> None:
    await email.send(mail(unsubscribe=LINK))
    await email.send(mail())
    with_link, without = (letter.read for letter in office.letters)
    assert f"List-Unsubscribe: <{LINK}>\r\n".encode() in office.letters[0].raw, "on one line, not encoded"
    assert with_link["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (without["List-Unsubscribe"], without["List-Unsubscribe-Post"]) == (None, None)


@pytest.mark.parametrize("link", ["http://school.example/mail/x", "https://school.example/>\r\nBcc: a@b.example", "javascript:x", "https://ü.example/x"])
async def test_no_other_link_becomes_a_header(email: EmailChannel, office: PostOffice, link: str) -> None:
    await email.send(mail(unsubscribe=link))
    assert (office.letters[0].read["List-Unsubscribe"], office.letters[0].read["Bcc"]) == (None, None)


@pytest.mark.parametrize("words", ["مرحبا، Ms Okafor 15:10 \u2068+44 7700\u2069", "স্বাগতম", "Łódź — żółć", "ሰላም", "a" * 5_000, "你好" * 2_000])
async def test_words_of_every_script_arrive_whole_over_seven_bits(email: EmailChannel, office: PostOffice, words: str) -> None:
    await email.send(mail(words, subject=f"Message: {words[:60]}"))
    [letter] = office.letters
    assert letter.words.rstrip("\n") == words
    assert letter.read["Subject"] == f"Message: {words[:60]}"
    assert letter.raw.isascii()
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998


async def test_a_calendar_file_goes_along(email: EmailChannel, office: PostOffice) -> None:
    await email.send(mail(attachment=ICS))
    [file] = office.letters[0].read.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("event.ics", "text/calendar")
    assert file.get_payload(decode=True) == ICS.content
    assert office.letters[0].words.startswith("Ms Okafor")


REFUSED: list[tuple[str, str, SendError]] = [
    ("MAIL", "451 4.3.0 not now", TryLater(code="451 4.3.0")),
    ("MAIL", "553 5.7.1 not your address", Rejected(Verdict.OUR_ACCOUNT, "553 5.7.1")),
    ("RCPT", "450 4.2.0 greylisted", TryLater(code="450 4.2.0")),
    ("RCPT", "421 too busy", TryLater(code="421")),
    ("RCPT", "550 5.1.1 no such user", Rejected(Verdict.BAD_ADDRESS, "550 5.1.1")),
    ("RCPT", "550 no such user amina@family.example", Rejected(Verdict.BAD_ADDRESS, "550")),
    ("RCPT", "550 5.2.1 disabled", Rejected(Verdict.BAD_ADDRESS, "550 5.2.1")),
    ("RCPT", "552 5.2.2 mailbox full", Rejected(Verdict.UNREACHABLE, "552 5.2.2")),
    ("RCPT", "554 5.7.1 Relay access denied", Rejected(Verdict.BAD_PAIR, "554 5.7.1")),
    ("RCPT", "550 relay not permitted", Rejected(Verdict.BAD_PAIR, "550")),
    ("RCPT", "530 5.7.0 Authentication required", Rejected(Verdict.OUR_ACCOUNT, "530 5.7.0")),
    ("DATA", "451 4.7.1 later", TryLater(code="451 4.7.1")),
    ("DATA", "554 5.7.1 looks like spam", Rejected(Verdict.FILTERED, "554 5.7.1")),
    ("DATA", "552 5.3.4 too big", Rejected(Verdict.OUR_CONTENT, "552 5.3.4")),
    ("MAIL", "hang up", TryLater()),
    ("RCPT", "hang up", TryLater()),
    ("DATA", "hang up", FateUnknown()),
]


@pytest.mark.parametrize("step,answer,outcome", REFUSED)
async def test_every_answer_has_one_of_three_outcomes(email: EmailChannel, office: PostOffice, step: str, answer: str, outcome: SendError) -> None:
    office.refuse(step, answer)
    with pytest.raises(SendError) as caught:
        await email.send(mail())
    assert caught.value == outcome
    assert office.letters == []
    assert (await email.send(mail())).provider_id, "the next mail leaves"


async def test_a_server_that_is_not_there_is_try_later() -> None:
    socket = listen()
    port = socket.getsockname()[1]
    socket.close()
    channel = EmailChannel(Mailer(f"smtp://127.0.0.1:{port}", SENDER), "School")
    with pytest.raises(TryLater):
        await channel.send(mail())
    await channel.aclose()


async def test_a_wrong_password_is_our_account() -> None:
    with post_office(asks_password=True) as office:
        for password, is_right in ((PASSWORD, True), ("wrong", False)):
            url = office.url.replace("smtp://", f"smtp://bookbag:{password.replace(' ', '%20')}@")
            channel = EmailChannel(Mailer(url, SENDER), "School")
            if is_right:
                await channel.send(mail())
            else:
                with pytest.raises(Rejected) as caught:
                    await channel.send(mail())
                assert caught.value.verdict is Verdict.OUR_ACCOUNT
            await channel.aclose()
        assert len(office.letters) == 1


async def test_a_password_where_none_is_taken_is_our_account(office: PostOffice) -> None:
    channel = EmailChannel(Mailer(office.url.replace("smtp://", "smtp://a:b@"), SENDER), "School")
    with pytest.raises(Rejected) as caught:
        await channel.send(mail())
    assert caught.value.verdict is Verdict.OUR_ACCOUNT
    await channel.aclose()


async def test_a_server_that_says_nothing_does_not_hold_up_the_end() -> None:
    """It takes the mail and never answers; the school stops meanwhile."""
    line, took = listen(), threading.Event()

    def serve() -> None:
        there, _ = line.accept()
        there.sendall(b"220 hello\r\n")
        for answer in (b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            there.recv(1_000)
            there.sendall(answer)
        there.recv(10_000)
        took.set()
        there.recv(10_000)  # until they hang up
        there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    channel = EmailChannel(Mailer(f"smtp://127.0.0.1:{line.getsockname()[1]}", SENDER), "School")
    sending = asyncio.create_task(channel.send(mail()))
    await asyncio.to_thread(took.wait, 5)
    await channel.aclose()
    with pytest.raises(FateUnknown):
        await asyncio.wait_for(sending, 5)
    thread.join(5)
    line.close()


BAD = ["", "amina", "a@b", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example>", "ä@b.example", "a b@c.example", "a@b.example\n"]


@pytest.mark.parametrize("address", BAD)
async def test_what_is_no_address_is_rejected_unasked(email: EmailChannel, office: PostOffice, address: str) -> None:
    with pytest.raises(Rejected) as caught:
        await email.send(mail(address=address))
    assert caught.value.verdict is Verdict.BAD_ADDRESS
    assert office.letters == []


async def test_an_address_of_another_kind_is_rejected(email: EmailChannel) -> None:
    with pytest.raises(Rejected):
        await email.send(mail(address_kind=AddressKind.PHONE))


async def test_words_that_cannot_be_written_are_our_fault(email: EmailChannel, office: PostOffice) -> None:
    with pytest.raises(Rejected) as caught:
        await email.send(mail("a\ud800b"))
    assert (caught.value.verdict, office.letters) == (Verdict.OUR_CONTENT, [])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_words_of_anyone_make_a_header_or_end_a_mail(name: str, text: str) -> None:
    attached = Attachment(f"{name}.ics", "text/calendar", b"x")
    try:
        raw = written(mail(text, subject=name, language=name, attachment=attached), SENDER, name)
    except ValueError:
        return  # it does not leave at all
    head = re.split(rb"\r\n\r\n", raw, maxsplit=1)[0]
    names = {line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")}
    known = b"To From Subject Date Message-ID Auto-Submitted Content-Language MIME-Version Content-Type Content-Transfer-Encoding".split()
    assert names <= set(known)
    assert raw.index(b"\r\n.\r\n") == len(raw) - 5, "a dot alone ends it, and nothing else"


async def test_nothing_comes_in(email: EmailChannel) -> None:
    with pytest.raises(Forged):
        email.read(WebhookRequest("https://school.example/webhooks/email", {}, b"{}"))
    assert (await email.missed(parsedate_to_datetime("Mon, 2 Mar 2026 09:00:00 +0000")), await email.status_of("mail:1")) == ([], None)
    with pytest.raises(Rejected):
        await email.fetch("x", 1)


async def test_no_address_and_no_words_are_logged(email: EmailChannel, office: PostOffice, logged: Lines) -> None:
    office.refuse("RCPT", f"550 no such user {AMINA}")
    with pytest.raises(Rejected):
        await email.send(mail("Ayaan is well."))
    await email.send(mail("Ayaan is well."))
    ours = [line for line in logged.events() if line["logger"] != "mail.log"]  # the test server's own
    assert not any(private in str(ours) for private in (AMINA, "Ayaan"))
