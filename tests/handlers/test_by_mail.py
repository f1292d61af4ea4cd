"""What a family reads by e-mail: the school's words, how to answer elsewhere, how to end it; and what the page at the end of a mail does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI
from icalendar import Calendar
from sqlalchemy import select

from bot.channels.errors import Rejected, Verdict
from bot.mail_pages import add_mail_pages
from data.addresses import Address, AddressState, Consent
from school import LONDON, School, addresses, broadcasts, demo, kept_files, rsvps
from school.audiences import Audience, AudienceKind
from school.broadcasts import Content
from tests.conftest import Lines
from tests.standin.mail import Letter, PostOffice, post_office
from tests.transcripts import event_acts
from tests.world import World

NOW = datetime(2026, 3, 2, 9, 10, tzinfo=LONDON)
URL, SENDER, TOMS = "https://school.example", "bookbag@cherrygarden.example", "tom@family.example"
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def make_mailing(make_world: Callable[..., World], office: PostOffice) -> Callable[..., World]:
    """Makes a school with a mail server, whose Tom has an e-mail address and a phone that is dead."""

    def make(**settings: object) -> World:
        world = make_world(NOW, email={"smtp_url": office.url, "from": SENDER}, **settings)
        with school_of(world) as school:
            tom = demo.adult(school, "Tom")
            addresses.reach(school, tom, addresses.at(school, "email", "email", TOMS), addresses.EMAIL_RANK)
            for link in tom.addresses:
                if link.address.channel != "email":
                    link.address.state = AddressState.BAD
        return world

    return make


@pytest.fixture
def mailing(make_mailing: Callable[..., World]) -> World:
    return make_mailing(public_url=URL, twilio={"sms_from": "+447700900900"})


class school_of:  # noqa: N801  # reads as a function: `with school_of(world) as school`
    """The school, to change something."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __enter__(self) -> School:
        self._writing = self.world.house.store.write()
        return School(self._writing.__enter__(), self.world.moment, self.world.house.school_settings)

    def __exit__(self, *error: object) -> None:
        self._writing.__exit__(*error)  # type: ignore[arg-type]


def send(world: World, content: Content) -> None:
    with school_of(world) as school:
        broadcasts.send(school, None, broadcasts.make(school, None, content))
    world.settle()


def about_toms(world: World) -> Audience:
    with school_of(world) as school:
        return Audience(AudienceKind.CLASS, demo.adult(school, "Tom").guardianships[0].child.class_id)


def toms(office: PostOffice) -> Letter:
    """The newest mail to Tom."""
    return office.to(TOMS)[-1]


def ask(world: World, method: str, path: str, body: str | None = None) -> httpx.Response:
    app = FastAPI()
    add_mail_pages(app, world.house)
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as caller:
            return await caller.request(method, path, content=body, headers=headers)

    return world.run(asked())


def path_in(letter: Letter) -> str:
    found = re.search(rf"^{URL}(/mail/[\w-]{{32}})$", letter.words, re.MULTILINE)
    assert found is not None, letter.words
    return found[1]


def at_mail(world: World) -> tuple[str, list[tuple[bool, str]]]:
    """The state of Tom's e-mail address, and what was said of it."""
    with world.house.store.read() as session:
        address = session.scalars(select(Address).where(Address.value == TOMS)).one()
        said = session.scalars(select(Consent).where(Consent.address_id == address.id).order_by(Consent.id))
        return address.state, [(one.is_given, one.how) for one in said]


def test_news_goes_by_mail_where_no_phone_is_reached(mailing: World, office: PostOffice) -> None:
    send(mailing, Content("The pool is closed.", audience=about_toms(mailing)))
    letter = toms(office)
    assert letter.read["Subject"] == "A message from Cherry Garden School"
    assert letter.words == (
        "The pool is closed.\n\n"
        "Nobody reads answers to this e-mail. To write to Cherry Garden School, text +44 7700 900900. Or ring 020 7946 0000.\n\n"
        f"You want no more e-mails from Cherry Garden School? Open this:\n{URL}{path_in(letter)}\n"
    )
    assert letter.read["List-Unsubscribe"] == f"<{URL}{path_in(letter)}>"
    assert len(office.to(TOMS)) == 1, "and nobody else's copy"


def test_it_is_in_the_readers_language_and_keeps_its_direction(mailing: World, office: PostOffice) -> None:
    mailing.speak("Tom", "ar")
    event_acts.invites(mailing, "Family lunch", "Fri 2026-03-20", "12:00", "13:00", "Hall", None)
    mailing.settle()
    mailing.moment = datetime(2026, 3, 2, 9, 40, tzinfo=LONDON)
    mailing.settle()
    letter = toms(office)
    assert (letter.read["Content-Language"], letter.read["Subject"]) == ("ar", "رسالة من \u2068Cherry Garden School\u2069")
    assert "لا أحد يقرأ الردود" in letter.words
    assert path_in(letter), "the link has a line of its own"
    assert 'lang="ar" dir="rtl"' in ask(mailing, "GET", path_in(letter)).text


def test_choices_are_listed_without_numbers_and_can_be_texted(mailing: World, office: PostOffice) -> None:
    event_acts.invites(mailing, "Family lunch", "Fri 2026-03-20", "12:00", "13:00", "Hall", "1 each")
    mailing.settle()
    assert "You can text one of these answers to +44 7700 900900:\n• We will come\n• We cannot come\n• We do not know yet\n\n" in toms(office).words
    assert "1 We will come" not in toms(office).words
    [said] = mailing.say("Tom", "we will come")
    assert "You are coming: Family lunch" in said.text


def test_where_there_is_no_number_for_texts_and_no_page_it_says_whom_to_ring(make_mailing: Callable[..., World], office: PostOffice) -> None:
    world = make_mailing()
    event_acts.invites(world, "Family lunch", "Fri 2026-03-20", "12:00", "13:00", "Hall", None)
    world.settle()
    words = toms(office).words
    assert "Nobody reads answers to this e-mail. To talk with Cherry Garden School, ring 020 7946 0000." in words
    assert words.endswith("You want no more e-mails from Cherry Garden School? Ring 020 7946 0000.\n")
    assert "We will come" not in words
    assert toms(office).read["List-Unsubscribe"] is None


def test_a_calendar_file_goes_along_and_a_letter_of_ones_own_as_a_link(mailing: World, office: PostOffice) -> None:
    event_acts.invites(mailing, "Family lunch", "Fri 2026-03-20", "12:00", "13:00", "Hall", None)
    mailing.settle()
    with school_of(mailing) as school:
        event = rsvps.last_about(school, demo.adult(school, "Tom"))
        assert event is not None
        rsvps.accept(school, event, demo.adult(school, "Tom"), 2)
    event_acts.moves_to(mailing, "Family lunch", "Library")
    mailing.settle()
    [file] = toms(office).read.iter_attachments()
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    parsed = Calendar.from_ical(content)
    assert isinstance(parsed, Calendar)
    assert [str(entry["location"]) for entry in parsed.events] == ["Library"]
    assert f"{URL}/e/" not in toms(office).words
    with school_of(mailing) as school:
        letter = kept_files.keep(school, b"%PDF-1.4\n%%EOF\n", "application/pdf", name="March.pdf")
        content_of = Content("March at school.", audience=Audience(AudienceKind.EVERYONE), file=letter)
    send(mailing, content_of)
    assert list(toms(office).read.iter_attachments()) == []
    assert f"March at school.\n{URL}/m/" in toms(office).words


def test_it_is_planned_counted_and_costs_nothing(mailing: World) -> None:
    with school_of(mailing) as school:
        audience = Audience(AudienceKind.CLASS, demo.adult(school, "Tom").guardianships[0].child.class_id)
        plan = broadcasts.plan(school, audience)
        assert plan.people["en", "email"] == 1
        assert "Tom" not in [adult.name.split()[0] for adult, _ in plan.unreached]
        assert school.settings.pence["email"] == 0


def test_where_a_phone_fails_on_the_way_the_mail_is_sent(mailing: World, office: PostOffice) -> None:
    with school_of(mailing) as school:
        for link in demo.adult(school, "Tom").addresses:
            link.address.state = AddressState.USABLE
    for phone in mailing.phones.values():
        phone.failures.extend([Rejected(Verdict.BAD_ADDRESS, "1")] * 30)
    send(mailing, Content("The pool is closed.", audience=about_toms(mailing)))
    for _ in range(3):
        mailing.settle()
    assert [letter.words.split("\n")[0] for letter in office.to(TOMS)] == ["The pool is closed."], "without a word of STOP, which ends no mail"


# Ending it


def test_looking_ends_nothing_and_the_button_does(mailing: World, office: PostOffice) -> None:
    send(mailing, Content("One.", audience=about_toms(mailing)))
    path = path_in(toms(office))
    for _ in range(2):
        page = ask(mailing, "GET", path)
        assert (page.status_code, '<form method="post"><button>No more e-mails</button></form>' in page.text) == (200, True)
    assert at_mail(mailing) == ("usable", [])
    page = ask(mailing, "POST", path)
    assert "You will get no more e-mails from Cherry Garden School." in page.text
    assert at_mail(mailing) == ("opted_out", [(False, "link")])
    send(mailing, Content("Two.", audience=about_toms(mailing)))
    assert len(office.to(TOMS)) == 1


def test_one_click_in_a_mail_program_ends_it_once(mailing: World, office: PostOffice) -> None:
    send(mailing, Content("One.", audience=about_toms(mailing)))
    path = path_in(toms(office))
    assert [ask(mailing, "POST", path, ONE_CLICK).status_code for _ in range(2)] == [200, 200]
    assert at_mail(mailing) == ("opted_out", [(False, "link")])


def test_whoever_ended_it_can_begin_again(mailing: World, office: PostOffice) -> None:
    send(mailing, Content("One.", audience=about_toms(mailing)))
    path = path_in(toms(office))
    assert 'action="?again=1"' in ask(mailing, "POST", path).text
    assert "You will get e-mails from Cherry Garden School again." in ask(mailing, "POST", f"{path}?again=1").text
    assert at_mail(mailing) == ("usable", [(False, "link"), (True, "link")])
    send(mailing, Content("Two.", audience=about_toms(mailing)))
    assert path_in(toms(office)) == path


def test_a_dead_address_is_not_brought_to_life_by_its_link(mailing: World, office: PostOffice) -> None:
    send(mailing, Content("One.", audience=about_toms(mailing)))
    with school_of(mailing) as school:
        school.session.scalars(select(Address).where(Address.value == TOMS)).one().state = AddressState.BAD
    ask(mailing, "POST", f"{path_in(toms(office))}?again=1")
    assert at_mail(mailing) == ("bad", [])


@pytest.mark.parametrize("token", ["x", "A" * 32, "%00", "'%20OR%201=1", "é" * 40])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_never_made_says_so(mailing: World, method: str, token: str) -> None:
    answer = ask(mailing, method, f"/mail/{token}")
    assert (answer.status_code, "@" in answer.text) == (404, False)


def test_the_page_names_nobody_and_runs_nothing(mailing: World, office: PostOffice) -> None:
    send(mailing, Content("One.", audience=about_toms(mailing)))
    page = ask(mailing, "GET", path_in(toms(office)))
    assert not [word for word in (TOMS, "Tom", "<script", "http") if word in page.text]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_no_word_name_or_address_is_logged(mailing: World, office: PostOffice, logged: Lines) -> None:
    send(mailing, Content("The pool is closed.", audience=about_toms(mailing)))
    ask(mailing, "POST", path_in(toms(office)))
    ours = str([line for line in logged.events() if line["logger"] != "mail.log"])  # the test server's own
    assert not [private for private in (TOMS, "family.example", "Tom Reed", "pool", path_in(toms(office))) if private in ours]
