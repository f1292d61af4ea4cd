"""`bookbag whatsapp setup`: WhatsApp's buttons and lists, and its openers in each language, made once with Twilio and remembered in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from bot.channels.base import ChannelName
from bot.channels.errors import SendError
from bot.clock import now
from data.migrate import upgrade
from data.school_year import Edited
from data.store import Store
from school import School, SchoolSettings, openers
from school.openers import Opener
from translations import LanguageName, _, has_catalog, keywords, written

if TYPE_CHECKING:
    from bot.channels.twilio import TwilioChannel
    from bot.channels.twilio_templates import Approval, ApprovedTemplate
    from bot.settings import Settings

TEMPLATES = "whatsapp.templates"
"""The edited setting that holds the buttons: 'quick 3' and 'list 7' to Twilio's ContentSid."""
FAILURE, BAD_INPUT = 1, 2
# Translators: sent on WhatsApp to a family that has not written for a day. {school} is the name of the school: it may stand neither first nor last.
# {open} is the word to text back.
WORDS = _("There is a message for you from {school}. Reply {open}, and it follows.")


@dataclass(frozen=True)
class Made:
    """What there is at Twilio now: the buttons, and what WhatsApp says of each opener, by language; of None, that it approves nothing in that language."""

    buttons: Mapping[tuple[str, int], str]
    approvals: Mapping[str, tuple[ApprovedTemplate, Approval] | None]


def setup(settings: Settings) -> int:
    """Make the templates that are missing, ask for approval of those that need it, and keep what they are called; the exit code."""
    from bot.channels.twilio import TwilioChannel
    from bot.house import twilio_account

    account = twilio_account(settings, {})
    if account is None or not account.whatsapp_from:
        typer.echo("WhatsApp is off: " + "; ".join(line for line in settings.channels_off() if line.startswith("whatsapp")), err=True)
        return BAD_INPUT
    upgrade(settings.database_url)
    school = settings.for_school()
    try:
        made = asyncio.run(_made(TwilioChannel(account, ChannelName.WHATSAPP), school))
    except SendError as error:
        code = getattr(error, "code", None)
        told = f" ({code})" if code else ""
        typer.echo(f"Twilio refused, or did not answer{told}. Are the account's id and token right? This may be run again at any time.", err=True)
        return FAILURE
    _keep(settings.database_url, school, made)
    typer.echo(f"{len(made.buttons)} templates are there. A server that runs shows buttons after its next start.")
    typer.echo("Openers, for families who have not written on WhatsApp for a day:")
    for line in _told(made.approvals):
        typer.echo(f"  {line}")
    return 0


async def _made(channel: TwilioChannel, school: SchoolSettings) -> Made:
    try:
        buttons = await channel.make_templates()
        wanted = {language: _opener(language, school.name) for language in _languages(school)}
        asked = {language: template for language, template in wanted.items() if template is not None}
        approvals = dict(zip(asked, await channel.have_approved(list(asked.values())), strict=True))
        return Made(buttons, {language: (template, approvals[language]) if template is not None else None for language, template in wanted.items()})
    finally:
        await channel.aclose()


def _languages(school: SchoolSettings) -> Sequence[str]:
    """The languages that an opener may be needed in: those that the school offers and Bookbag speaks, English first."""
    return list(dict.fromkeys(language.split("-", maxsplit=1)[0] for language in ("en", *school.languages) if has_catalog(language)))


def _opener(language: str, name: str) -> ApprovedTemplate | None:
    """The opener in a language, to be approved; None where WhatsApp approves nothing in it. `name` is the school's, as an example."""
    from bot.channels.twilio_templates import ApprovedTemplate, whatsapp_language

    code = whatsapp_language(language)
    if code is None:
        return None
    body = WORDS.format(school=openers.PLACE, open=keywords.OPEN).render(language)
    return ApprovedTemplate(openers.KIND, code, body, name, keywords.OPEN.render(language), openers.BUTTON)


def _told(approvals: Mapping[str, tuple[ApprovedTemplate, Approval] | None]) -> Sequence[str]:
    """A line for each language: whether its opener may be sent."""
    from bot.channels.twilio_templates import ApprovalState

    said = {ApprovalState.APPROVED: "approved", ApprovalState.WAITS: "waits for WhatsApp's approval: run this again later"}
    lines = []
    for language, asked in approvals.items():
        name = written(LanguageName(language), "en")
        if asked is None:
            lines.append(f"{name}: WhatsApp approves nothing in this language; these families get a text")
        else:
            lines.append(f"{name}: {said.get(asked[1].state) or f'refused by WhatsApp: {asked[1].reason}'}")
    return lines


def _keep(url: str, school: SchoolSettings, made: Made) -> None:
    store = Store(url)
    try:
        with store.write() as session:
            session.merge(Edited(name=TEMPLATES, value={f"{kind} {count}": sid for (kind, count), sid in made.buttons.items()}))
            ours = School(session, now(), school)
            openers.keep(ours, _usable(openers.approved(ours), made.approvals))
    finally:
        store.close()


def _usable(before: Mapping[str, Opener], approvals: Mapping[str, tuple[ApprovedTemplate, Approval] | None]) -> Mapping[str, Opener]:
    """The openers that may be sent: the approved ones, and while other words are not approved yet the one that was approved before."""
    from bot.channels.twilio_templates import ApprovalState

    usable = {}
    for language, asked in approvals.items():
        old = before.get(language)
        if asked is not None and asked[1].state is ApprovalState.APPROVED:
            usable[language] = Opener(asked[1].sid, asked[0].body, asked[0].button)
        elif asked is not None and old is not None and old.sid != asked[1].sid:
            usable[language] = old
    return usable


def kept_templates(url: str) -> dict[tuple[str, int], str]:
    """The templates that were made, by kind and number of choices; none before `bookbag whatsapp setup`. The database must be there."""
    store = Store(url)
    try:
        with store.read() as session:
            kept = session.get(Edited, TEMPLATES)
            return {(name.partition(" ")[0], int(name.partition(" ")[2])): sid for name, sid in kept.value.items()} if kept else {}
    finally:
        store.close()
