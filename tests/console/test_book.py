"""The home/school book on a class's screen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime

import pytest
from PIL import Image

from school import LONDON
from tests.console.staff import Browser, Console
from tests.world import World


@pytest.fixture
def team(console: Console) -> Browser:
    """Maple's team."""
    return console.as_("Miss Turner")


def child(browser: Browser, name: str) -> str:
    """The address of a child's page."""
    found = re.search(rf'<h2 id="name-(\d+)">{name}</h2>', browser.get("/console/book"))
    assert found, name
    return f"/console/book/{found[1]}"


def test_a_class_team_sees_its_own_class(team: Browser) -> None:
    page = team.get("/console/book")
    assert "Ayaan" in page
    assert "goes home at 15:00" in page


def test_two_taps_and_a_line_go_home_at_three(world: World, console: Console, team: Browser) -> None:
    there = child(team, "Ayaan")
    team.post(there, {"phrase": ["happy_day", "lunch_all"], "line": "He said a new word."}, of="/console/book")
    before = len(world.texts("Amina"))
    world.at("2026-03-02 15:01")
    world.house.ticker.tick()
    world.settle()
    [told] = world.texts("Amina")[before:]
    assert "happy day" in told
    assert "He said a new word." in told
    assert "gone home" in console.as_("Miss Turner").get("/console/book")


def test_every_tap_is_saved_without_a_page(team: Browser) -> None:
    there = child(team, "Ayaan")
    token = re.search(r'name="csrf" value="([^"]*)"', team.get("/console/book"))
    for phrases in (["happy_day"], ["happy_day", "swimming"]):
        saved = team.client.post(there, data={"csrf": token[1] if token else "", "phrase": phrases}, headers={"hx-request": "true"})
        assert saved.status_code == 204
    assert len(re.findall(r'value="(?:happy_day|swimming)" checked', team.get("/console/book"))) == 2


def test_a_line_that_is_too_long_is_kept_to_be_shortened(team: Browser) -> None:
    long = "so much happened today " * 20
    shown = team.post(child(team, "Ayaan"), {"line": long}, 422, of="/console/book")
    assert "a text holds 300" in shown
    assert long.strip() in shown


def test_a_morning_line_stands_on_top_until_it_is_seen(world: World, team: Browser) -> None:
    world.at("2026-03-02 08:05")
    world.say("Amina", "message for the class: bad night, no breakfast")
    page = team.get("/console/book")
    assert "bad night, no breakfast" in page
    seen = re.search(r'action="(/console/book/lines/\d+/seen)"', page)
    assert seen
    team.post(seen[1])
    assert not re.search(r'action="/console/book/lines/', team.get("/console/book"))


def test_another_class_is_the_same_as_none(console: Console, team: Browser) -> None:
    there = child(team, "Ayaan")
    other = console.as_("Mr Whitfield")
    other.get(there, 404)
    other.post(there, {"phrase": "happy_day"}, 404, of="/console/account")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "PNG")
    return out.getvalue()


def test_a_photo_needs_consent_and_is_seen_by_the_class_alone(console: Console, team: Browser) -> None:
    there = child(team, "Ayaan")
    photo = {"photo": ("<script>.png", picture(), "image/png")}
    assert "Nobody has agreed to photos" in team.post(f"{there}/photo", status=422, of=there, files=photo)
    team.post(f"{there}/consent", {"is": "yes", "how": "form"}, of=there)
    shown = team.post(f"{there}/photo", of=there, files=photo)
    found = re.search(r'href="(/console/files/\d+)"', shown)
    assert found
    assert team.client.get(found[1]).headers["content-type"] in {"image/png", "image/jpeg"}
    assert team.client.get(f"{found[1]}/small").status_code == 200
    assert console.as_("Mr Whitfield").client.get(found[1]).status_code == 404
    assert console.as_("Mr Penrose").client.get(found[1]).status_code == 404


def test_a_photo_goes_home_with_the_page(make_world: Callable[..., World]) -> None:
    world = make_world(datetime(2026, 3, 2, 14, 10, tzinfo=LONDON), public_url="https://bookbag.example")
    team = Console(world).as_("Miss Turner")
    there = child(team, "Ayaan")
    team.post(f"{there}/consent", {"is": "yes", "how": "form"}, of=there)
    team.post(f"{there}/photo", of=there, files={"photo": ("day.png", picture(), "image/png")})
    team.post(f"{there}/home", of="/console/book")
    world.settle()
    assert re.search(r"https://bookbag\.example/m/[\w-]{20,}", world.texts("Amina")[-1])


def test_what_is_no_photo_is_refused(team: Browser) -> None:
    there = child(team, "Ayaan")
    team.post(f"{there}/consent", {"is": "yes", "how": "form"}, of=there)
    shown = team.post(f"{there}/photo", of=there, files={"photo": ("a.png", b"<html><script>1</script>", "image/png")})
    assert "That is no photo that can be taken" in shown


def test_the_paper_book_has_a_page_to_print(team: Browser) -> None:
    team.post(child(team, "Ayaan"), {"phrase": "happy_day"}, of="/console/book")
    assert "Had a happy day" in team.get("/console/book?paper=yes")
