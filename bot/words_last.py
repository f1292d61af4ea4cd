"""The last thing before a message leaves: which address, which words. So it is true when it leaves, in the language and for the channel of that moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from bot import outbox
from bot.channels.base import AddressKind, Attachment, Channel, ChannelName, Choice, Outgoing, Template
from bot.channels.text import split
from bot.conversation.engine import Conversation, Reply
from bot.conversation.identity import Gone, load
from bot.conversation.state import State
from bot.mail_words import as_mail, may_go_by_mail
from data.addresses import Address, AddressState
from data.conversation import Conversation as Kept
from data.outbox import Lane, Message
from data.people import Adult, AdultAddress
from data.store import Store
from data.texts import Text, same_language
from school import School, SchoolSettings, addresses, daily_limit, doubts, openers, preferences, texts
from school.capability import capabilities
from school.files import File
from translations import _
from translations.sms import fold_letters, fold_typography, segments

log = structlog.get_logger()

WAIT_FOR_ANSWER = timedelta(minutes=2)
"""How long a notice that asks something waits before looking again whether the parent's open question is answered."""
LEFT_OPEN = timedelta(minutes=30)
"""How long a parent may be silent before a notice asks all the same: their own question is put aside and comes back afterwards."""
WAIT_FOR_TRANSLATION = timedelta(seconds=5)
"""How long a notice waits before looking again whether what it carries is translated."""
LONGEST_USE = timedelta(hours=10)
STAYS = ("reply", openers.KIND, doubts.KIND)
"""Kinds of message that go to the address which they were made for, or nowhere."""

Begin = Callable[[School], tuple[Adult, Mapping[str, int | str]] | None]
"""Does what a notice would be about, and gives back one who would be told, and about what."""


@dataclass(frozen=True)
class Prepared:
    """A message that may leave now, as it will look."""

    message: Message
    outgoing: Outgoing


class Words:
    """Makes messages ready to leave. `channels` are those that are on; `public_url` is where links lead, None for a school without a public address."""

    def __init__(self, channels: Mapping[str, Channel], public_url: str | None) -> None:
        self._channels, self._public_url = channels, public_url

    def prepare(self, school: School, message: Message, may_leave: Callable[[Address], bool]) -> Prepared | None:
        """The message with its address and words; None if it does not leave now: then its state says why (postponed, cancelled, expired, failed).

        Where they must open WhatsApp first, the opener that asks them leaves in its place.
        `may_leave` says whether anything may go to an address now: asked before a notice is worded, so that its words are as late as can be.
        """
        if not _is_its_time(school, message):
            return None
        address = self._address(school, message)
        if address is None or not addresses.is_texted(school, address):
            question = self._goes_nowhere(school, message)
            return self.prepare(school, question, may_leave) if question is not None else None
        if message.kind not in STAYS and not self._can_use(school, address):
            opener = outbox.ask_to_open(school, message, address, has_other=self._has_other(school, message, address))
            return self.prepare(school, opener, may_leave) if opener is not None else None
        if openers.was_opened(message) and address.channel != ChannelName.WHATSAPP and outbox.wait_for_morning(school, message):
            return None  # they opened another's, or long ago
        if message.verdict == doubts.KIND:
            message.verdict = None  # another way was found
        if outbox.wait_for_tomorrow(school, message, address) or not may_leave(address) or (message.text is None and not self._word(school, message, address)):
            return None
        message.address = address
        if message.kind not in (openers.KIND, doubts.KIND):
            _introduce(school, message, address)
        if openers.was_opened(message):
            message.verdict = message.code = None
        if message.code == daily_limit.CODE:
            message.code = None
        return Prepared(message, self._made_ready(school, message, address))

    def again(self, school: School, message: Message) -> Outgoing:
        """A message that was handed over before, as it looked then: to be looked up by its words."""
        if message.address is None:
            raise LookupError(message.id)
        return self._outgoing(school, message, message.address)

    def next_address(self, school: School, message: Message) -> Address | None:
        """The person's next address after the one that failed, by their rank, that can be used now; None where there is none."""
        if message.adult_id is None:
            return None
        theirs = select(Address).join(AdultAddress).where(AdultAddress.adult_id == message.adult_id).order_by(AdultAddress.rank, Address.id)
        ranked = [address for address in school.session.scalars(theirs) if _may_carry(address, message)]
        places = [place for place, address in enumerate(ranked) if address.id == message.address_id]
        return self._first(school, message, ranked[max(places, default=-1) + 1 :], once=True)

    def _address(self, school: School, message: Message) -> Address | None:
        """Where it goes: a reply back to where its question came from; a notice to the first of the adult's addresses that can be used now.

        That may be a WhatsApp that they must open first: see `_first`.
        """
        if message.address is not None and (message.kind in STAYS or self._can_use(school, message.address)):
            return message.address
        has_failed = message.verdict not in (None, openers.NO_WINDOW)
        if message.address is not None and has_failed and self._waits_at(school, message, message.address, has_other=False, once=True):
            return message.address  # where it was sent on to, after the others had failed: they would only fail again
        if message.adult_id is None:
            return None  # a member of staff, at the address where they were to be told
        adult = school.session.get_one(Adult, message.adult_id)
        ranked = [address for address in addresses.usable_for(school, adult) if _may_carry(address, message)]
        chosen = self._first(school, message, ranked)
        if message.verdict is None and chosen is not None and any(self._is_shut(school, each) for each in ranked[: ranked.index(chosen)]):
            message.verdict = openers.NO_WINDOW  # staff see why it goes another way
        return chosen

    def _doubted(self, school: School, message: Message) -> Address | None:
        """Where whoever has the phone can be asked whether it is still theirs, or was asked and may still answer; there is no other way to them."""
        adult = school.session.get(Adult, message.adult_id) if message.adult_id else None
        asked = doubts.to_ask(school, adult) if adult is not None else ()
        return next((address for address in asked if self._carries_now(school, address)), None)

    def _ask_whose(self, school: School, message: Message, address: Address) -> Message | None:
        """The message waits; the question that it waits for, if that was not asked before. Its answer is a stranger's, until it is given."""
        outbox.postpone(message, school.now + doubts.LOOKED_AGAIN)
        message.verdict = doubts.KIND
        doubt = doubts.must_ask(school, address)
        if doubt is None:
            return None
        thread = f"x{address.id}"
        kept = school.session.get(Kept, thread, with_for_update=True) or Kept(thread=thread, state={}, updated_at=school.now)
        state = State.from_json(kept.state)
        said = Conversation(school, None, address, state, language=address.adults[0].language).begin("still_theirs")
        question = outbox.ask_whose(school, message, address, said, f"{doubts.KIND}:{doubt.id}")
        if said.question is not None:
            said.question.outbox = question.uid
        kept.state, kept.updated_at = state.to_json(), school.now
        school.session.add(kept)
        return question

    def _has_other(self, school: School, message: Message, address: Address) -> bool:
        """Whether another way is open to whoever it is for, that has not failed already."""
        if message.adult_id is None or message.verdict not in (None, openers.NO_WINDOW):
            return False
        theirs = addresses.usable_for(school, school.session.get_one(Adult, message.adult_id))
        return any(each.id != address.id and _may_carry(each, message) and self._can_use(school, each) for each in theirs)

    def _first(self, school: School, message: Message, ranked: Sequence[Address], *, once: bool = False) -> Address | None:
        """The first of these that can be used now, or a WhatsApp before it that is closed, where the message waits for them to open it; with `once` no more
        where it has waited before: another way has failed since, and the two would follow each other for ever.
        """
        now = next((address for address in ranked if self._can_use(school, address)), None)
        before = ranked[: ranked.index(now)] if now is not None else ranked
        return next((address for address in before if self._waits_at(school, message, address, has_other=now is not None, once=once)), now)

    def _waits_at(self, school: School, message: Message, address: Address, *, has_other: bool, once: bool) -> bool:
        adult = school.session.get(Adult, message.adult_id) if message.adult_id and address.channel in self._channels else None
        may_wait = adult is not None and message.kind not in STAYS and openers.can_ask(school, address, adult.language)
        if not may_wait or (once and openers.has_waited(school, message, address)):
            return False
        return openers.wait(school, message, address, has_other=has_other) is not None

    def _goes_nowhere(self, school: School, message: Message) -> Message | None:
        """Staff hear of it, unless it can wait for an answer to the question that comes back, where that was not asked before."""
        doubted = self._doubted(school, message)
        if doubted is not None:
            return self._ask_whose(school, message, doubted)
        if message.adult_id is None and message.address is not None and not addresses.is_texted(school, message.address):
            outbox.cancel(message)  # what that stranger wrote is with the office: a flood of failures would bury it
        else:
            outbox.refused(school, message, *self._why_nowhere(school, message))
        return None

    def _why_nowhere(self, school: School, message: Message) -> tuple[str, str | None]:
        """Why there is no address for it, as a verdict and a code."""
        adult = school.session.get(Adult, message.adult_id) if message.adult_id else None
        if adult is not None and any(not addresses.is_texted(school, address) for address in addresses.usable_for(school, adult)):
            return "abroad", None
        is_shut = adult is not None and any(self._is_shut(school, address) for address in addresses.usable_for(school, adult))
        return (openers.NO_WINDOW, openers.CODE) if is_shut else ("no_address", None)

    def _is_shut(self, school: School, address: Address) -> bool:
        return address.channel in self._channels and openers.is_closed(school, address)

    def _can_use(self, school: School, address: Address) -> bool:
        return address.state == AddressState.USABLE and self._carries_now(school, address)

    def _carries_now(self, school: School, address: Address) -> bool:
        channel = self._channels.get(address.channel)
        if channel is None or not addresses.is_texted(school, address):
            return False
        return not channel.limits.keeps_window or addresses.is_whatsapp_window_open(address, school.now)

    def _word(self, school: School, message: Message, address: Address) -> bool:
        """Word a notice, opening its question; False if it is dropped or must wait."""
        adult = school.session.get_one(Adult, message.adult_id)
        kept = school.session.get(Kept, f"a{adult.id}", with_for_update=True) or Kept(thread=f"a{adult.id}", state={}, updated_at=school.now)
        before = State.from_json(kept.state)
        state = State.from_json(kept.state)
        said = Conversation(school, adult, address, state, language=adult.language).begin(f"notice:{message.kind}", **message.about)
        is_asked_now = before.question is not None and school.now - kept.updated_at < LEFT_OPEN
        if said.question is not None and is_asked_now and message.lane > Lane.URGENT:
            outbox.postpone(message, school.now + WAIT_FOR_ANSWER)
            return False
        if not said.text:
            outbox.cancel(message)
            return False
        if self._waits_for_translation(school, message, adult, said.texts):
            outbox.postpone(message, school.now + WAIT_FOR_TRANSLATION)
            return False
        if said.question is not None:
            said.question.outbox = message.uid
            kept.state, kept.updated_at = state.to_json(), school.now
            school.session.add(kept)
        _keep_words(message, said)
        texts.carried(school, message, said.texts)
        return True

    def _waits_for_translation(self, school: School, message: Message, adult: Adult, carried: Sequence[Text]) -> bool:
        """Whether a translation of what it carries may still come in time; one that nobody has asked for is asked for."""
        for text in carried:
            texts.want(text, [adult.language])
        began = max(message.created_at, message.not_before or message.created_at)
        is_late = school.now - began >= school.settings.translation_wait
        return not is_late and any(texts.is_awaited(text, adult.language) for text in carried)

    def _made_ready(self, school: School, message: Message, address: Address) -> Outgoing:
        """The message as it leaves. What it leaves with is kept, so that a look-up seeks these very words: link written out, the rest split off."""
        channel = self._channels[address.channel]
        outbox.join(message)
        file = file_of(school, message)
        if file is not None and not _goes_along(file, address):
            reader = school.session.get(Adult, message.adult_id) if message.adult_id else None
            path = file.path_for(reader, message) if self._public_url else ""
            message.text = f"{message.text}\n{self._public_url}{path}" if path else message.text
            message.attachment = file = None
        self._fold(school, message, address)
        _fit(message, channel)
        if file is None or message.attachment is None:
            return self._outgoing(school, message, address)
        return self._outgoing(school, message, address, Attachment(file.name, file.media_type, file.content))

    def _outgoing(self, school: School, message: Message, address: Address, attachment: Attachment | None = None) -> Outgoing:
        worth = min(message.useless_after - school.now, LONGEST_USE) if message.useless_after else LONGEST_USE
        outgoing = Outgoing(
            id=message.uid,
            channel=ChannelName(address.channel),
            address=address.value,
            address_kind=AddressKind(address.kind),
            text=message.text or "",
            choices=[Choice(*choice) for choice in message.choices],
            attachment=attachment,
            asks_contact=message.asks_contact,
            template=Template(message.about["sid"], {"1": message.about["school"]}) if message.kind == openers.KIND else None,
            valid_for=max(int(worth.total_seconds()), 1),
        )
        if address.channel != ChannelName.EMAIL:
            return outgoing
        reader = school.session.get(Adult, message.adult_id) if message.adult_id else None
        language = reader.language if reader else "en"
        plain = replace(outgoing, text=outgoing.text.removeprefix(_hello(school, language)))  # said where a phone was tried first: STOP ends no mail
        return as_mail(school, plain, address, language, self._public_url)

    def _fold(self, school: School, message: Message, address: Address) -> None:
        """Write letters that no cheap text carries plainly, where the school wants that for this language and it saves a message part."""
        adult = school.session.get(Adult, message.adult_id) if message.adult_id and address.channel == ChannelName.SMS else None
        if adult is None or adult.language.split("-")[0] not in school.settings.fold_letters:
            return
        whole = "\n".join([message.text or "", *(f"{number} {label}" for number, (_id, label) in enumerate(message.choices, start=1))])
        if segments(fold_typography(fold_letters(whole, adult.language))) < segments(fold_typography(whole)):
            message.text = fold_letters(message.text or "", adult.language)
            message.choices = [[choice, fold_letters(label, adult.language)] for choice, label in message.choices]


def _is_its_time(school: School, message: Message) -> bool:
    """Whether it may leave now, as far as that does not hang on where it goes; if not its state says why."""
    if message.useless_after is not None and message.useless_after <= school.now:
        outbox.expire(school, message)
        return False
    if message.kind == openers.KIND and not openers.is_awaited(school, message):
        outbox.cancel(message)
        return False
    if message.text is None and preferences.is_switched_off(school, message):
        outbox.not_wanted(message)
        return False
    return not outbox.wait_for_morning(school, message, is_opened=openers.was_opened(message))


def _fit(message: Message, channel: Channel) -> None:
    """A text too long for one message leaves in several, in order; the choices stand under the last."""
    text, most = (message.text or "").strip(), channel.limits.text_characters
    listed = sum(len(choice[1]) + 4 for choice in message.choices)
    if len(text) + listed <= most:
        return
    first, *more = split(text, max(most - listed, most // 2))
    if more:
        message.text = first
        outbox.split_off(message, text[len(first) :])


def for_paper(store: Store, settings: SchoolSettings, now: datetime, message_ids: Sequence[int]) -> Mapping[int, str]:
    """The words of messages that did not arrive, by id, to be printed. A notice that never had any is worded now; no question is opened, nothing is kept.

    What cannot be worded, or would say nothing any more, is left out.
    """
    words: dict[int, str] = {}
    with store.read() as session:
        for message in session.scalars(select(Message).where(Message.id.in_(message_ids))).all():
            adult = session.get(Adult, message.adult_id) if message.adult_id else None
            said = message.whole_text or (_read_out(School(session, now, settings), message, adult) if adult is not None else "")
            if said:
                words[message.id] = said
    return words


def _read_out(school: School, message: Message, adult: Adult) -> str:
    nowhere = Address(channel=ChannelName.SMS, kind=AddressKind.PHONE, value="")
    try:
        return Conversation(school, adult, nowhere, State(), language=adult.language).begin(f"notice:{message.kind}", **message.about).text
    except Exception as error:
        log.exception("not worded for paper", kind=message.kind, error=type(error).__name__)
        school.session.rollback()
        return ""


@dataclass(frozen=True)
class Tried:
    """A notice as it would read: its words with its choices under them, and what people wrote that it carries, by id."""

    words: str
    texts: Mapping[int, str]


def tried_out(
    store: Store, settings: SchoolSettings, now: datetime, kind: str, language: str, begin: Begin, translated: Mapping[int, str] | None = None
) -> Tried | None:
    """How a notice would read in `language` if what `begin` does were done; None where nobody would be told.

    `translated` are the words of texts in that language, by id, in place of those that are kept. Everything is undone again.
    """
    with store.write(durable=False) as session:
        try:
            school = School(session, now, settings)
            begun = begin(school)
            if begun is None:
                return None
            adult, about = begun
            adult.language = language
            let_read(school, language, translated or {})
            nowhere = Address(channel=ChannelName.SMS, kind=AddressKind.PHONE, value="")
            said = Conversation(school, adult, nowhere, State(), language=language).begin(f"notice:{kind}", **about)
            choices = [f"{number} {label}" for number, (_id, label) in enumerate(said.choices, start=1)]
            return Tried("\n".join([said.text, *choices]), {text.id: text.words for text in said.texts})
        finally:
            session.rollback()


def let_read(school: School, language: str, translated: Mapping[int, str]) -> None:
    """Let these texts read so in a language, in a transaction that is undone again."""
    for text_id, words in translated.items():
        text = school.session.get_one(Text, text_id)
        if same_language(text.language, language):
            text.words = words
        else:
            texts.want(text, [language])
            found = text.translation(language)
            assert found is not None
            texts.translated(found, words, "preview")


def _may_carry(address: Address, message: Message) -> bool:
    """Whether this kind of message may go there at all: e-mail is only out, and nobody waits for it."""
    return address.channel != ChannelName.EMAIL or may_go_by_mail(message)


def _goes_along(file: File, address: Address) -> bool:
    """Whether a file is sent itself, not a link to it. A photo or letter of one family's does not lie in a mailbox: by e-mail, too, its link opens once."""
    return not file.is_page and (address.channel == ChannelName.TELEGRAM or (address.channel == ChannelName.EMAIL and file.link is None))


def _introduce(school: School, message: Message, address: Address) -> None:
    if address.first_greeted_at is None and address.channel != ChannelName.EMAIL:  # every mail says from whom it is, and how it is ended
        address.first_greeted_at = school.now
        adult = school.session.get(Adult, message.adult_id) if message.adult_id else None
        message.text = introduced(school, message.text or "", adult.language if adult else "en", is_reply=message.kind == "reply")


def introduced(school: School, text: str, language: str, *, is_reply: bool = False) -> str:
    """The first message to an address: it says which school it is, and how to check that; who wrote to us need not wonder who we are."""
    if school.settings.name in text and (is_reply or school.settings.phone in text):
        return text
    return f"{_hello(school, language)}{text}"


def _hello(school: School, language: str) -> str:
    """A line of its own."""
    # Translators: stands before the first message to a new number. {phone} is the school's telephone number. Leave STOP as it is.
    hello = _("This is {school}. To check, ring {phone}. STOP ends messages.").format(school=school.settings.name, phone=school.settings.phone)
    return f"{hello.render(language)}\n"


def _keep_words(message: Message, said: Reply) -> None:
    message.text, message.choices = said.text, [list(choice) for choice in said.choices]
    message.english = said.english or None
    message.attachment = said.attachment


def file_of(school: School, message: Message) -> File | None:
    """The file that goes along, if what it shows is still there."""
    if message.attachment is None:
        return None
    try:
        thing = load(school.session, message.attachment)
    except Gone:
        return None
    makers = {name: make for capability in capabilities() for name, make in capability.files.items()}
    make = makers.get(type(thing).__name__)
    return make(school, thing) if make else None
