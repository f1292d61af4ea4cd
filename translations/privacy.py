"""The privacy notice, in words that a child of nine can read, for every family in its own language. What is not used here is not spoken of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from translations.phrases import Phrase, _


def title(school: str) -> Phrase:
    """What stands above it."""
    # Translators: the title of a page about privacy, on paper. {school} is the school's name.
    return _("{school}: your privacy").format(school=school)


def notice(school: str, phone: str, days: int, processors: Collection[str]) -> Sequence[Phrase]:
    """Its sentences, a paragraph each. `days` is how long messages are kept; `processors` are names of `school.processors`."""
    said = [
        # Translators: this and the sentences below stand on a page about privacy, on paper, for parents. Plain words.
        _("{school} uses a computer program, Bookbag, to send messages and to answer yours. The school decides what is kept and why.").format(school=school),
        # Translators: privacy page.
        _("We keep your name, your number and your language, your child's name and class, and what you and we write."),
        # Translators: privacy page.
        _("We need this to answer you, to run the school and to keep children safe. The law lets a school do this."),
        # Translators: privacy page. 'two people' are the safeguarding lead and the deputy.
        _("Staff who work with your child can read it. Only two people read a worry about a child's safety. Nobody sells it or shows adverts."),
        # Translators: privacy page.
        _("Phone companies carry our texts and can see them. If something is very private, ring us or come in."),
    ]
    if "twilio" in processors:
        # Translators: privacy page. Twilio is the name of a firm.
        said.append(_("A company called Twilio, in the United States, sends our texts for us. It keeps them for 400 days."))
    if "whatsapp" in processors or "telegram" in processors:
        # Translators: privacy page.
        said.append(_("If you choose WhatsApp or Telegram, that company sees the messages too. You can go back to texts at any time."))
    if {"google", "google_cloud", "libretranslate"} & set(processors):
        # Translators: privacy page.
        said.append(_("A computer outside the school may translate messages. Names, dates and numbers that we know are taken out first."))
    return [
        *said,
        # Translators: privacy page. {days} is a number.
        _("We remove messages after {days} days. Some things stay longer because the law says so.").format(days=days),
        # Translators: privacy page.
        _("You can ask what we hold about you. You can ask us to correct it or to erase it. Write to this number, or ring {phone}.").format(phone=phone),
        # Translators: privacy page. STOP and START are words that are texted, and stay as they are.
        _("Text STOP and we send no more messages. Text START and they come again."),
        # Translators: privacy page. ICO is the Information Commissioner's Office, which watches over privacy in the United Kingdom.
        _("If you are not happy with what we do, tell us. You can also complain to the ICO: ico.org.uk"),
    ]
