"""/q/TOKEN: an anonymous questionnaire's page, asked with plain requests: what it takes, once, and what it tells nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import func, select

from bot.question_form import as_given, fields_of, typed
from data.attention import Attention
from data.outbox import Message
from data.questionnaires import Privacy, Question, QuestionKind, QuestionnaireLink, Response, SealedResponse
from data.texts import Text
from school import School, demo, kept_files, questionnaires, responses, texts
from school.questionnaire_form import Asked, Form
from school.responses import Given
from tests.conftest import Lines
from tests.school.files_to_try import picture
from tests.served import ELSEWHERE, Served

pytestmark = pytest.mark.anyio

OVER = "These questions cannot be answered here, or not any more."
GOOD = {"happy": "4", "clubs": ["1", "other"], "clubs.words": "Chess", "often": "3", "why": "hidden, and does not count"}


def form(picture_id: int | None = None) -> Form:
    return Form(
        "Your year with us",
        [
            Asked("happy", "How happy is your child?", QuestionKind.SCALE, scale="happy", picture_id=picture_id),
            Asked("why", "What would make it better?", QuestionKind.TEXT, is_optional=True, only_if={"happy": ["1", "2"]}),
            Asked("clubs", "Which clubs?", QuestionKind.SEVERAL, choices=("Cooking", "Music"), takes_other=True),
            Asked("often", "How often were you here?", QuestionKind.NUMBER, least=0, most=50),
            Asked("when", "When did you come last?", QuestionKind.DATE, is_optional=True),
            Asked("again", "Would you come again?", QuestionKind.YES_NO, is_optional=True),
        ],
        thanks="The headteacher thanks you.",
        privacy=Privacy.ANONYMOUS,
    )


def link(served: Served, language: str = "en", *, shows: bool = False) -> str:
    """The path of a new page's link, for someone who reads `language`."""
    with served.house.store.write() as session:
        school = School(session, served.house.clock(), served.house.school_settings)
        kept = kept_files.keep(school, picture(), "image/jpeg") if shows else None
        made = questionnaires.make(school, None, form(kept.id if kept else None))
        questionnaires.open_up(school, None, made)
        adult = demo.adult(school, "Amina")
        adult.language = language
        return responses.page(school, made).path_for(adult, Message())


async def ask(served: Served, method: str, path: str, fields: Mapping[str, str | Sequence[str]] | None = None, speaks: str = "") -> httpx.Response:
    body = urlencode(fields, doseq=True) if fields is not None else None
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": speaks}
    async with served.caller(ELSEWHERE) as caller:
        return await caller.request(method, path, content=body, headers=headers)


def sealed(served: Served) -> list[Mapping[str, Mapping[str, object]]]:
    with served.house.store.read() as session:
        return [row.answers for row in session.scalars(select(SealedResponse))]


async def test_it_is_answered_once_and_only_what_was_asked_counts(served: Served) -> None:
    path = link(served)
    for _ in range(2):  # a robot looks
        page = await ask(served, "GET", path)
        assert (page.status_code, "Your year with us" in page.text) == (200, True)
    thanks = await ask(served, "POST", path, GOOD)
    assert (thanks.status_code, "Your answers have arrived" in thanks.text, "The headteacher thanks you." in thanks.text) == (200, True, True)
    [kept] = sealed(served)
    assert {key: (given["choices"], given["number"], given["words"]) for key, given in kept.items()} == {
        "happy": (["4"], None, ""),
        "clubs": (["1", "other"], None, "Chess"),
        "often": ([], 3, ""),
        "when": ([], None, ""),
        "again": ([], None, ""),
    }
    for method in ("GET", "POST"):
        over = await ask(served, method, path, GOOD if method == "POST" else None)
        assert (over.status_code, OVER in over.text) == (404, True)
    assert len(sealed(served)) == 1


async def test_what_is_missing_is_asked_for_and_what_was_typed_is_kept(served_on_sqlite: Served) -> None:
    path = link(served_on_sqlite)
    page = await ask(served_on_sqlite, "POST", path, {"clubs": ["other", "2"], "often": "fifty <b>", "when": "soon", "why": 'a\r\n"b"'})
    assert page.status_code == 422
    assert "Something is missing or not right." in page.text
    for said in (
        'value="other" checked',
        'value="2" checked',
        'value="fifty &lt;b&gt;"',
        "a\n&#34;b&#34;</textarea>",
        'id="q-happy-fault"',
        "Please say what.",
    ):
        assert said in page.text
    assert sealed(served_on_sqlite) == []
    assert (await ask(served_on_sqlite, "POST", path, GOOD)).status_code == 200


async def test_used_unknown_and_closed_links_look_the_same_in_the_browsers_language(served_on_sqlite: Served) -> None:
    used, closed = link(served_on_sqlite), link(served_on_sqlite)
    await ask(served_on_sqlite, "POST", used, GOOD)
    served_on_sqlite.later += timedelta(days=15)
    pages = [await ask(served_on_sqlite, "GET", path, speaks="xx, ar-EG;q=0.9") for path in (used, closed, "/q/never", "/q/" + "A" * 32)]
    assert {(page.status_code, page.text) for page in pages} == {(404, pages[0].text)}
    assert '<html lang="ar-EG" dir="rtl">' in pages[0].text


async def test_it_runs_nothing_and_leaves_nothing_behind(served_on_sqlite: Served, logged: Lines) -> None:
    path = link(served_on_sqlite)
    page = await ask(served_on_sqlite, "GET", path)
    await ask(served_on_sqlite, "POST", path, GOOD)
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "set-cookie" not in page.headers
    assert not [name for name in ("Amina", "Ayaan", "<script", "http://", "https://") if name in page.text]
    assert path.removeprefix("/q/") not in logged.getvalue()
    assert "Chess" not in logged.getvalue()


async def test_a_picture_is_shown_as_long_as_the_page_is_open(served_on_sqlite: Served) -> None:
    path = link(served_on_sqlite, shows=True)
    assert f'src="{path.removeprefix("/q/")}/happy"' in (await ask(served_on_sqlite, "GET", path)).text
    shown = await ask(served_on_sqlite, "GET", f"{path}/happy")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert (await ask(served_on_sqlite, "GET", f"{path}/clubs")).status_code == 404
    await ask(served_on_sqlite, "POST", path, GOOD)
    assert (await ask(served_on_sqlite, "GET", f"{path}/happy")).status_code == 404


async def test_the_lead_sees_words_that_alarm_without_a_name(served: Served) -> None:
    path = link(served)
    assert "the safeguarding lead sees those words, without a name" in (await ask(served, "GET", path)).text
    thanks = await ask(served, "POST", path, GOOD | {"clubs.words": "my husband hits the children every night"})
    assert "ring 999" in thanks.text
    assert "You can also ring the school" in thanks.text
    with served.house.store.read() as session:
        row = session.scalars(select(Attention).where(Attention.need == "safeguarding").order_by(Attention.id.desc())).first()
        assert row is not None
        assert (row.text, row.adult_id, row.address_id) == ("my husband hits the children every night", None, None)
        assert session.scalar(select(Message.id).where(Message.key.startswith(f"alert:{row.key}"))) is not None


async def test_plain_answers_call_nobody(served_on_sqlite: Served) -> None:
    thanks = await ask(served_on_sqlite, "POST", link(served_on_sqlite), GOOD)
    assert "999" not in thanks.text
    with served_on_sqlite.house.store.read() as session:
        assert session.scalar(select(func.count()).where(Attention.key.startswith("safeguarding:page"))) == 0


async def test_too_much_is_refused_and_uses_nothing_up(served_on_sqlite: Served) -> None:
    path = link(served_on_sqlite)
    long = await ask(served_on_sqlite, "POST", path, GOOD | {"clubs.words": "ö" * 4_001})
    assert (long.status_code, "at most 4,000 characters" in long.text) == (422, True)
    assert (await ask(served_on_sqlite, "POST", path, {"why": "x" * 2_200_000})).status_code == 413
    assert (await ask(served_on_sqlite, "POST", path, {f"f{number}": "x" for number in range(700)})).status_code == 400
    with served_on_sqlite.house.store.read() as session:
        assert session.scalar(select(func.count()).select_from(QuestionnaireLink)) == 1
        assert session.scalar(select(func.count()).select_from(Response)) == 0


async def test_a_database_that_is_away_loses_nothing(served_on_sqlite: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    path = link(served_on_sqlite)
    with served_on_sqlite.house.store.write():  # somebody else writes, and does not end
        page = await ask(served_on_sqlite, "POST", path, GOOD)
    assert (page.status_code, "could not be saved" in page.text, 'value="Chess"' in page.text) == (503, True, True)
    assert (await ask(served_on_sqlite, "POST", path, GOOD)).status_code == 200


async def test_it_is_in_the_readers_language_and_says_who_translated_it(served_on_sqlite: Served) -> None:
    path = link(served_on_sqlite, "ar")
    with served_on_sqlite.house.store.write() as session:
        text = session.scalars(select(Text).where(Text.words == "Which clubs?")).one()
        question = session.scalars(select(Question).where(Question.text_id == text.id)).one()
        texts.want(question.text, ["ar"])
        made = question.text.translation("ar")
        assert made is not None
        texts.translated(made, "أي نوادٍ؟", "google")
    page = (await ask(served_on_sqlite, "GET", path)).text
    assert '<html lang="ar" dir="rtl">' in page
    assert '<span lang="ar" dir="rtl">أي نوادٍ؟</span>' in page
    assert '<span lang="en" dir="ltr">How happy is your child?</span>' in page
    assert "ترجم" in page


@pytest.mark.parametrize(
    "kind, body, expected",
    [
        (QuestionKind.NUMBER, "a=%D9%A3", Given(number=3)),
        (QuestionKind.NUMBER, "a=-2", Given(number=-2)),
        (QuestionKind.NUMBER, "a=99999999999999", Given(words="99999999999999")),
        (QuestionKind.NUMBER, "a=+", Given()),
        (QuestionKind.DATE, "a=2026-03-02", Given(on=date(2026, 3, 2))),
        (QuestionKind.TEXT, "a=x%00y%0D%0Az%1B", Given(words="xy\nz")),
        (QuestionKind.CHOICE, "a=&a.words=Art", Given(("other",), words="Art")),
        (QuestionKind.CHOICE, "a=1&a.words=Art", Given(("1",))),
        (QuestionKind.SEVERAL, "a=1&a.words=Art", Given(("1", "other"), words="Art")),
        (QuestionKind.TEXT, "a=%FF%FE", Given(words="��")),
    ],
)
async def test_what_was_typed_becomes_an_answer(kind: QuestionKind, body: str, expected: Given) -> None:
    question = Question(key="a", kind=kind, takes_other=kind in (QuestionKind.CHOICE, QuestionKind.SEVERAL))
    assert as_given(question, typed(question, fields_of(body.encode()))) == expected
