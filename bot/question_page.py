"""/q/TOKEN: an anonymous questionnaire, answered once by whoever has the link. Without a script, a cookie or a line in a log.

All questions stand on one page, in their order: nothing to turn, nothing that is lost between pages. A look changes nothing; robots look at links.
docs/decisions/0020-private-and-anonymous.md says what is promised here.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import ClientDisconnect

from bot import question_fields
from bot.house import House
from bot.links import STYLE, page_headers, small_page
from bot.question_fields import SAY_WHAT, own, staffs
from bot.question_form import Fields, Typed, as_given, fields_of, typed
from bot.understanding import staff_named
from data.questionnaires import Questionnaire, QuestionnaireLink
from data.store import DatabaseAway
from nlu.face import Level
from school import School, kept_files, questionnaires, responses, safeguarding
from school.file_kinds import PICTURES
from school.responses import LONGEST, Closed, Given, NoAnswer
from translations import Phrase, _, direction, has_catalog, spoken

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a form: forty answers of 4,000 characters each would be more, in a script whose letters are sent as nine bytes; nobody writes that."""
WITHIN: Final = 60.0
"""Seconds in which it must have come: a phone on a slow network is waited for."""
LOOK: Final = STYLE + (
    "*{box-sizing:border-box}h1{font-size:1.5rem;line-height:1.3}.question{border:0;border-bottom:1px solid #767676;margin:0;padding:1.25rem 0;min-width:0}"
    "legend,.legend{display:block;font-weight:600;padding:0;margin-bottom:.5rem}"
    ".option{display:flex;align-items:center;gap:.75rem;min-height:2.75rem;padding:.35rem 0}"
    "input[type=radio],input[type=checkbox]{width:1.75rem;height:1.75rem;flex:none;margin:0}main{overflow-wrap:anywhere}"
    "input[type=text],input[type=date],textarea{font:inherit;width:100%;min-height:2.75rem;padding:.5rem;border:2px solid #595959;border-radius:.25rem}"
    ".hint,.only{color:#595959;margin:.25rem 0}.fault{color:#b00020;font-weight:600;margin:.25rem 0}.alert{border:4px solid #b00020;padding:.5rem 1rem}"
    ".alert a{display:inline-block;min-height:2.75rem;padding:.5rem 0;color:#1a1a1a}.promise{padding-inline-start:1.25rem}img{max-width:100%;height:auto}"
    ".other label{display:block}button{min-height:2.75rem;width:100%}:focus-visible{outline:3px solid #1d4ed8;outline-offset:2px}"
)
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def add_questions(app: FastAPI, house: House) -> None:
    """Serve /q/…."""

    @app.get("/q/{token}")
    def look(request: Request, token: str) -> Response:
        """The questions. Looking changes nothing."""
        with house.store.read() as session:
            school = School(session, house.clock(), house.school_settings)
            page = _page(school, token)
            return page.drawn() if page else _over(school, request)

    @app.get("/q/{token}/{key}")
    def picture(token: str, key: str) -> Response:
        """The picture that stands by a question."""
        with house.store.read() as session:
            page = _page(School(session, house.clock(), house.school_settings), token)
            questions = page.questionnaire.questions if page else ()
            file = next((question.file for question in questions if question.key == key), None)
            if file is None or file.media_type not in PICTURES:
                raise HTTPException(404)
            return Response(file.content, headers=dict(kept_files.headers(file, inline=True)))

    @app.post("/q/{token}")
    async def answer(request: Request, token: str) -> Response:
        """Take the answers, once. What is missing is asked for, with all that was typed in its place."""
        if not await asyncio.to_thread(_is_open, house, token):
            return await asyncio.to_thread(_over_in, house, request)
        fields = await _fields(request)
        return await asyncio.to_thread(_answer, house, request, token, fields)


@dataclass(frozen=True)
class _Page:
    school: School
    token: str
    questionnaire: Questionnaire
    link: QuestionnaireLink

    @property
    def language(self) -> str:
        return self.link.language

    def drawn(self, answered: Mapping[str, Typed] | None = None, faults: Mapping[str, NoAnswer] | None = None, alert: Phrase | None = None) -> Response:
        """The page, with what was typed and what is wrong with it."""
        language = self.language
        fields = list(question_fields.fields(self.questionnaire, language, answered or {}, faults or {}, self.token))
        style = LOOK + question_fields.style_of(self.questionnaire)
        opening = self.questionnaire.opening
        shown = _TEMPLATES.get_template("questions.html").render(
            language=spoken(language),
            side="rtl" if direction.is_right_to_left(spoken(language)) else "ltr",
            school=self.school.settings.name,
            title=staffs(self.questionnaire.title, language),
            opening=staffs(opening, language) if opening else None,
            promises=[promise.render(language) for promise in self._promises()],
            style=Markup(style),  # noqa: S704  # our own, and keys of letters, digits and _
            alert=alert.render(language) if alert else "",
            faulty=[field for field in fields if field.fault],
            fields=fields,
            say_what=SAY_WHAT.render(language),
            # Translators: the button under the questions on a web page.
            send=_("Send my answers").render(language),
            longest=LONGEST,
        )
        status = 503 if alert and not faults else 422 if faults else 200
        return HTMLResponse(shown, status, headers=dict(page_headers(style, shows="img-src 'self'; ")))

    def _promises(self) -> Sequence[Phrase]:
        promises = [
            # Translators: at the top of a web page with questions from the school.
            _("Nobody can see who answered. You can answer one time only."),
            # Translators: at the top of a web page with questions from the school.
            _("Your own words, and the language you write in, may show who you are."),
            # Translators: at the top of a web page with anonymous questions. The safeguarding lead is the member of staff who protects children.
            _("If you write that a child may be in danger, the safeguarding lead sees those words, without a name."),
        ]
        written = [self.questionnaire.title, *(question.text for question in self.questionnaire.questions)]
        if any(text.read_in(self.language).is_machine for text in written):
            promises.append(_("A computer translated these questions."))
        return promises


def _page(school: School, token: str) -> _Page | None:
    link = responses.page_of(school, token)
    found = questionnaires.get(school, link.questionnaire_id) if link is not None else None
    return _Page(school, token, found, link) if link is not None and found is not None else None


def _is_open(house: House, token: str) -> bool:
    with house.store.read() as session:
        return responses.page_of(School(session, house.clock(), house.school_settings), token) is not None


async def _fields(request: Request) -> Fields:
    """What the form brought. Refuses what is too large, too slow or no form."""
    body = bytearray()
    try:
        async with asyncio.timeout(WITHIN):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise HTTPException(413)
        return fields_of(bytes(body))
    except (TimeoutError, ClientDisconnect, ValueError) as bad:
        raise HTTPException(400) from bad


def _answer(house: House, request: Request, token: str, fields: Fields) -> Response:
    with house.store.read() as session:
        school = School(session, house.clock(), house.school_settings)
        page = _page(school, token)
        if page is None:
            return _over(school, request)
        answered = {question.key: typed(question, fields) for question in page.questionnaire.questions}
        answers = {question.key: as_given(question, answered[question.key]) for question in page.questionnaire.questions}
        counted, faults = responses.looked_over(page.questionnaire, answers)
        if faults:
            # Translators: on a web page, above the questions whose answers are missing or cannot be right.
            words = _("Something is missing or not right. All that you wrote is still here.")
            return page.drawn(answered, faults, words)
        heard = _heard(house, school, page.language, counted)
        try:
            _take(house, token, answers, heard, page.language)
        except Closed:
            return _over(school, request)
        except DatabaseAway:
            return page.drawn(answered, alert=_("Your answers could not be saved. They are still here: please press the button again in a minute."))
        if heard is not None and heard.level is Level.ALARM:
            house.wake_dispatcher()
        return _thanks(page, is_alarming=heard is not None)


@dataclass(frozen=True)
class _Heard:
    """Words in which a child may be at risk, and the members of staff whom they name."""

    words: str
    level: Level
    about_staff: frozenset[int]


def _heard(house: House, school: School, language: str, answers: Mapping[str, Given]) -> _Heard | None:
    """What the watch hears in the answers. Every answer is watched by itself; those that alarm are told of together."""
    said = [answer.words for answer in answers.values() if answer.words]
    alarms = [(words, alarm) for words in said if (alarm := house.understander.watch(words, language)) is not None]
    if not alarms:
        return None
    words = "\n".join(each for each, _alarm in alarms)
    level = Level.ALARM if any(alarm.level is Level.ALARM for _words, alarm in alarms) else Level.LOOK
    return _Heard(words, level, staff_named(school, words))


def _take(house: House, token: str, answers: Mapping[str, Given], heard: _Heard | None, language: str) -> None:
    """Keep the answers and, with them, what the lead must see: the words alone."""
    with house.store.write(urgent=True) as session:
        school = School(session, house.clock(), house.school_settings)
        responses.answer_page(school, token, answers)
        if heard is not None:
            rule = safeguarding.raise_alarm if heard.level is Level.ALARM else safeguarding.put_before_the_lead
            key = f"safeguarding:page:{secrets.token_hex(8)}"
            rule(school, key=key, text=heard.words, adult=None, address=None, about_staff=heard.about_staff, language=language)


def _thanks(page: _Page, *, is_alarming: bool) -> Response:
    """Thanks, in the school's own words too. After words that alarm: whom to ring, and no word of why."""
    language, school = page.language, page.school
    # Translators: on a web page, after the answers were sent.
    lines = [own(_("Thank you! Your answers have arrived. You can close this page."), language)]
    if page.questionnaire.thanks is not None:
        lines.append(staffs(page.questionnaire.thanks, language))
    if is_alarming:
        lines.append(own(_("If anyone is in danger now, ring 999. NSPCC: 0808 800 5000. Childline: 0800 1111."), language))
        # Translators: {phone} is the school's telephone number.
        lines.append(own(_("You can also ring the school: {phone}.").format(phone=school.settings.phone), language))
    return small_page(school, language, lines)


def _over(school: School, request: Request) -> Response:
    """The same for a link that was used, is closed, or never was: nobody learns which."""
    # Translators: on a web page, for a link that was used already, or is closed or not complete: it is not known which.
    words = _("These questions cannot be answered here, or not any more. If you have sent your answers, they have arrived: thank you. The school: {phone}.")
    language = _browsers(request)
    return small_page(school, language, [own(words.format(phone=school.settings.phone), language)], status=404)


def _over_in(house: House, request: Request) -> Response:
    with house.store.read() as session:
        return _over(School(session, house.clock(), house.school_settings), request)


def _browsers(request: Request) -> str:
    """The first language of the browser that Bookbag speaks, else English: a link that is gone has none."""
    for wish in request.headers.get("accept-language", "")[:200].split(","):
        tag = wish.partition(";")[0].strip()
        if tag.replace("-", "").isalnum() and tag.isascii() and has_catalog(tag):
            return tag
    return "en"
