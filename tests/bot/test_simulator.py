import re
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Locator, Page, expect

from bot.channels.base import ChannelName
from bot.house import real_channels
from bot.metrics import Metrics
from bot.running import Running
from bot.settings import Settings
from bot.simulator import add_simulator
from bot.simulator.guard import is_loopback
from bot.simulator.phones import Phone, parse
from bot.web import application
from tests.world import World

LIVE = {"Simulator": "live"}
AMINA, TOM, KATE, MARIA, FARID = "sms:447700900101", "sms:447700900102", "sms:447700900105", "whatsapp:447700900103", "telegram:447700900104"
STRANGER = "telegram:447700900999"

# What needs no browser


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    """The simulator over the standing world, asked from this computer."""
    app = FastAPI()
    add_simulator(app, world.house)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000), follow_redirects=False) as asked:
        yield asked


def write(client: TestClient, to: str, text: str = "", kind: str = "text", **headers: str) -> int:
    return client.post("/simulator/messages", data={"to": to, "text": text, "kind": kind}, headers=LIVE | headers).status_code


def phone_of(page: str, key: str) -> str:
    found = re.search(rf'<article[^>]*data-phone="{re.escape(key)}".*?</article>', page, re.DOTALL)
    assert found
    return found[0]


def test_three_phones_are_open_at_first(client: TestClient, world: World) -> None:
    world.speak("Amina", "so")
    page = client.get("/simulator").text
    assert re.findall(r'<article[^>]*data-phone="([^"]+)"', page) == [AMINA, MARIA, FARID]
    assert "Somali · Ayaan, Maple" in page
    assert "Monday 2 March 2026, 09:10" in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'\sfor="([^"]+)"', page)) <= set(ids)


def test_nothing_is_inline_and_nothing_is_fetched_elsewhere(client: TestClient) -> None:
    answer = client.get("/simulator")
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|(?:src|href)=\"(?:https?:)?//", answer.text)
    for address in re.findall(r'(?:src|href)="(/simulator/static/[^"]+)"', answer.text):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7", "localhost.evil.example"])
@pytest.mark.parametrize("path", ["/simulator", "/simulator/stream?phone=" + TOM, "/simulator/files/x"])
def test_another_host_is_refused(client: TestClient, host: str, path: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 403
    assert write(client, TOM, "hello", Host=host) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_write_or_press(client: TestClient, world: World, headers: dict[str, str]) -> None:
    assert write(client, TOM, "hello", **headers) == 403
    assert client.post("/simulator/presses", data={"to": TOM, "message": "x", "choice": 0}, headers=LIVE | headers).status_code == 403
    world.settle()
    assert world.texts("Tom") == []


def test_its_own_page_may_write(client: TestClient, world: World) -> None:
    assert write(client, TOM, "hello", **{"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}) == 204
    world.settle()
    assert len(world.texts("Tom")) == 1


def test_a_caller_from_elsewhere_is_refused(world: World) -> None:
    app = FastAPI()
    add_simulator(app, world.house)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("192.0.2.1", 50000)) as asked:
        assert asked.get("/simulator").status_code == 403


def test_outside_the_demo_there_is_no_simulator(world: World) -> None:
    asked = TestClient(application(world.house, Running(world.house), Metrics()), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000))
    assert asked.get("/simulator").status_code == 404
    assert asked.post("/simulator/messages", data={"to": TOM}).status_code == 404


@pytest.mark.parametrize("to", ["", "sms:", "email:1234567", "sms:+447700900102", "sms:12", "fax:447700900102"])
def test_a_phone_that_is_none_cannot_write(client: TestClient, to: str) -> None:
    assert write(client, to, "hello") in (404, 422)


def test_what_is_too_long_is_refused(client: TestClient) -> None:
    assert write(client, TOM, "x" * 4097) == 422


def test_a_phone_remembers_all_that_was_said(client: TestClient, world: World) -> None:
    write(client, TOM, "can i see ms okafor on thursday after 3")
    world.settle()
    shown = phone_of(client.get("/simulator", params={"phone": TOM}).text, TOM)
    assert "can i see ms okafor on thursday after 3" in shown
    assert "When would you like to see Ms Okafor?" in shown
    assert re.search(r"\d parts? · \d+ characters", shown)


@pytest.mark.parametrize(
    "kind, shown", [("photo", "Photo"), ("voice", "Voice note"), ("location", "Location"), ("sticker", "Sticker"), ("empty", "Empty message")]
)
def test_every_kind_of_message_gets_an_answer(client: TestClient, world: World, kind: str, shown: str) -> None:
    assert write(client, FARID, kind=kind) == 204
    world.settle()
    page = phone_of(client.get("/simulator", params={"phone": FARID}).text, FARID)
    assert shown in page
    assert page.count('class="entry school"') == 1


def test_what_is_written_is_shown_and_not_run(client: TestClient, world: World) -> None:
    write(client, TOM, "<script>alert(1)</script>\x00")
    world.settle()
    page = client.get("/simulator", params={"phone": TOM, "show": TOM, "draft": '"><script>', "find": '"><script>'}).text
    assert "<script>alert" not in page
    assert '"><script>' not in page


def test_a_button_of_another_phone_is_refused(client: TestClient, world: World) -> None:
    write(client, MARIA, "i want to book a meeting with the teacher")
    world.settle()
    page = phone_of(client.get("/simulator").text, MARIA)
    found = re.search(r'name="message" value="(\w+)"', page)
    assert found
    for to, choice, expected in ((FARID, 0, 404), (MARIA, 99, 404), (MARIA, -1, 422), (MARIA, 0, 204)):
        sent = client.post("/simulator/presses", data={"to": to, "message": found[1], "choice": choice}, headers=LIVE)
        assert sent.status_code == expected


@pytest.mark.parametrize("find, expected", [("arabic farid", {"Farid Haddad"}), ("kingfisher hill", {"Kate Hill", "Dan Hill"}), ("نم zzz", set())])
def test_phones_are_found_by_name_language_and_class(client: TestClient, world: World, find: str, expected: set[str]) -> None:
    world.speak("Farid", "ar")
    page = client.get("/simulator", params={"find": find}).text
    assert set(re.findall(r'<p class="name">([^<]+)<', page)) - {"An unknown number"} == expected


def test_a_channel_with_a_stand_in_is_told_and_not_written_through(client: TestClient, world: World) -> None:
    chosen = Settings.model_validate({"telegram": {"token": "1:invented", "base_url": "http://127.0.0.1:9/telegram"}})
    world.house.channels[ChannelName.TELEGRAM] = real_channels(chosen)[ChannelName.TELEGRAM]
    world.house.settings = chosen
    page = phone_of(client.get("/simulator").text, FARID)
    assert "http://127.0.0.1:9/telegram" in page
    assert "<textarea" not in page
    assert write(client, FARID, "hello") == 409


def test_no_phone_open_says_so(client: TestClient) -> None:
    assert "No phone is open" in client.get("/simulator", params={"phone": ""}).text


def test_phones_are_named_once_and_read_with_care() -> None:
    assert parse([TOM, TOM, "sms:x", STRANGER]) == [Phone(ChannelName.SMS, "447700900102"), Phone(ChannelName.TELEGRAM, "447700900999")]


@pytest.mark.parametrize("host, expected", [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("", False), ("8.8.8.8", False)])
def test_only_this_computer_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# What needs one: the real server, and a real browser


@pytest.fixture(scope="module")
def home(demo_server: str) -> str:
    """The simulator of a demo of its own."""
    return f"{demo_server}/simulator"


def at(page: Page, key: str) -> Locator:
    return page.locator(f"[data-phone='{key}']")


def type_and_send(phone: Locator, text: str) -> str:
    """What the phone shows in answer."""
    before = phone.locator(".entry.school").count()
    phone.get_by_role("textbox").fill(text)
    phone.get_by_role("textbox").press("Enter")
    return answer_after(phone, before)


def press_first_button(phone: Locator) -> str:
    before = phone.locator(".entry.school").count()
    phone.locator(".entry").last.locator(".choices button").first.click()
    return answer_after(phone, before)


def answer_after(phone: Locator, before: int) -> str:
    expect(phone.locator(".entry.school")).to_have_count(before + 1, timeout=10_000)
    expect(phone.locator(".typing")).to_be_hidden()
    return phone.locator(".entry.school .words").last.inner_text()


def test_a_parent_books_by_three_texts_without_reload(home: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{home}?phone={TOM}&phone={MARIA}")
    phone = at(page, TOM)
    page.evaluate("window.untouched = true")
    assert "1 " in type_and_send(phone, "i want to book a meeting with the teacher")
    type_and_send(phone, "1")
    assert type_and_send(phone, "1").startswith("Booked: ")
    assert page.evaluate("window.untouched")
    assert re.fullmatch(r"1 part · \d+ characters", phone.locator(".cost").last.inner_text())
    page.reload()
    expect(phone.locator(".entry")).to_have_count(6)
    expect(at(page, MARIA).locator(".entry")).to_have_count(0)


def test_a_parent_books_by_buttons_and_gets_a_file(home: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{home}?phone={FARID}")
    phone = at(page, FARID)
    type_and_send(phone, "أريد موعدا مع المعلمة")
    press_first_button(phone)
    press_first_button(phone)
    with page.expect_download() as download:
        phone.locator("a.file").click()
    assert download.value.suggested_filename.endswith(".ics")
    assert download.value.path().read_bytes().startswith(b"BEGIN:VCALENDAR")


def test_a_new_chat_is_known_once_its_number_is_shared(home: str, open_page: Callable[..., Page]) -> None:
    key = KATE.replace("sms", "telegram")
    phone = at(open_page(f"{home}?phone={key}"), key)
    share = phone.locator(".entry:last-child button[value=contact]")
    type_and_send(phone, "hello")
    expect(share).to_be_visible()
    press_first_button(phone)
    expect(share).to_be_hidden()
    expect(phone.locator(".entry.parent").last).to_contain_text("+447700900105")


def test_every_open_page_hears_of_it(home: str, open_page: Callable[..., Page]) -> None:
    first, second = open_page(f"{home}?phone={AMINA}"), open_page(f"{home}?phone={AMINA}")
    type_and_send(at(first, AMINA), "hello")
    expect(at(second, AMINA).locator(".entry")).to_have_count(2)


def test_a_narrow_page_shows_one_phone_and_never_scrolls_sideways(home: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{home}?phone={AMINA}&phone={FARID}&phone={STRANGER}&phone=sms:447700900109", width=360)
    expect(page.locator(".place:visible")).to_have_count(1)
    page.get_by_role("link", name="Unknown on Telegram", exact=True).click()
    expect(at(page, STRANGER)).to_be_visible()
    expect(at(page, AMINA)).to_be_hidden()
    type_and_send(at(page, STRANGER), "https://example.com/" + "long" * 60)
    for opener in (at(page, STRANGER).locator(".more summary"), page.locator(".chooser summary")):
        opener.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_an_example_is_put_into_the_text_field(home: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{home}?phone={KATE}")
    at(page, KATE).locator(".more summary").click()
    at(page, KATE).locator(".sheet a").first.click()
    expect(at(page, KATE).get_by_role("textbox")).to_be_focused()
    expect(at(page, KATE).get_by_role("textbox")).to_have_value("Can I see the teacher on Thursday after 3?")


def test_a_phone_is_found_and_opened_by_keyboard_alone(home: str, open_page: Callable[..., Page]) -> None:
    page = open_page(home)
    page.locator(".chooser summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("polish piotr")
    expect(page.locator(".people li:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("article h2")).to_have_count(4)
    expect(page.locator("article h2").last).to_contain_text("Piotr Kowalski")


def test_the_page_works_without_script(home: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{home}?phone={KATE}&phone={MARIA}", script=False)
    at(page, MARIA).get_by_role("textbox").fill("i want to book a meeting with the teacher")
    at(page, MARIA).get_by_role("button", name="Send", exact=True).click()
    expect(at(page, MARIA).locator(".entry")).to_have_count(2)
    at(page, MARIA).locator(".choices button").first.click()
    expect(at(page, MARIA).locator(".entry")).to_have_count(4)
    expect(at(page, KATE)).to_be_visible()
    at(page, KATE).locator(".more summary").click()
    at(page, KATE).locator(".sheet a").first.click()
    expect(at(page, KATE).get_by_role("textbox")).not_to_have_value("")
