"""An anonymous questionnaire in a real browser, on a small phone, without a script: in English and from right to left."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from bot.question_page import add_questions
from data.outbox import Message
from data.questionnaires import Privacy, QuestionKind, SealedResponse
from school import School, demo, kept_files, questionnaires, responses, texts
from school.questionnaire_form import Asked, Form
from tests.school.files_to_try import picture
from tests.standin.wire import listen
from tests.world import World

AXE = (Path(__file__).parent.parent / "console" / "axe" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ARABIC = {
    "How happy is your child at school?": "ما مدى سعادة طفلك في المدرسة؟",
    "What would make it better?": "ما الذي يجعلها أفضل؟",
    "Your year with us": "سنتكم معنا",
}


def asks(picture_id: int) -> Form:
    return Form(
        "Your year with us",
        [
            Asked("happy", "How happy is your child at school?", QuestionKind.SCALE, scale="happy", picture_id=picture_id),
            Asked("why", "What would make it better?", QuestionKind.TEXT, is_optional=True, only_if={"happy": ["1", "2"]}),
            Asked("clubs", "Which clubs would you like?", QuestionKind.SEVERAL, choices=("Cooking", "Music"), takes_other=True),
            Asked("often", "How many times were you at school?", QuestionKind.NUMBER, least=0, most=50),
            Asked("again", "Would you come again?", QuestionKind.YES_NO, is_optional=True),
        ],
        privacy=Privacy.ANONYMOUS,
    )


class Pages:
    """Where anonymous pages are served, and new links to one."""

    def __init__(self, home: str, world: World) -> None:
        self.home, self.world = home, world

    def link(self, language: str) -> str:
        self.world.speak("Amina", language)
        with self.world.house.store.write() as session:
            school = School(session, self.world.moment, self.world.house.school_settings)
            made = questionnaires.make(school, None, asks(kept_files.keep(school, picture(), "image/jpeg").id))
            questionnaires.open_up(school, None, made)
            for text in (made.title, *(question.text for question in made.questions)):
                if language == "ar" and text.words in ARABIC:
                    texts.want(text, ["ar"])
                    translation = text.translation("ar")
                    assert translation is not None
                    texts.translated(translation, ARABIC[text.words], "google")
            return self.home + responses.page(school, made).path_for(demo.adult(school, "Amina"), Message())

    def sealed(self) -> list[dict[str, object]]:
        with self.world.house.store.read() as session:
            return [row.answers for row in session.scalars(select(SealedResponse))]


@pytest.fixture
def pages(world: World) -> Iterator[Pages]:
    app, socket = FastAPI(), listen()
    add_questions(app, world.house)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield Pages(f"http://127.0.0.1:{socket.getsockname()[1]}", world)
    server.should_exit = True
    thread.join(10)
    socket.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A phone whose browser runs no script of the page's."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=True, locale="ar-EG")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def is_in_order(page: Page, width: int = 360) -> None:
    """Axe finds nothing, nothing lies beside the screen, also at 320 pixels, and what is pressed is large enough for a thumb."""
    found = page.evaluate(f"{AXE}; axe.run(document, {json.dumps({'runOnly': RULES})})")
    assert [f"{fault['id']}: {fault['nodes'][0]['html'][:160]}" for fault in found["violations"]] == []
    for narrow in (width, 320):
        page.set_viewport_size({"width": narrow, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= narrow
        small = "[...document.querySelectorAll('.option, button, input[type=text], textarea, .alert a')]"
        shown = ".filter(each => each.checkVisibility()).map(each => each.getBoundingClientRect().height)"
        assert min(page.evaluate(small + shown), default=44) >= 44
    page.set_viewport_size({"width": width, "height": 740})


def test_a_page_is_answered_on_a_phone(pages: Pages, phone: Page) -> None:
    link = pages.link("en")
    phone.goto(link)
    is_in_order(phone)
    assert phone.locator("script").count() == 0
    why = phone.get_by_label("What would make it better?")
    expect(why).to_be_hidden()
    phone.get_by_label("Very unhappy").check()
    expect(why).to_be_visible()
    why.fill("longer break")
    phone.get_by_label("Something else").check()
    phone.get_by_label("Please say what.").fill("Chess")
    phone.get_by_label("How many times").fill("fifty")
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.get_by_role("alert")).to_contain_text("All that you wrote is still here.")
    is_in_order(phone)
    expect(why).to_have_value("longer break")
    expect(phone.get_by_label("Please say what.")).to_have_value("Chess")
    often = phone.get_by_role("textbox", name="How many times")
    expect(often).to_have_value("fifty")
    expect(often).to_have_accessible_description("Please send a number from 0 to 50.")
    phone.get_by_role("link", name="How many times").click()
    often.fill("5")
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.get_by_text("Thank you! Your answers have arrived.")).to_be_visible()
    is_in_order(phone)
    [kept] = pages.sealed()
    assert kept["why"] == {"choices": [], "number": None, "on": None, "words": "longer break"}
    phone.goto(link)
    expect(phone.locator("main")).to_contain_text("02079460000")
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")  # the browser's language: the link is forgotten
    is_in_order(phone)


def test_a_page_is_answered_from_right_to_left(pages: Pages, phone: Page) -> None:
    phone.goto(pages.link("ar"))
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    is_in_order(phone)
    expect(phone.get_by_role("heading", level=1)).to_have_text("سنتكم معنا")
    expect(phone.get_by_text("ترجم الحاسوب هذه الأسئلة.")).to_be_visible()
    phone.get_by_role("button", name="أرسل إجاباتي").click()
    expect(phone.get_by_role("alert")).to_contain_text("كل ما كتبته ما زال هنا")
    is_in_order(phone)
    phone.locator("#q-happy-4").check()
    expect(phone.locator("#q-why")).to_be_hidden()
    phone.get_by_label("Cooking").check()
    phone.locator("#q-often-is").fill("٣")
    phone.get_by_role("button", name="أرسل إجاباتي").click()
    expect(phone.get_by_text("وصلت إجاباتك")).to_be_visible()
    [kept] = pages.sealed()
    assert kept["often"] == {"choices": [], "number": 3, "on": None, "words": ""}
    assert "why" not in kept
