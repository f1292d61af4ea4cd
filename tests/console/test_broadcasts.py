"""Broadcasts in the browser: written, looked over, sent, agreed to, watched, held back and taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from console.desk import Back
from data.broadcasts import Broadcast
from data.kept_files import KeptFile
from data.people import Group
from school import School, demo, openers, staff, texts
from school.openers import Opener
from tests.console.staff import Browser, Console, hidden
from tests.console.test_events import text
from tests.world import World

AT = "/console/broadcasts"
POOL: Mapping[str, Any] = {"words": "The pool is closed on Friday.", "kind": "news", "to": "everyone", "when": "now"}


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


@pytest.fixture
def strict(world: World) -> Console:
    """A console where a second person must agree."""
    world.house.school_settings = replace(world.house.school_settings, second_person=True)
    return Console(world)


def writes(browser: Browser, status: int = 303, /, **other: Any) -> str:
    """Send the form of a new broadcast; the send screen that follows."""
    return browser.post(f"{AT}/new", {**POOL, **other}, status, of=f"{AT}/new")


def newest(world: World) -> Broadcast:
    with world.house.store.read() as session:
        found = session.scalars(select(Broadcast).order_by(Broadcast.id.desc()).limit(1)).one()
        _ = found.text.words, found.dates, found.file
        return found


def at(world: World, what: str = "") -> str:
    return f"{AT}/{newest(world).id}{what}"


def sends(browser: Browser, world: World, **fields: str) -> str:
    """Press Send on the send screen."""
    html = browser.get(at(world))
    return browser.post(at(world, "/send"), {"seen": hidden(html, "seen"), **(fields or {"now": "1"})})


def count(world: World, what: Any) -> int:
    with world.house.store.read() as session:
        return int(session.scalar(select(func.count()).select_from(what)) or 0)


class TestWriting:
    def test_the_send_screen_says_who_is_asked_to_open_whatsapp(self, world: World, office: Browser) -> None:
        with world.house.store.write() as session:
            school = School(session, world.moment)
            demo.adult(school, "Hodan").language = "so"
            openers.keep(school, {"en": Opener("HX1", "Something from {{1}} for you.", "OPEN")})
        html = text(writes(office))
        assert "are asked on WhatsApp to open it first" in html
        assert "after 3 hours gets it another way" in html
        assert "WhatsApp is closed for 1 who reads Somali, and no opener in that language is approved: they get it another way." in html

    def test_without_any_the_list_says_what_to_do(self, office: Browser) -> None:
        assert "Nothing was sent to many yet. Write to many:" in text(office.get(AT))

    def test_a_draft_leads_to_the_send_screen_and_nothing_leaves(self, world: World, office: Browser) -> None:
        html = text(writes(office))
        assert "Look it over" in html
        assert "Send now" in html
        world.settle()
        assert world.texts("Tom") == []
        html = text(office.get(AT))
        assert "The pool is closed on Friday. draft News · Everyone · written Mon 2 March, 09:10 · Mrs Doyle" in html

    def test_everything_wrong_is_told_at_its_field_and_nothing_typed_is_lost(self, office: Browser) -> None:
        typed: dict[str, Any] = {
            "words": "",
            "to": "class:999999",
            "kind": "gossip",
            "when": "at",
            "on": "soon",
            "at": "late",
            "repeats": "weekly",
            "until": "",
        }
        typed |= {"on-1": "", "what-1": "Fair", "on-2": "2026-03-12", "at-2": "soon", "what-2": ""}
        html = writes(office, 422, **typed)
        assert set(re.findall(r'id="([\w-]+)-fault"', html)) == {"words", "to", "kind", "on", "at", "until", "on-1", "at-2", "what-2"}
        assert 'value="Fair"' in html
        assert 'value="2026-03-12"' in html

    @pytest.mark.parametrize(
        "typed, said",
        [
            ({"on": "2026-03-01", "at": "08:00"}, "That time is over."),
            ({"on": "2026-03-29", "at": "01:30"}, "The clock skips that time"),
            ({"on": "2026-03-05", "at": "08:00", "repeats": "weekly", "until": "2026-03-04"}, "The last day must not be before the first"),
            ({"words": "x" * 5_001}, "5001 letters: at most 5000."),
            ({"on-1": "2026-03-12", "what-1": "x" * 201}, "At most 200 letters."),
        ],
    )
    def test_each_fault_is_told_in_words(self, world: World, office: Browser, typed: dict[str, Any], said: str) -> None:
        assert said in writes(office, 422, **{"when": "at" if "at" in typed else "now", **typed})
        assert count(world, Broadcast) == 0

    def test_a_form_sent_twice_makes_one(self, world: World, office: Browser) -> None:
        html = office.get(f"{AT}/new")
        typed = {**POOL, "csrf": hidden(html, "csrf"), "form": hidden(html, "form")}
        first, second = (office.client.post(f"{AT}/new", data=typed).headers["location"] for _ in range(2))
        assert first == second == at(world)
        assert count(world, Broadcast) == 1

    def test_what_is_written_is_text(self, world: World, office: Browser) -> None:
        typed: dict[str, Any] = {"kind": "newsletter", "words": "<script>alert(1)</script>", "on-1": "2026-03-12", "what-1": "<b>Fair</b>"}
        html = writes(office, **typed)
        html += office.get(AT) + office.get(at(world, "/edit"))
        assert "<script>alert" not in html
        assert "<b>Fair" not in html
        assert "&lt;script&gt;alert(1)" in html

    def test_a_newsletter_has_dates_and_a_document(self, world: World, office: Browser) -> None:
        pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
        document = {"document": ("news.pdf", pdf, "application/pdf")}
        dates = {f"{name}-{row}": value for row in (1, 2, 3) for name, value in (("on", f"2026-03-1{row}"), ("at", "09:30"), ("what", f"Fair {row}"))}
        html = office.post(f"{AT}/new", {**POOL, "kind": "newsletter", **dates}, of=f"{AT}/new", files=document)
        assert "Thu 12 March, 09:30: Fair 2" in text(html)
        assert "news.pdf" in html
        assert office.client.get(at(world, "/document")).content == pdf
        html = office.get(at(world, "/edit"))
        assert 'name="what-4"' in html
        drawn = {**POOL, "kind": "newsletter", "on-1": "2026-03-11", "what-1": "Fair 1", "seen": hidden(html, "seen")}
        office.post(at(world, "/edit"), drawn)
        assert newest(world).file is not None
        html = office.get(at(world, "/edit"))
        office.post(at(world, "/edit"), {**drawn, "seen": hidden(html, "seen"), "no_document": "yes"})
        assert newest(world).file is None
        assert [each.what.words for each in newest(world).dates] == ["Fair 1"]

    def test_what_is_no_document_is_refused(self, world: World, office: Browser) -> None:
        html = office.post(f"{AT}/new", POOL, 422, of=f"{AT}/new", files={"document": ("x.exe", b"MZ\x90", "application/pdf")})
        assert "That cannot be taken" in html
        assert count(world, KeptFile) == 0

    def test_a_document_is_asked_for_again_when_anything_is_to_be_put_right(self, office: Browser) -> None:
        document = {"document": ("news.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf")}
        for wrong in ({"words": ""}, {"when": "at", "on": "2026-01-05", "at": "16:00"}):
            html = office.post(f"{AT}/new", {**POOL, **wrong}, 422, of=f"{AT}/new", files=document)
            assert "Choose the document once more" in html

    def test_who_gets_no_document_is_said(self, office: Browser) -> None:
        document = {"document": ("news.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf")}
        html = text(office.post(f"{AT}/new", POOL, of=f"{AT}/new", files=document))
        assert re.search(r"\d+ of them do not get the document", html)

    def test_what_is_leaving_is_not_changed(self, world: World, office: Browser) -> None:
        writes(office, when="at", on="2026-03-02", at="09:10", repeats="weekly", until="2026-03-30")
        html = office.get(at(world))
        office.post(at(world, "/send"), {"seen": hidden(html, "seen")})
        html = office.get(at(world, "/edit"))
        changed = {**POOL, "words": "It is open again.", "seen": hidden(html, "seen")}
        html = office.post(at(world, "/edit"), changed, 422, of=at(world, "/edit"))
        assert "Some of what was sent has not left yet." in html
        assert "It is open again.</textarea>" in html

    def test_a_draft_is_changed(self, world: World, office: Browser) -> None:
        writes(office)
        html = office.get(at(world, "/edit"))
        changed = {**POOL, "words": "It is open again.", "urgent": "yes", "to": "language:en", "when": "at", "on": "2026-03-05", "at": "16:00"}
        html = text(office.post(at(world, "/edit"), {**changed, "seen": hidden(html, "seen")}))
        assert "It is open again." in html
        assert "Those who read English" in html
        assert "Send at Thu 5 March, 16:00" in html
        html = office.post(at(world, "/edit"), {**changed, "seen": "before"}, 422, of=at(world, "/edit"))
        assert "Someone changed it after you opened this page." in html

    def test_a_draft_is_thrown_away(self, world: World, office: Browser) -> None:
        html = writes(office)
        assert "Throw away" in html
        assert "The draft is gone." in office.post(at(world, "/discard"))
        assert count(world, Broadcast) == 0

    def test_everyone_is_among_those_offered_and_events_too(self, office: Browser) -> None:
        html = office.get(f"{AT}/new")
        select_ = html[html.index('<select id="to"') :]
        assert '<option value="everyone" selected>Everyone' in select_
        for label in ("A class", "A group", "A language", "An event"):
            assert f'<optgroup label="{label}">' in select_


class TestTheSendScreen:
    def test_says_who_how_and_for_how_much(self, world: World, office: Browser) -> None:
        world.speak("Amina", "so")
        html = text(writes(office))
        assert re.search(r"\d+ messages to Everyone", html)
        assert "Somali being translated" in html
        assert "1 part each, £" in html
        assert "No quiet hours come between." in html
        assert re.search(r"Not reached: \d+", html)
        assert "The month so far: £" in html

    def test_says_who_gets_it_in_the_morning(self, world: World, console: Console) -> None:
        world.at("2026-03-02 22:00")
        html = text(writes(console.as_("Mrs Doyle")))
        assert re.search(r"\d+ will get it at 07:\d\d on Tue 3 March, when quiet hours end.", html)

    def test_what_is_translated_is_read_back(self, world: World, console: Console, office: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        world.speak("Amina", "so")
        writes(office)
        with world.house.store.write() as session:
            one = session.get_one(Broadcast, newest(world).id).text.translation("so")
            assert one is not None
            texts.translated(one, "Barkadda waa la xiray.", "stand-in")
        monkeypatch.setattr(console.hooks, "read_back", lambda words, language: Back("Barkadda", "The pool was locked.", is_fine=False))
        html = office.get(at(world))
        assert "Barkadda waa la xiray." in html
        html = text(office.post(at(world, "/back"), {"language": "so", "words": POOL["words"]}, 200))
        assert "look at this one Translated back, what you wrote says: The pool was locked." in html
        assert "Nothing was changed" in office.post(at(world, "/back"), {"language": "so", "words": "Other words"})

    def test_a_test_goes_to_ones_own_checked_mobile(self, world: World, console: Console, office: Browser) -> None:
        writes(office)
        with world.house.store.write() as session:
            school = School(session, world.moment, world.house.school_settings)
            staff.no_phone(school, demo.member(school, "Mrs Doyle"))
        assert "There is no mobile of yours" in office.post(at(world, "/test"), {"language": "en"}, 422)
        with world.house.store.write() as session:
            school = School(session, world.moment, world.house.school_settings)
            staff.reach_by_text(school, demo.member(school, "Mrs Doyle"), "+447700900999", is_checked=True)
        assert "On its way to your phone, in English." in office.post(at(world, "/test"), {"language": "en"}, of=at(world))
        world.settle()
        assert "The pool is closed on Friday." in world.texts("+447700900999")[-1]
        office.post(at(world, "/test"), {"language": "xx"}, 404, of=at(world))


class TestSending:
    def test_it_is_sent_and_watched(self, world: World, office: Browser) -> None:
        writes(office)
        assert "It is on its way." in sends(office, world)
        html = office.get(at(world))
        assert '<svg class="bar-of"' in html
        assert f'data-fresh="{at(world)}"' in html
        world.settle()
        assert "The pool is closed on Friday." in world.texts("Tom")[-1]
        html = office.client.get(at(world), headers={"HX-Request": "true"}).text
        assert html.lstrip().startswith('<div id="live"')
        assert re.search(r"<strong>0</strong> waiting", html)
        assert "It was sent before." in office.post(at(world, "/send"), {"now": "1"}, of=at(world))
        assert len([each for each in world.texts("Tom") if "pool" in each]) == 1

    def test_those_whom_no_channel_reached_are_listed_with_a_letter(self, world: World, office: Browser) -> None:
        writes(office)
        html = sends(office, world)
        assert "No channel reached" in html
        letter = re.search(r'href="(/console/unreachable/\d+/letter)"', html)
        assert letter
        office.get(letter[1])

    def test_at_a_time_and_again(self, world: World, office: Browser) -> None:
        html = text(writes(office, when="at", on="2026-03-05", at="16:00", repeats="weekly", until="2026-03-19"))
        assert "Send at Thu 5 March, 16:00, every week until Thu 19 March" in html
        assert "It is planned: Thu 5 March, 16:00." in sends(office, world, later="1")
        assert "planned News · Everyone · Thu 5 March, 16:00, every week until Thu 19 March" in text(office.get(AT))
        assert "Taken back: nothing more of it leaves." in office.post(at(world, "/cancel"), of=at(world))
        assert "Nothing was changed: look again." in office.post(at(world, "/cancel"), of=at(world))
        office.get(at(world, "/edit"), 404)

    def test_what_is_planned_is_changed_and_keeps_its_time(self, world: World, office: Browser) -> None:
        writes(office, when="at", on="2026-03-05", at="16:00")
        sends(office, world, later="1")
        html = office.get(at(world, "/edit"))
        assert "Its time stays: Thu 5 March, 16:00." in html
        html = text(office.post(at(world, "/edit"), {**POOL, "words": "Open again.", "seen": hidden(html, "seen")}))
        assert "Saved." in html
        assert "It is planned for Thu 5 March, 16:00" in html
        assert newest(world).parts

    def test_a_time_that_is_over_is_told(self, world: World, console: Console, office: Browser) -> None:
        writes(office, when="at", on="2026-03-02", at="10:00")
        world.at("2026-03-02 10:05")
        html = office.get(at(world))
        html = office.post(at(world, "/send"), {"seen": hidden(html, "seen")}, 422)
        assert "The time that it was written for is over." in html

    def test_nobody_to_tell_is_told(self, world: World, office: Browser) -> None:
        with world.house.store.write() as session:
            session.add(Group(name="Nobody yet"))
            session.flush()
            group = session.scalars(select(Group.id).where(Group.name == "Nobody yet")).one()
        html = writes(office, to=f"group:{group}")
        assert "There is nobody whom it would reach." in html
        html = office.post(at(world, "/send"), {"seen": hidden(html, "seen"), "now": "1"}, 422)
        assert "There is nobody whom it is for." in html

    def test_what_was_changed_meanwhile_is_looked_at_again(self, world: World, office: Browser) -> None:
        writes(office)
        html = office.post(at(world, "/send"), {"seen": "before", "now": "1"}, 422)
        assert "Nothing was sent: look at it again." in html

    def test_it_is_held_back_and_goes_on(self, world: World, office: Browser) -> None:
        writes(office)
        sends(office, world)
        assert "Held back: what has not left waits." in office.post(at(world, "/pause"))
        world.settle()
        assert world.texts("Tom") == []
        assert "It is on its way." in office.post(at(world, "/resume"), of=at(world))
        world.settle()
        assert "pool" in world.texts("Tom")[-1]

    def test_what_has_not_gone_is_taken_back(self, world: World, office: Browser) -> None:
        writes(office)
        sends(office, world)
        html = text(office.post(at(world, "/cancel")))
        assert re.search(r"[1-9]\d* taken back", html)
        world.settle()
        assert world.texts("Tom") == []


class TestASecondPerson:
    def test_someone_else_agrees(self, world: World, strict: Console) -> None:
        office, senior = strict.as_("Mrs Doyle"), strict.as_("Mrs Hartley")
        writes(office)
        assert "It waits for a second person to agree." in sends(office, world)
        need = re.search(r'href="(/console/needs/\d+)">Broadcast', senior.get("/console/"))
        assert need
        assert f'href="{at(world)}"' in senior.get(need[1])
        assert "You wrote it: someone else must agree." in office.get(AT)
        assert "You wrote it: someone else must agree." in office.post(at(world, "/agree"), {"seen": hidden(office.get(at(world, "/edit")), "seen")}, 422)
        html = senior.get(AT)
        assert "Waits for a yes" in html
        assert '<span class="count">1<span class="hidden"> wait</span></span>' in html
        assert "look at it again" in senior.post(at(world, "/agree"), {"seen": "before"}, 422)
        html = senior.get(AT)
        assert "It is on its way." in senior.post(at(world, "/agree"), {"seen": hidden(html, "seen")})
        assert "Nothing was changed: look again." in senior.post(at(world, "/agree"))
        world.settle()
        assert "pool" in world.texts("Tom")[-1]

    def test_a_change_needs_a_new_yes(self, world: World, strict: Console) -> None:
        office = strict.as_("Mrs Doyle")
        writes(office)
        sends(office, world)
        html = office.get(at(world, "/edit"))
        html = office.post(at(world, "/edit"), {**POOL, "words": "Closed on Monday too.", "seen": hidden(html, "seen")})
        assert "Saved. It waits for a second person to agree." in html

    def test_the_school_is_closed_in_three_taps(self, world: World, strict: Console) -> None:
        """A senior leader needs nobody else."""
        senior = strict.as_("Mrs Hartley")
        address = re.search(r'href="([^"]*closure=1)"', senior.get(AT))
        assert address
        html = senior.get(address[1])  # one
        drawn = {"words": "The school is closed today.", "urgent": "yes", "when": "now"}
        assert f">{drawn['words']}</textarea>" in html
        for name, value in (("kind", "closure"), ("to", "everyone")):
            select_ = html[html.index(f'<select id="{name}"') :]
            assert f'<option value="{value}" selected>' in select_[: select_.index("</select>")]
            drawn[name] = value
        assert 'name="urgent" value="yes" checked' in html
        html = senior.post(f"{AT}/new", drawn)  # two
        assert "It is on its way." in senior.post(at(world, "/send"), {"seen": hidden(html, "seen"), "now": "1"})  # three
        world.settle()
        assert "is closed today." in world.texts("Tom")[-1]


class TestWhatItCost:
    def test_stands_in_a_table(self, world: World, office: Browser) -> None:
        writes(office)
        sends(office, world)
        world.settle()
        html = text(office.get(f"{AT}/costs"))
        assert "What March 2026 cost" in html
        assert re.search(r"News Maple English SMS \d+ \d+ £", html)
        assert "Nothing left in this month." in office.get(f"{AT}/costs?month=2026-02")
        assert "March 2026" in office.get(f"{AT}/costs?month=soon")


class TestWhoMay:
    @pytest.mark.parametrize("name", ["Ms Okafor", "Miss Turner", "Mr Penrose"])
    def test_for_others_there_is_no_such_page(self, world: World, console: Console, name: str) -> None:
        office = console.as_("Mrs Doyle")
        writes(office)
        other = console.as_(name)
        for what in ("", "/new", "/costs", f"/{newest(world).id}", f"/{newest(world).id}/edit", f"/{newest(world).id}/document"):
            other.get(f"{AT}{what}", 404)
        for what in ("send", "agree", "pause", "resume", "cancel", "discard", "edit", "back", "test"):
            other.post(at(world, f"/{what}"), {"now": "1"}, 404, of="/console/account")
        other.post(f"{AT}/new", POOL, 404, of="/console/account")
        world.settle()
        assert world.texts("Tom") == []
        assert newest(world).state == "draft"
