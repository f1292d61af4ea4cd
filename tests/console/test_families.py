"""Families as the office and the class teams see and change them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from data.audit import AuditEntry
from data.people import Adult, Child, Guardianship
from school import School, demo
from tests.console.packs_to_lend import Packs
from tests.console.staff import Console, tokens

OFFICE, TEACHER, TEAM = "Mrs Doyle", "Ms Okafor", "Miss Turner"
PACK = "Story sack"


@contextmanager
def school(console: Console) -> Iterator[School]:
    with console.world.house.store.read() as session:
        yield School(session, console.world.moment, console.world.house.school_settings)


def at(console: Console, name: str) -> str:
    with school(console) as now:
        return f"/console/families/{demo.adult(now, name).id}"


def child_id(console: Console, name: str) -> int:
    with school(console) as now:
        return demo.child(now, name).id


def done(console: Console) -> list[tuple[str, str]]:
    with school(console) as now:
        return [(row.who, row.action) for row in now.session.scalars(select(AuditEntry).where(AuditEntry.action.not_in(["saw", "logged in"])))]


def test_the_office_finds_a_family_by_the_end_of_a_number(console: Console) -> None:
    html = console.as_(OFFICE).get("/console/families?q=900101")
    assert "Amina Yusuf" in html
    assert "1 adult<" in html.replace("\n", "<")
    assert "Tom Reed" not in html


def test_a_search_that_finds_nobody_says_what_to_try(console: Console) -> None:
    assert "Nobody fits that" in console.as_(OFFICE).get("/console/families?q=zzz")


@pytest.mark.parametrize("query", ["class=x", "class=99999999999", "language=%00", "q=%F0%9F%98%80", "left=1&q=%27", "class=-1"])
def test_no_search_breaks_the_page(console: Console, query: str) -> None:
    assert "<h1>Families</h1>" in console.as_(OFFICE).get(f"/console/families?{query}")


def test_a_class_team_sees_its_own_families_and_masked_numbers(console: Console) -> None:
    team = console.as_(TEAM)
    html = team.get("/console/families?left=1")
    assert "Amina Yusuf" in html
    assert "Kate Hill" not in html
    html = team.get(at(console, "Amina"))
    assert "…101" in html
    assert "900101" not in html
    assert "Change it" not in html
    team.get(at(console, "Kate"), 404)
    team.get(f"/console/families/children/{child_id(console, 'Ella')}", 404)


@pytest.mark.parametrize("path", ["/new", "/{id}/edit", "/{id}/numbers/new", "/{id}/emails/new", "/{id}/children/new", "/{id}/leave"])
@pytest.mark.parametrize("who", [TEACHER, TEAM])
def test_a_class_team_changes_nothing(console: Console, who: str, path: str) -> None:
    browser, family = console.as_(who), at(console, "Amina")
    path = "/console/families" + path.replace("/{id}", family.removeprefix("/console/families"))
    browser.get(path, 404)
    browser.post(path, {"name": "X"}, 404, of="/console/account")
    assert done(console) == []


def test_the_technician_reads_of_no_family(console: Console) -> None:
    browser = console.as_("Mr Penrose")
    browser.get("/console/families", 404)
    browser.get(at(console, "Amina"), 404)


def test_one_parents_page_says_nothing_of_the_other(console: Console) -> None:
    html = console.as_(OFFICE).get(at(console, "Kate"))
    assert "900105" in html
    assert "900106" not in html
    assert "Dan" not in html
    assert "Dan Hill" in console.as_(OFFICE).get(f"/console/families/children/{child_id(console, 'Ella')}")


def test_who_looked_is_written_down(console: Console) -> None:
    console.as_(OFFICE).get(at(console, "Amina"))
    with school(console) as now:
        saw = now.session.scalars(select(AuditEntry).where(AuditEntry.action == "saw")).all()
        assert [(row.who, row.about, row.about_id) for row in saw] == [(OFFICE, "adult", demo.adult(now, "Amina").id)]


def test_rights_are_changed_and_written_down(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Dan")
    ella = child_id(console, "Ella")
    html = browser.post(f"{page}/children/{ella}", {"right": ["hear", "nonsense"], "relationship": "<b>step</b>father"}, of=page)
    assert "Kept: what Dan Hill may do about Ella." in html
    assert "&lt;b&gt;step&lt;/b&gt;father" in html
    with school(console) as now:
        tie = now.session.get_one(Guardianship, (demo.adult(now, "Dan").id, ella))
        assert (tie.may_hear, tie.may_book, tie.may_be_asked, tie.may_collect) == (True, False, False, False)
        assert now.session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "changed rights")).one() == {"child": ella, "rights": "hear"}


def test_rights_about_another_familys_child_are_not_there(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Dan")
    browser.post(f"{page}/children/{child_id(console, 'Ayaan')}", {"right": ["hear"]}, 404, of=page)
    assert done(console) == []


def test_a_landline_is_refused_with_the_reason_and_what_was_typed(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    html = browser.post(f"{page}/numbers/new", {"number": "020 7946 0000", "channel": "sms", "rang": "Rang her"}, 422, of=f"{page}/numbers/new")
    assert "That is a landline" in html
    assert 'value="020 7946 0000"' in html
    assert 'value="Rang her"' in html


def test_a_number_is_changed_only_after_someone_rang(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    form = re.search(rf'{page}/numbers/\d+(?=")', browser.get(page))
    assert form is not None
    assert "Say who was rung" in browser.post(form[0], {"number": "07700 900955", "rang": ""}, 422, of=form[0])
    html = browser.post(form[0], {"number": "07700 900955", "rang": "Rang 101, it was her"}, of=form[0])
    assert "+447700900955" in html
    assert "+447700900101" not in html
    assert "number …101 is now …955. Rang 101, it was her (Mrs Doyle)" in html
    world = console.world
    world.house.ticker.tick()
    world.settle()
    assert world.say("+447700900955", "hello")[0].text.startswith(f"This is {world.house.school_settings.name}.")


def test_a_family_is_added_whole(console: Console) -> None:
    browser = console.as_(OFFICE)
    fields = {
        "name": "<script>alert(1)</script> Roe",
        "language": "so",
        "child_name": "Sam Roe",
        "class": "1",
        "joined": "2026-03-02",
        "relationship": "mother",
        "right": ["hear", "book"],
        "number": "07700 900955",
        "channel": ["sms", "whatsapp"],
        "rang": "On her form",
    }
    html = browser.post("/console/families/new", fields, of="/console/families/new")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Roe" in html
    assert "<script>alert" not in html
    assert "Sam Roe" in html
    assert re.findall(r"<span>([^<]+)</span> <span>\+447700900955</span>", html) == ["Text message", "WhatsApp"]


@pytest.mark.parametrize(
    "fields, fault",
    [
        ({"name": " ", "language": "en"}, "Type in the name."),
        ({"name": "A\x07B", "language": "en"}, "on one line"),
        ({"name": "x" * 300, "language": "en"}, "200 letters at most"),
        ({"name": "Jane", "other_language": "Klingonese"}, "is no language I know"),
        ({"name": "Jane", "language": "en", "child_name": "Sam"}, "Choose the class."),
        ({"name": "Jane", "language": "en", "child_name": "Sam", "class": "1", "joined": "soon"}, "is no day"),
        ({"name": "Jane", "language": "en", "number": "07700 900955", "rang": "form"}, "Tick at least one."),
        ({"name": "Jane", "language": "en", "number": "80085", "channel": "sms", "rang": "form"}, "short code"),
    ],
)
def test_a_fault_adds_nobody(console: Console, fields: dict[str, str], fault: str) -> None:
    assert fault in console.as_(OFFICE).post("/console/families/new", fields, 422, of="/console/families/new")
    with school(console) as now:
        assert now.session.scalars(select(Adult).where(Adult.name.startswith("Jane"))).all() == []
    assert done(console) == []


def test_a_form_sent_twice_adds_one_adult(console: Console) -> None:
    browser = console.as_(OFFICE)
    html = browser.get("/console/families/new")
    fields = tokens(html) | {"name": "Jane Roe", "language": "en"}
    places = {browser.client.post("/console/families/new", data=fields).headers["location"] for _ in range(2)}
    assert len(places) == 1
    with school(console) as now:
        assert len(now.session.scalars(select(Adult).where(Adult.name == "Jane Roe")).all()) == 1


def test_a_name_language_and_groups_are_put_right(console: Console) -> None:
    browser, page = console.as_("Ms Duarte"), at(console, "Amina")
    fields = {"name": "Amina Yusuf Ali", "language": "en", "other_language": "Somali", "notes": "Deaf in one ear", "new_group": "Governors"}
    html = browser.post(f"{page}/edit", fields, of=f"{page}/edit")
    assert "<h1>Amina Yusuf Ali" in html
    assert "Speaks Somali" in html
    assert "Deaf in one ear" in html
    assert "Governors" in html


def test_a_child_moves_to_another_class(console: Console) -> None:
    browser, ayaan = console.as_(OFFICE), child_id(console, "Ayaan")
    page = f"/console/families/children/{ayaan}"
    browser.post(page, {"name": "Ayaan Yusuf", "class": "1", "joined": ""}, of=page)
    with school(console) as now:
        assert now.session.get_one(Child, ayaan).class_id == 1
    browser.post(page, {"name": "Ayaan Yusuf", "class": "999", "joined": ""}, 404, of=page)


def test_a_family_that_left_is_not_answered_as_itself_and_can_come_back_today(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    assert "Tick who leaves." in browser.post(f"{page}/leave", {}, 422, of=f"{page}/leave")
    html = browser.post(f"{page}/leave", {"child": str(child_id(console, "Ayaan"))}, of=f"{page}/leave")
    assert "Amina Yusuf" in html
    assert "Amina Yusuf" not in browser.get("/console/families")
    browser.get(f"{page}/edit", 404)
    assert "Change it" not in browser.get(page)
    assert "Ayaan" not in console.world.say("+447700900101", "book a time with the teacher")[0].text
    console.as_(TEAM).post(f"{page}/back", {}, 404, of="/console/account")
    undo = re.search(r"/console/families/steps/\d+/undo", browser.get("/console/families?left=1"))
    assert undo is not None
    assert "Taken back" in browser.post(undo[0])
    assert "Amina Yusuf" in browser.get("/console/families")
    assert "only be taken back on the same day" in browser.post(undo[0], of="/console/families?left=1")


def test_a_stop_by_phone_is_kept_and_an_address_removed(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Maria")
    second = re.findall(rf"{page}/numbers/(\d+)/stop", browser.get(page))[1]
    assert "said STOP" in browser.post(f"{page}/numbers/{second}/stop")
    html = browser.post(f"{page}/numbers/{second}/remove")
    assert "is not reached there any more" in html
    browser.post(f"{page}/numbers/{second}/remove", {}, 404, of=page)


def test_a_stolen_phone_is_closed_with_all_that_is_on_it_and_opened_again(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    number = re.findall(r"/console/families/known/\d+/close/(\d+)", browser.get(page))[0]
    known = page.replace("families", "families/known")
    browser.post(f"{known}/close/{number}", {"reason": "wrong_number"}, 404, of=page)
    html = browser.post(f"{known}/close/{number}", {"reason": "stolen", "all": "1"}, of=page)
    assert "the phone was stolen" in html
    assert "Nowhere: what is to be said goes to the office." in html
    assert "I do not know you here" in console.world.say("+447700900101", "see my appointments")[0].text
    again = re.findall(rf"{known}/open/\d+", html)[-1]
    assert "Open again. The next message there says which school this is." in browser.post(again, of=page)
    assert "It is open already." in browser.post(again, of=page)
    assert "You have no appointments." in console.world.say("+447700900101", "see my appointments")[0].text
    assert [what for _, what in done(console)][-2:] == ["closed address", "opened address"]
    console.as_(TEAM).post(f"{known}/close/{number}", {"reason": "lost"}, 404, of="/console/account")
    other = at(console, "Tom")
    browser.post(f"{other.replace('families', 'families/known')}/open/{again.split('/')[-1]}", {}, 404, of=other)


def test_a_family_that_left_long_ago_comes_back(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    browser.post(f"{page}/back", {}, 404, of=page)
    browser.post(f"{page}/leave", {"child": str(child_id(console, "Ayaan"))}, of=f"{page}/leave")
    html = browser.post(f"{page}/back", {}, of=page)
    assert "They are here again." in html
    assert "Nowhere: what is to be said goes to the office." in html


def test_an_email_address_is_added_stopped_and_removed(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    form = f"{page}/emails/new"
    assert "no e-mail address" in browser.post(form, {"email": "amina", "rang": "On the form"}, 422, of=form)
    assert "Say how you know it" in browser.post(form, {"email": "amina@family.example", "rang": ""}, 422, of=form)
    html = browser.post(form, {"email": "Amina@Family.example", "rang": "On the form"}, of=form)
    assert "amina@family.example" in html
    assert "never written to" in html, "this school has no mail server"
    assert "They have this e-mail address already." in browser.post(form, {"email": "amina@family.example", "rang": "On the form"}, 422, of=form)
    html = browser.get(page)
    stop = re.findall(rf"{page}/numbers/\d+/stop", html)[-1]
    html = browser.post(stop, of=page)
    assert "said STOP" in html
    remove = re.findall(rf"{page}/numbers/\d+/remove", html)[-1]
    assert "amina@family.example" not in browser.post(remove, of=page)
    assert [what for _, what in done(console)] == ["added e-mail", "stopped", "removed number"]
    with school(console) as now:
        details = now.session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "removed number")).all()
        assert "family.example" not in str(details)


def test_a_class_team_sees_that_there_is_an_email_address_and_not_which(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    browser.post(f"{page}/emails/new", {"email": "amina@family.example", "rang": "On the form"}, of=f"{page}/emails/new")
    html = console.as_(TEAM).get(page)
    assert ("by e-mail" in html, "family.example" in html) == (True, False)


def test_what_a_family_has_at_home_is_asked_for_when_it_leaves(console: Console) -> None:
    browser, page = console.as_(OFFICE), at(console, "Amina")
    assert "ask for it now" not in browser.get(f"{page}/leave")
    Packs(console.world).lends(PACK, "Ayaan")
    html = browser.get(f"{page}/leave")
    assert "ask for it now" in html
    assert PACK in html
