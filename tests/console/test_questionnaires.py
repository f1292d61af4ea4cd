"""Questionnaires in the browser: begun, written on, looked over, opened, watched, closed; and who may do none of that."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from console.desk import Back, Message, OnChannel, ReadThrough
from data.audit import AuditEntry
from data.broadcasts import Broadcast
from data.kept_files import KeptFile
from data.outbox import Message as Outgoing
from data.questionnaires import Questionnaire, Respondent, SealedResponse
from data.store import Store
from school import School, demo, questionnaire_clock, questionnaire_file, questionnaires, responses, threads
from school.access import viewer
from school.audiences import Audience, AudienceKind
from school.questionnaire_form import Asked, Form, Per, Privacy, QuestionKind
from school.questionnaire_plan import asking
from school.questionnaire_rates import totals
from school.responses import Given
from school.threads import Filter, Kind
from tests.console.staff import Browser, Console, hidden
from tests.console.test_events import text
from tests.world import World

AT = "/console/questionnaires"
HAPPY = Asked("happy", "How happy is your child?", QuestionKind.SCALE, scale="happy")
WHY = Asked("why", "What would make it better?", QuestionKind.TEXT, is_optional=True, only_if={"happy": ["1", "2"]})
CLUBS = Asked("clubs", "Which clubs?", QuestionKind.SEVERAL, choices=("Cooking", "Music", "Swimming"), takes_other=True)
TERM = Form("Your term with us", [HAPPY, WHY, CLUBS], opening="Tell us how it was.")


@pytest.fixture
def office(console: Console) -> Browser:
    return console.as_("Mrs Doyle")


@pytest.fixture
def draft(world: World) -> Callable[..., int]:
    """Makes a draft by the rules: the one about the term, unless it is said to be otherwise."""

    def made(form: Form = TERM, *, is_open: bool = False) -> int:
        with world.house.store.write() as session:
            school = School(session, world.moment, world.house.school_settings)
            found = questionnaires.make(school, None, form)
            if is_open:
                questionnaires.open_up(school, None, found)
            return found.id

    return made


def form_of(world: World, number: int | None = None) -> Form:
    """The newest as it is kept, or the one with this id."""
    with world.house.store.read() as session:
        newest = select(Questionnaire).order_by(Questionnaire.id.desc()).limit(1)
        found = session.get_one(Questionnaire, number) if number else session.scalars(newest).one()
        return questionnaires.form_of(found)


def count(world: World, what: Any) -> int:
    with world.house.store.read() as session:
        return int(session.scalar(select(func.count()).select_from(what)) or 0)


def typed(html: str) -> dict[str, Any]:
    """What the edit page's form would send as it stands."""
    fields: dict[str, Any] = {}
    for found in re.finditer(r"<input ([^>]*)>|<textarea id=\"([^\"]*)\"[^>]*>([^<]*)</textarea>|<select id=\"([^\"]*)\"[^>]*>(.*?)</select>", html, re.DOTALL):
        attributes, area, words, choice, options = found.groups()
        if area:
            fields[area] = unescaped(words)
        elif choice:
            chosen = re.search(r'<option value="([^"]*)" selected', options)
            fields[choice] = chosen[1] if chosen else (re.search(r'<option value="([^"]*)"', options) or ["", ""])[1]
        elif attributes:
            told = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
            if told.get("type") in ("checkbox", "radio") and not attributes.endswith("checked"):
                continue
            if told.get("type") != "file":
                fields.setdefault(told["name"], []).append(unescaped(told.get("value", "")))
    return fields


def unescaped(words: str) -> str:
    return words.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


def changes(browser: Browser, number: int, status: int = 303, /, *, files: Any = None, **other: Any) -> str:
    """Send the edit form as it stands, with these fields otherwise ('ask_1' is 'ask-1')."""
    html = browser.get(f"{AT}/{number}/edit")
    fields = {**typed(html), **{re.sub(r"_(\d+)$", r"-\1", name): value for name, value in other.items()}}
    return browser.post(f"{AT}/{number}/edit", {name: value for name, value in fields.items() if value is not None}, status, files=files)


def asks(form: Form) -> list[str]:
    return [asked.ask for asked in form.questions]


class TestBeginning:
    def test_without_any_the_list_says_what_to_do(self, office: Browser) -> None:
        assert "Nothing was asked yet. Begin with" in text(office.get(AT))

    def test_a_blank_one_is_made_and_written_on(self, world: World, office: Browser) -> None:
        html = office.post(f"{AT}/new", {"from": ""}, of=f"{AT}/new")
        assert "A draft is made: nobody is asked yet." in html
        assert asks(form_of(world)) == [""]
        assert "Without a title draft" in text(office.get(AT))

    def test_one_that_is_ready_is_taken(self, world: World, office: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "bad.yml").write_text("title: [")
        (tmp_path / "evening.yml").write_text(
            "title: How was the evening?\nquestions:\n  - id: good\n    ask: How was it?\n    kind: scale\n    points: good\n"
        )
        monkeypatch.setattr(questionnaire_file, "SHIPPED", tmp_path)
        assert "How was the evening?" in office.get(f"{AT}/new")
        html = text(office.post(f"{AT}/new", {"from": "evening"}))
        assert "How was it? A scale Very bad / Bad / So-so / Good / Very good" in html
        assert office.client.post(f"{AT}/new", data={"csrf": hidden(office.get(f"{AT}/new"), "csrf"), "from": "../x"}).status_code == 404

    def test_those_that_come_with_it_can_be_asked(self, world: World) -> None:
        with world.house.store.read() as session:
            shipped = questionnaire_file.shipped(School(session, world.moment, world.house.school_settings))
        assert all(each.form.title for each in shipped)

    def test_a_file_is_read(self, world: World, office: Browser) -> None:
        content = b"title: Trip\nquestions:\n  - id: a\n    ask: Did you like it?\n    kind: yes/no\n"
        office.post(f"{AT}/new", {"from": "file"}, of=f"{AT}/new", files={"file": ("trip.yml", content, "text/yaml")})
        assert asks(form_of(world)) == ["Did you like it?"]

    def test_a_files_faults_are_told_by_line_and_its_text_can_be_put_right(self, world: World, office: Browser) -> None:
        content = b"title: Trip\nquestions:\n  - id: a\n    ask: Did you <like> it?\n    kind: yess\n    colour: red\n"
        html = office.post(f"{AT}/new", {"from": "file"}, 422, of=f"{AT}/new", files={"file": ("trip.yml", content, "text/yaml")})
        assert "Line 5, question 'a': &#39;kind&#39; must be one of" in html
        assert "Line 6, question 'a': &#39;colour&#39; is not known here" in html
        assert "ask: Did you &lt;like&gt; it?" in html
        right = content.replace(b"yess", b"yes/no").replace(b"    colour: red\n", b"")
        office.post(f"{AT}/new", {"from": "file", "text": right.decode()})
        assert asks(form_of(world)) == ["Did you <like> it?"]

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: [", b"x" * 200_001, b"- 1\n"])
    def test_what_is_no_questionnaire_is_told(self, office: Browser, content: bytes) -> None:
        html = office.post(f"{AT}/new", {"from": "file"}, 422, of=f"{AT}/new", files={"file": ("x.yml", content, "text/yaml")})
        assert "What is to be put right" in html
        assert "Choose a file." in office.post(f"{AT}/new", {"from": "file"}, 422, of=f"{AT}/new")

    def test_an_earlier_one_is_copied_with_its_picture(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        changes(office, number, files={"picture-1": ("sun.png", png(), "image/png")})
        office.post(f"{AT}/new", {"from": "copy", "copy": str(number)}, of=f"{AT}/new")
        copied = form_of(world)
        assert asks(copied) == asks(TERM)
        assert copied.questions[1].only_if == {"happy": ["1", "2"]}
        assert copied.questions[0].picture_id not in (None, form_of(world, number).questions[0].picture_id)
        assert count(world, KeptFile) == 2


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "yellow").save(out, "PNG")
    return out.getvalue()


class TestWriting:
    def test_what_is_sent_as_it_stands_changes_nothing(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        before = form_of(world, number)
        html = changes(office, number)
        assert "Saved." in html
        assert form_of(world, number) == before

    def test_everything_of_it_is_written(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft(Form("", []))
        changes(office, number, do="add")
        office.post(f"{AT}/{number}/edit", {**typed(page(office)), "title": "Trip", "ask-1": "Which day?", "kind-1": "date", "do": "add"})
        office.post(f"{AT}/{number}/edit", {**typed(page(office)), "ask-2": "How many?", "kind-2": "number", "least-2": "-1", "most-2": "9", "do": "add"})
        more = {"ask-3": "Who?", "kind-3": "choice", "choices-3": " Me \n\nAn  aunt\n", "other-3": "yes", "optional-3": "yes", "do": "add"}
        office.post(f"{AT}/{number}/edit", {**typed(page(office)), **more})
        last = {"ask-4": "How was it?", "kind-4": "scale", "scale-4": "", "choices-4": "Cold\nWarm", "thanks": "Thank you", "to": "language:en", "days": "5"}
        office.post(f"{AT}/{number}/edit", {**typed(page(office)), **last, "per": "family", "privacy": "named", "do": "save"})
        found = form_of(world, number)
        assert [(asked.ask, asked.kind.value, list(asked.choices)) for asked in found.questions] == [
            ("Which day?", "date", []),
            ("How many?", "number", []),
            ("Who?", "choice", ["Me", "An aunt"]),
            ("How was it?", "scale", ["Cold", "Warm"]),
        ]
        assert (found.questions[1].least, found.questions[1].most) == (-1, 9)
        assert found.questions[2].takes_other
        assert found.questions[2].is_optional
        assert (found.title, found.thanks, found.per, found.privacy, found.days) == ("Trip", "Thank you", Per.FAMILY, Privacy.NAMED, 5)
        assert found.audience == Audience(AudienceKind.LANGUAGE, tag="en")

    def test_questions_are_moved_and_removed(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        changes(office, number, do="up-3")
        assert asks(form_of(world, number)) == [HAPPY.ask, CLUBS.ask, WHY.ask]
        changes(office, number, do="down-1")
        assert asks(form_of(world, number)) == [CLUBS.ask, HAPPY.ask, WHY.ask]
        changes(office, number, do="remove-2")
        found = form_of(world, number)
        assert asks(found) == [CLUBS.ask, WHY.ask]
        assert found.questions[1].only_if == {}

    @pytest.mark.parametrize("do", ["up-1", "down-3", "remove-99", "remove-x", "remove-", "fly-1", "up-١"])
    def test_a_button_that_leads_nowhere_moves_nothing(self, world: World, office: Browser, draft: Callable[..., int], do: str) -> None:
        number = draft()
        changes(office, number, do=do)
        assert asks(form_of(world, number)) == asks(TERM)

    def test_a_condition_is_picked_from_lists(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        html = changes(office, number, on_3="happy", do="if-3")
        assert re.search(r'name="only-3" value="happy:1"> Very unhappy', html)
        assert form_of(world, number).questions[2].only_if == {"happy": []}
        changes(office, number, only_3=["happy:5", "happy:99", "gone:1", "x"])
        assert form_of(world, number).questions[2].only_if == {"happy": ["5"]}
        changes(office, number, do="always-3")
        assert form_of(world, number).questions[2].only_if == {}

    def test_a_condition_follows_its_choice_to_another_place_and_other_words(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        then = Asked("then", "Which day?", QuestionKind.DATE, only_if={"clubs": ["2", "other"]})
        number = draft(Form("x", [CLUBS, then]))
        changes(office, number, choices_1="Swimming\nCooking\nMusic")
        assert form_of(world, number).questions[1].only_if == {"clubs": ["3", "other"]}
        changes(office, number, choices_1="Swimming\nCooking\nMusic and dance", other_1=None)
        assert form_of(world, number).questions[1].only_if == {"clubs": ["3"]}
        changes(office, number, choices_1="Swimming\nCooking")
        assert form_of(world, number).questions[1].only_if == {"clubs": []}

    def test_what_cannot_be_asked_is_kept_and_told_at_its_field(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        html = changes(office, number, title="", ask_1="", choices_3="Cooking", on_3="happy")
        assert "It is kept. 4 things are to be put right below before it can be asked." in text(html)
        assert set(re.findall(r'id="([\w-]+)-fault"', html)) == {"title", "ask-1", "choices-3", "on-3"}
        assert list(form_of(world, number).questions[2].choices) == ["Cooking"]
        html = text(office.get(f"{AT}/{number}"))
        assert "It cannot be asked yet: 4 things are to be put right." in html
        assert "How it reads" not in html

    def test_a_fault_names_a_question_by_its_words(self, office: Browser, draft: Callable[..., int]) -> None:
        html = changes(office, draft(), do="down-1")
        html = changes(office, int(re.search(r"questionnaires/(\d+)", html)[1]))  # type: ignore[index]
        assert "It hangs on '2. How happy is your child?', which is no earlier question." in text(html).replace("&#39;", "'")

    def test_what_cannot_be_kept_is_told_and_nothing_typed_is_lost(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        typed_ = {
            "title": "Another",
            "days": "many",
            "to": "class:999999",
            "kind_1": "number",
            "least_1": "few",
            "per": "family",
            "privacy": "anonymous",
            "most_1": "9",
            "ask_2": "New words",
        }
        html = changes(office, number, 422, **typed_, do="add")
        assert set(re.findall(r'id="([\w-]+)-fault"', html)) == {"days", "to", "per", "least-1"}
        assert 'value="Another"' in html
        assert 'value="few"' in html
        assert ">New words</textarea>" in html
        assert asks(form_of(world, number)) == asks(TERM)

    def test_a_change_of_a_colleagues_is_not_written_over(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        fields = typed(office.get(f"{AT}/{number}/edit"))
        changes(office, number, title="Theirs", do="add")
        html = office.post(f"{AT}/{number}/edit", {**fields, "title": "Mine"}, 422)
        assert "Someone changed it after you opened this page." in html
        assert 'value="Mine"' in html
        assert form_of(world, number).title == "Theirs"
        office.post(f"{AT}/{number}/edit", {**typed(html)})
        assert form_of(world, number).title == "Mine"

    def test_a_picture_is_kept_shown_and_taken_away(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        changes(office, number, files={"picture-1": ("sun.png", png(), "image/png")})
        assert office.client.get(f"{AT}/{number}/picture/1").headers["content-type"] == "image/png"
        changes(office, number, do="down-1")
        assert office.client.get(f"{AT}/{number}/picture/2").status_code == 200
        assert office.client.get(f"{AT}/{number}/picture/1").status_code == 404
        changes(office, number, no_picture_2="yes")
        assert count(world, KeptFile) == 0

    def test_a_picture_must_be_one_and_is_asked_for_again(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        html = changes(office, number, 422, files={"picture-1": ("a.pdf", b"%PDF-1.4", "application/pdf")})
        assert "Choose a picture: a JPEG, PNG, GIF or WebP of at most 5 MB." in html
        html = changes(office, number, 422, days="x", files={"picture-1": ("sun.png", png(), "image/png")})
        assert "Choose the picture once more: no browser keeps it." in html
        assert count(world, KeptFile) == 0

    def test_what_is_written_is_text(self, office: Browser, draft: Callable[..., int]) -> None:
        evil = "<script>alert(1)</script>"
        number = draft(Form(evil, [Asked("a", evil, QuestionKind.CHOICE, choices=[evil, "b"]), Asked("b", "b", QuestionKind.TEXT, only_if={"a": ["1"]})]))
        html = office.get(AT) + office.get(f"{AT}/{number}") + office.get(f"{AT}/{number}/edit") + office.get(f"{AT}/new")
        html += office.post(f"{AT}/{number}/preview", preview_of(number), 200, of=f"{AT}/{number}")
        assert "<script>alert" not in html

    def test_a_draft_is_thrown_away(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        assert "The draft is gone." in office.post(f"{AT}/{number}/discard", of=f"{AT}/{number}")
        assert count(world, Questionnaire) == 0


def page(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def preview_of(number: int, language: str = "en", channel: str = "sms") -> dict[str, str]:
    return {"questionnaire": str(number), "language": language, "channel": channel}


class TestReading:
    def test_every_message_is_shown_as_each_channel_shows_it(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        html = text(office.post(f"{AT}/{number}/preview", preview_of(number), 200, of=f"{AT}/{number}"))
        assert re.search(
            r"Invitation, \d parts .* would like to know: Your term with us Tell us how it was. 3 questions. It takes at most 4 texts from you.", html
        )
        assert "Question 1, 1 part 1 of 3: How happy is your child? Which fits best? 1 Very unhappy 2 Unhappy" in html
        assert "Question 2, 1 part 2 of 3: What would make it better?" in html
        assert "Thanks, 1 part That was the last question. Thank you!" in html
        assert re.search(r"5 messages, \d+ message parts in all. Nothing was sent.", html)
        assert re.search(r"SMS: \d+ readers, \d+ parts each, £\d", html)
        assert "If everybody answers every question" in html
        html = office.post(f"{AT}/{number}/preview", preview_of(number, channel="telegram"), 200, of=f"{AT}/{number}")
        assert '<ul class="buttons" aria-label="Buttons"><li><span class="words" lang="en" dir="auto">Very unhappy</span></li>' in html
        world.settle()
        assert count(world, Respondent) == count(world, SealedResponse) == 0
        with world.house.store.read() as session:
            assert session.scalars(select(Outgoing).where(Outgoing.kind == "questionnaire")).all() == []

    def test_what_is_translated_is_read_back(
        self, world: World, console: Console, office: Browser, draft: Callable[..., int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.speak("Amina", "so")
        number = draft()
        read = ReadThrough([Message(1, "How glad is your child?", {"sms": OnChannel("Ilmahaagu ma faraxsan yahay?", parts=2)})], is_fine=False)
        monkeypatch.setattr(console.hooks, "read_through", lambda number, language: read)
        html = text(office.post(f"{AT}/{number}/preview", preview_of(number, "so"), 200, of=f"{AT}/{number}"))
        assert "look at this one" in html
        assert "Ilmahaagu ma faraxsan yahay? How glad is your child?" in html

    def test_a_translation_is_tried_and_put_back_into_english(
        self, world: World, console: Console, draft: Callable[..., int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.speak("Amina", "so")
        number = draft()
        monkeypatch.setattr(console.hooks, "loop", object())
        said: dict[bool, Any] = {
            fine: lambda written, language, fine=fine: {key: Back(f"SO {w}", f"EN {w}", fine) for key, w in written.items()} for fine in (True, False)
        }
        for fine in (True, False):
            monkeypatch.setattr(console.hooks, "_all_read_back", said[fine])
            read = console.hooks.read_through(number, "so")
            assert read is not None
            assert read.is_fine is fine
            assert "SO How happy is your child?" in read.messages[1].on["sms"].text
            assert "EN How happy is your child?" in read.messages[1].back
        monkeypatch.setattr(console.hooks, "_all_read_back", lambda written, language: {key: Back(words) for key, words in written.items()})
        plain = console.hooks.read_through(number, "so")
        assert plain is not None
        assert plain.is_fine is None

    def test_what_nobody_reads_is_not_there(self, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        for fields in (preview_of(number, "xx"), preview_of(number, channel="pigeon"), preview_of(number + 1)):
            office.post(f"{AT}/{number}/preview", fields, 404, of=f"{AT}/{number}")

    def test_the_questions_of_an_anonymous_one_are_shown_as_its_page(self, office: Browser, draft: Callable[..., int]) -> None:
        number = draft(Form("x", [HAPPY], privacy=Privacy.ANONYMOUS))
        html = text(office.post(f"{AT}/{number}/preview", preview_of(number), 200, of=f"{AT}/{number}"))
        assert "Question 1, on its page How happy is your child? Very unhappy" in html


def opens(browser: Browser, number: int, status: int = 303, **other: str) -> str:
    html = browser.get(f"{AT}/{number}")
    return browser.post(f"{AT}/{number}/open", {"seen": hidden(html, "seen"), "closes_on": "2026-03-15", **other}, status)


class TestOpening:
    def test_says_first_whom_it_asks_and_until_when(self, world: World, console: Console, office: Browser, draft: Callable[..., int]) -> None:
        world.speak("Amina", "so")
        html = text(office.get(f"{AT}/{draft()}"))
        assert re.search(r"\d+ people are asked: \d+ in English, 1 in Somali. The invitation leaves at once .", html)
        assert re.search(r"\d+ of them (is|are) not reached by any message", html)
        assert "From then on it is frozen" in html
        assert "is reminded once, on Wed 11 March if it stays open until Sun 15 March." in html
        world.at("2026-03-02 22:00")
        assert "The invitation leaves at Tue 3 March, 07:00" in text(console.as_("Mrs Doyle").get(f"{AT}/{draft()}"))

    def test_it_is_opened_and_answered(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        assert re.search(r"It is open: \d+ people are asked.", opens(office, number, closes_on="2026-03-20"))
        world.settle()
        assert "Your term with us" in world.texts("Tom")[-1]
        for said in ("1", "4", "1", "that is all"):
            world.say("Tom", said)
        html = text(office.get(f"{AT}/{number}"))
        assert "open until Fri 20 March; whoever has not answered is reminded on Sat 14 March" in html
        assert re.search(r"1 of \d+ adults have answered", html)
        assert re.search(r"until Fri 20 March · 1 of \d+ have answered", text(office.get(AT)))
        assert f'href="{AT}/{number}/results"' in page(office) + office.get(f"{AT}/{number}")
        office.get(f"{AT}/{number}/edit", 404)
        assert "Nothing was changed" in office.post(f"{AT}/{number}/edit", {"title": "x"}, of=f"{AT}/{number}")
        assert "Nothing was changed" in office.post(f"{AT}/{number}/discard", of=f"{AT}/{number}")
        assert "Nothing was done twice" in office.post(f"{AT}/{number}/open", of=f"{AT}/{number}")
        assert "Nothing was changed" in office.post(f"{AT}/{number}/preview", preview_of(number), of=f"{AT}/{number}")

    @pytest.mark.parametrize(
        "day, said",
        [
            ("2026-03-01", "It would close before it opens."),
            ("2026-12-01", "open for 1 to 120 days"),
            ("soon", "Write the day as"),
            ("", "Say until which day."),
        ],
    )
    def test_the_day_must_be_one_on_which_it_can_close(self, office: Browser, draft: Callable[..., int], day: str, said: str) -> None:
        assert said in opens(office, draft(), 422, closes_on=day)

    def test_what_is_not_ready_is_not_opened(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft(Form("", []))
        html = office.post(f"{AT}/{number}/open", {"seen": mark(world, number), "closes_on": "2026-03-15"}, 422, of=f"{AT}/{number}")
        assert "It cannot be asked as it stands" in html
        nobody = draft(Form("x", [HAPPY], audience=Audience(AudienceKind.LANGUAGE, tag="xx")))
        assert "There is nobody who could be asked: " in text(office.get(f"{AT}/{nobody}"))
        html = office.post(f"{AT}/{nobody}/open", {"seen": mark(world, nobody), "closes_on": "2026-03-15"}, 422, of=f"{AT}/{nobody}")
        assert "There is nobody who could be asked." in html

    def test_what_was_changed_meanwhile_is_looked_at_again(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        assert "Nobody was asked: look at it again." in opens(office, number, 422, seen="x")
        assert count(world, Respondent) == 0

    def test_an_anonymous_one_wants_a_public_address(
        self, make_world: Callable[..., World], world: World, console: Console, office: Browser, draft: Callable[..., int]
    ) -> None:
        number = draft(Form("x", [HAPPY], privacy=Privacy.ANONYMOUS))
        assert "no public address" in text(office.get(f"{AT}/{number}"))
        assert not console.hooks.has_public_address()
        public = make_world(world.moment, public_url="https://school.example")
        assert Console(public).hooks.has_public_address()

    def test_it_is_closed(self, office: Browser, draft: Callable[..., int]) -> None:
        number = draft(is_open=True)
        assert "It is closed: no more answers are taken." in office.post(f"{AT}/{number}/close", of=f"{AT}/{number}")
        html = office.get(f"{AT}/{number}")
        assert "Close now" not in html
        assert "closed since Mon 2 March, 09:10" in text(html)
        assert "Nothing was changed" in office.post(f"{AT}/{number}/close", of=f"{AT}/{number}")

    def test_what_was_done_is_told_to_those_who_were_asked(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft(Form("Your term", [HAPPY], audience=Audience(AudienceKind.LANGUAGE, tag="en")), is_open=True)
        html = office.post(f"{AT}/{number}/told", of=f"{AT}/{number}")
        assert "You said, we did: Your term" in html
        with world.house.store.read() as session:
            made = session.scalars(select(Broadcast)).one()
            assert (made.state, made.audience_kind, made.audience_tag) == ("draft", "language", "en")
        assert "Nothing was changed" in office.post(f"{AT}/{draft()}/told", of=f"{AT}/{number}")

    def test_a_copy_can_be_changed_again(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft(is_open=True)
        office.post(f"{AT}/{number}/copy", of=f"{AT}/{number}")
        assert form_of(world) == TERM
        assert count(world, Questionnaire) == 2

    def test_what_was_done_stands_in_the_audit(self, world: World, office: Browser, draft: Callable[..., int]) -> None:
        number = draft()
        changes(office, number)
        opens(office, number)
        office.post(f"{AT}/{number}/close", of=f"{AT}/{number}")
        with world.house.store.read() as session:
            rows = session.scalars(select(AuditEntry).where(AuditEntry.about == "questionnaire", AuditEntry.about_id == number).order_by(AuditEntry.id))
            assert [row.action for row in rows] == ["changed questionnaire", "opened questionnaire", "closed questionnaire"]


def mark(world: World, number: int) -> str:
    with world.house.store.read() as session:
        return questionnaires.mark(session.get_one(Questionnaire, number))


class TestPowers:
    @pytest.mark.parametrize("name", ["Ms Okafor", "Miss Turner", "Mr Penrose"])
    def test_who_may_not_write_to_many_has_no_such_page(self, console: Console, draft: Callable[..., int], name: str) -> None:
        number, browser = draft(), console.as_(name)
        for address in (AT, f"{AT}/new", f"{AT}/{number}", f"{AT}/{number}/edit"):
            browser.get(address, 404)
        assert ">Questionnaires<" not in browser.get("/console")

    def test_it_stands_in_the_menu_of_those_who_may(self, office: Browser) -> None:
        assert ">Questionnaires<" in office.get("/console")


class TestTheInbox:
    def test_words_that_were_forgotten_are_said_to_be(self, world: World, console: Console, office: Browser, draft: Callable[..., int]) -> None:
        draft(is_open=True)
        world.settle()
        for said in ("1", "4", "1", "that is all"):
            world.say("Tom", said)
        world.pass_time(questionnaire_clock.DELIVERED_BY * 2)
        with world.house.store.write() as session:
            school = School(session, world.moment, world.house.school_settings)
            questionnaire_clock.due(school)
            tom, who = demo.adult(school, "Tom"), viewer(school, demo.member(school, "Mrs Doyle"))
            lines = threads.lines(school, who, threads.thread(school, who, f"a{tom.id}"))
            forgotten = [line for line in lines if line.reading is threads.NO_LONGER_KEPT]
            assert len(forgotten) == 1
            assert forgotten[0].kind == Kind.THEIRS, "the last text stays, empty, until another comes"
            assert all(line.reading.words for line in lines)
            assert all(row.thread.key != f"a{tom.id}" for row in threads.inbox(school, who, Filter.UNANSWERED))
            key = f"a{tom.id}"
        html = console.as_("Mrs Doyle").get(f"/console/messages/{key}")
        assert html.count("(answers to a questionnaire, no longer kept)") == 1
        assert "(no words)" not in html
        assert "(answers to a questionnaire, no longer kept)" in console.as_("Mrs Doyle").get("/console/messages?show=all")


@pytest.fixture
def kept(demo_url: str) -> Iterator[School]:
    """The demo school of today on either database."""
    store = Store(demo_url)
    with store.write() as session:
        yield School(session, datetime.now(UTC))
    store.close()


class TestKeptOnEither:
    def test_how_many_have_answered_is_counted_by_groups_of_five_or_more(self, kept: School) -> None:
        made = questionnaires.make(kept, None, Form("x", [HAPPY]))
        plan = asking(kept, made)
        asked = questionnaires.open_up(kept, None, made)
        assert plan.adults == asked == sum(plan.languages.values())
        some = kept.session.scalars(select(Respondent).order_by(Respondent.id).limit(3)).all()
        for row in some:
            responses.keep(kept, row, made.questions[0], Given(("4",)), "en")
            responses.finish(kept, row)
        assert (totals(kept, [made])[made.id].asked, totals(kept, [made])[made.id].finished) == (asked, 3)

    @pytest.mark.parametrize("per, privacy", [(Per.FAMILY, Privacy.PRIVATE), (Per.CHILD, Privacy.NAMED), (Per.ADULT, Privacy.ANONYMOUS)])
    def test_a_family_counts_once_and_a_child_for_itself(self, kept: School, per: Per, privacy: Privacy) -> None:
        made = questionnaires.make(kept, None, Form("x", [HAPPY], per=per, privacy=privacy))
        asked = questionnaires.open_up(kept, None, made)
        rate = totals(kept, [made])[made.id]
        assert {Per.FAMILY: rate.asked < asked, Per.CHILD: rate.asked > asked, Per.ADULT: rate.asked == asked}[per]
        if per == Per.FAMILY:
            row = kept.session.scalars(
                select(Respondent).group_by(Respondent.household).having(func.count() > 1).with_only_columns(func.min(Respondent.id))
            ).first()
            respondent = kept.session.get_one(Respondent, row)
            responses.keep(kept, respondent, made.questions[0], Given(("1",)), "en")
            responses.finish(kept, respondent)
            assert totals(kept, [made])[made.id].finished == 1

    def test_a_picture_that_is_left_out_is_kept_no_more(self, kept: School) -> None:
        picture = KeptFile(media_type="image/png", name="sun.png", size=1, content=b"x", made_at=kept.now)
        kept.session.add(picture)
        kept.session.flush()
        made = questionnaires.make(kept, None, Form("x", [Asked("a", "a", QuestionKind.TEXT, picture_id=picture.id)]))
        copied = questionnaires.copy(kept, None, made)
        before = kept.session.scalar(select(func.count()).select_from(KeptFile))
        questionnaires.change(kept, None, made, Form("x", [Asked("a", "a", QuestionKind.TEXT)]))
        assert kept.session.scalar(select(func.count()).select_from(KeptFile)) == (before or 0) - 1
        assert copied.questions[0].file is not None
        assert questionnaires.mark(made) != questionnaires.mark(copied)
