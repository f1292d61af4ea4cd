"""What a link opens for whoever has it, without a log-in.

An appointment's or an event's calendar file, a photo or document for one family, a calendar to subscribe to.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from bot.house import House
from bot.question_fields import Said, own
from school import School, calendar_file, feeds, file_links, kept_files, rsvp_file
from school.files import File
from translations import Phrase, _, direction, spoken

NO_SUCH_LINK: Final = "This link has expired or is not complete. Ask the school for a new one."
STYLE: Final = (
    "body{font:1.25rem/1.5 system-ui,sans-serif;margin:0;padding:2rem 1.25rem;max-width:32rem;color:#1a1a1a;background:#fff}"
    "button{font:inherit;padding:.75rem 2rem;border:0;border-radius:.5rem;background:#1d4ed8;color:#fff}"
    "button:focus-visible{outline:3px solid #f59e0b;outline-offset:2px}"
)
"""How a page of a link looks: no file is fetched for it."""


def page_headers(style: str, *, shows: str = "") -> Mapping[str, str]:
    """The headers of a page that has no script, this style and nothing else; `shows` are directives for more."""
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{style_hash}'; {shows}form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
    }


def add_links(app: FastAPI, house: House) -> None:
    """Serve /a/…, /e/…, /m/… and /calendar/…."""

    @app.get("/a/{token}.ics")
    def appointment_file(token: str) -> Response:
        """An appointment's calendar file, for whoever was sent its link."""
        with house.store.read() as session:
            return _as_download(calendar_file.by_token(School(session, house.clock(), house.school_settings), token))

    @app.get("/e/{token}.ics")
    def event_file(token: str) -> Response:
        """The calendar file of an event that someone said yes to, for whoever was sent its link."""
        with house.store.read() as session:
            return _as_download(rsvp_file.by_token(School(session, house.clock(), house.school_settings), token))

    @app.get("/calendar/{token}.ics")
    def calendar_feed(token: str) -> Response:
        """The school's, a class's or a teacher's calendar, for whoever subscribes to it."""
        with house.store.read() as session:
            content = feeds.by_token(School(session, house.clock(), house.school_settings), token)
        if content is None:
            return PlainTextResponse(NO_SUCH_LINK, 404)
        return Response(content, media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, max-age=900"})

    @app.get("/m/{token}")
    def look_at_file(token: str) -> Response:
        """A page with a button. Looking opens nothing: a robot that draws previews must not use the link up."""
        with house.store.read() as session:
            school = School(session, house.clock(), house.school_settings)
            language = file_links.language_of(school, token) or "en"
            return _to_open(school, language) if file_links.is_open(school, token) else _over(school, language)

    @app.post("/m/{token}")
    def open_file(token: str) -> Response:
        """The file, once."""
        with house.store.write() as session:
            school = School(session, house.clock(), house.school_settings)
            file = file_links.redeem(school, token)
            if file is None:
                return _over(school, file_links.language_of(school, token) or "en")
            content, headers = file.content, dict(kept_files.headers(file, inline=True))
        return Response(content, headers=headers)


def _as_download(file: File | None) -> Response:
    """A small file as it stands now, to be saved."""
    if file is None:
        return PlainTextResponse(NO_SUCH_LINK, 404)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return Response(file.content, media_type=file.media_type, headers=headers)


def _to_open(school: School, language: str) -> HTMLResponse:
    # Translators: on a web page with one button, which opens a photo or a document.
    words = _("{school} has sent you a photo or a document. This link opens it once.").format(school=school.settings.name)
    # Translators: a button on a web page.
    return page(school, language, words, button(_("Open it"), language))


def _over(school: School, language: str) -> HTMLResponse:
    # Translators: on a web page, after a link was opened before or is too old.
    words = _("This link was opened already, or is too old. Ask the school for a new one: {phone}.").format(phone=school.settings.phone)
    return page(school, language, words, status=404)


def page(school: School, language: str, words: Phrase, more: str = "", status: int = 200) -> HTMLResponse:
    """One sentence, in the reader's language, that names nobody."""
    return small_page(school, language, [own(words, language)], more, status)


def small_page(school: School, language: str, lines: Sequence[Said], more: str = "", status: int = 200) -> HTMLResponse:
    """A few sentences, in the reader's language, that name nobody."""
    speaking = spoken(language)
    side = "rtl" if direction.is_right_to_left(speaking) else "ltr"
    said = "".join(f'<p lang="{escape(line.language)}" dir="{line.side}">{escape(line.words)}</p>' for line in lines)
    body = (
        f'<!doctype html><html lang="{escape(speaking)}" dir="{side}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(school.settings.name)}</title><style>{STYLE}</style></head><body><main><h1>{escape(school.settings.name)}</h1>"
        f"{said}{more}</main></body></html>"
    )
    return HTMLResponse(body, status, headers=dict(page_headers(STYLE)))


def button(words: Phrase, language: str, *, leads_to: str = "") -> str:
    """A form that is nothing but its button. It posts to this page's own address, or to `leads_to`."""
    to = f' action="{escape(leads_to)}"' if leads_to else ""
    return f'<form method="post"{to}><button>{_written(words, language)}</button></form>'


def _written(words: Phrase, language: str) -> str:
    return escape(words.render(language))
