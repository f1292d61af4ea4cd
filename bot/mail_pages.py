"""The page that ends e-mails to an address, for whoever was sent its link: without a log-in and without JavaScript."""

from __future__ import annotations

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from bot.house import House
from bot.links import NO_SUCH_LINK, button, page
from data.addresses import Address, AddressState
from school import School, mail_links
from translations import _

AGAIN = "?again=1"


def add_mail_pages(app: FastAPI, house: House) -> None:
    """Serve /mail/…."""

    @app.get("/mail/{token}")
    def ask(token: str) -> Response:
        """A page with a button. Looking ends nothing: a mail scanner opens every link."""
        with house.store.read() as session:
            school = School(session, house.clock(), house.school_settings)
            address = mail_links.address_of(school, token)
            return PlainTextResponse(NO_SUCH_LINK, 404) if address is None else _shown(school, address)

    @app.post("/mail/{token}")
    def end(token: str, again: str = "") -> Response:
        """No more e-mails to that address, by the button or by a mail program's one click (RFC 8058), whose body says nothing more; or some again."""
        with house.store.write() as session:
            school = School(session, house.clock(), house.school_settings)
            address = mail_links.address_of(school, token)
            if address is None:
                return PlainTextResponse(NO_SUCH_LINK, 404)
            change = mail_links.begin_again if again else mail_links.end
            change(school, address)
            return _shown(school, address, is_new=True)


def _shown(school: School, address: Address, *, is_new: bool = False) -> HTMLResponse:
    """Whether e-mails are sent to this address, and the button that changes it. `is_new`: it was just changed."""
    language = mail_links.language_of(address)
    if address.state == AddressState.OPTED_OUT:
        # Translators: on a web page, after someone ended the e-mails. A button below says 'I want e-mails again'.
        words = _("You will get no more e-mails from {school}. We may still ring you if it is urgent.").format(school=school.settings.name)
        # Translators: a button on a web page, in the reader's own voice.
        return page(school, language, words, button(_("I want e-mails again"), language, leads_to=AGAIN))
    if is_new:
        # Translators: on a web page, after someone pressed 'I want e-mails again'.
        return page(school, language, _("You will get e-mails from {school} again.").format(school=school.settings.name))
    # Translators: on a web page with one button: 'No more e-mails'.
    words = _("Do you want no more e-mails from {school}?").format(school=school.settings.name)
    # Translators: a button on a web page, in the reader's own voice.
    return page(school, language, words, button(_("No more e-mails"), language))
