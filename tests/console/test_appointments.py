"""Appointments, in the browser: a week, booking on the telephone, moving, calling off, free times, evenings, invitations."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.appointments import Appointment, Availability, AvailabilityException, Invitation, ParentsEvening
from data.audit import AuditEntry
from data.people import Adult
from school import School, access, appointments, demo, diary, families
from school.appointments import Terms
from school.diary import Slot
from tests.console.staff import Browser, Console, tokens
from tests.world import World

AT = "/console/appointments"


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


@pytest.fixture
def okafor(console: Console) -> Browser:
    return console.as_("Ms Okafor")


class Known:
    """Ids and times of the standing world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def school(self, session: Session) -> School:
        return School(session, self.world.moment, self.world.house.school_settings)

    def staff(self, name: str) -> int:
        with self.world.house.store.read() as session:
            return demo.member(self.school(session), name).id

    def family(self, name: str) -> tuple[int, int]:
        with self.world.house.store.read() as session:
            school = self.school(session)
            adult = demo.adult(school, name)
            return adult.id, families.children(school, adult, "book")[0].id

    def free(self, name: str, kind: str = "teacher") -> list[Slot]:
        """The times that could be booked for this adult and their first child."""
        with self.world.house.store.read() as session:
            school = self.school(session)
            adult = demo.adult(school, name)
            child = families.children(school, adult, "book")[0]
            staff = appointments.teacher_for(school, child, kind)
            assert staff is not None
            return list(diary.offered(school, diary.Choice(kind, staff), child, adult))

    def books(self, name: str, place: int = 0, kind: str = "teacher") -> int:
        """The adult books by themselves."""
        slot = self.free(name, kind)[place]
        with self.world.house.store.write() as session:
            school = self.school(session)
            adult = demo.adult(school, name)
            return appointments.book(school, slot, families.children(school, adult, "book")[0], adult, Terms()).id

    def row(self, appointment_id: int) -> Appointment:
        with self.world.house.store.read() as session:
            return session.get_one(Appointment, appointment_id)

    def audit(self, action: str) -> list[AuditEntry]:
        with self.world.house.store.read() as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


@pytest.fixture
def known(world: World) -> Known:
    return Known(world)


def when(slot: Slot) -> str:
    return f"{slot.clock:%a} {slot.clock.day} {slot.clock:%B}, {slot.clock:%H:%M}"


# A week


def test_a_teacher_sees_their_own_week_first(okafor: Browser, known: Known) -> None:
    made = known.books("Tom")
    shown = okafor.get(AT)
    assert "<h1>Ms Okafor" in shown
    assert "Tom Reed" in shown
    assert f"{AT}/{made}" in shown
    assert "Whose week" not in shown


def test_the_office_sees_everyones_week(office: Browser, known: Known) -> None:
    known.books("Tom")
    shown = office.get(f"{AT}?staff={known.staff('Ms Okafor')}")
    assert "Whose week" in shown
    assert "Tom Reed" in shown
    assert "Tom Reed" not in office.get(f"{AT}?staff={known.staff('Mr Whitfield')}")
    assert "Tom Reed" not in office.get(f"{AT}?staff={known.staff('Ms Okafor')}&week=2026-03-09")


@pytest.mark.parametrize("name, status", [("Mr Whitfield", 404), ("Miss Turner", 404), ("Mr Penrose", 404), ("Ms Duarte", 200), ("Mrs Hartley", 200)])
def test_another_teachers_week_is_for_whoever_sees_all(console: Console, known: Known, name: str, status: int) -> None:
    made = known.books("Tom")
    browser = console.as_(name)
    for path in (f"{AT}?staff={known.staff('Ms Okafor')}", f"{AT}/{made}", f"{AT}/{made}/move", f"{AT}/{made}/cancel"):
        assert browser.client.get(path).status_code == status, path


def test_a_free_time_leads_to_booking_it(office: Browser, known: Known) -> None:
    shown = office.get(f"{AT}?staff={known.staff('Ms Okafor')}")
    slot = known.free("Tom")[0]
    assert f"{AT}/book?slot={quote(slot.identity)}" in shown
    found = office.get(f"{AT}/book?slot={quote(slot.identity, safe='')}&q=reed")
    adult, child = known.family("Tom")
    assert f"{AT}/book/{adult}/{child}?slot=" in found
    assert "is seen by someone else" in office.get(f"{AT}/book?slot={quote(slot.identity, safe='')}&q=priya")
    form = office.get(f"{AT}/book/{adult}/{child}?slot={quote(slot.identity, safe='')}")
    assert f'value="{slot.identity}" checked' in form


@pytest.mark.parametrize("query", ["?week=2026-13-45", "?week=9999-01-01", "?week=0001-01-01", "?staff=abc", "?week=<script>", "?staff=99999999999999"])
def test_a_strange_address_shows_the_usual_week(office: Browser, query: str) -> None:
    assert "<script>" not in office.get(AT + query)


# Booking on the telephone


def test_the_office_books_for_a_family(world: World, office: Browser, known: Known) -> None:
    adult, child = known.family("Tom")
    assert "Tom Reed" in office.get(f"{AT}/book?q=leo")
    slot = known.free("Tom")[0]
    form = f"{AT}/book/{adult}/{child}"
    fields = {"slot": slot.identity, "way": "phone", "interpreter": "so", "access": "step-free way", "note": "about reading"}
    shown = office.post(form, fields, of=form)
    assert f"Booked: {when(slot)}." in shown
    for words in ("by phone", "interpreter: Somali", "step-free way", "about reading"):
        assert words in shown
    world.settle()
    assert f"Booked: {when(slot)} with Ms Okafor, by phone." in world.texts("Tom")[-1]
    [entry] = known.audit("booked appointment")
    assert (entry.who, entry.detail["adult"], entry.detail["child"]) == ("Mrs Doyle", adult, child)


def test_a_teacher_books_about_a_child_of_their_own_class_alone(okafor: Browser, known: Known) -> None:
    slot = known.free("Tom")[0]
    form = "{}/book/{}/{}".format(AT, *known.family("Tom"))
    assert "Home visit" not in okafor.get(form), "that is in another's diary"
    okafor.post(form, {"slot": slot.identity, "way": "in_person", "interpreter": ""}, of=form)
    assert okafor.client.get("{}/book/{}/{}".format(AT, *known.family("Priya"))).status_code == 404
    assert "Nobody fits that" in okafor.get(f"{AT}/book?q=priya")


def test_a_slot_of_another_kind_or_person_cannot_be_forged(okafor: Browser, office: Browser, known: Known) -> None:
    form = "{}/book/{}/{}".format(AT, *known.family("Tom"))
    slot = known.free("Tom")[0]
    forged = (
        Slot(slot.starts_at, 20, (known.staff("Mr Whitfield"),)).identity,
        Slot(slot.starts_at, 45, slot.staff_ids, "ehcp").identity,
        "nonsense",
        "teacher/20260303T1510/20/1+2+3+4",
        "x" * 300,
    )
    for identity in forged:
        for browser in (okafor, office):
            browser.post(form, {"slot": identity, "way": "in_person", "interpreter": ""}, 404, of=form)
    office.post(form, {"slot": Slot(slot.starts_at, 600, slot.staff_ids).identity, "interpreter": ""}, 422, of=form)
    office.post(form, {"slot": slot.identity, "interpreter": "<script>"}, 404, of=form)


def test_taken_meanwhile_the_nearest_are_shown_and_nothing_typed_is_lost(office: Browser, known: Known) -> None:
    slot, *later = known.free("Tom")
    form = "{}/book/{}/{}".format(AT, *known.family("Tom"))
    office.get(form)
    known.books("Amina")
    fields = {"slot": slot.identity, "way": "video", "interpreter": "ur", "access": "<script>alert(1)</script>", "note": "two\nlines"}
    shown = office.post(form, fields, 422)
    assert f"{when(slot)} has just been given to someone else" in shown
    assert "<h3>Nearest</h3>" in shown
    assert when(later[0]) in shown
    assert '<option value="video" selected>' in shown
    assert '<option value="ur" selected>' in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown
    assert "two\nlines" in shown
    assert known.audit("booked appointment") == []


def test_sent_twice_it_is_booked_once(world: World, office: Browser, known: Known) -> None:
    form = "{}/book/{}/{}".format(AT, *known.family("Tom"))
    drawn = office.get(form)
    fields = {**tokens(drawn), "slot": known.free("Tom")[0].identity, "way": "in_person", "interpreter": ""}
    answers = [office.client.post(form, data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    world.settle()
    assert len([text for text in world.texts("Tom") if "Booked" in text]) == 1


def test_without_a_time_nothing_is_booked(office: Browser, known: Known) -> None:
    form = "{}/book/{}/{}".format(AT, *known.family("Tom"))
    assert "Choose a time." in office.post(form, {"way": "in_person", "interpreter": ""}, 422, of=form)


def test_whoever_may_not_book_is_not_booked_for(world: World, office: Browser, known: Known) -> None:
    adult, child = known.family("Tom")
    slot = known.free("Tom")[0]
    with world.house.store.write() as session:
        for tie in session.get_one(Adult, adult).guardianships:
            tie.may_book = False
    form = f"{AT}/book/{adult}/{child}"
    assert "may not book" in office.get(f"{AT}/book?q=reed")
    assert "may not book times about" in office.get(form)
    office.post(form, {"slot": slot.identity, "way": "in_person", "interpreter": ""}, 404, of=form)


def test_an_invited_review_is_booked_by_telephone_too(world: World, office: Browser, known: Known) -> None:
    form = "{}/book/{}/{}".format(AT, *known.family("Priya"))
    shown = office.get(f"{form}?kind=ehcp")
    slot = re.search(r'value="(ehcp/[^"]+)"', shown)
    assert slot
    shown = office.post(form, {"kind": "ehcp", "slot": slot[1], "way": "in_person", "interpreter": ""}, of=f"{form}?kind=ehcp")
    assert "EHCP review" in shown
    assert "Miss Gallagher, " in shown, "and a senior leader"


def test_a_hostile_name_is_shown_as_text(world: World, office: Browser, known: Known) -> None:
    made = known.books("Tom")
    with world.house.store.write() as session:
        row = session.get_one(Appointment, made)
        row.adult.name, row.note = "<script>alert(1)</script> Reed", "<img src=x>"
    for path in (f"{AT}?staff={known.staff('Ms Okafor')}", f"{AT}/{made}", f"{AT}/{made}/move", f"{AT}/{made}/cancel", f"{AT}/book?q=reed"):
        shown = office.get(path)
        assert "&lt;script&gt;" in shown, path
        assert "<script>alert" not in shown
        assert "<img src=x>" not in shown


# Moving and calling off


def test_moved_by_the_school_the_family_is_told(world: World, okafor: Browser, known: Known) -> None:
    made = known.books("Tom")
    slot = known.free("Tom")[3]
    form = f"{AT}/{made}/move"
    assert "Say whose wish it is" in okafor.post(form, {"slot": slot.identity}, 422, of=form)
    shown = okafor.post(form, {"slot": slot.identity, "asked": "school", "reason": "I am on a course"}, of=form)
    assert f"Moved to {when(slot)}." in shown
    world.settle()
    assert f"to {when(slot)}." in world.texts("Tom")[-1]
    assert "Sorry, the school had to move" in world.texts("Tom")[-1]
    [entry] = known.audit("moved appointment")
    assert (entry.who, entry.detail["asked"], entry.detail["reason"]) == ("Ms Okafor", "school", "I am on a course")
    assert known.row(made).starts_at == slot.starts_at


def test_called_off_for_the_family_it_is_told_plainly(world: World, office: Browser, known: Known) -> None:
    made = known.books("Tom")
    form = f"{AT}/{made}/cancel"
    office.post(form, {}, 422, of=form)
    shown = office.post(form, {"asked": "family"}, of=form)
    assert "Called off." in shown
    world.settle()
    assert "Called off:" in world.texts("Tom")[-1]
    assert "over or called off" in office.get(form)
    assert "was called off before" in office.post(form, {"asked": "family"}, 422)
    assert "over or called off" in office.get(f"{AT}/{made}/move")
    assert len(known.audit("called off appointment")) == 1


def test_in_quiet_hours_the_page_says_when_the_family_is_told(world: World, office: Browser, known: Known) -> None:
    made = known.books("Tom", 4)
    world.at("2026-03-02 20:00")
    browser = Console(world).as_("Mrs Doyle")
    assert "is told at Tue 3 March, 07:00" in browser.post(f"{AT}/{made}/cancel", {"asked": "school"}, of=f"{AT}/{made}/cancel")


def test_a_taken_time_leaves_it_where_it_was(office: Browser, known: Known) -> None:
    made = known.books("Tom")
    slot = known.free("Tom")[0]
    office.get(f"{AT}/{made}/move")
    known.books("Amina")
    shown = office.post(f"{AT}/{made}/move", {"slot": slot.identity, "asked": "school", "reason": "a course"}, 422)
    assert "has just been given to someone else" in shown
    assert "a course" in shown
    assert known.row(made).starts_at != slot.starts_at


# When staff are free


def days_of(known: Known, name: str) -> list[AvailabilityException]:
    with known.world.house.store.read() as session:
        rows = select(AvailabilityException).where(AvailabilityException.staff_id == known.staff(name)).order_by(AvailabilityException.on)
        return list(session.scalars(rows))


def test_a_teacher_adds_changes_and_removes_times(okafor: Browser, known: Known) -> None:
    me, here = known.staff("Ms Okafor"), f"{AT}/availability"
    fields = {"weekday": ["4"], "from": "08:20", "to": "08:45", "minutes": "20", "kind": "teacher"}
    assert "Fri" in okafor.post(f"{here}/{me}/windows", fields, of=here)
    assert "There are such times already on Fri" in okafor.post(f"{here}/{me}/windows", fields, 422)
    with known.world.house.store.read() as session:
        row = session.scalars(select(Availability).where(Availability.staff_id == me, Availability.weekday == 4)).one()
    form = f"{here}/windows/{row.id}"
    assert "The end must be later" in okafor.post(form, {"from": "08:20", "to": "08:25", "minutes": "20"}, 422, of=form)
    assert "in steps of 5" in okafor.post(form, {"from": "08:20", "to": "08:45", "minutes": "12"}, 422, of=form)
    assert "08:00–08:45" in okafor.post(form, {"from": "08:00", "to": "08:45", "minutes": "20"}, of=form)
    assert "08:00–08:45" not in okafor.post(f"{form}/remove", of=form)
    assert [len(known.audit(action)) for action in ("added times", "changed times", "removed times")] == [1, 1, 1]


@pytest.mark.parametrize("name, status", [("Mr Whitfield", 404), ("Miss Turner", 404), ("Mr Penrose", 404), ("Ms Duarte", 404), ("Mrs Hartley", 303)])
def test_who_may_not_say_when_another_is_free(console: Console, known: Known, name: str, status: int) -> None:
    browser, me = console.as_(name), known.staff("Ms Okafor")
    browser.get("/console/account")
    fields = {"what": "away", "first": "2026-03-09"}
    browser.post(f"{AT}/availability/{me}/days", fields, status)
    assert len(days_of(known, "Ms Okafor")) == (status == 303)
    with known.world.house.store.read() as session:
        row = session.scalars(select(Availability).where(Availability.staff_id == me)).first()
        assert row
    assert browser.client.get(f"{AT}/availability/windows/{row.id}").status_code == (200 if status == 303 else 404)


def test_the_advisor_sees_when_others_are_free_and_changes_her_own(console: Console, known: Known) -> None:
    browser = console.as_("Ms Duarte")
    assert "When Ms Duarte is free" in browser.get(f"{AT}/availability")
    assert "Add times of the week" not in browser.get(f"{AT}/availability?staff={known.staff('Ms Okafor')}")


def test_away_on_many_days_at_once(okafor: Browser, known: Known) -> None:
    me, here = known.staff("Ms Okafor"), f"{AT}/availability"
    fields = {
        "what": "away",
        "first": "2026-03-05",
        "last": "2026-03-10",
        "day": ["2026-03-17"],
        "pasted": "Thu 19 March\n24/3/2026, 26 March 2026",
        "anyway": "1",
    }
    shown = okafor.post(f"{here}/{me}/days", fields, of=here)
    assert "8 days set" in shown
    assert [f"{row.on:%d}" for row in days_of(known, "Ms Okafor")] == ["05", "06", "09", "10", "17", "19", "24", "26"]
    rows = [str(row.id) for row in days_of(known, "Ms Okafor")]
    assert "7 days are as ever" in okafor.post(f"{here}/{me}/days/remove", {"row": rows[1:]}, of=here)
    assert len(days_of(known, "Ms Okafor")) == 1
    assert "Tick the days first" in okafor.post(f"{here}/{me}/days/remove", {}, of=here)


def test_what_is_booked_then_is_shown_first_and_stays(world: World, okafor: Browser, known: Known) -> None:
    made = known.books("Tom", 2)
    me, here = known.staff("Ms Okafor"), f"{AT}/availability"
    on = known.row(made).starts_at.date().isoformat()
    fields = {"what": "away", "first": on, "since": "", "until": ""}
    shown = okafor.post(f"{here}/{me}/days", fields, 422, of=here)
    assert "falls into that time. Nothing is saved yet." in shown
    assert "Tom Reed about Leo" in shown
    assert days_of(known, "Ms Okafor") == []
    shown = okafor.post(f"{here}/{me}/days", {**fields, "anyway": "1"})
    assert "1 booked meeting cannot be" in shown
    assert f"{AT}/{made}/move" in shown
    assert f"{AT}/{made}/cancel" in shown
    assert known.row(made).state == "booked"
    world.settle()
    assert not [text for text in world.texts("Tom") if "Sorry" in text], "nothing goes by itself"
    assert "is away then" in okafor.get(f"{AT}/clashes")
    assert "cannot be as it stands" in okafor.get(f"{AT}?week={on}")
    assert "is away then" in okafor.get(f"{AT}/{made}")
    slot = known.free("Tom")[0]
    okafor.post(f"{AT}/{made}/move", {"slot": slot.identity, "asked": "school"}, of=f"{AT}/{made}/move")
    assert "Everything that is booked can be as it is" in okafor.get(f"{AT}/clashes")


@pytest.mark.parametrize(
    "fields, fault",
    [
        ({"first": "2026-03-09"}, "Say whether they are away or there"),
        ({"what": "away"}, "Say which days"),
        ({"what": "away", "first": "2026-02-02"}, "Those days are over"),
        ({"what": "away", "first": "2026-03-09", "last": "2026-03-05"}, "The last day is before the first"),
        ({"what": "away", "pasted": "4 March, sometime <b>soon</b>"}, "These are no days: sometime &lt;b&gt;soon"),
        ({"what": "away", "first": "2026-03-09", "since": "12:00"}, "Write a time such as 12:00"),
        ({"what": "away", "first": "2026-03-09", "since": "12:00", "until": "11:00"}, "The end must be later"),
        ({"what": "there", "first": "2026-03-09", "length": "20", "extra_kind": "teacher"}, "Write a time such as 09:00"),
        ({"what": "there", "first": "2026-03-09", "since": "09:00", "until": "10:00", "length": "7", "extra_kind": "teacher"}, "in steps of 5"),
        ({"what": "away", "first": "9999-03-09"}, "Write each day in full"),
    ],
)
def test_days_that_cannot_be_are_refused_with_what_was_typed(okafor: Browser, known: Known, fields: dict[str, str], fault: str) -> None:
    shown = okafor.post(f"{AT}/availability/{known.staff('Ms Okafor')}/days", fields, 422, of=f"{AT}/availability")
    assert fault in shown
    assert days_of(known, "Ms Okafor") == []


def test_there_in_addition_can_be_booked_at_once(okafor: Browser, known: Known) -> None:
    fields = {"what": "there", "first": "2026-03-06", "since": "08:20", "until": "08:40", "length": "20", "extra_kind": "teacher"}
    okafor.post(f"{AT}/availability/{known.staff('Ms Okafor')}/days", fields, of=f"{AT}/availability")
    assert "Fri 6 March, 08:20" in [when(slot) for slot in known.free("Tom")]


# Parents' evenings


def the_evening(known: Known) -> ParentsEvening:
    with known.world.house.store.read() as session:
        return session.scalars(select(ParentsEvening)).one()


def test_the_running_order_has_a_page_for_each_teacher(office: Browser, okafor: Browser, known: Known) -> None:
    row = the_evening(known)
    shown = office.get(f"{AT}/evenings/{row.id}")
    assert len(re.findall("<section", shown)) == 6
    assert len(re.findall('class="new-page"', shown)) == 5
    mine = okafor.get(f"{AT}/evenings/{row.id}")
    assert re.findall(r"<h2[^>]*>([^<,]+)", mine) == ["Ms Okafor"]
    assert "Kamal" in shown
    assert "Kamal" not in mine


def test_an_evening_is_set_up_changed_and_taken_off(world: World, office: Browser, known: Known) -> None:
    new = f"{AT}/evenings/new"
    fields = {"on": "2026-06-16", "from": "15:30", "to": "18:00", "minutes": "10", "break_from": "16:30", "break_to": "17:00"}
    assert "must lie inside" in office.post(new, {**fields, "break_to": "19:00"}, 422, of=new)
    assert "Tue 16 June" in office.post(new, fields, of=new)
    assert "on that day already" in office.post(new, fields, 422, of=new)
    assert [entry.who for entry in known.audit("set up parents' evening")] == ["Mrs Doyle"]


def test_a_change_that_falls_upon_bookings_is_asked_about(office: Browser, known: Known) -> None:
    row = the_evening(known)
    edit = f"{AT}/evenings/{row.id}/edit"
    fields = {"on": row.on.isoformat(), "from": "16:30", "to": "19:00", "minutes": "10"}
    shown = office.post(edit, fields, 422, of=edit)
    assert "would not fit any more. Nothing is saved yet" in shown
    assert "Kamal" in shown
    assert the_evening(known).starts == row.starts
    assert "cannot be" in office.post(edit, {**fields, "anyway": "1"})
    assert "is not free for such a meeting then" in office.get(f"{AT}/clashes")


def test_taken_off_what_is_booked_is_to_be_called_off(office: Browser, known: Known) -> None:
    row = the_evening(known)
    remove = f"{AT}/evenings/{row.id}/remove"
    assert "3 families have booked" in office.get(remove)
    assert "Look again" in office.post(remove, {"count": "1"}, 422)
    shown = office.post(remove, {"count": "3"})
    assert "Call off what was booked" in shown
    assert shown.count("Call off<span") == 3


@pytest.mark.parametrize("name", ["Ms Okafor", "Ms Duarte"])
def test_who_does_not_set_up_the_school_sets_up_no_evening(console: Console, known: Known, name: str) -> None:
    browser, row = console.as_(name), the_evening(known)
    assert browser.client.get(f"{AT}/evenings/new").status_code == 404
    browser.get("/console/account")
    browser.post(f"{AT}/evenings/{row.id}/remove", {"count": "3"}, 404)
    assert "Set up an evening" not in browser.get(f"{AT}/evenings")
    assert "Take it off" not in browser.get(f"{AT}/evenings/{row.id}")
    assert console.as_("Mr Penrose").client.get(f"{AT}/evenings/{row.id}").status_code == 404


# Invitations


def invitations_of(known: Known, name: str) -> list[Invitation]:
    """The newest first."""
    with known.world.house.store.read() as session:
        return list(session.scalars(select(Invitation).where(Invitation.child_id == known.family(name)[1]).order_by(Invitation.id.desc())))


def test_families_are_invited_reminded_once_and_the_invitation_withdrawn(world: World, office: Browser, known: Known) -> None:
    child = known.family("Tom")[1]
    new = f"{AT}/invitations/new?kind=ehcp"
    fields = {"kind": "ehcp", "child": [str(child)], "first": "2026-03-04", "last": "2026-03-25"}
    assert "1 family is asked" in office.post(f"{AT}/invitations/new", fields, of=new)
    assert "0 families are asked as soon as the days can be booked. 1 was asked already." in office.post(f"{AT}/invitations/new", fields, of=new)
    world.house.ticker.tick()
    world.settle()
    assert "the yearly review (EHCP)" in world.texts("Tom")[-1]
    row = invitations_of(known, "Tom")[0]
    world.at("2026-03-03 10:00")
    browser = Console(world).as_("Mrs Doyle")
    assert "Remind the family of Leo" in browser.get(f"{AT}/invitations")
    assert "asked once more" in browser.post(f"{AT}/invitations/{row.id}/remind")
    assert "They are reminded once" in browser.post(f"{AT}/invitations/{row.id}/remind")
    world.settle()
    assert len([text for text in world.texts("Tom") if "EHCP" in text]) == 2
    assert "withdrawn" in browser.post(f"{AT}/invitations/{row.id}/withdraw").lower()
    assert "It is not open any more" in browser.post(f"{AT}/invitations/{row.id}/withdraw")
    assert [len(known.audit(action)) for action in ("invited", "reminded", "withdrew")] == [1, 1, 1]


def test_a_teacher_invites_and_sees_their_own_class_alone(okafor: Browser, known: Known) -> None:
    shown = okafor.get(f"{AT}/invitations/new")
    assert "Leo" in shown
    assert "Anand" not in shown
    assert "Anand" not in okafor.get(f"{AT}/invitations")
    fields = {"kind": "ehcp", "child": [str(known.family("Priya")[1])], "first": "2026-03-04", "last": "2026-03-25"}
    okafor.post(f"{AT}/invitations/new", fields, 404)
    theirs = invitations_of(known, "Priya")[0]
    okafor.get("/console/account")
    for what in ("remind", "withdraw"):
        okafor.post(f"{AT}/invitations/{theirs.id}/{what}", {}, 404, of="/console/account")


@pytest.mark.parametrize(
    "fields, fault",
    [
        ({"first": "2026-03-04", "last": "2026-03-25"}, "Tick at least one child"),
        ({"child": "leo", "first": "", "last": "2026-03-25"}, "Write the day in full"),
        ({"child": "leo", "first": "2026-03-24", "last": "2026-03-04"}, "The last day must be after today"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused(office: Browser, known: Known, fields: dict[str, str], fault: str) -> None:
    child = known.family("Tom")[1]
    typed = {**fields, "kind": "planning"} | ({"child": str(child)} if "child" in fields else {})
    shown = office.post(f"{AT}/invitations/new", typed, 422, of=f"{AT}/invitations/new")
    assert fault in shown
    assert '<option value="planning" selected>' in shown
    assert not invitations_of(known, "Tom")


def test_it_shows_who_has_booked_what_was_asked_for(office: Browser, known: Known) -> None:
    with known.world.house.store.write() as session:
        school = known.school(session)
        child = demo.child(school, "Anand")
        who = access.viewer(school, demo.member(school, "Mrs Doyle"))
        choice = next(each for each in diary.kinds_for(school, who, child) if each.kind == "ehcp")
        adult = demo.adult(school, "Priya")
        made = diary.book(school, diary.offered(school, choice, child, adult)[0], child, adult, Terms())
        at = made.id
    shown = office.get(f"{AT}/invitations")
    assert f"{AT}/{at}" in shown.split("Booked", 1)[1]
