"""Absences and what a text may not decide, in the browser: asked after, answered, written down, agreed by ringing."""

from __future__ import annotations

import re

import pytest

from school import School, demo
from tests.console.staff import Browser, Console
from tests.world import World

AT = "/console/absences"
COLLECTION = "/console/collection"


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


def child(world: World, name: str) -> int:
    with world.house.store.read() as session:
        return demo.child(School(session, world.moment, world.house.school_settings), name).id


def surname(world: World, name: str) -> str:
    with world.house.store.read() as session:
        return demo.adult(School(session, world.moment, world.house.school_settings), name).name.split()[-1]


def asks_after(world: World, office: Browser, names: str) -> str:
    """The office pastes names, looks at whom they mean, and asks."""
    office.post(f"{AT}/missing", {"missing": names}, 200, of=AT)
    html = office.post(f"{AT}/missing", {"missing": names, "sure": "yes"})
    world.settle()
    return html


def row(html: str, name: str) -> str:
    """What the list says of one child."""
    found = re.search(rf"<li>(?:(?!</li>).)*{name}.*?</li>", html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def test_a_pasted_list_is_shown_before_anyone_is_asked(world: World, office: Browser) -> None:
    html = office.post(f"{AT}/missing", {"missing": "Reed, Leo\nElla Hil\nMickey Mouse"}, 200, of=AT)
    assert "Leo Reed" in html
    assert "written &#39;Ella Hil&#39;" in html
    assert "who is this?" in html
    assert not world.texts("Tom")


def test_on_a_day_without_school_the_page_says_so_first(world: World, office: Browser, console: Console) -> None:
    assert "There is no school today." not in office.post(f"{AT}/missing", {"missing": "Leo Reed"}, 200, of=AT)
    world.at("2026-03-07 09:30")
    assert "There is no school today." in console.as_("Mrs Doyle").post(f"{AT}/missing", {"missing": "Leo Reed"}, 200, of=AT)


def test_a_name_that_nobody_knows_must_be_settled_first(world: World, office: Browser) -> None:
    office.post(f"{AT}/missing", {"missing": "Leo Reed\nMickey Mouse"}, 200, of=AT)
    html = office.post(f"{AT}/missing", {"missing": "Leo Reed\nMickey Mouse", "sure": "yes"}, 422)
    assert "Say for each name whom it means" in html
    assert not world.texts("Tom")
    html = office.post(f"{AT}/missing", {"missing": "Leo Reed\nMickey Mouse", "sure": "yes", "who-2": "nobody"})
    assert "Asked after 1." in html
    world.settle()
    assert "We have not seen Leo today" in world.texts("Tom")[-1]


def test_the_list_fills_itself_with_the_answer(world: World, office: Browser) -> None:
    asks_after(world, office, "Leo Reed")
    assert "no answer yet" in row(office.get(AT), "Leo Reed")
    world.say("Tom", "1")
    assert "absent ill" in row(office.get(AT), "Leo Reed")
    assert "absent ill" in row(office.client.get(AT, headers={"HX-Request": "true"}).text, "Leo Reed")
    assert "Known already: Leo." in asks_after(world, office, "Leo Reed")


def test_a_child_found_in_class_is_taken_back(world: World, office: Browser) -> None:
    asks_after(world, office, "Leo Reed")
    path = re.search(rf"{AT}/chases/\d+/in-class", office.get(AT))
    assert path is not None
    assert "Leo is in class." in office.post(path[0])
    world.settle()
    assert world.texts("Tom")[-1] == "Sorry, Leo is in school."
    assert not row(office.get(AT), "Leo Reed")


def test_a_file_is_read_like_a_pasted_list_and_a_workbook_is_refused_in_words(office: Browser) -> None:
    office.get(AT)
    html = office.post(f"{AT}/missing", {"missing": ""}, 200, files={"file": ("absent.csv", b"Name,Class\nLeo Reed,Maple\n", "text/csv")})
    assert "Leo Reed" in html
    html = office.post(f"{AT}/missing", {"missing": ""}, 422, of=AT, files={"file": ("absent.xlsx", b"PK\x03\x04 rest", "application/zip")})
    assert "save it as &#39;CSV UTF-8&#39;" in html


def test_what_was_told_on_the_telephone_is_written_down(world: World, office: Browser) -> None:
    told = {"child": child(world, "Leo"), "kind": "absent", "reason": "ill", "first": "2026-03-02", "back": "2026-03-04", "words": "=cmd() a cold"}
    html = office.post(f"{AT}/told", told, of=AT)
    assert "absent ill from Mon 2 March, back Wed 4 March" in row(html, "Leo Reed")
    sheet = office.get(f"{AT}/sheet.csv?day=2026-03-02")
    assert "'=cmd() a cold" in sheet
    assert "Mrs Doyle" in sheet


@pytest.mark.parametrize("typed, said", [({"child": ""}, "Choose the child."), ({"first": "soon"}, "Write the day"), ({"back": "2026-03-01"}, "must be later")])
def test_what_cannot_be_written_down_says_why_and_keeps_what_was_typed(world: World, office: Browser, typed: dict[str, str], said: str) -> None:
    told = {"child": str(child(world, "Leo")), "kind": "absent", "first": "2026-03-02", "words": "a cold", **typed}
    html = office.post(f"{AT}/told", told, 422, of=AT)
    assert said in html
    assert "a cold" in html


def test_a_class_team_sees_its_own_and_asks_nobody(world: World, office: Browser, console: Console) -> None:
    asks_after(world, office, "Leo Reed")
    other = console.as_("Mr Whitfield")
    html = other.get(AT)
    assert "Leo Reed" not in html
    assert "Who is not in class?" not in html
    other.post(f"{AT}/missing", {"missing": "Leo Reed", "sure": "yes"}, 404)
    other.post(f"{AT}/told", {"child": child(world, "Leo"), "kind": "absent", "first": "2026-03-02"}, 404, of=AT)
    assert "Leo Reed" in console.as_("Ms Okafor").get(AT)


# What a text may not decide


def test_it_stands_on_top_of_today_until_someone_rang(world: World, office: Browser) -> None:
    world.say("Tom", "my sister will pick leo up today")
    today = office.get("/console")
    assert "Not agreed yet" in today
    need = re.search(r"/console/needs/\d+", today[today.index("Not agreed yet") :])
    assert need is not None
    assert office.client.get(need[0]).headers["location"] == COLLECTION


def decides(office: Browser, words: str, fields: dict[str, str], status: int = 303) -> str:
    """Ring about the wish that was written in these words, and say what came of it. `rung` 'held' is the number the school holds."""
    html = office.get(COLLECTION)
    card = html[html.index(words) :]
    path, held = re.search(rf"{COLLECTION}/\d+", card), re.search(r'name="rung" value="(\d+)"', card)
    assert path is not None
    assert held is not None
    typed = fields | ({"rung": held[1]} if fields.get("rung") == "held" else {})
    return office.post(path[0], {"request": path[0].rpartition("/")[2], **typed}, status)


def test_agreed_by_ringing_the_number_held(world: World, office: Browser) -> None:
    world.say("Tom", "my sister will pick leo up today")
    html = decides(office, "my sister will pick leo up today", {"rung": "held", "decision": "agree"})
    assert "Agreed. Tom Reed is told." in html
    world.settle()
    assert world.texts("Tom")[-1].startswith("Agreed: the change you asked for, for Leo")
    assert "Not agreed yet" not in office.get("/console")


def test_nobody_agrees_without_having_rung_or_saying_how_they_know(world: World, office: Browser) -> None:
    world.say("Tom", "my sister will pick leo up today")
    html = decides(office, "my sister will pick leo up today", {"decision": "agree"}, 422)
    assert "Tick the number that you rang, or write how you know." in html
    assert "Agreed" not in world.texts("Tom")[-1]
    assert "Agreed. Tom Reed is told." in decides(office, "my sister will pick leo up today", {"decision": "agree", "note": "He stood in the office"})


def test_not_agreed_leaves_all_as_it_was(world: World, office: Browser) -> None:
    world.say("Tom", "my sister will pick leo up today")
    decides(office, "my sister will pick leo up today", {"rung": "held", "decision": "refuse"})
    world.settle()
    assert world.texts("Tom")[-1].startswith("Not agreed:")


def test_whoever_may_not_collect_is_marked(world: World, office: Browser) -> None:
    world.say("Piotr", "i will pick zofia up today")
    world.say("Tom", "my sister will pick leo up today")
    assert re.findall(r"(\w+ \w+) may not collect any child", office.get(COLLECTION)) == [f"Piotr {surname(world, 'Piotr')}"]


def test_a_class_team_does_not_decide(console: Console) -> None:
    console.as_("Ms Okafor").get(COLLECTION, 404)
