"""What stands around a message's words in an e-mail: a subject that tells nothing, how to answer elsewhere, how to get no more of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import phonenumbers

from bot.channels.base import Outgoing
from data.addresses import Address
from data.outbox import Lane, Message
from school import School, mail_links, telegram_links, welcomes
from translations import _


def may_go_by_mail(message: Message) -> bool:
    """Whether e-mail may carry it. An answer goes back to where its question came from, and what must be answered within minutes is a person's to say.

    Nor may a link that makes whoever opens it a certain parent: a mailbox is often open to a whole family. A welcome wants an answer, and gets none there.
    """
    return message.kind not in ("reply", telegram_links.KIND, welcomes.KIND) and message.lane != Lane.ALERT


def as_mail(school: School, outgoing: Outgoing, address: Address, language: str, public_url: str | None) -> Outgoing:
    """The same message as an e-mail to a reader of `language`. Its choices are listed without numbers, since nobody reads what is answered to it.

    It names no child but in its words. With a public address it leads to a page that ends it; without one it says whom to ring.
    """
    unsubscribe = f"{public_url}{mail_links.path_of(address)}" if public_url else ""
    # Translators: the subject of every e-mail to a family. {school} is the school's name.
    subject = _("A message from {school}").format(school=school.settings.name)
    parts = [outgoing.text.strip(), *_choices(school, outgoing, language), *_last_words(school, unsubscribe, language)]
    return replace(outgoing, text="\n\n".join(parts) + "\n", choices=(), subject=subject.render(language), language=language, unsubscribe=unsubscribe)


def _choices(school: School, outgoing: Outgoing, language: str) -> Iterator[str]:
    """What can be answered, where there is a number that it can be texted to."""
    if not outgoing.choices or outgoing.asks_contact or not school.settings.text_number:
        return
    # Translators: in an e-mail, before a list of answers, one a line. {number} is the school's number for texts.
    words = _("You can text one of these answers to {number}:").format(number=_shown(school.settings.text_number))
    yield "\n".join([words.render(language), *(f"• {choice.label}" for choice in outgoing.choices)])


def _last_words(school: School, unsubscribe: str, language: str) -> Iterator[str]:
    settings = school.settings
    if settings.text_number:
        # Translators: at the end of every e-mail. {number} is the school's number for texts, {phone} its telephone.
        answer = _("Nobody reads answers to this e-mail. To write to {school}, text {number}. Or ring {phone}.")
        yield answer.format(school=settings.name, number=_shown(settings.text_number), phone=settings.phone).render(language)
    else:
        # Translators: at the end of every e-mail. {phone} is the school's telephone.
        yield _("Nobody reads answers to this e-mail. To talk with {school}, ring {phone}.").format(school=settings.name, phone=settings.phone).render(language)
    if unsubscribe:
        # Translators: at the end of every e-mail; a link stands below it.
        stop = _("You want no more e-mails from {school}? Open this:").format(school=settings.name)
        yield f"{stop.render(language)}\n{unsubscribe}"  # a line of its own: nothing turns its direction round
    else:
        # Translators: at the end of every e-mail. {phone} is the school's telephone.
        yield _("You want no more e-mails from {school}? Ring {phone}.").format(school=settings.name, phone=settings.phone).render(language)


def _shown(number: str) -> str:
    """An E.164 number as it is read aloud: '+44 7700 900900'."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
