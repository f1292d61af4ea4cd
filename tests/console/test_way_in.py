"""Getting in, and being kept out: ASVS 6 and 7 as tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.accounts import Account, LogInLink, StaffSession
from school import LONDON, School, accounts, demo
from tests.console.staff import Browser, Console
from tests.world import World

OFFICE = "office@cherrygarden.example"
PASSWORD = "otter lamp violin"
SECRET = "a-key-of-the-tests-alone"


@pytest.fixture
def with_password(console: Console) -> Console:
    """Mrs Doyle of the office has a password."""
    give_password(console, "Mrs Doyle")
    return console


def give_password(console: Console, name: str) -> None:
    with console.world.house.store.write() as session:
        school = school_of(console, session)
        accounts.set_password(school, demo.member(school, name), accounts.hashed(PASSWORD))


def school_of(console: Console, session: Session) -> School:
    return School(session, console.world.moment, console.world.house.school_settings)


def log_in(browser: Browser, email: str = OFFICE, password: str = PASSWORD, status: int = 303, **more: str) -> str:
    return browser.post("/console/log-in", {"email": email, "password": password, **more}, status, of="/console/log-in")


def test_nobody_is_in_without_logging_in(console: Console) -> None:
    answer = console.browser().client.get("/console/messages?show=mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/log-in?next=/console/messages?show=mine")


def test_a_password_lets_in_and_leads_where_one_wanted_to_go(with_password: Console) -> None:
    assert "<h1>Messages</h1>" in log_in(with_password.browser(), next="/console/messages")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/console//evil.example", "/other", "/console/\\evil"])
def test_nobody_is_led_elsewhere_after_logging_in(with_password: Console, elsewhere: str) -> None:
    assert "<h1>Today</h1>" in log_in(with_password.browser(), next=elsewhere)


def test_a_known_and_an_unknown_address_get_the_same_answer(with_password: Console) -> None:
    answers = [log_in(with_password.browser(), email, "wrong wrong wrong", 422) for email in (OFFICE, "nobody@cherrygarden.example")]
    assert re.sub(r'value="[^"]*"', "", answers[0]) == re.sub(r'value="[^"]*"', "", answers[1])


@pytest.mark.parametrize("email", [OFFICE, "nobody@cherrygarden.example"])
def test_each_failure_makes_the_next_try_wait_longer(with_password: Console, email: str) -> None:
    browser = with_password.browser()
    for _ in range(5):
        log_in(browser, email, "wrong wrong wrong", 422)
    assert "Too many tries" in log_in(browser, email, PASSWORD, 422)
    with_password.world.moment += timedelta(seconds=2)
    if email == OFFICE:
        log_in(browser, email)
    else:
        assert "is wrong" in log_in(browser, email, PASSWORD, 422)


def test_a_thousand_guesses_take_days(with_password: Console) -> None:
    with with_password.world.house.store.write() as session:
        school = school_of(with_password, session)
        waited = timedelta()
        for _ in range(1_000):
            accounts.failed(school, "email:x")
            try:
                accounts.check_wait(school, "email:x")
            except accounts.WaitFirst as wait:
                waited += wait.until - school.now
                school.now = wait.until
    assert waited > timedelta(days=10)


def test_a_session_that_was_planted_is_not_taken_over(with_password: Console) -> None:
    browser = with_password.browser()
    browser.client.cookies.set("bookbag", "planted")
    log_in(browser)
    assert browser.client.cookies.get("bookbag", domain="127.0.0.1") != "planted" or "planted" not in str(browser.client.cookies.jar)


def test_logging_out_ends_the_session_for_good(with_password: Console) -> None:
    browser = with_password.browser()
    log_in(browser)
    token = next(cookie.value for cookie in browser.client.cookies.jar if cookie.name == "bookbag")
    browser.post("/console/log-out")
    again = with_password.browser()
    again.client.cookies.set("bookbag", str(token))
    assert again.client.get("/console").status_code == 303


def test_an_idle_session_ends(with_password: Console) -> None:
    browser = with_password.browser()
    log_in(browser)
    with_password.world.moment += timedelta(minutes=59)
    browser.get("/console")
    with_password.world.moment += timedelta(minutes=59)
    browser.get("/console")
    with_password.world.moment += timedelta(minutes=61)
    assert browser.client.get("/console").status_code == 303


def test_a_page_that_refreshes_itself_keeps_nobody_logged_in(with_password: Console) -> None:
    browser = with_password.browser()
    log_in(browser)
    for _ in range(7):
        with_password.world.moment += timedelta(minutes=9)
        browser.client.get("/console", headers={"hx-request": "true"})
    assert browser.client.get("/console").status_code == 303


def test_a_session_ends_after_a_day_however_busy(with_password: Console) -> None:
    browser = with_password.browser()
    log_in(browser)
    for _ in range(13):
        browser.client.get("/console")
        with_password.world.moment += timedelta(minutes=56)
    assert browser.client.get("/console").status_code == 303


def test_whoever_has_left_is_out_at_once(with_password: Console) -> None:
    from school import staff

    browser = with_password.browser()
    log_in(browser)
    with with_password.world.house.store.write() as session:
        school = school_of(with_password, session)
        staff.leave(school, demo.member(school, "Mrs Doyle"))
    assert browser.client.get("/console").status_code == 303


def test_what_was_typed_when_a_session_ended_is_kept(console: Console, with_password: Console) -> None:
    console.world.say("Amina", "message to the office: the blue jumper is lost")
    browser = console.browser()
    log_in(browser)
    there = re.search(r'href="(/console/messages/a\d+)"', browser.get("/console/messages"))
    assert there
    browser.get(there[1])
    console.world.moment += timedelta(hours=2)
    shown = browser.post(f"{there[1]}/answer", {"words": "It is in the hall, on the third peg.", "seen": "0"}, 401)
    kept = re.search(r'name="kept" value="([^"]*)"', shown)
    assert kept
    from html import unescape

    page = browser.client.post(
        "/console/log-in",
        data={"csrf": re.search(r'name="csrf" value="([^"]*)"', shown)[1], "email": OFFICE, "password": PASSWORD, "kept": unescape(kept[1])},  # type: ignore[index]
    )
    assert page.status_code == 200
    assert "It is in the hall, on the third peg." in page.text
    browser.page = page
    browser.post(f"{there[1]}/answer", {"words": "It is in the hall, on the third peg.", "seen": "0"})
    console.world.settle()
    assert console.world.texts("Amina")[-1].endswith("It is in the hall, on the third peg.")


# Links


def test_a_link_logs_in_once_and_asks_for_a_password(console: Console) -> None:
    with console.world.house.store.write() as session:
        school = school_of(console, session)
        token = accounts.make_link(school, demo.member(school, "Mrs Doyle"))
        assert session.scalars(select(LogInLink.token_hash)).one() != token
    browser = console.browser()
    browser.get(f"/console/in/{token}")
    assert "Choose a password" in browser.post(f"/console/in/{token}")
    assert console.browser().client.post(f"/console/in/{token}").status_code == 410


def test_a_link_expires(console: Console) -> None:
    with console.world.house.store.write() as session:
        school = school_of(console, session)
        token = accounts.make_link(school, demo.member(school, "Mrs Doyle"))
    console.world.moment += accounts.LINK_LASTS
    assert console.browser().client.post(f"/console/in/{token}").status_code == 410


def test_asking_for_a_link_tells_nobody_who_works_here(console: Console) -> None:
    answers = [console.browser().post("/console/log-in/link", {"email": email}, 200, of="/console/log-in") for email in (OFFICE, "nobody@x.example")]
    assert re.sub(r'value="[^"]*"', "", answers[0]) == re.sub(r'value="[^"]*"', "", answers[1])


@pytest.mark.parametrize("weak", ["short", "qwertyuiop", "cherrygarden1", "Mrs Doyle 2026", "aaaaaaaaaaaa", "1234567890"])
def test_a_password_that_everybody_tries_is_refused(console: Console, weak: str) -> None:
    browser = console.as_("Mrs Doyle")
    assert "Too easy to guess" in browser.post("/console/account/password", {"chosen": weak, "again": weak}, 422, of="/console/account/password")


def test_a_new_password_ends_every_session(with_password: Console) -> None:
    here, there = with_password.as_("Mrs Doyle"), with_password.as_("Mrs Doyle")
    here.post("/console/account/password", {"chosen": "amber boat kettle", "again": "amber boat kettle"}, of="/console/account/password")
    assert there.client.get("/console").status_code == 303
    log_in(with_password.browser(), password="amber boat kettle")


# Second factor


@pytest.fixture
def with_key(make_world: Callable[..., World]) -> Console:
    return Console(make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), secret_key=SECRET))


@pytest.mark.parametrize("name", ["Mrs Hartley", "Mr Nasser", "Mr Penrose"])
def test_whoever_sees_most_must_have_a_second_factor(with_key: Console, name: str) -> None:
    browser = with_key.as_(name, has_second_factor=False)
    answer = browser.client.get("/console")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/second-factor")


def test_a_code_of_the_second_factor_is_taken_once(with_key: Console) -> None:
    browser = with_key.as_("Mrs Hartley", has_second_factor=False)
    secret = re.search(r"<code>([A-Z2-7]+)</code>", browser.get("/console/second-factor"))
    assert secret
    code = pyotp.TOTP(secret[1]).at(with_key.world.moment)
    assert "not the code" in browser.post("/console/second-factor", {"code": "000000" if code != "000000" else "000001"}, 422)
    assert "<h1>Today</h1>" in browser.post("/console/second-factor", {"code": code})
    other = with_key.as_("Mrs Hartley", has_second_factor=False)
    assert "<code>" not in other.get("/console/second-factor"), "the secret is shown once"
    assert "not the code" in other.post("/console/second-factor", {"code": code}, 422)
    with_key.world.moment += timedelta(seconds=30)
    other.post("/console/second-factor", {"code": pyotp.TOTP(secret[1]).at(with_key.world.moment)})
    with with_key.world.house.store.read() as session:
        assert secret[1] not in str([vars(row) for row in session.scalars(select(Account))]), "no copy of the database gives it away"


def test_without_a_secret_key_no_second_factor_can_be_set_up(console: Console) -> None:
    assert "The technician must set secret_key" in console.as_("Mrs Hartley", has_second_factor=False).get("/console/second-factor", 503)


def test_a_school_may_do_without(make_world: Callable[..., World]) -> None:
    console = Console(make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), console={"second_factor": False}))
    assert "<h1>Today</h1>" in console.as_("Mrs Hartley", has_second_factor=False).get("/console")


# A class's tablet


def test_a_tablet_is_signed_in_with_a_pin_for_the_school_day(console: Console) -> None:
    with console.world.house.store.write() as session:
        school = school_of(console, session)
        team = demo.member(school, "Miss Turner")
        accounts.set_pin(school, team, accounts.hashed("824613"))
        token = accounts.add_tablet(school, team, "Maple's tablet")
    stranger = console.browser()
    assert stranger.client.get("/console/tablet").status_code == 303, "a PIN works on a tablet that was set up, and nowhere else"
    tablet = console.browser()
    tablet.client.cookies.set("bookbag-tablet", token)
    tablet.get("/console/tablet")
    assert "That is not the PIN" in tablet.post("/console/tablet", {"pin": "111111"}, 422)
    assert "<h1>Today</h1>" in tablet.post("/console/tablet", {"pin": "824613"})
    console.world.moment += timedelta(hours=8)  # idle all day: it is the class's
    tablet.get("/console")
    console.world.moment += timedelta(hours=1)
    assert tablet.client.get("/console").status_code == 303


# Forms of other sites


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}])
def test_another_sites_form_changes_nothing(console: Console, headers: dict[str, str]) -> None:
    browser = console.as_("Mrs Doyle")
    browser.get("/console/account")
    browser.post("/console/account/sessions/end", status=403, headers=headers)


@pytest.mark.parametrize("csrf", ["", "0" * 32, "é"])
def test_a_form_without_its_pages_token_changes_nothing(console: Console, csrf: str) -> None:
    browser = console.as_("Mrs Doyle")
    assert browser.client.post("/console/account/sessions/end", data={"csrf": csrf}).status_code == 403


def test_over_tls_the_cookie_is_bound_to_this_host(make_world: Callable[..., World]) -> None:
    console = Console(make_world(datetime(2026, 3, 2, 9, 10, tzinfo=LONDON), public_url="https://bookbag.example"))
    give_password(console, "Mrs Doyle")
    browser = console.browser()
    page = browser.client.get("/console/log-in")
    assert "max-age=31536000" in page.headers["strict-transport-security"]
    visitor = re.search(r"bookbag-visitor=([^;]+)", page.headers["set-cookie"])
    csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)
    assert visitor
    assert csrf
    sent = browser.client.post(
        "/console/log-in", data={"csrf": csrf[1], "email": OFFICE, "password": PASSWORD}, headers={"cookie": f"bookbag-visitor={visitor[1]}"}
    )
    cookie = next(value for value in sent.headers.get_list("set-cookie") if value.startswith("__Host-bookbag="))
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    with console.world.house.store.read() as session:
        kept = session.scalars(select(StaffSession.token_hash)).all()
        assert cookie.partition("=")[2].partition(";")[0] not in kept, "only a hash is kept"
