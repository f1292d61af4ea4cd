"""Events in the browser: made, looked over, opened, changed and called off; answers told on the telephone; who was there."""

from __future__ import annotations

import asyncio
import io
import re
import threading
from collections.abc import Mapping
from datetime import date, time
from typing import Any

import pytest
from PIL import Image

from console.desk import Back
from data.events import Answer, Rsvp
from school import School, demo, event_clock, events, rsvps
from school.events import Event, Guests, Plan
from tests.console.staff import Browser, Console, hidden
from tests.world import World

AT = "/console/events"
COFFEE: Mapping[str, Any] = {
    "title": "Dads' breakfast",
    "words": "Bring a friend.",
    "on": "2026-03-20",
    "starts": "09:15",
    "ends": "10:15",
    "place": "Hall",
    "asks": "yes",
    "most": "2",
    "everyone": "yes",
    "invite_on": "2026-03-02",
    "reminder": ["day"],
}


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


class Rules:
    """The rules of the school, each in a transaction of its own."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, work: Any) -> Any:
        with self._world.house.store.write() as session:
            return work(School(session, self._world.moment, self._world.house.school_settings))

    def event(self, *, is_open: bool = True, **other: Any) -> int:
        """A breakfast for everyone, unless it is said to be otherwise."""

        def make(school: School) -> int:
            plan = {"title": "Breakfast", "on": date(2026, 3, 20), "starts": time(9, 15), "ends": time(10, 15), "place": "Hall", "invite_on": date(2026, 3, 2)}
            guests = other.pop("guests", None)
            [made] = events.make(school, Plan(**{**plan, **other}, guests=guests(school) if guests else Guests(everyone=True)), None)
            if is_open:
                events.open_up(school, made)
            return made.id

        return int(self(make))

    def answers(self, event_id: int, name: str, answer: str = "yes", people: int = 1) -> None:
        """Someone of the cast answers."""

        def say(school: School) -> None:
            event, adult = found(school, event_id), demo.adult(school, name)
            if answer in ("yes", "waiting"):
                (rsvps.accept if answer == "yes" else rsvps.wait)(school, event, adult, people)
            else:
                (rsvps.decline if answer == "no" else rsvps.perhaps)(school, event, adult)

        self(say)

    def said(self, event_id: int, name: str) -> tuple[str, int, int | None] | None:
        """What someone of the cast has answered, for how many, and how many came."""

        def look(school: School) -> tuple[str, int, int | None] | None:
            row = school.session.get(Rsvp, (event_id, demo.adult(school, name).id))
            return (row.answer, row.people, row.came) if row is not None else None

        answer: tuple[str, int, int | None] | None = self(look)
        return answer

    def adult(self, name: str) -> int:
        return int(self(lambda school: demo.adult(school, name).id))

    def classes(self, *names: str) -> list[str]:
        """The ids of the classes of these children."""
        return [str(self(lambda school, name=name: demo.child(school, name).class_id)) for name in names]


def found(school: School, event_id: int) -> Event:
    event = events.find(school, event_id)
    assert event is not None
    return event


def of_class(child: str) -> Any:
    """Guests: the class of a child of the cast."""
    return lambda school: Guests(classes=[demo.child(school, child).school_class])


@pytest.fixture
def rules(world: World) -> Rules:
    return Rules(world)


def makes(browser: Browser, status: int = 303, **other: Any) -> str:
    """Send the form of a new event."""
    return browser.post(f"{AT}/new", {**COFFEE, **named(other)}, status, of=f"{AT}/new")


def named(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their names: `class_` is 'class', which Python keeps for itself."""
    return {name.rstrip("_"): value for name, value in fields.items()}


def changes(browser: Browser, event_id: int, status: int = 303, **other: Any) -> str:
    """Send the form of an event as it was drawn, with other values."""
    html = browser.get(f"{AT}/{event_id}/edit")
    drawn = {**COFFEE, "title": "Breakfast", "words": "", "seen": hidden(html, "seen")}
    return browser.post(f"{AT}/{event_id}/edit", {**drawn, **named(other)}, status)


def made(world: World) -> int:
    """The newest event's id."""
    with world.house.store.read() as session:
        return int(max(session.scalars(Event.__table__.select().with_only_columns(Event.__table__.c.id))))


def text(html: str) -> str:
    """What a page says, without its tags."""
    body = html[html.index("<main") :] if "<main" in html else html
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


class TestTheList:
    def test_guests_are_asked_afterwards_unless_one_does_not_want_that(self, rules: Rules, office: Browser) -> None:
        form = office.get(f"{AT}/new")
        assert 'name="asks_after" value="yes" checked' in form
        for typed, is_asked in (({"asks_after": "yes"}, True), ({}, False), ({"asks_after": "yes", "asks": "no"}, False)):
            html = office.post(f"{AT}/new", {**COFFEE, **typed}, of=f"{AT}/new")
            assert ("guests are asked how it was" in html) is is_asked
            number = int(re.findall(r"events/(\d+)/edit", html)[0])
            assert rules(lambda school, number=number: found(school, number).asks_after) is is_asked
            assert ('name="asks_after" value="yes" checked' in office.get(f"{AT}/{number}/edit")) is is_asked

    def test_says_what_is_coming_for_whom_and_who_comes(self, rules: Rules, office: Browser) -> None:
        event = rules.event(title="Makaton", capacity=4, most=4, guests=of_class("Leo"))
        rules.answers(event, "Tom", people=3)
        rules.answers(event, "Amina", "waiting", 2)
        rules.event(title="Secret", is_open=False)
        html = text(office.get(AT))
        assert "Makaton Fri 20 March, 09:15–10:15 Hall For Maple · 3 of 4 come, 2 wait" in html
        assert "Secret draft Fri 20 March" in html

    def test_what_is_over_stands_behind_a_link(self, world: World, rules: Rules, console: Console) -> None:
        rules.event(title="Breakfast for all")
        world.at("2026-03-20 12:00")
        office = console.as_("Mrs Doyle")
        assert "Breakfast for all" not in office.get(AT)
        assert "Breakfast for all" in office.get(f"{AT}?over=1")

    def test_without_any_it_says_what_to_do(self, world: World, rules: Rules, office: Browser) -> None:
        rules(lambda school: [school.session.delete(each) for each in school.session.query(Event)])
        assert "Make an event: families see it once you open it" in text(office.get(AT))
        assert "Nothing is over yet." in text(office.get(f"{AT}?over=1"))


class TestMaking:
    def test_a_draft_is_made_and_no_family_sees_it(self, world: World, office: Browser) -> None:
        html = text(makes(office, capacity="20", answer_by="2026-03-18", access="No steps", interpreter=["so", "pl"], ends_on=""))
        assert "A draft is made: families see nothing yet." in html
        for told in ("Dads&#39; breakfast", "the whole school", "until Wed 18 March", "No steps", "Polish, Somali", "Places 20", "the day before"):
            assert told in html
        assert "Dads' breakfast" not in world.say("Tom", "what is on at school?")[-1].text

    def test_everything_that_is_wrong_is_told_at_once_and_nothing_typed_is_lost(self, office: Browser) -> None:
        wrong = {"title": "", "ends": "09:00", "everyone": [], "capacity": "0", "most": "0", "answer_by": "2026-03-21", "invite_on": "2026-03-21"}
        html = makes(office, 422, **wrong)
        assert re.findall(r'id="(\w+)-fault"', html) == ["title", "ends", "capacity", "most", "answer_by", "invite_on"]
        assert "Say who is invited." in html
        assert "Bring a friend." in html
        assert 'value="2026-03-21"' in html

    @pytest.mark.parametrize(
        "typed, said",
        [
            ({"on": ""}, "Say on which day."),
            ({"on": "soon"}, "Write the day as 2026-03-31."),
            ({"on": "2026-03-01"}, "It would have begun already."),
            ({"starts": ""}, "Write a time such as 09:15."),
            ({"ends": "late"}, "Write a time such as 09:15."),
            ({"on": "2026-03-29", "starts": "01:30"}, "The clock skips that time"),
            ({"ends_on": "2026-03-19"}, "It must end after it begins."),
            ({"capacity": "many"}, "Write a whole number."),
            ({"most": ""}, "At least 1: the guest."),
            ({"title": "x" * 201}, "At most 200 letters."),
            ({"place": "x" * 201}, "At most 200 letters."),
            ({"every": "weekly"}, "Say until which day."),
            ({"every": "weekly", "until": "2026-03-27", "but": "never"}, "Not understood as a day: never."),
            ({"every": "weekly", "until": "2026-03-27", "but": "2026-03-21"}, "It would not be on Sat 21 March anyhow."),
            ({"every": "weekly", "until": "2027-12-31"}, "That is too far ahead"),
            ({"every": "weekly", "until": "2026-03-01"}, "No day is left"),
        ],
    )
    def test_each_fault_is_told_in_words(self, office: Browser, typed: dict[str, str], said: str) -> None:
        html = makes(office, 422, **typed)
        assert said in html
        assert "Bring a friend." in html

    def test_a_day_that_cannot_be_read_hides_no_other_fault(self, office: Browser) -> None:
        html = makes(office, 422, on="soon", title="", most="0")
        assert re.findall(r'id="(\w+)-fault"', html) == ["title", "on", "most"]

    def test_a_form_sent_twice_makes_one(self, world: World, office: Browser) -> None:
        html = office.get(f"{AT}/new")
        typed = {**COFFEE, "csrf": hidden(html, "csrf"), "form": hidden(html, "form")}
        first, second = (office.client.post(f"{AT}/new", data=typed).headers["location"] for _ in range(2))
        assert first == second == f"{AT}/{made(world)}"

    def test_what_is_written_is_text(self, office: Browser) -> None:
        html = makes(office, title="<script>alert(1)</script>", words="<img src=x>", place="<b>Hall</b>")
        assert "<script>alert" not in html + office.get(AT)
        assert "<img src=x>" not in html
        assert "&lt;b&gt;Hall&lt;/b&gt;" in html

    def test_one_form_makes_a_series(self, world: World, rules: Rules, office: Browser) -> None:
        html = text(makes(office, every="fortnightly", until="2026-05-01", but="3 April\n17/4/2026"))
        assert "2 drafts are made: this is the first." in html
        assert "One of 2 Fri 20 March draft Fri 1 May draft" in html
        assert "also the draft that follows in its series" in html
        assert "and on 1 more day" in text(office.get(AT))
        office.post(f"{AT}/{made(world) - 1}/open", {"others": "yes"})
        assert rules(lambda school: [each.state for each in events.series_of(school, found(school, made(world)))]) == ["open", "open"]

    def test_a_single_adult_is_found_by_name_and_ticked(self, rules: Rules, world: World, office: Browser) -> None:
        tom = rules.adult("Tom")
        html = office.post(f"{AT}/new", {**COFFEE, "everyone": [], "q": "reed", "find": "1"}, 200, of=f"{AT}/new")
        assert re.search(rf'name="adult" value="{tom}"> Tom Reed', html)
        assert "Bring a friend." in html
        html = office.post(f"{AT}/new", {**COFFEE, "everyone": [], "adult": [str(tom)], "q": "nobody at all", "find": "1"}, 200, of=f"{AT}/new")
        assert re.search(rf'name="adult" value="{tom}" checked> Tom Reed', html)
        assert "Nobody else of that name." in html
        assert "Invited Tom Reed (1 adult)" in text(makes(office, everyone=[], adult=[str(tom)]))


class TestLookingItOver:
    def test_the_invitation_reads_as_a_family_reads_it(self, world: World, rules: Rules, office: Browser) -> None:
        world.speak("Amina", "so")
        event = rules.event(is_open=False, title="Breakfast")
        office.get(f"{AT}/{event}")
        html = text(office.post(f"{AT}/{event}/preview", {"event": event, "language": "en"}, 200))
        assert "You are invited: Breakfast." in html
        assert "1 We will come 2 We cannot come" in html
        somali = text(office.post(f"{AT}/{event}/preview", {"event": event, "language": "so"}, 200))
        assert "Breakfast" in somali
        assert "Jimco, Maarso 20" in somali
        assert rules(lambda school: (found(school, event).state, demo.adult(school, "Tom").language)) == ("draft", "en")
        assert world.texts("Amina") == []

    def test_what_it_says_stands_beside_it_in_english(self, console: Console, rules: Rules, monkeypatch: pytest.MonkeyPatch, office: Browser) -> None:
        console.world.speak("Amina", "so")
        event = rules.event(is_open=False, title="Breakfast", words="Bring cake.")
        told = {"Breakfast": Back("Quraac", "Morning meal", is_fine=True), "Bring cake.": Back("Keen keeg.", "Bring a cake.", is_fine=False)}
        monkeypatch.setattr(console.hooks, "loop", object())
        monkeypatch.setattr(console.hooks, "_all_read_back", lambda written, language: {key: told[words] for key, words in written.items()})
        office.get(f"{AT}/{event}")
        html = text(office.post(f"{AT}/{event}/preview", {"event": event, "language": "so"}, 200))
        assert "Quraac" in html
        assert "Keen keeg." in html
        assert "look at this one Translated back, it says: You are invited: Morning meal." in html
        assert "Bring a cake." in html

    def test_where_nobody_can_translate_it_says_so(self, console: Console, rules: Rules, office: Browser) -> None:
        console.world.speak("Amina", "so")
        event, loop = rules.event(is_open=False, words="Bring cake."), asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        console.hooks.loop = loop
        office.get(f"{AT}/{event}")
        html = text(office.post(f"{AT}/{event}/preview", {"event": event, "language": "so"}, 200))
        console.hooks.loop = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        assert "Bring cake." in html
        assert "could not be translated back just now" in html

    def test_nobody_previews_what_they_may_not_see(self, rules: Rules, console: Console) -> None:
        own, foreign = rules.event(is_open=False, guests=of_class("Leo")), rules.event(is_open=False, title="Secret", guests=of_class("Nour"))
        okafor = console.as_("Ms Okafor")
        okafor.get(f"{AT}/{own}")
        okafor.post(f"{AT}/{own}/preview", {"event": foreign, "language": "en"}, 404)

    def test_opened_it_says_who_is_told_when_and_they_are(self, world: World, rules: Rules, office: Browser) -> None:
        event = rules.event(is_open=False, guests=lambda school: Guests(adults=[demo.adult(school, "Tom")]), invite_on=date(2026, 3, 9))
        assert "1 adult is told on Mon 9 March" in text(office.get(f"{AT}/{event}"))
        assert "It is open." in office.post(f"{AT}/{event}/open")
        assert "It is open already" in office.post(f"{AT}/{event}/open")
        rules(event_clock.due)
        world.settle()
        assert world.texts("Tom") == []
        world.at("2026-03-09 09:00")
        rules(event_clock.due)
        world.settle()
        assert "You are invited: Breakfast." in world.texts("Tom")[-1]

    def test_a_draft_whose_day_is_over_is_not_opened(self, world: World, rules: Rules, console: Console) -> None:
        event = rules.event(is_open=False)
        world.at("2026-03-20 09:20")
        office = console.as_("Mrs Doyle")
        office.get(f"{AT}/{event}")
        assert "It has begun already." in office.post(f"{AT}/{event}/open", status=422)

    def test_a_draft_is_removed(self, rules: Rules, office: Browser) -> None:
        event = rules.event(is_open=False)
        assert "Families have seen nothing of it." in office.get(f"{AT}/{event}/cancel")
        assert "The draft is gone." in office.post(f"{AT}/{event}/cancel")
        office.get(f"{AT}/{event}", 404)

    def test_a_picture_is_kept_shown_and_taken_away(self, rules: Rules, office: Browser, console: Console) -> None:
        event = rules.event(is_open=False, guests=of_class("Leo"))
        office.get(f"{AT}/{event}")
        drawn = io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(drawn, "PNG")
        html = office.post(f"{AT}/{event}/picture", files={"picture": ("a.png", drawn.getvalue(), "image/png")})
        assert "The picture is kept." in html
        shown = console.as_("Ms Okafor").client.get(f"{AT}/{event}/picture")
        assert shown.headers["content-type"] == "image/png"
        console.as_("Mr Whitfield").get(f"{AT}/{event}/picture", 404)
        office.get(f"{AT}/{event}")
        assert "Choose a picture" in office.post(f"{AT}/{event}/picture", status=422, files={"picture": ("a.txt", b"hello", "text/plain")})
        office.get(f"{AT}/{event}")
        assert "The picture is gone." in office.post(f"{AT}/{event}/picture/remove")
        office.get(f"{AT}/{event}/picture", 404)


class TestChanging:
    def test_a_draft_is_changed_without_more(self, rules: Rules, office: Browser) -> None:
        assert "Saved." in changes(office, rules.event(is_open=False), starts="09:00")

    def test_who_is_told_of_what_is_shown_before(self, world: World, rules: Rules, office: Browser) -> None:
        event = rules.event(invite_on=None)
        rules.answers(event, "Tom")
        rules.answers(event, "Amina", "no")
        html = changes(office, event, 422, starts="09:00", place="Library", invite_on="")
        assert "Time and place changed: 1 person is told." in html
        assert "Nothing is saved yet." in html
        assert rules(lambda school: found(school, event).place) == "Hall"
        html = changes(office, event, starts="09:00", place="Library", invite_on="", sure="1")
        assert "Saved. Time and place changed: 1 person is told." in html
        world.settle()
        assert "Breakfast is at another time" in world.texts("Tom")[-1]

    def test_who_is_newly_invited_is_told_of_too(self, rules: Rules, office: Browser) -> None:
        event = rules.event(guests=lambda school: Guests(adults=[demo.adult(school, "Tom")]), invite_on=None)
        tom, amina = (str(rules.adult(name)) for name in ("Tom", "Amina"))
        rules.answers(event, "Tom")
        html = changes(office, event, 422, everyone=[], adult=[amina], invite_on="2026-03-02")
        assert "1 person is invited now who were not told before." in html
        assert "1 person is not invited any more though they answered: they are not told. Ring them." in html
        assert "Nothing is saved yet" not in changes(office, event, everyone=[], adult=[tom], invite_on="", words="Bring cake.")

    def test_fewer_places_than_are_taken_are_refused_at_the_field(self, rules: Rules, office: Browser) -> None:
        event = rules.event(capacity=5)
        rules.answers(event, "Tom", people=2)
        assert "2 places are taken already." in changes(office, event, 422, capacity="1")

    def test_of_two_who_change_at_once_the_second_is_told(self, rules: Rules, office: Browser, console: Console) -> None:
        event = rules.event(is_open=False)
        typed = {**COFFEE, "seen": hidden(office.get(f"{AT}/{event}/edit"), "seen")}
        changes(console.as_("Ms Duarte"), event, place="Library")
        html = office.post(f"{AT}/{event}/edit", {**typed, "place": "Gym"}, 422, of=f"{AT}/{event}/edit")
        assert "Someone changed this event after you opened it." in html
        assert rules(lambda school: found(school, event).place) == "Library"
        assert "Saved." in office.post(f"{AT}/{event}/edit", {**typed, "place": "Gym", "seen": hidden(html, "seen")})

    def test_what_has_begun_is_not_changed(self, world: World, rules: Rules, console: Console) -> None:
        event = rules.event()
        world.at("2026-03-20 09:20")
        office = console.as_("Mrs Doyle")
        assert "it cannot be changed any more" in changes(office, event, 422, starts="09:25")
        assert "/edit" not in office.get(f"{AT}/{event}")


class TestCallingOff:
    def test_it_says_how_many_are_told_and_tells_them(self, world: World, rules: Rules, office: Browser) -> None:
        event = rules.event(invite_on=None)
        rules.answers(event, "Tom")
        assert "1 person counts on it and is told that it is called off" in text(office.get(f"{AT}/{event}/cancel"))
        html = office.post(f"{AT}/{event}/cancel", {"told": "1"})
        assert "Called off. 1 person is told." in html
        assert "called off" in text(html)
        world.settle()
        assert "Sorry, Breakfast on Fri 20 March is called off." in world.texts("Tom")[-1]
        assert "It has begun, or is called off already." in office.get(f"{AT}/{event}/cancel")

    def test_who_answered_meanwhile_is_not_overlooked(self, rules: Rules, office: Browser) -> None:
        event = rules.event(invite_on=None)
        office.get(f"{AT}/{event}/cancel")
        rules.answers(event, "Tom")
        assert "Look again." in office.post(f"{AT}/{event}/cancel", {"told": "0"}, 422)

    def test_what_follows_in_its_series_goes_too_where_that_is_wanted(self, world: World, rules: Rules, office: Browser) -> None:
        makes(office, every="weekly", until="2026-04-03", invite_on="")
        first = made(world) - 2
        office.post(f"{AT}/{first}/open", {"others": "yes"})
        assert "also the 1 that follows in its series" in text(office.get(f"{AT}/{first + 1}/cancel"))
        office.post(f"{AT}/{first + 1}/cancel", {"told": "0", "others": "yes"})
        assert rules(lambda school: [found(school, first + each).state for each in range(3)]) == ["open", "cancelled", "cancelled"]


class TestOnTheTelephone:
    def says(self, browser: Browser, event: int, adult: int, status: int = 303, **typed: str) -> str:
        at = f"{AT}/{event}/answer/{adult}"
        return text(browser.post(at, typed, status, of=at))

    def test_a_guest_is_found_and_their_answer_written_down(self, rules: Rules, office: Browser) -> None:
        event, tom = rules.event(capacity=3, most=3), rules.adult("Tom")
        assert f"{AT}/{event}/answer/{tom}" in office.get(f"{AT}/{event}/answer?q=leo")
        assert "Written down: Tom Reed: 2 come." in self.says(office, event, tom, answer="yes", people="2")
        assert "Written down: Tom Reed: one comes." in self.says(office, event, tom, answer="yes", people="1")
        assert "Written down: Tom Reed: does not know yet." in self.says(office, event, tom, answer="maybe")
        assert "Written down: Tom Reed: does not come." in self.says(office, event, tom, answer="no")
        assert rules.said(event, "Tom") == (Answer.NO, 1, None)

    def test_a_full_event_says_so_and_puts_them_on_the_waiting_list(self, rules: Rules, office: Browser) -> None:
        event, amina = rules.event(capacity=2, most=3), rules.adult("Amina")
        rules.answers(event, "Tom")
        assert "Only one place is left." in self.says(office, event, amina, 422, answer="yes", people="2")
        rules.answers(event, "Kate")
        assert "It is full." in self.says(office, event, amina, 422, answer="yes", people="1")
        html = self.says(office, event, amina, answer="waiting", people="2")
        assert "number 1 on the waiting list" in html
        assert "Waiting list 1. Amina Yusuf" in html
        assert "2 of 2 come 2 wait" in html

    def test_a_freed_place_goes_to_who_waits(self, rules: Rules, office: Browser) -> None:
        event, tom = rules.event(capacity=1), rules.adult("Tom")
        rules.answers(event, "Tom")
        rules.answers(event, "Amina", "waiting")
        html = self.says(office, event, tom, answer="no")
        assert "A place is kept for them Amina Yusuf" in html
        assert "may take it until" in html

    def test_every_refusal_is_told_plainly(self, world: World, rules: Rules, console: Console) -> None:
        office = console.as_("Mrs Doyle")
        event, tom = rules.event(answer_by=date(2026, 3, 2)), rules.adult("Tom")
        assert "Say what they answered." in self.says(office, event, tom, 422)
        assert "One family may bring 2 at most." in self.says(office, event, tom, 422, answer="yes", people="3")
        mute = rules.event(asks=False)
        assert "asks for no answers" in self.says(office, mute, tom, 422, answer="yes")
        few = rules.event(guests=of_class("Nour"))
        assert "Tom Reed is not invited to this." in self.says(office, few, tom, 422, answer="yes")
        assert "no answers are taken" in self.says(office, rules.event(is_open=False), tom, 422, answer="yes")
        world.at("2026-03-03 09:00")
        assert "Answers were taken until Mon 2 March." in self.says(console.as_("Mrs Doyle"), event, tom, 422, answer="yes")

    def test_who_was_invited_and_is_not_any_more_is_marked(self, rules: Rules, office: Browser) -> None:
        event = rules.event(invite_on=None)
        rules.answers(event, "Tom")
        changes(office, event, everyone=[], class_=rules.classes("Nour"), invite_on="", sure="1")
        assert "not invited any more: ring them" in text(office.get(f"{AT}/{event}"))


class TestWhoWasThere:
    def test_ticks_are_kept_counted_and_taken_back(self, world: World, rules: Rules, console: Console) -> None:
        event, tom, amina = rules.event(), rules.adult("Tom"), rules.adult("Amina")
        rules.answers(event, "Tom", people=2)
        at = f"{AT}/{event}/attendance"
        assert "Nobody can have come yet" in console.as_("Mrs Doyle").get(at)
        world.at("2026-03-20 09:10")
        office = console.as_("Mrs Doyle")
        assert "0 came of 2 who said so" in text(office.get(at))
        assert "1 came of 2 who said so" in text(office.post(f"{at}/{tom}", {"people": "1"}))
        office.get(f"{at}?q=ayaan")
        assert "3 came" in text(office.post(f"{at}/{amina}", {"people": "2"}))
        assert rules.said(event, "Amina") == (Answer.CAME, 2, 2)
        assert "3 came" in text(office.get(f"{AT}/{event}"))
        office.post(f"{at}/{amina}", {"people": ""}, of=at)
        assert "0 came" in text(office.post(f"{at}/{tom}", {"people": "0"}))
        assert (rules.said(event, "Amina"), rules.said(event, "Tom")) == (None, (Answer.YES, 2, 0))

    def test_before_its_day_a_tick_is_refused_in_words(self, rules: Rules, office: Browser) -> None:
        event = rules.event()
        assert "Nobody can have come before Fri 20 March." in office.post(f"{AT}/{event}/attendance/{rules.adult('Tom')}", {"people": "1"}, of=f"{AT}/{event}")

    def test_where_no_answers_are_asked_all_guests_stand_to_be_ticked(self, world: World, rules: Rules, console: Console) -> None:
        event = rules.event(asks=False, guests=of_class("Leo"))
        world.at("2026-03-20 09:10")
        assert "Tom Reed" in console.as_("Miss Turner").get(f"{AT}/{event}/attendance")

    def test_the_sheet_is_harmless(self, rules: Rules, office: Browser) -> None:
        event = rules.event(guests=of_class("Leo"))

        def rename(school: School) -> None:
            demo.adult(school, "Tom").name = "=cmd() Reed"

        rules.answers(event, "Tom", people=2)
        rules(rename)
        sheet = office.get(f"{AT}/{event}/sheet.csv")
        assert "'=cmd() Reed,Leo Reed,Maple,en,yes,2," in sheet
        assert "Amina Yusuf,Ayaan Yusuf,Maple,en,,," in sheet
        assert "Farid" not in sheet


class TestOfATeacher:
    def test_they_invite_their_own_class_and_no_other(self, rules: Rules, console: Console) -> None:
        okafor = console.as_("Ms Okafor")
        html = okafor.get(f"{AT}/new")
        assert "The whole school" not in html
        assert "Parent Partnership" not in html
        maple, oak = rules.classes("Leo", "Nour")
        assert "Invited Maple" in text(makes(okafor, class_=[maple, oak], group=["1"]))
        assert "Say who is invited." in makes(okafor, 422, class_=[oak])
        makes(okafor, 404, everyone=[], adult=[str(rules.adult("Farid"))])

    def test_they_see_what_is_for_everyone_and_change_nothing_of_it(self, rules: Rules, console: Console) -> None:
        event, okafor = rules.event(title="For all"), console.as_("Ms Okafor")
        rules.answers(event, "Tom")
        rules.answers(event, "Farid", people=2)
        html = okafor.get(f"{AT}/{event}")
        assert "Tom Reed" in html
        assert "Farid" not in html
        assert "3 come" in text(html)
        assert "Farid" not in okafor.get(f"{AT}/{event}/sheet.csv") + okafor.get(f"{AT}/{event}/answer?q=haddad")
        okafor.get(f"{AT}/{event}/answer/{rules.adult('Farid')}", 404)
        okafor.get(f"{AT}/{event}/answer/{rules.adult('Tom')}")
        for what in ("edit", "cancel"):
            okafor.get(f"{AT}/{event}/{what}", 404)
        for what in ("edit", "cancel", "open", "preview", "picture", "picture/remove"):
            okafor.post(f"{AT}/{event}/{what}", {"others": "yes"}, 404, of=AT)

    def test_another_classs_event_is_the_same_as_none(self, rules: Rules, console: Console) -> None:
        event, okafor = rules.event(title="Oak only", guests=of_class("Nour")), console.as_("Ms Okafor")
        assert "Oak only" not in okafor.get(AT)
        for what in ("", "/attendance", "/sheet.csv", "/answer"):
            okafor.get(f"{AT}/{event}{what}", 404)

    def test_a_class_team_ticks_and_makes_nothing(self, world: World, rules: Rules, console: Console) -> None:
        event = rules.event(guests=of_class("Leo"))
        world.at("2026-03-20 09:10")
        turner = console.as_("Miss Turner")
        assert "Make an event" not in turner.get(AT)
        turner.get(f"{AT}/new", 404)
        turner.get(f"{AT}/{event}/answer", 404)
        assert "1 came" in text(turner.post(f"{AT}/{event}/attendance/{rules.adult('Tom')}", {"people": "1"}, of=f"{AT}/{event}/attendance"))
        turner.post(f"{AT}/{event}/attendance/{rules.adult('Farid')}", {"people": "1"}, 404, of=AT)

    def test_the_technician_has_no_such_page(self, console: Console) -> None:
        console.as_("Mr Penrose").get(AT, 404)
