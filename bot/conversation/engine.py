"""One turn: what was heard is sorted against the open question, the dialogue is run from the top, and what it says or asks comes back.

The engine knows no capability and no channel. The ten rules of the replay are tested by name in tests/bot/conversation/test_rules_of_the_replay.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.conversation import answers
from bot.conversation.chat import Chat, Said
from bot.conversation.errors import Again, Asked, Elsewhere, Ended
from bot.conversation.identity import identity
from bot.conversation.registry import Dialogue, find
from bot.conversation.state import Frame, Identity, Option, Question, State, Step
from bot.conversation.watch import WriteWatch
from data.addresses import Address
from data.attention import Need
from data.people import Adult
from nlu.face import Decision, Understanding
from school import School
from school.attention import call_for_a_person
from school.errors import Refusal
from translations import Phrase, _, spoken

LEFT_ALONE = timedelta(days=1)
"""A conversation left this long is offered again, not continued blindly."""
DEEPEST = 4
"""How many dialogues are kept put aside."""
RUNS = 12
"""How often a turn may start over; a dialogue that needs more goes in a circle."""
CONTROLS = frozenset({"menu", "help", "stop", "start", "speak_to_person", "ring_me"})
"""What is understood from anywhere, as a whole message, before it is taken for an answer."""
MORE: Identity = ["", "__more__"]


@dataclass(frozen=True)
class Utterance:
    """One message, as far as it was understood without knowing the conversation.

    `exact` is the intent of a whole message that stands in the exact lists; `number` that of one that is a number, negative from the end. `wishes` are
    what the classifier made of it, more than one where it holds several; empty where it was not asked.
    """

    text: str
    received_at: datetime
    button: str | None = None
    exact: str | None = None
    number: int | None = None
    wishes: Sequence[Understanding] = ()


@dataclass
class Reply:
    """What is to be said now, as one message. `choices` are (button id, label)."""

    text: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    attachment: Identity | None = None
    asks_contact: bool = False
    must_arrive: bool = False
    question: Question | None = None


class Conversation:
    """One thread's conversation, in one turn, inside the caller's transaction.

    `reference` names what this turn answers, for keys that must be the turn's own. `was_sent_before(uid, at)` says whether an outbox message had left by then. `strict` makes a dialogue's breach of the rules an error, as in tests.
    """

    def __init__(
        self,
        school: School,
        adult: Adult | None,
        address: Address,
        state: State,
        *,
        language: str,
        was_sent_before: Callable[[str, datetime], bool] = lambda _uid, _at: True,
        reference: str = "",
        strict: bool = False,
    ) -> None:
        self._reference = reference
        self.school, self.adult, self.address, self.state, self.language = school, adult, address, state, spoken(language)
        self._was_sent_before, self._strict = was_sent_before, strict
        self._sentences: list[str] = []
        self._attachment: Identity | None = None
        self._asks_contact = self._must_arrive = False

    def hear(self, utterance: Utterance) -> Reply:
        """Answer a message."""
        self._sort(utterance)
        return self._run()

    def begin(self, intent: str, **args: Any) -> Reply:
        """Start a dialogue by name: for what is no text (a photo, a shared number), and for notices."""
        self._push(Frame(intent, args))
        return self._run()

    def say_first(self, sentence: Phrase) -> None:
        """Have a sentence said before all else in this turn."""
        self._sentences.append(sentence.render(self.language))

    # What was heard, against the open question

    def _sort(self, heard: Utterance) -> None:
        question = self.state.question
        if heard.button is not None:
            self._press(question, heard.button)
        elif heard.exact == "back":
            self._back()
        elif heard.exact in CONTROLS and not (question and answers.by_label(question, heard.text)):
            self._start(Frame(heard.exact, heard_text=heard.text))
        elif question is not None and self._was_left(question) and not self._is_clear_wish(heard):
            self._push(Frame("resume", {"about": self._top().dialogue}))
        elif question is not None:
            self._answer_or_else(question, heard)
        else:
            self._wish(heard)

    def _press(self, question: Question | None, button: str) -> None:
        option = answers.by_button(question, button) if question else None
        if option is not None:
            self._settle(question, option)
        elif self.state.frames:
            self.say_first(_("That button belongs to an earlier question."))
        else:
            self.say_first(_("That button belongs to an earlier question."))
            self._push(Frame("menu"))

    def _answer_or_else(self, question: Question, heard: Utterance) -> None:
        if heard.number is not None and question.options and self._takes_number(question, heard):
            return
        option = self._option_meant(question, heard)
        if option is not None:
            self._settle(question, option)
        elif heard.exact not in (None, "affirm", "deny") and find(heard.exact or "") is not None:
            self._start(Frame(heard.exact or "", heard_text=heard.text))
        elif question.kind == "text":
            self._settle(question, Option("", heard.text, heard.text, ["", heard.text]))
        elif not self._correct(question, heard) and not self._turns_elsewhere(heard):
            self._misunderstood(heard)

    def _takes_number(self, question: Question, heard: Utterance) -> bool:
        """Whether the number was dealt with: as an answer, or as one that cannot be meant for this question, since that had not left yet."""
        if question.outbox is not None and not self._was_sent_before(question.outbox, heard.received_at):
            return True
        option = answers.by_number(question, heard.number or 0)
        if option is not None:
            self._settle(question, option)
        return option is not None

    def _option_meant(self, question: Question, heard: Utterance) -> Option | None:
        option = answers.by_words(question, heard.text)
        if option is not None or question.kind != "confirm":
            return option
        meaning = heard.exact or (heard.wishes[0].intent if heard.wishes and heard.wishes[0].decision is Decision.ACT and not heard.wishes[0].entities else None)
        return {"affirm": question.options[0], "deny": question.options[1]}.get(meaning or "")

    def _settle(self, question: Question | None, option: Option) -> None:
        """Put an answer down, or show the further options that were asked for."""
        assert question is not None
        self.state.misunderstood = 0
        if option.value == MORE:
            self.state.question = self._next_page(question)
            return
        frame = self._top()
        frame.steps.append(Step(question.key, "answer", option.value, question.hears, question.confirmed))
        if question.key in frame.wanted:
            frame.wanted.remove(question.key)
        if question.hears:
            frame.heard.pop(question.hears, None)
        self.state.question = None

    def _next_page(self, question: Question) -> Question:
        cut = len(question.options) - 1
        options = question.rest[:cut] if len(question.rest) > cut + 1 else question.rest
        return self._asked(
            Question("", question.key, question.kind, list(options), question.hears, sentence=question.sentence, rest=question.rest[len(options) :], page=1)
        )

    def _back(self) -> None:
        """Drop the last answer that was reached, and do not let a mentioned value fill it again."""
        frames, self.state.question = self.state.frames, None
        while frames:
            frame = frames[-1]
            index = next((number for number in reversed(range(len(frame.steps))) if frame.steps[number].kind == "answer"), None)
            if index is not None:
                frame.want(frame.steps[index].key)
                frame.drop_from(index)
                return
            frames.pop()
        self._push(Frame("menu"))

    def _correct(self, question: Question, heard: Utterance) -> bool:
        """Whether the message changes an answer of this dialogue: 'no, Friday instead'. What came after that answer is asked again."""
        frame = self._top()
        wish = heard.wishes[0] if heard.wishes else None
        if wish is None or (self._goes_elsewhere(wish) and len(heard.text.split()) > 4):
            return False
        for kind, values in _heard(wish).items():
            index = next((number for number, step in enumerate(frame.steps) if step.hears == kind), None)
            if question.hears == kind or index is not None:
                if index is not None:
                    frame.drop_from(index)
                frame.heard[kind] = values
                frame.wanted.clear()
                self.state.question, self.state.misunderstood = None, 0
                return True
        return False

    def _turns_elsewhere(self, heard: Utterance) -> bool:
        wishes = [wish for wish in heard.wishes if wish.decision is Decision.ACT and wish.intent not in ("affirm", "deny", "out_of_scope")]
        if not wishes:
            return False
        self._take_up(heard, wishes)
        return True

    def _goes_elsewhere(self, wish: Understanding) -> bool:
        """Whether it clearly means another dialogue than the open one."""
        current = find(self._top().dialogue)
        meant = find(wish.intent)
        return wish.decision is Decision.ACT and meant is not None and current is not None and not _same(current, wish.intent)

    def _misunderstood(self, heard: Utterance) -> None:
        """The question again in other words; the second time in a row a person is offered."""
        self.state.misunderstood += 1
        if self.state.misunderstood >= 2:
            self.state.misunderstood = 0
            self._push(Frame("offer_person", {"text": heard.text}))
        else:
            self.say_first(_("Sorry, I did not understand that. Please reply with a number."))

    def _was_left(self, question: Question) -> bool:
        return bool(question.asked_at) and self.school.now - datetime.fromisoformat(question.asked_at) > LEFT_ALONE

    def _is_clear_wish(self, heard: Utterance) -> bool:
        return any(wish.decision is Decision.ACT and find(wish.intent) is not None for wish in heard.wishes)

    # What was wished

    def _wish(self, heard: Utterance) -> None:
        """No question is open: do what is wished, ask what was meant, or give it to a person."""
        if heard.exact is not None and find(heard.exact) is not None:
            self._start(Frame(heard.exact, heard_text=heard.text))
            return
        wishes = [wish for wish in heard.wishes if wish.decision is Decision.ACT and wish.intent != "out_of_scope"]
        if wishes:
            self._take_up(heard, wishes)
        elif heard.wishes and heard.wishes[0].decision is Decision.CONFIRM and self._can_ask_whether(heard.wishes[0].intent):
            frame = _frame_for(heard.wishes[0], heard.text)
            self._push(Frame("did_you_mean", {"intent": frame.dialogue, "text": heard.text}, heard=frame.heard, heard_text=heard.text))
        elif heard.number is not None or heard.exact is not None:
            self._push(Frame("menu"))
        else:
            self._push(Frame("not_understood", {"text": heard.text}))

    def _can_ask_whether(self, intent: str) -> bool:
        meant = find(intent)
        return meant is not None and meant.about is not None

    def _take_up(self, heard: Utterance, wishes: Sequence[Understanding]) -> None:
        """The first wish now, the others when their turn comes; one sentence says so."""
        frames: list[Frame] = []
        for wish in wishes:
            frame = _frame_for(wish, wish.text if len(wishes) > 1 else heard.text)
            if all(frame.dialogue != other.dialogue for other in frames):
                frames.append(frame)
        if len(frames) > 1:
            self.state.waiting += frames[1:]
            self.say_first(_("I will do these one after the other."))
        self._start(frames[0])

    def _start(self, frame: Frame) -> None:
        """Begin a dialogue: in place of the same one or of one that only passes by, else with the open one put aside."""
        self.state.misunderstood = 0
        dialogue = find(frame.dialogue)
        if dialogue is None:
            frame = Frame("pass_on", {"intent": frame.dialogue, "text": frame.heard_text})
        if self.state.frames:
            current = find(self._top().dialogue)
            if current is None or current.passing or (_same(current, frame.dialogue)):
                self.state.frames.pop()
        self._push(frame)

    def _push(self, frame: Frame) -> None:
        self.state.question = None
        self.state.frames = [*self.state.frames, frame][-DEEPEST:]

    def _top(self) -> Frame:
        return self.state.frames[-1]

    # The run

    def _run(self) -> Reply:
        if self.state.question is not None and self.state.question.page:
            self.state.question.page = 0
            return self._reply()
        with WriteWatch(self.school.session) as watch:
            for _number in range(RUNS):
                if not self.state.frames and not self._next_wish():
                    self.state.question = None
                    return self._reply()
                if self._run_top(watch):
                    return self._reply()
        raise RecursionError(self._top().dialogue)

    def _next_wish(self) -> bool:
        if not self.state.waiting:
            return False
        self._push(self.state.waiting.pop(0))
        return True

    def _run_top(self, watch: WriteWatch) -> bool:
        """Run the newest dialogue once; whether the turn ends with it."""
        frame = self._top()
        dialogue = find(frame.dialogue)
        if dialogue is None or (self.adult is None and not dialogue.strangers and not frame.dialogue.startswith("notice:")):
            self.state.frames.pop()
            return False
        chat = Chat(self.school, self.adult, self.address, frame, self.language, watch, reference=self._reference, strict=self._strict)
        try:
            dialogue.run(chat, self.school)
        except Asked as asked:
            chat.settle_stretch(keep=False)
            self._collect(frame, chat.said)
            self.state.question = self._asked(asked.question)
            return True
        except Again:
            chat.undo_stretch()
            return False
        except Elsewhere as other:
            chat.settle_stretch(keep=True)
            self._collect(frame, chat.said)
            if chat.drops_others:
                self.state.frames, self.state.waiting = [frame], []
            self.state.frames[-1] = Frame(other.dialogue, dict(other.given), heard=frame.heard, heard_text=frame.heard_text)
            return False
        except Ended:
            chat.settle_stretch(keep=True)
        except Refusal as refusal:
            chat.undo_stretch()
            self._give_to_a_person(frame, refusal)
            chat.said.clear()
        else:
            chat.settle_stretch(keep=True)
        self._collect(frame, chat.said)
        self._leave(alone=chat.drops_others)
        return False

    def _give_to_a_person(self, frame: Frame, refusal: Refusal) -> None:
        key = f"refused:{self.address.id}:{self.school.now.isoformat()}"
        call_for_a_person(
            self.school, Need.REFUSED, key=key, adult=self.adult, address=self.address, text=frame.heard_text, detail=f"{frame.dialogue}: {type(refusal).__name__}"
        )
        self.say_first(_("I cannot do that here. Someone at school will look at it and get back to you."))

    def _leave(self, *, alone: bool) -> None:
        """A dialogue is over; the one that was put aside is taken up again, and the parent is told which."""
        self.state.frames.pop()
        if alone:
            self.state.frames, self.state.waiting = [], []
        while self.state.frames:
            below = find(self._top().dialogue)
            if below is not None and not below.passing:
                if below.about is not None:
                    self.say_first(_("Back to: {about}.").format(about=below.about))
                return
            self.state.frames.pop()

    def _collect(self, frame: Frame, said: Said) -> None:
        self._sentences += [*frame.preface, *said.sentences]
        frame.preface = []
        self._attachment = said.attachment or self._attachment
        self._asks_contact |= said.asks_contact
        self._must_arrive |= said.must_arrive

    def _asked(self, question: Question) -> Question:
        """The question, ready to be shown: with an id of its own and, where there are more options than are shown, a way to see them."""
        self.state.asked += 1
        question.id = f"q{self.state.asked}"
        question.asked_at = self.school.now.isoformat()
        if question.rest:
            more = _("More")
            question.options.append(Option("more", more.render(self.language), more.render("en"), MORE))
        return question

    def _reply(self) -> Reply:
        question = self.state.question
        sentences = [*self._sentences, question.sentence] if question else self._sentences
        choices = [(f"{question.id}.{option.id}", option.label) for option in question.options] if question else []
        return Reply("\n".join(sentences), choices, self._attachment, self._asks_contact, self._must_arrive, question)


def _same(current: Dialogue, intent: str) -> bool:
    return intent == current.name or intent in current.within


def _frame_for(wish: Understanding, text: str) -> Frame:
    return Frame(wish.intent, heard=_heard(wish), heard_text=text)


def _heard(wish: Understanding) -> dict[str, list[Identity]]:
    """The values mentioned, by kind, as identities: people by their rows, times as the absolute days and hours they were at that moment."""
    heard: dict[str, list[Identity]] = {}
    for entity in wish.entities:
        heard.setdefault(entity.kind, []).append(_entity_identity(entity.kind, entity.value))
    return heard


MODELS = {"child": "Child", "staff": "Staff", "class": "SchoolClass"}


def _entity_identity(kind: str, value: Any) -> Identity:
    return [MODELS[kind], [value.id]] if kind in MODELS else identity(value)
