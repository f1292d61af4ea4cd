"""The school as the office sets it up: classes, the year, hours, files, the new school year."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, select

from data.appointments import Appointment
from data.attention import Attention
from data.audit import AuditEntry
from data.people import Adult, Child, SchoolClass
from data.school_year import Edited, Term
from school import LONDON, School, demo
from tests.console.staff import Console, hidden

OFFICE = "Mrs Doyle"
FAMILIES = "adult_name,phone,language,child_name,child_class\nJane Roe,07700 900955,en,Sam Roe,Oak\n"
HOURS = {
    "opens": "08:00",
    "closes": "15:30",
    "quiet_from": "20:00",
    "quiet_to": "06:30",
    "remind_at": "17:00",
    "hold_minutes": "5",
    "notice_hours": "24",
    "horizon_weeks": "6",
    "slot_minutes": "15",
    "buffer_minutes": "0",
    "offer_hours": "2",
}


def rows(console: Console, what: Select[Any]) -> list[Any]:
    with console.world.house.store.read() as session:
        return list(session.scalars(what))


def done(console: Console) -> list[object]:
    return rows(console, select(AuditEntry.action).where(AuditEntry.action.not_in(["saw", "logged in"])))


def class_id(console: Console, name: str) -> int:
    return int(str(rows(console, select(SchoolClass.id).where(SchoolClass.name == name))[0]))


@pytest.mark.parametrize("path", ["", "/classes/new", "/classes/1", "/year", "/hours", "/import", "/new-year", "/new-year/plan"])
@pytest.mark.parametrize("name", ["Ms Okafor", "Miss Turner", "Ms Duarte"])
def test_who_does_not_set_the_school_up_sees_none_of_it(console: Console, name: str, path: str) -> None:
    brings_packs = name == "Ms Duarte" and path == "/import"  # and nothing else: see test_packs_office
    console.as_(name).get(f"/console/school{path}", 200 if brings_packs else 404)


@pytest.mark.parametrize("path", ["/classes/1", "/classes/1/remove", "/year", "/year/1/remove", "/hours", "/import", "/new-year"])
def test_who_does_not_set_the_school_up_changes_none_of_it(console: Console, path: str) -> None:
    console.as_("Ms Okafor").post(f"/console/school{path}", HOURS, 404, of="/console/account")
    assert done(console) == []


# Classes


def test_a_class_is_added_and_given_to_someone(console: Console) -> None:
    browser = console.as_(OFFICE)
    with console.world.house.store.read() as session:
        okafor = demo.member(School(session, console.world.moment), "Ms Okafor").id
    html = browser.post("/console/school/classes/new", {"name": "<i>Elm</i>", "teacher": str(okafor)}, of="/console/school/classes/new")
    assert "&lt;i&gt;Elm&lt;/i&gt; is added." in html
    assert "<i>Elm" not in html
    page = f"/console/school/classes/{class_id(console, '<i>Elm</i>')}"
    assert "Another class has this name." in browser.post(page, {"name": "MAPLE"}, 422, of=page)
    assert "kept" in browser.post(page, {"name": "Elm", "team": ["999"], "teacher": "x"}, of=page)
    assert "nobody: no times can be booked" in browser.get("/console/school")
    assert "Elm is removed." in browser.post(f"{page}/remove", {}, of=page)


def test_a_class_with_children_stays(console: Console) -> None:
    page = f"/console/school/classes/{class_id(console, 'Maple')}"
    assert "children are in it: move them first" in console.as_(OFFICE).post(f"{page}/remove", {}, 422, of=page)


# The year


def test_closing_the_school_names_whom_it_concerns_first(console: Console) -> None:
    with console.world.house.store.read() as session:
        booked = session.scalars(select(Appointment).where(Appointment.starts_at > console.world.moment).order_by(Appointment.starts_at)).all()[-1]
        day, name = booked.starts_at.astimezone(LONDON).date(), booked.adult.name
    browser = console.as_(OFFICE)
    fields = {"what": "closed", "starts": f"{day}", "ends": ""}
    html = browser.post("/console/school/year", fields, 200, of="/console/school/year")
    assert "Close the school on" in html
    assert name in html
    assert rows(console, select(Term).where(Term.what == "closed")) == []
    html = browser.post("/console/school/year", {**fields, "sure": "1"})
    assert "to ring are listed under Today" in html
    console.world.house.ticker.tick()
    assert "closed_day" in rows(console, select(Attention.need))
    assert name in browser.get("/console")


@pytest.mark.parametrize(
    "fields, fault",
    [
        ({"what": "holiday", "starts": "2026-03-09"}, "Choose what it is."),
        ({"what": "closed", "starts": "soon"}, "Write the day as"),
        ({"what": "closed", "starts": "2026-03-09", "ends": "2026-03-01"}, "end before it begins"),
        ({"what": "closed", "starts": "2026-03-09", "ends": "2098-03-01"}, "more than a year"),
        ({"what": "term", "starts": "2026-03-09", "ends": "2026-03-10"}, "There is term already"),
    ],
)
def test_dates_that_cannot_be_are_refused(console: Console, fields: dict[str, str], fault: str) -> None:
    assert fault in console.as_(OFFICE).post("/console/school/year", fields, 422, of="/console/school/year")
    assert done(console) == []


def test_dates_are_removed(console: Console) -> None:
    browser = console.as_("Mr Penrose")
    remove = re.findall(r"/console/school/year/\d+/remove", browser.get("/console/school/year"))
    assert "Removed." in browser.post(remove[0])
    assert remove[0] not in browser.get("/console/school/year")
    browser.post(remove[0], {}, 404, of="/console/school/year")


# Hours


def test_new_hours_hold_from_the_next_message_on(console: Console) -> None:
    browser, world = console.as_(OFFICE), console.world
    assert "hold from now on" in browser.post("/console/school/hours", HOURS, of="/console/school/hours")
    assert "20:00 to 06:30" in browser.get("/console/school")
    with world.house.store.read() as session:
        now = School(session, world.moment, world.house.school_settings).settings
    assert (now.opens, now.quiet_from, now.notice, now.slot_minutes) == (time(8), time(20), timedelta(hours=24), 15)


def test_quiet_hours_that_were_edited_are_kept_by_what_sends(console: Console) -> None:
    world, browser = console.world, console.as_(OFFICE)
    browser.post("/console/school/hours", {**HOURS, "quiet_from": "09:00", "quiet_to": "09:30"}, of="/console/school/hours")
    from school.notices import tell

    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        amina = demo.adult(school, "Amina")
        booked = session.scalars(select(Appointment).where(Appointment.starts_at > world.moment)).all()[0]
        tell(school, amina, "appointment_reminder", {"appointment": booked.id}, key="test")
    world.settle()
    assert world.texts("Amina") == []
    world.moment = datetime(2026, 3, 2, 9, 31, tzinfo=LONDON)
    world.settle()
    assert len(world.texts("Amina")) == 1


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"opens": "late"}, "Write the time as 08:30."),
        ({"closes": "07:00"}, "end before it begins"),
        ({"slot_minutes": "7"}, "A multiple of 5"),
        ({"notice_hours": "-1"}, "A number from 0 to 168."),
        ({"horizon_weeks": "99999999999"}, "A number from 1 to 52."),
        ({"remind_at": ""}, "Write the time as 08:30."),
    ],
)
def test_hours_that_cannot_be_are_refused(console: Console, change: dict[str, str], fault: str) -> None:
    assert fault in console.as_(OFFICE).post("/console/school/hours", {**HOURS, **change}, 422, of="/console/school/hours")
    assert rows(console, select(Edited)) == []


# Files


def bring(console: Console, name: str = OFFICE, content: str | bytes = FAMILIES, what: str = "families", status: int = 303) -> tuple[str, str]:
    """Bring in a file; where it is looked at, and that page."""
    browser = console.as_(name)
    html = browser.post("/console/school/import", {"what": what}, status, of="/console/school/import", files={"file": ("a.csv", content)})
    found = re.search(r"/console/school/import/\d+", html)
    return (found[0] if found else ""), html


def test_a_file_is_looked_at_and_then_done(console: Console) -> None:
    at, html = bring(console)
    assert "adult Jane Roe (en, …955)" in html
    assert rows(console, select(Adult).where(Adult.name == "Jane Roe")) == []
    assert "adult Amina Yusuf" in html
    html = console.as_(OFFICE).post(f"{at}/do", {}, of=at)
    assert "Done: 3 new, 0 changed, 0 removed." in html
    with console.world.house.store.read() as session:
        assert len(session.scalars(select(Adult).where(Adult.left_on.is_(None))).all()) > 40
    assert done(console) == ["imported"]
    console.as_(OFFICE).get(at, 404)


def test_who_is_missing_goes_when_it_was_ticked(console: Console) -> None:
    at, _ = bring(console)
    console.as_(OFFICE).post(f"{at}/do", {"remove_missing": "1"}, of=at)
    assert rows(console, select(Adult.name).where(Adult.left_on.is_(None))) == ["Jane Roe"]


def test_what_changed_meanwhile_is_shown_again(console: Console) -> None:
    at, _ = bring(console)
    with console.world.house.store.write() as session:
        session.add(Adult(name="Jane Roe", language="en"))
        session.add(SchoolClass(name="Ash"))
        session.scalars(select(SchoolClass).where(SchoolClass.name == "Oak")).one().name = "Oaks"
    html = console.as_(OFFICE).post(f"{at}/do", {}, of=at)
    assert "Something changed meanwhile" in html
    assert "class Oak" in html
    assert "Done" in console.as_(OFFICE).post(f"{at}/do", {}, of=at)


def test_faults_are_shown_by_row_and_nothing_can_be_done(console: Console) -> None:
    at, html = bring(console, content=FAMILIES.replace("07700 900955", "020 7946 0000"))
    assert "is a landline; Bookbag texts mobile numbers only" in html
    assert ">Do it<" not in html
    assert "Something changed meanwhile" in console.as_(OFFICE).post(f"{at}/do", {}, of=at)
    assert rows(console, select(Adult).where(Adult.name == "Jane Roe")) == []


def test_columns_are_chosen_and_remembered(console: Console) -> None:
    theirs = FAMILIES.replace("adult_name,phone", "<b>Parent</b>,Mobile")
    at, html = bring(console, content=theirs)
    assert "&lt;b&gt;Parent&lt;/b&gt;" in html
    columns = {"column_adult_name": "<b>Parent</b>", "column_phone": "Mobile", "column_language": "language", "column_child_name": "child_name"}
    html = console.as_(OFFICE).post(f"{at}/columns", {**columns, "column_child_class": "child_class"}, of=at)
    assert "adult Jane Roe (en, …955)" in html
    assert "adult Jane Roe (en, …955)" in bring(console, content=theirs)[1]


def test_what_was_pasted_out_of_a_spreadsheet_is_taken(console: Console) -> None:
    browser = console.as_(OFFICE)
    fields = {"what": "families", "pasted": FAMILIES.replace(",", "\t")}
    assert "adult Jane Roe (en, …955)" in browser.post("/console/school/import", fields, of="/console/school/import")
    assert "Choose a file, or paste" in browser.post("/console/school/import", {"what": "families"}, 422, of="/console/school/import")


def test_a_long_paste_is_taken_whole(console: Console) -> None:
    text = FAMILIES + "".join(f"Parent{number} Roe,,en,Child{number} Roe,Oak\n" for number in range(900))
    html = console.as_(OFFICE).post("/console/school/import", {"what": "families", "pasted": text}, of="/console/school/import")
    assert "2703 new" in html


def test_staff_are_brought_in_only_by_who_looks_after_staff(console: Console) -> None:
    assert 'value="staff"' not in console.as_("Mrs Hartley").get("/console/school/import?what=staff")
    bring(console, "Mrs Hartley", "name,email,role\nX,x@y.example,admin\n", "staff", 404)
    _, html = bring(console, OFFICE, "name,email,role\nX,x@y.example,admin\n", "staff", 422)
    assert "Only the technician decides" in html
    at, html = bring(console, "Mr Penrose", "name,email,role\nMr Novak,x@y.example,teacher\n", "staff")
    assert "staff Mr Novak (teacher)" in html
    assert "staff Mrs Doyle" in html
    browser = console.as_("Mr Penrose")
    assert "Nobody changes their own role" in browser.post(f"{at}/do", {"remove_missing": "1"}, 422, of=at)
    assert "Done: 1 new" in browser.post(f"{at}/do", {}, of=at)


def test_another_persons_file_is_not_there(console: Console) -> None:
    at, _ = bring(console)
    browser = console.as_("Mrs Hartley")
    browser.get(at, 404)
    for path in ("do", "columns", "drop"):
        browser.post(f"{at}/{path}", {}, 404, of="/console/account")


def test_a_file_that_is_not_wanted_is_dropped(console: Console) -> None:
    at, _ = bring(console)
    assert "Nothing was changed" in console.as_(OFFICE).post(f"{at}/drop", {}, of=at)
    console.as_(OFFICE).get(at, 404)


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"\0" * 5_000, b"\xff\xfe\x00", b"", b"x" * 10_500_000, b'"', b"a,b\n" * 3_000])
def test_no_file_harms(console: Console, content: bytes) -> None:
    _, html = bring(console, content=content) if content else ("", "wrong")
    assert "wrong" in html


def test_an_upload_without_end_is_refused_before_it_is_read(console: Console) -> None:
    browser = console.as_(OFFICE)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert browser.client.post("/console/school/import", headers={**headers, "content-length": "1000000000"}, content=b"").status_code == 413
    assert browser.client.post("/console/school/import", headers=headers, content=iter([b"--x\r\n"] * 3)).status_code == 413


# The new school year


def test_the_new_year_is_planned_looked_at_done_and_undone(console: Console) -> None:
    browser = console.as_(OFFICE)
    maple, oak = class_id(console, "Maple"), class_id(console, "Oak")
    assert "stay in Maple" in browser.get("/console/school/new-year")
    plan = f"/console/school/new-year/plan?to_{maple}={oak}&to_{oak}=leaves&teacher_{oak}="
    html = browser.get(plan)
    before = rows(console, select(Child.id).where(Child.class_id == maple))
    fields: dict[str, object] = {"mark": hidden(html, "mark")}
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="(\w*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    fields["adult"] = re.findall(r'name="adult" value="(\d+)" checked', html)
    fields["shown"] = fields["adult"]
    assert "Denise Palmer" in html
    assert "Folake Adeleke" not in html.partition('id="leavers"')[2]  # her other child stays
    html = browser.post("/console/school/new-year", fields, of=plan)
    assert "Today you can still undo it" in html
    assert rows(console, select(Child.class_id).where(Child.id.in_(before)).distinct()) == [oak]
    assert rows(console, select(Adult.left_on).where(Adult.name == "Denise Palmer")) == [console.world.moment.date()]
    assert "made meanwhile" in browser.post("/console/school/new-year", fields, of=plan).replace("changed", "made")
    undo = re.search(r"/console/school/new-year/\d+/undo", browser.get("/console/school/new-year"))
    assert undo is not None
    assert "Undone" in browser.post(undo[0])
    assert rows(console, select(Child.class_id).where(Child.id.in_(before)).distinct()) == [maple]
    assert rows(console, select(Adult.left_on).where(Adult.name == "Denise Palmer")) == [None]
    assert "only be undone on the same day" in browser.post(undo[0], {}, of="/console/school/new-year")
    assert done(console) == ["new school year", "undid new school year"]


def test_a_child_can_be_changed_on_the_plan_itself(console: Console) -> None:
    browser = console.as_(OFFICE)
    html = browser.get("/console/school/new-year/plan")
    with console.world.house.store.read() as session:
        ayaan = demo.child(School(session, console.world.moment), "Ayaan").id
    mark = hidden(html, "mark")
    html = browser.post("/console/school/new-year", {"mark": mark, f"child_{ayaan}": "leaves"}, of="/console/school/new-year/plan")
    assert "1 left, 1 adults left" in html
    assert rows(console, select(Adult.name).where(Adult.left_on.is_not(None))) == ["Amina Yusuf"]


@pytest.mark.parametrize("query", ["to_1=999", "to_1=&teacher_1=x", "to_1=leaves&to_2=leaves&to_3=leaves&to_4=leaves&to_5=leaves&to_6=leaves", "to_x=1"])
def test_no_address_breaks_the_plan(console: Console, query: str) -> None:
    assert "The plan for the new school year" in console.as_(OFFICE).get(f"/console/school/new-year/plan?{query}")
