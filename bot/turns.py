"""From the inbox to the outbox: one message, one turn, one transaction.

Turns are in order within a thread (an adult, whatever channel they use); different threads do not wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Integer, String, bindparam, func, select
from sqlalchemy.orm import Session

from bot import faults, outbox
from bot.channels.base import AddressKind, InboundKind
from bot.clock import Clock
from bot.conversation.engine import CONTROLS, Conversation, Reply, Utterance
from bot.conversation.registry import by_keyword
from bot.conversation.state import State
from bot.timings import Passed, Timings
from bot.understanding import Understander, understand
from data.addresses import Address, AddressState
from data.attention import Need
from data.base import UtcDateTime
from data.conversation import Conversation as Kept
from data.inbox import InboxState, Received
from data.outbox import Message
from data.people import Adult
from data.store import DatabaseAway, Store
from nlu.face import Level
from scheduler import claims
from school import School, SchoolSettings, addresses, closings, consent, families, kept_files, messages, openers, recognition, restored, safeguarding
from school.attention import add_words, call_for_a_person
from school.capability import capabilities
from translations import _

log = structlog.get_logger()

ELSEWHERE = timedelta(milliseconds=200)
"""When to look again for a turn that another process is taking."""
TRIES = 3
"""How often a message may fail before a person gets it and those behind it go on."""
ROBOT_CHARACTERS, ROBOT_REPEATS = 12, 3
"""So long a text, the same more often than this within an hour, is a phone that answers by itself ('I am driving'): answering it would never end."""
ALARMED = 3
"""How many more answers a stranger gets in a day when someone may be at risk."""
ALWAYS_HEARD = frozenset({"stop", "start", "help", "speak_to_person", "ring_me"})
"""What is answered however much was written before: the law asks it of STOP, and a person can always be reached."""
NEVER_LATE = frozenset({"stop", "start"})
"""What is done however late it comes: whoever said STOP while nobody heard it has said it."""
WISHES_FOR_A_PERSON = frozenset({"speak_to_person", "ring_me"})
WRONG_NUMBER = "wrong_number"
NOT_TEXT = frozenset({InboundKind.PHOTO, InboundKind.VOICE, InboundKind.LOCATION, InboundKind.OTHER})


@dataclass(frozen=True)
class TurnSettings:
    """How turns are taken.

    `settle` is how long free text may be followed by more of it; past `late_after` a message is not acted on; `per_hour` is what one address may write.
    Where several processes take turns, another takes a turn that was not taken for `claim_expires`.
    `advanced_opt_out`: the carrier answers STOP, START and HELP by the words that the school has given it.
    """

    settle: timedelta = timedelta(seconds=3)
    late_after: timedelta = timedelta(hours=2)
    per_hour: int = 60
    claim_expires: timedelta = timedelta(seconds=90)
    advanced_opt_out: bool = False
    strict: bool = False
    via: str = ""


class Turns:
    """Takes turns. Every method opens its own transactions and may be called from any thread, but not twice at once for the same thread of conversation."""

    def __init__(
        self,
        store: Store,
        settings: SchoolSettings,
        engine: Understander,
        clock: Clock,
        turn_settings: TurnSettings | None = None,
        *,
        process: str | None = None,
        timings: Timings | None = None,
    ) -> None:
        """`process` names the one that this runs in, where there may be several; without it nobody else takes turns."""
        self._store, self._school_settings, self._engine, self._clock = store, settings, engine, clock
        self._settings, self._process = turn_settings or TurnSettings(), process
        self._timings = timings or Timings()

    def waiting(self, except_for: Collection[str] = (), limit: int = 50) -> list[str]:
        """The threads with messages that wait, the longest waiting first."""
        with self._store.read() as session:
            return list(session.scalars(_WAITING, {"via": self._settings.via, "others": list(except_for), "most": limit}))

    def take(self, thread: str) -> timedelta | None:
        """Take the next turn of a thread. None when it is done; a wait, where more of the same text may still be coming, or another process is at it.

        A message that fails three times goes to a person. Raises DatabaseAway, and then nothing has changed.
        """
        if not self._is_ours(thread):
            return ELSEWHERE
        try:
            heard = self._understand(thread)
            if heard is None or isinstance(heard, timedelta):
                self._release(thread)
                return heard
            self._timings.took(Passed.UNDERSTOOD, (self._clock() - heard.received_at).total_seconds())
            understood = time.perf_counter()
            # No flush of its own: the log is flushed up to here before anything of it leaves (the dispatcher's claim). A power cut before that takes the turn
            # back as a whole, and the message, which was flushed when it came, is answered again.
            with self._store.write(durable=False, urgent=True) as session:
                self._handle(self._school(session), heard)
                if self._process is not None:
                    claims.release(session, thread, self._process)
                faults.reached("handled")
                handled = time.perf_counter()
            faults.reached("committed")
            self._timings.took(Passed.HANDLED, handled - understood)
            self._timings.took(Passed.COMMITTED, time.perf_counter() - handled)
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a handler raises, the message must reach a person in the end
            self._failed(thread, error)
        return None

    def _is_ours(self, thread: str) -> bool:
        """Whether no other process is taking this thread's turn."""
        if self._process is None:
            return True
        with self._store.write(durable=False) as session:
            return claims.claim(session, thread, self._process, self._clock(), self._settings.claim_expires)

    def _release(self, thread: str) -> None:
        if self._process is not None:
            with self._store.write(durable=False) as session:
                claims.release(session, thread, self._process)

    def _school(self, session: Session) -> School:
        return School(session, self._clock(), self._school_settings)

    # Before the transaction: what does it mean?

    def _understand(self, thread: str) -> _Heard | timedelta | None:
        with self._store.read() as session:
            school = self._school(session)
            rows = session.scalars(_NEXT, {"via": self._settings.via, "thread": thread}).all()
            if not rows:
                return None
            state = _state(session, thread)
            adult = recognition.speaker(school, rows[0].address)
            together = self._belong_together(rows, state, adult.language if adult else "en")
            if together and school.now - together[-1].received_at < self._settings.settle:
                return self._settings.settle - (school.now - together[-1].received_at)
            rows = together or rows[:1]
            text = "\n".join(row.text for row in rows)
            utterance = understand(self._engine, school, adult, state, rows[0], text)
            return _Heard([row.id for row in rows], thread, utterance, rows[0].received_at)

    def _belong_together(self, rows: Sequence[Received], state: State, language: str) -> list[Received]:
        """While free text is awaited, texts sent one after the other are one; a STOP, BACK or MENU among them stands alone."""
        if state.question is None or state.question.kind != "text":
            return []
        together: list[Received] = []
        for row in rows:
            if row.kind != InboundKind.TEXT or (together and row.address_id != together[0].address_id):
                break
            if (self._engine.exact(row.text, language) or by_keyword(row.text, language)) in CONTROLS:
                break
            together.append(row)
        return together

    # In the transaction: what follows from it?

    def _handle(self, school: School, heard: _Heard) -> None:
        rows = [school.session.get_one(Received, row_id, with_for_update=True) for row_id in heard.ids]
        if any(row.state != InboxState.NEW for row in rows):
            return  # another worker was quicker
        first = rows[0]
        adult = recognition.speaker(school, first.address)
        if adult is None and heard.thread.startswith("a"):
            # Since it came in it is not known any more who writes there: its turn is that address's own, or it would be answered twice in one conversation.
            for row in rows:
                row.thread = f"x{first.address_id}"
            return
        for row in rows:
            row.state, row.handled_at = InboxState.HANDLED, school.now
            wish = heard.utterance.wishes[0] if heard.utterance.wishes else None
            row.intent, row.confidence = (wish.intent, wish.confidence) if wish else (heard.utterance.exact, None)
        came_of_it = self._take_up(school, heard, rows, adult)
        # A yes or no to a question that is confided is its answer.
        intent = first.intent if first.topic is None else "confided"
        log.info("turn", trace=first.trace, thread=heard.thread, kind=first.kind, intent=intent, came_of_it=came_of_it)
        for row in rows[1:]:
            log.info("turn", trace=row.trace, thread=heard.thread, kind=row.kind, came_of_it=f"as one with {first.trace}")

    def _take_up(self, school: School, heard: _Heard, rows: Sequence[Received], adult: Adult | None) -> str:
        """Answer a message, or not, and say which in a word for the log."""
        first = rows[0]
        if left := self._needs_no_answer(school, heard, first):
            return left
        if heard.utterance.alarm is not None:
            self._raise_alarm(school, heard, first, adult)
        if self._is_too_much(school, first, adult, more=ALARMED if heard.is_alarming else 0):
            return "too much"
        if self._cannot_be_answered(school, heard, first, adult):
            return "cannot be answered"
        # A cry for help is the lead's alone to read, and what is said to it is true at any hour.
        if not heard.is_alarming and heard.utterance.exact not in NEVER_LATE and self._is_late(school, first):
            self._leave_to_staff(school, first, adult)
            return "late"
        if adult is not None:
            _tell_capabilities(school, adult)
        if self._is_for_whoever_talks(school, heard, first, adult):
            return "left to who talks"
        self._converse(school, heard, rows, adult)
        return "answered"

    def _needs_no_answer(self, school: School, heard: _Heard, first: Received) -> str:
        """Why nothing is said to this message, in a word for the log; '' where something is."""
        if _wants_no_answer(first):
            return "not answered"
        if self._carrier_has_answered(school, first):
            return "left to the carrier"
        if heard.utterance.exact == openers.BUTTON:
            openers.release(school, first.address)  # texted to the school's other number, it comes there
            if openers.is_shown(school, first.address, first.received_at):
                return "shown what waited"  # that is the answer, and what they were asked before stays open
        return ""

    def _raise_alarm(self, school: School, heard: _Heard, first: Received, adult: Adult | None) -> None:
        """Someone may be at risk: the lead is told whatever becomes of this turn, and no dialogue goes on by itself after that."""
        rule = safeguarding.raise_alarm if heard.is_alarming else safeguarding.put_before_the_lead
        said = heard.utterance
        rule(school, key=f"safeguarding:inbox:{first.id}", text=said.text, adult=adult, address=first.address, about_staff=said.about_staff)
        if heard.is_alarming:
            _forget_dialogues(school.session, heard.thread)

    def _converse(self, school: School, heard: _Heard, rows: Sequence[Received], adult: Adult | None) -> None:
        first = rows[0]
        kept = _kept(school, heard.thread)
        state = State.from_json(kept.state)
        language = adult.language if adult else _language_at(school, first.address)
        conversation = Conversation(
            school,
            adult,
            first.address,
            state,
            language=language,
            was_sent_before=_WasSentBefore(school.session),
            reference=f"inbox:{first.id}",
            strict=self._settings.strict,
        )
        before = conversation.topic
        said = conversation.begin("safeguarding") if heard.is_alarming else self._answer(school, conversation, heard.utterance, first, adult)
        topic = None if conversation.turned_elsewhere else before or conversation.topic or None  # what they wrote answers what was asked before
        for row in rows:
            # A photo or a voice note is looked at by a person: it is no answer that is to be forgotten.
            row.topic = topic if row.kind in (InboundKind.TEXT, InboundKind.BUTTON) else None
        if said.text:
            # A message that waited on a shared phone is answered a second time, now that it is known whose it is.
            key = f"reply:{first.id}:{heard.thread}"
            message = outbox.reply(school, first, said, adult, key=key)
            message.topic = conversation.topic or topic  # also where another matter was answered first: which question follows says what was answered
            if said.question is not None:
                said.question.outbox = message.uid
        kept.state, kept.updated_at = state.to_json(), school.now
        self._release_what_waited(school, first)

    def _answer(self, school: School, conversation: Conversation, utterance: Utterance, first: Received, adult: Adult | None) -> Reply:
        kind = InboundKind(first.kind)
        if kind in (InboundKind.CONTACT, InboundKind.START_LINK):
            return self._recognise(school, conversation, first)
        if adult is None:
            return self._answer_stranger(school, conversation, utterance, first)
        if first.address.state == AddressState.OPTED_OUT and utterance.exact not in ("start", "stop", "help", WRONG_NUMBER):
            return conversation.begin("stopped")
        if kind in NOT_TEXT:
            return conversation.begin("media", kind=kind.value, text=first.text)
        if kind is InboundKind.TEXT and utterance.exact is None and not _can_be_read(utterance.text):
            return conversation.begin("empty")
        return conversation.hear(utterance)

    def _is_for_whoever_talks(self, school: School, heard: _Heard, first: Received, adult: Adult | None) -> bool:
        """Whether a member of staff is talking with them: then the message is theirs, and Bookbag stays out."""
        utterance, talk = heard.utterance, messages.talk_in(school, first.thread)
        if talk is None or heard.is_alarming or first.kind != InboundKind.TEXT or utterance.exact in ("stop", "start", "help"):
            return False
        key = f"talk:inbox:{first.id}"
        messages.heard_in_talk(school, talk, key=key, adult=adult, address=first.address, text=utterance.text, language=utterance.language)
        return True

    def _answer_stranger(self, school: School, conversation: Conversation, utterance: Utterance, first: Received) -> Reply:
        """Nobody the school knows, or one of several who share a phone. A message without words is none for the office: they are asked again."""
        shares = bool(families.adults_at(first.address))
        if utterance.exact in ("stop", "start", "help") or (shares and utterance.exact == WRONG_NUMBER):
            return conversation.begin(utterance.exact)
        if first.address.state == AddressState.OPTED_OUT:
            return Reply("")
        asks = "still_theirs" if first.address.state == AddressState.DOUBTED else "who_is_writing"
        is_empty = first.kind != InboundKind.BUTTON and not _can_be_read(utterance.text)
        is_asked = conversation.state.question is not None and (not shares or any(frame.dialogue == asks for frame in conversation.state.frames))
        if is_asked and (shares or not is_empty):
            if not shares and utterance.exact in WISHES_FOR_A_PERSON:
                utterance = replace(utterance, exact=None)  # 'please ring me' is what they have to say to the office
            return conversation.hear(utterance)
        if shares:
            first.state = InboxState.ASIDE
            return conversation.begin(asks)
        return conversation.begin("unknown_chat" if first.address.channel == "telegram" else "stranger", text=utterance.text)

    def _recognise(self, school: School, conversation: Conversation, first: Received) -> Reply:
        """Their own number, or a link that only they were sent: the chat is theirs from now on. One that was closed is opened by such a link alone."""
        adult = None
        if first.kind == InboundKind.START_LINK:
            adult = addresses.redeem_start_link(school, first.payload or "")
        elif not closings.is_closed(school, first.address):
            holders = recognition.adults_with_number(school, first.payload or "")
            adult = holders[0] if len(holders) == 1 else None
        if adult is None:
            return conversation.begin("unknown_chat")
        closings.end(school, first.address)
        addresses.reach(school, adult, first.address, rank=len(adult.addresses))
        kept = _kept(school, f"a{adult.id}")
        conversation.go_on_as(adult, State.from_json(kept.state))
        said = conversation.begin("recognised")
        kept.state, kept.updated_at = conversation.state.to_json(), school.now
        return said

    def _release_what_waited(self, school: School, first: Received) -> None:
        """It is known now who writes, on a shared phone or one that was doubted: what they had written takes its turn in their own conversation."""
        adult = recognition.speaker(school, first.address) if first.thread.startswith("x") else None
        if adult is None:
            return
        for row in school.session.scalars(select(Received).where(Received.address_id == first.address_id, Received.state == InboxState.ASIDE)):
            row.state, row.thread = InboxState.NEW, f"a{adult.id}"
            kept_files.belong_to(school, row.id, adult)

    # What is not answered

    def _carrier_has_answered(self, school: School, first: Received) -> bool:
        """Whether the carrier took this as STOP, START or HELP and answered itself: the opt-out is kept in step, and we stay silent."""
        has_own_words = self._settings.advanced_opt_out
        taken = consent.taken_by_carrier(first.address, first.text, first.opt_out, has_own_words=has_own_words)
        if taken == "STOP":
            consent.opt_out(school, first.address, how=consent.CARRIER)
            _forget_dialogues(school.session, first.thread)
            word = consent.as_carrier_reads(first.text)
            if word in ("cancel", "end", "quit"):
                call_for_a_person(
                    school, Need.ADDRESS, key=f"carrier-stop:{first.id}", address=first.address, detail=f"{word.upper()} stopped texts; ask for START"
                )
            return True
        if taken == "START":
            consent.opt_in(school, first.address, how=consent.CARRIER)
            return first.opt_out is not None or has_own_words
        return taken == "HELP"

    def _cannot_be_answered(self, school: School, heard: _Heard, first: Received, adult: Adult | None) -> bool:
        """Whether the carrier lets no answer through to them: staff get what they wrote, to ring them and to ask them to text START.

        Their own word for START is tried where it may be one of the carrier's.
        """
        may_come_back = heard.utterance.exact == "start" and (self._settings.advanced_opt_out or first.address.channel != "sms")
        if not consent.is_blocked(first.address) or may_come_back:
            return False
        if families.adults_at(first.address):
            detail = "no answer can be sent there: ask them to text START"
            call_for_a_person(school, Need.ADDRESS, key=f"blocked:{first.id}", adult=adult, address=first.address, text=first.text, detail=detail)
        return True

    def _is_too_much(self, school: School, first: Received, adult: Adult | None, *, more: int) -> bool:
        """Whether this address writes so much, or is a stranger answered so often today, that it is answered no more: two robots would talk for ever.

        `more` is how many answers beyond the usual a stranger may have.
        """
        if adult is None and not families.adults_at(first.address):
            answered = select(func.count()).where(Message.address_id == first.address_id, Message.created_at > school.now - timedelta(days=1))
            return (school.session.scalar(answered) or 0) >= school.settings.unknown_replies_per_day + more
        lately = {"address": first.address_id, "since": school.now - timedelta(hours=1)}
        is_robot = len(first.text) >= ROBOT_CHARACTERS and (school.session.scalar(_WRITTEN_SO, lately | {"text": first.text}) or 0) > ROBOT_REPEATS
        is_always_heard = not is_robot and self._engine.exact(first.text, adult.language if adult else "en") in ALWAYS_HEARD
        if is_always_heard or (not is_robot and (school.session.scalar(_WRITTEN, lately) or 0) <= self._settings.per_hour):
            return False
        key = f"too-much:{first.address_id}:{school.clock:%Y-%m-%dT%H}"
        detail = "more messages in an hour than are answered"
        is_new = call_for_a_person(school, Need.NOT_UNDERSTOOD, key=key, adult=adult, address=first.address, text=first.text, detail=detail)
        if is_new and not is_robot:
            language = adult.language if adult else _language_at(school, first.address)
            outbox.reply(school, first, Reply(_("I have passed your message to the office.").render(language)), adult)
        if not is_new:
            add_words(school, key, first.text)
        return True

    def _is_late(self, school: School, first: Received) -> bool:
        """Whether acting on it could do harm by now. An answer that is confided is never too late, and must not reach staff with a name.

        In a school that was just restored every message is: what it refers to may not be known here, and no answer would leave.
        """
        state = _state(school.session, first.thread)
        if state.question is not None and state.frames and state.frames[-1].topic:
            return False
        is_held = self._settings.via == "" and restored.is_held(school)
        return is_held or school.now - min(first.sent_at or first.received_at, first.received_at) > self._settings.late_after

    def _leave_to_staff(self, school: School, first: Received, adult: Adult | None) -> None:
        """It came in so late that acting on it could do harm: staff get it, and the parent is told."""
        first.state = InboxState.FOR_STAFF
        call_for_a_person(school, Need.LATE, key=f"late:{first.id}", adult=adult, address=first.address, text=first.text)
        language = adult.language if adult else "en"
        # Translators: the message was on its way for hours, so nothing was done about it by itself.
        words = _("Your message reached us late. I have given it to the office, who will get back to you.")
        outbox.reply(school, first, Reply(words.render(language)), adult)

    def _failed(self, thread: str, error: Exception) -> None:
        """Handling went wrong: count it; the third time a person gets it, and the parent is told."""
        with self._store.write() as session:
            school = self._school(session)
            row = session.scalars(_NEXT, {"via": self._settings.via, "thread": thread}).first()
            if row is None:
                return
            if self._process is not None:
                claims.release(session, thread, self._process)
            row.attempts += 1
            log.error("turn failed", trace=row.trace, attempt=row.attempts, error=type(error).__name__, exc_info=error)
            if row.attempts < TRIES:
                return
            row.state = InboxState.FOR_STAFF
            adult = recognition.speaker(school, row.address)
            call_for_a_person(school, Need.FAILED, key=f"failed:{row.id}", adult=adult, address=row.address, text=row.text, detail=type(error).__name__)
            _forget_dialogues(session, thread)  # whatever stood there may fail every message that comes after
            words = _("Something went wrong here. I have given your message to the office, who will get back to you.")
            outbox.reply(school, row, Reply(words.render(adult.language if adult else "en")), adult)


# Asked at every turn, so built once: building such a question costs more than asking it.
_NEW = (Received.state == InboxState.NEW, Received.via == bindparam("via", type_=String))
_WAITING = (
    select(Received.thread)
    .where(*_NEW, Received.thread.not_in(bindparam("others", expanding=True)))
    .group_by(Received.thread)
    .order_by(func.min(Received.id))
    .limit(bindparam("most", type_=Integer))
)
_NEXT = select(Received).where(*_NEW, Received.thread == bindparam("thread", type_=String)).order_by(Received.id).limit(5)
_WRITTEN = select(func.count()).where(Received.address_id == bindparam("address"), Received.received_at > bindparam("since", type_=UtcDateTime))
_WRITTEN_SO = _WRITTEN.where(Received.text == bindparam("text", type_=String))


@dataclass(frozen=True)
class _Heard:
    ids: Sequence[int]
    thread: str
    utterance: Utterance
    received_at: datetime

    @property
    def is_alarming(self) -> bool:
        """Whether someone may be at risk so surely that nothing else is answered."""
        return self.utterance.alarm is not None and self.utterance.alarm.level is Level.ALARM


def _wants_no_answer(first: Received) -> bool:
    """A delivery firm or an advertiser: nobody there reads an answer. Or one who rang as a stranger and is known since: staff will ring them."""
    return first.address.kind == AddressKind.SENDER_NAME or (first.kind == InboundKind.CALL and bool(families.adults_at(first.address)))


def _tell_capabilities(school: School, adult: Adult) -> None:
    for capability in capabilities():
        if capability.heard is not None:
            capability.heard(school, adult)


def _forget_dialogues(session: Session, thread: str) -> None:
    """End what is under way; question ids go on, so that old buttons stay old. It may end because it cannot be read: so no more of it is read than that."""
    kept = session.get(Kept, thread)
    if kept is not None:
        kept.state = State(asked=kept.state.get("asked", 0)).to_json()


def _can_be_read(text: str) -> bool:
    """Whether there is a letter or a digit in it; else it is asked about kindly."""
    return any(char.isalnum() for char in text)


def _state(session: Session, thread: str) -> State:
    kept = session.get(Kept, thread)
    return State.from_json(kept.state if kept else {})


def _kept(school: School, thread: str) -> Kept:
    """The conversation, for this transaction alone: a notice that is worded meanwhile may open a question in it."""
    kept = school.session.get(Kept, thread, with_for_update=True)
    if kept is None:
        kept = Kept(thread=thread, state={}, updated_at=school.now)
        school.session.add(kept)
    return kept


def _language_at(school: School, address: Address) -> str:
    """The language to speak to someone who is not known: that of whoever shares the phone, else English."""
    adults = families.adults_at(address)
    return adults[0].language if adults else "en"


class _WasSentBefore:
    """Whether a message had left by a moment."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, uid: str, at: datetime) -> bool:
        claimed_at = self._session.scalar(select(Message.claimed_at).where(Message.uid == uid))
        return claimed_at is not None and claimed_at <= at
