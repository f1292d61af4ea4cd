"""Staff as the office and the technician add them, let them in and see them leave."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from data.audit import AuditEntry
from data.people import Staff
from school import School, accounts, demo, staff
from tests.console.staff import Browser, Console

OFFICE, TECHNICIAN = "Mrs Doyle", "Mr Penrose"
NEW = {"name": "Mr Novak", "email": "p.novak@cherrygarden.example", "role": "teacher", "hours": "Mon-Fri 08:15-16:30", "class": ["1"]}


def at(console: Console, name: str) -> str:
    with console.world.house.store.read() as session:
        return f"/console/staff/{demo.member(School(session, console.world.moment), name).id}"


def person(console: Console, name: str) -> Staff:
    with console.world.house.store.read() as session:
        found = demo.member(School(session, console.world.moment), name)
        _ = [link.address.value for link in found.addresses], [each.name for each in found.classes], found.hours
        return found


def done(console: Console) -> list[str]:
    with console.world.house.store.read() as session:
        return [row.action for row in session.scalars(select(AuditEntry).where(AuditEntry.action.not_in(["saw", "logged in"])))]


@pytest.mark.parametrize("name", ["Ms Okafor", "Miss Turner", "Ms Duarte", "Mrs Hartley", "Mr Nasser", "Mrs Adebayo-Clarke"])
def test_who_does_not_look_after_staff_sees_none_of_it(console: Console, name: str) -> None:
    browser = console.as_(name)
    for path in ("/console/staff", "/console/staff/new", at(console, OFFICE)):
        browser.get(path, 404)
    browser.post("/console/staff/new", NEW, 404, of="/console/account")
    assert done(console) == []


def test_someone_is_added_and_let_in_with_a_link_that_is_shown_once(console: Console) -> None:
    browser = console.as_(OFFICE)
    html = browser.post("/console/staff/new", NEW, of="/console/staff/new")
    assert "Mr Novak is added" in html
    assert "Mon-Fri 08:15-16:30" in html
    page = at(console, "Mr Novak")
    html = browser.post(f"{page}/link", {}, 200, of=page)
    link = re.search(r'href="(http://127\.0\.0\.1:8000)(/console/in/[\w-]+)"', html)
    assert link is not None
    new = console.browser()
    assert "Log in" in new.get(link[2])
    answer = new.client.post(link[2])
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/account/password")
    assert new.client.post(link[2]).status_code == 410
    assert link[2] not in browser.get(page)
    assert done(console)[:2] == ["added staff", "made log-in link"]


def test_a_link_goes_by_e_mail_where_the_school_has_a_server(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str, str]] = []

    def mail(to: str, subject: str, words: str) -> bool:
        sent.append((to, subject, words))
        return True

    monkeypatch.setattr(console.hooks, "mail", mail)
    browser, page = console.as_(OFFICE), at(console, "Ms Okafor")
    html = browser.post(f"{page}/link", {}, 200, of=page)
    assert "on its way to n.okafor@cherrygarden.example" in html
    assert "/console/in/" not in html
    (to, _, words) = sent[0]
    assert to == "n.okafor@cherrygarden.example"
    assert "/console/in/" in words


def test_the_office_is_shown_no_link_for_a_named_person(console: Console) -> None:
    page = at(console, "Mrs Hartley")
    html = console.as_(OFFICE).post(f"{page}/link", {}, 200, of=page)
    assert "/console/in/" not in html
    assert "Only the technician" in html
    assert "/console/in/" in console.as_(TECHNICIAN).post(f"{page}/link", {}, 200, of=page)


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"name": ""}, "as parents say it"),
        ({"email": "nobody"}, "no e-mail address"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "no e-mail address"),
        ({"email": "OFFICE@cherrygarden.example"}, "Someone else here has this address."),
        ({"role": "king"}, "Choose what they are."),
        ({"role": "admin"}, "Only the technician decides"),
        ({"hours": "always"}, "is no working time"),
    ],
)
def test_a_fault_adds_nobody(console: Console, change: dict[str, str], fault: str) -> None:
    assert fault in console.as_(OFFICE).post("/console/staff/new", {**NEW, **change}, 422, of="/console/staff/new")
    with console.world.house.store.read() as session:
        assert session.scalars(select(Staff).where(Staff.name == "Mr Novak")).all() == []
    assert done(console) == []


def test_a_name_is_shown_as_it_was_typed(console: Console) -> None:
    html = console.as_(OFFICE).post("/console/staff/new", {**NEW, "name": "<script>x</script>"}, of="/console/staff/new")
    assert "&lt;script&gt;x&lt;/script&gt; is added" in html
    assert "<script>x" not in html


def test_nobody_gives_themselves_more(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, OFFICE)
    fields = {"name": OFFICE, "email": "office@cherrygarden.example", "role": "lead", "hours": ""}
    assert "Nobody changes their own role" in browser.post(f"{page}/edit", fields, 422, of=f"{page}/edit")
    assert "Nobody changes their own role" in browser.post(f"{page}/leave", {}, 422, of=f"{page}/leave")
    assert person(console, OFFICE).role == "office"


def test_the_technician_changes_a_role_and_it_is_written_down(console: Console) -> None:
    page = at(console, "Mr Nasser")
    fields = {"name": "Mr Nasser", "email": "k.nasser@cherrygarden.example", "role": "senior", "hours": "Mon-Fri 08:00-17:30"}
    console.as_(TECHNICIAN).post(f"{page}/edit", fields, of=f"{page}/edit")
    with console.world.house.store.read() as session:
        assert session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "changed staff")).one() == {
            "what": "role",
            "was": "deputy",
            "role": "senior",
        }


def test_a_named_persons_number_counts_once_its_code_was_typed_in(console: Console) -> None:
    browser, page, world = console.as_(OFFICE), at(console, "Mrs Hartley"), console.world
    assert "That is a landline" in browser.post(f"{page}/phone", {"number": "020 7946 0000"}, 422, of=f"{page}/phone")
    assert "A code is on its way" in browser.post(f"{page}/phone", {"number": "07700 900955"}, of=f"{page}/phone")
    world.settle()
    text = world.texts("+447700900955")[0]
    code = re.search(r"\b\d{6}\b", text)
    assert code is not None
    assert [link.address.value for link in person(console, "Mrs Hartley").addresses] == ["+447700900902"]
    assert "That is not the code." in browser.post(f"{page}/phone/code", {"code": "12"}, 422, of=f"{page}/phone")
    assert "checked" in browser.post(f"{page}/phone/code", {"code": code[0]}, of=f"{page}/phone")
    assert [link.address.value for link in person(console, "Mrs Hartley").addresses] == ["+447700900955"]


def test_a_code_cannot_be_guessed(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Mrs Hartley")
    browser.post(f"{page}/phone", {"number": "07700 900955"}, of=f"{page}/phone")
    for _ in range(5):
        browser.post(f"{page}/phone/code", {"code": "x"}, 422, of=f"{page}/phone")
    assert "That code is over" in browser.post(f"{page}/phone/code", {"code": "x"}, of=f"{page}/phone")


def test_anyone_elses_number_is_kept_at_once(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Ms Okafor")
    assert "The number is kept." in browser.post(f"{page}/phone", {"number": "07700 900955"}, of=f"{page}/phone")
    assert "They have no phone any more" in browser.get(f"{page}/phone")
    browser.post(f"{page}/phone/none", {"held": "1"})
    assert person(console, "Ms Okafor").addresses == []


def test_who_left_is_out_at_once_everywhere(console: Console) -> None:
    theirs, browser, page = console.as_("Ms Okafor"), console.as_(OFFICE), at(console, "Ms Okafor")
    theirs.get("/console")
    assert "works here no longer" in browser.post(f"{page}/leave", {}, of=f"{page}/leave")
    assert theirs.client.get("/console").headers["location"] == "/console/log-in"
    browser.get(f"{page}/edit", 404)
    assert "Ms Okafor" in browser.get("/console/staff?left=1")
    assert "works here again" in browser.post(f"{page}/back", {}, of=page)
    assert person(console, "Ms Okafor").classes == []


def test_a_second_step_is_reset_by_whoever_may(console: Console) -> None:
    with console.world.house.store.write() as session:
        school = School(session, console.world.moment, console.world.house.school_settings)
        for name in ("Mrs Hartley", "Ms Okafor"):
            mine = accounts.account(school, demo.member(school, name))
            mine.totp_salt, mine.totp_since = "salt", school.now
    hartley, okafor = at(console, "Mrs Hartley"), at(console, "Ms Okafor")
    office = console.as_(OFFICE)
    assert "Only the technician" in office.post(f"{hartley}/second-factor", {}, 422, of=hartley)
    assert "sets up a new second step" in office.post(f"{okafor}/second-factor", {}, of=okafor)
    assert "sets up a new second step" in console.as_(TECHNICIAN).post(f"{hartley}/second-factor", {}, of=hartley)


def set_up_tablet(console: Console, browser: Browser) -> str:
    page = at(console, "Miss Turner")
    browser.post(f"{page}/pin", {"pin": "280417"}, of=f"{page}/pin")
    browser.post(f"{page}/tablets", {"name": "Maple's iPad"}, of=page)
    return page


def test_a_classs_tablet_signs_in_with_its_pin(console: Console) -> None:
    browser = console.as_(OFFICE)
    page = set_up_tablet(console, browser)
    browser.client.cookies.delete("bookbag")
    assert "Miss Turner" in browser.get("/console/tablet")
    answer = browser.client.post("/console/tablet", data={"pin": "280417"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert "Miss Turner" in browser.get("/console/account")
    tablet = re.search(rf"{page}/tablets/\d+/revoke", console.as_(OFFICE).get(page))
    assert tablet is not None
    office = console.as_(OFFICE)
    assert "does not work on that device" in office.post(tablet[0], {}, of=page)
    assert browser.client.get("/console/account").status_code == 303
    assert browser.client.get("/console/tablet").headers["location"] == "/console/log-in"


def test_an_easy_pin_is_refused_and_a_pin_can_be_cleared(console: Console) -> None:
    browser = console.as_(OFFICE)
    page = set_up_tablet(console, browser)
    html = browser.post(f"{page}/pin", {"pin": "123456"}, 422, of=f"{page}/pin")
    assert "Take 6 to 12 digits" in html
    assert "No PIN signs in any more." in browser.post(f"{page}/pin/clear", {}, of=page)
    browser.client.cookies.delete("bookbag")
    assert browser.client.post("/console/tablet", data={"pin": "280417"}).status_code == 422


def test_only_a_class_has_a_pin_and_tablets(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Mrs Hartley")
    browser.get(f"{page}/pin", 404)
    browser.post(f"{page}/tablets", {"name": "Mine"}, 404, of=page)
    browser.post(f"{page}/pin", {"pin": "280417"}, 404, of=page)


def test_classes_given_here_are_classes_seen(console: Console) -> None:
    page = at(console, "Miss Turner")
    fields = {"name": "Miss Turner", "email": "maple@cherrygarden.example", "role": "class", "hours": "", "class": []}
    console.as_(OFFICE).post(f"{page}/edit", fields, of=f"{page}/edit")
    assert "Amina" not in console.as_("Miss Turner").get("/console/families")
    with console.world.house.store.read() as session:
        assert staff.find(School(session, console.world.moment), int(page.rpartition("/")[2])).hours == []
