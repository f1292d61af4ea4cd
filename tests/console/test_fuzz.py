"""Whatever is sent to the console, it answers, and never with an error of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import console
from console.desk import HOME
from console.pages import pages
from tests.console.staff import Browser, Console

EXAMPLES = max(150, int(os.environ.get("BOOKBAG_FUZZ", "0")) // 50)
ANYTHING = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "0", "-1", "1" * 30, "٣", "999999999", "a1", "x1", "2026-02-30", "25:99", "%00", "\x00", "'; --", "{{7*7}}", "<b>", "on", "yes"]),
)
TEMPLATES = "".join(path.read_text("utf-8") for path in (Path(console.__path__[0]) / "templates").rglob("*.html"))
NAMES = sorted(set(re.findall(r'(?:name=|ui\.\w+\(desk, )"([a-z_]+)"', TEMPLATES)))
FORMS = st.dictionaries(st.sampled_from(NAMES), st.one_of(ANYTHING, st.lists(ANYTHING, max_size=3)), max_size=12)
ROUTES = [(route.method, route.path) for page in pages() for route in page.routes]


@pytest.fixture
def office(console: Console) -> Browser:
    console.world.say("Amina", "message to the office: the blue jumper is lost")
    return console.as_("Mrs Hartley")


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(ROUTES), place=st.sampled_from(["1", "2", "999999", "0", "99999999999999999999", "a1", "x1", "%2e%2e", "é"]), form=FORMS)
def test_no_route_fails_whatever_is_sent(office: Browser, route: tuple[str, str], place: str, form: dict[str, object]) -> None:
    method, path = route
    token = re.search(r'name="csrf" value="([^"]*)"', office.client.get(f"{HOME}/account").text)
    address = HOME + re.sub(r"\{[^}]*\}", place, path)
    fields = {**form, "csrf": token[1] if token else ""}
    answer = office.client.request(method, address, **({"params": form} if method == "GET" else {"data": fields}))
    assert answer.status_code < 500, (method, address, answer.status_code)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a=%zz&b", b"=" * 3_000, b"csrf=x&" * 3_000])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", ""])
def test_a_body_of_any_kind_is_answered(office: Browser, body: bytes, kind: str) -> None:
    answer = office.client.post(f"{HOME}/account/sessions/end", content=body, headers={"content-type": kind})
    assert answer.status_code in {303, 400, 403, 413}


def test_a_form_that_is_too_large_is_refused(office: Browser) -> None:
    assert office.client.post(f"{HOME}/account/sessions/end", content=b"a=" + b"x" * 400_000).status_code == 413
