"""One turn: what was heard is sorted against the open question, the dialogue is run from the top, and what it says or asks comes back.

The engine knows no capability and no channel. The ten rules of the replay are tested by name in tests/bot/conversation/test_rules_of_the_replay.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.conversation import answers
from bot.conversation.chat import Chat, Said, in_both
from bot.conversation.errors import Again, Asked, Elsewhere, Ended, Unclear
from bot.conversation.registry import NOTICE, Dialogue, find
from bot.conversation.state import Frame, Identity, Option, Question, State, Step
from bot.conversation.watch import WriteWatch
from bot.conversation.wishes import FAREWELLS, NO_WISH, Utterance, frames_for, is_urgent, refined, to_act_on, values_heard
from data.addresses import Address
from data.attention import Need
from data.people import Adult
from data.texts import Text
from nlu.face import Decision, Understanding
from school import School, texts
from school.attention import call_for_a_person
from school.errors import Refusal
from translations import LanguageName, Phrase, _, keywords, spoken

__all__ = ["CONTROLS", "Conversation", "Reply", "Utterance"]

LEFT_ALONE = timedelta(days=1)
"""A conversation left this long is offered again, not continued blindly."""
DEEPEST = 4
"""How many dialogues are under way at once; the one put aside longest makes room for a fifth."""
RUNS = 20
"""How often a turn may start over; a dialogue that needs more goes in a circle."""
FEW_WORDS = 4
"""Up to so many words, a message that mentions a value is taken for an answer, unless it means something else beyond doubt."""
SURE_IN_FEW_WORDS = 0.65
"""How sure that must be: 'how was leo today' is (0.72), 'friday after school' is not (0.48), beside the question for a time."""
CONTROLS = frozenset({"back", "menu", "help", "stop", "start", "open", "speak_to_person", "ring_me"})
"""What is understood from anywhere, as a whole message, before it is taken for an answer."""
SURE = 0.5
"""How sure a wish must be to be one beside a question that takes any words for an answer."""
DAY_MATTERS = frozenset({"report_absence", "report_lateness", "report_medical", "change_collection"})
"""Wishes that a person must see today."""
FOR_A_PERSON = frozenset({"speak_to_person", "ring_me"})
MORE: Identity = ["", "__more__"]
# Translators: stands under a message that a computer translated. {original} is a word to text back.
BY_COMPUTER = _("Translated by a computer. {original} shows it as it was written.")
# Translators: stands under a message that could not be translated. {language} is the one it is written in. {person} is a word to text back.
AS_WRITTEN = _("This message is in {language}: nobody could translate it yet. {person} gets you a person.")


@dataclass
class Reply:
    """What is to be said now, as one message. `choices` are (button id, label); `texts` are what people wrote that it carries.

    `english` is the same with its choices as staff read it, '' where it was said in English.
    """

    text: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    attachment: Identity | None = None
    asks_contact: bool = False
    must_arrive: bool = False
    question: Question | None = None
    texts: list[Text] = field(default_factory=list)
    english: str = ""


class Conversation:
    """One thread's conversation, in one turn, inside the caller's transaction.

    `reference` names what this turn answers, for keys that must be the turn's own. `was_sent_before(uid, at)` says whether an outbox message had left by
    then. `strict` makes a dialogue's breach of the rules an error, as in tests.
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
        self.school, self.adult, self.address, self.state, self._language = school, adult, address, state, spoken(language)
        self._was_sent_before, self._strict = was_sent_before, strict
        self._sentences: list[str] = []
        self._english: list[str] = []
        self._texts: list[Text] = []
        self._written_in: str | None = None
        self._attachment: Identity | None = None
        self.turned_elsewhere = False
        """Whether the message was about something else than what was asked: its words are no answer."""
        self._asks_contact = self._must_arrive = self._turned_page = False

    @property
    def language(self) -> str:
        """The language that is spoken now: theirs, from the moment they choose another."""
        return spoken(self.adult.language) if self.adult is not None else self._language

    @property
    def topic(self) -> str:
        """What the dialogue that is open now is about, where its words are to be forgotten; else ''."""
        return self._top().topic if self.state.frames else ""

    def hear(self, utterance: Utterance) -> Reply:
        """Answer a message. Someone the school knows always gets an answer; a stranger's dialogue may choose silence."""
        self._written_in = utterance.language
        self._sort(utterance)
        reply = self._run()
        if not reply.text and self.adult is not None:
            self.say_first(_("What you chose before is not there any more."))
            reply = self._reply()
        if self._is_foreign_again(utterance.language) and reply.question is None:
            self._push(Frame("offer_language", {"language": utterance.language}))
            self.state.offered.append(str(utterance.language))
            return self._run()
        return reply

    def _is_foreign_again(self, language: str | None) -> bool:
        """Whether this message and the one before were both in the same other language than the adult's, and they were never asked about it."""
        if language is None or self.adult is None:
            return False
        theirs = self.adult.language.split("-")[0]
        before, self.state.foreign = self.state.foreign, None if language.split("-")[0] == theirs else language
        return self.state.foreign is not None and before == language and language not in self.state.offered

    def begin(self, intent: str, /, **args: Any) -> Reply:
        """Start a dialogue by name, for what is no text: a photo, a shared number. A notice leaves what is under way as it is, unless it asks something."""
        if intent.startswith(NOTICE):
            return self._run_notice(Frame(intent, args))
        self._push(Frame(intent, args))
        return self._run()

    def say_first(self, sentence: Phrase) -> None:
        """Have a sentence said before all else in this turn."""
        words, english = in_both(sentence, self.language)
        self._sentences.append(words)
        self._english.append(english)

    # What was heard, against the open question

    def _sort(self, heard: Utterance) -> None:
        if self.state.question is not None and self.state.question.is_over(self.school.now):
            self.state.question = None
            self.state.frames.pop()
        question = self.state.question
        if heard.button is not None:
            self._press(question, heard.button)
        elif heard.exact == "back":
            self._back()
        elif heard.exact in CONTROLS and not (question and answers.by_label(question, heard.text)):
            self._start(Frame(heard.exact, heard_text=heard.text))
        elif question is None:
            self._wish(heard)
        elif self._was_left(question):
            self._offer_again(heard)
        else:
            self._answer_or_else(question, heard)

    def _press(self, question: Question | None, button: str) -> None:
        option = answers.by_button(question, button) if question else None
        if question is not None and option is not None:
            self._settle(question, option)
            return
        self.say_first(_("That button belongs to an earlier question."))
        if not self.state.frames:
            self._push(Frame("menu"))

    def _answer_or_else(self, question: Question, heard: Utterance) -> None:
        if self._put_right(heard):
            return
        if not self._was_shown(question, heard.received_at) and (heard.is_bare or self._goes_on(heard)):
            return  # it cannot be meant for a question that had not left yet: that is asked again
        option = self._option_meant(question, heard)
        if option is not None:
            self._settle(question, option)
            self._leave_for_what_follows(question, heard)
        elif heard.exact is not None and heard.exact not in NO_WISH and find(heard.exact) is not None:
            self._start(Frame(heard.exact, heard_text=heard.text))
        elif question.own_words is not None:
            self._take_words(question, heard)
        elif question.kind == "choose" and heard.meaning == "deny" and self.adult is not None:
            self._let_be()
        elif question.lets_through and self._let_through(heard):
            return
        elif question.kind == "text":
            self._settle(question, Option("", heard.text, heard.text, ["", heard.text]))
        elif not self._put_instead(question, heard) and not self._follow(question, heard):
            self._misunderstood(heard)

    def _take_words(self, question: Question, heard: Utterance) -> None:
        """What was written is the answer, unless it says at length that it wants something else, or mentions what an answer is made of."""
        if question.hears == "number" and heard.number is not None:
            self._settle(question, Option("", heard.text, heard.text, ["", heard.number]))
            return
        is_short = len(heard.text.split()) <= FEW_WORDS
        others = [wish for wish in heard.wishes if self._goes_elsewhere(wish) and wish.intent not in (question.own_words or ()) and wish.confidence >= SURE]
        if others and not is_short:
            self._take_up(frames_for(others, heard.text))
        elif not self._correct(question, heard.wishes if is_short or question.hears in values_heard(heard.wishes) else ()):
            self._settle(question, Option("", heard.text, heard.text, ["", heard.text]))

    def _let_be(self) -> None:
        """'No thanks', 'never mind' to a list: they want none of it. What was chosen before it is dropped."""
        self.state.question, self.state.misunderstood = None, 0
        self.say_first(_("All right. {menu} shows what I can do.").format(menu=keywords.MENU))
        self._leave(alone=False)

    def _put_instead(self, question: Question, heard: Utterance) -> bool:
        """Whether the message names another value for something that was taken as known: 'by phone please' at the confirmation."""
        if any(self._goes_elsewhere(wish) and wish.confidence >= SURE for wish in heard.wishes):
            return False
        option = answers.mentioned(question.instead, heard.text)
        frame = self._top()
        index = frame.index_of(option.id) if option else None
        if option is None or index is None or frame.steps[index].value == option.value:
            return False
        frame.drop_from(index)
        frame.given[option.id] = option.value
        self.state.question, self.state.misunderstood = None, 0
        return True

    def _let_through(self, heard: Utterance) -> bool:
        """Whether it is no answer to a question that may have stood open for days, but for a person today: asked about, since an answer may read like it."""
        meant = to_act_on(heard.wishes)
        for_a_person = [wish for wish in meant if wish.intent in FOR_A_PERSON]
        if for_a_person:
            self._take_up(frames_for(for_a_person, heard.text))
            return True
        today = [wish for wish in meant if wish.intent in DAY_MATTERS and "time" in values_heard([wish]) and self._can_ask_whether(wish.intent)]
        if not today:
            return False
        frame = frames_for(today[:1], heard.text)[0]
        self._push(Frame("did_you_mean", {"intent": frame.dialogue, "text": heard.text}, heard=frame.heard, heard_text=heard.text))
        return True

    def _goes_on(self, heard: Utterance) -> bool:
        """Whether it went on with the answer before, in own words, which took two messages; then it is one with that."""
        frame = self._top()
        answered = frame.answered
        index = frame.index_of(answered.key) if answered is not None and answers.takes_any_words(answered) and heard.button is None else None
        if answered is None or index is None or not isinstance(frame.steps[index].value[1], str) or heard.exact in CONTROLS:
            return False
        words = f"{frame.steps[index].value[1]}\n{heard.text}"
        frame.drop_from(index)
        self._settle(answered, Option("", words, words, ["", words]))
        return True

    def _put_right(self, heard: Utterance) -> bool:
        """Whether the message puts another answer in place of the last one: 'no, I meant 4'. Where that was none, it is for the question that is open."""
        frame, question, said = self._top(), self.state.question, heard.instead
        answered = question if self.state.misunderstood else frame.answered
        if answered is None or question is None or said is None:
            return False
        is_listed = answered is not question and answers.takes_any_words(question)
        option = answers.meant_instead(answered, said.text, said.number, is_listed=is_listed)
        index = frame.index_of(answered.key)
        if option is None or (answered is not question and index is None):
            return False
        if index is not None:
            frame.drop_from(index)
        self._settle(answered, option)
        return True

    def _was_shown(self, question: Question, at: datetime) -> bool:
        sent = [uid for uid in (*question.earlier, question.outbox) if uid is not None]
        return not sent or any(self._was_sent_before(uid, at) for uid in sent)

    def _option_meant(self, question: Question, heard: Utterance) -> Option | None:
        option = answers.by_number(question, heard.number) if heard.number is not None else None
        option = option or answers.by_words(question, heard.text) or self._option_wished(question, heard)
        if option is not None or question.kind == "choose":
            return option
        if question.kind == "confirm" and answers.refused(question, heard.text):
            return question.options[1]
        if question.kind == "confirm":
            meant = {"affirm": question.options[0], "deny": question.options[1]}
            opening = None if any(self._goes_elsewhere(wish) for wish in heard.wishes) else heard.opening
            otherwise = question.options[1] if self._wants_it_otherwise(heard) else None
            return meant.get(heard.meaning or "") or meant.get(opening or "") or otherwise
        return question.options[0] if question.options and heard.exact == "deny" else None

    def _option_wished(self, question: Question, heard: Utterance) -> Option | None:
        """The option that is an answer to the question by its intent, where nothing else is named: 'yes, two of us' leaves a number for what follows.

        A bare yes or no is believed where the exact lists have it, or a yes begins it: the classifier takes 'not sure yet' for a yes.
        """
        if heard.exact is not None:
            return answers.by_meaning(question, [heard.exact])
        wishes = to_act_on(heard.wishes)
        said = [wish.intent for wish in wishes] or [heard.opening or ""]
        return answers.by_meaning(question, said) if values_heard(wishes).keys() <= {question.hears} else None

    def _leave_for_what_follows(self, question: Question, heard: Utterance) -> None:
        """What an answer mentions beside it is there for the next question: the number in 'yes, two of us'."""
        if question.means and heard.number is None:
            self._top().heard |= {kind: found for kind, found in values_heard(heard.wishes).items() if kind == question.hears}

    def _wants_it_otherwise(self, heard: Utterance) -> bool:
        """'No, another time please' to a confirmation: they mean what is under way, and name nothing that could be put in its place."""
        meant, current = to_act_on(heard.wishes), find(self._top().dialogue)
        return current is not None and bool(meant) and all(wish.intent in current.within and not wish.entities for wish in meant)

    def _settle(self, question: Question, option: Option) -> None:
        """Put an answer down, or show the further options that were asked for."""
        self.state.misunderstood, self.state.unclear = 0, ""
        if option.value == MORE:
            self.state.question, self._turned_page = self._next_page(question), True
            return
        self._top().settle(Step(question.key, "answer", option.value, question.hears, question.confirmed, question.extra))
        self._top().answered, self.state.question = question, None

    def _next_page(self, question: Question) -> Question:
        cut = len(question.options) - 1
        shown = question.rest[:cut] if len(question.rest) > cut + 1 else question.rest
        rest = question.rest[len(shown) :]
        return self._asked(
            Question(
                "",
                question.key,
                question.kind,
                list(shown),
                question.hears,
                extra=question.extra,
                sentence=question.sentence,
                rest=rest,
                page=question.page + 1,
            )
        )

    def _back(self) -> None:
        """From further options to the first; else drop the last answer that was reached, and do not let a mentioned value fill it again."""
        question, self.state.question = self.state.question, None
        if self.adult is None or (question is not None and question.page):
            return
        frame = self._top() if self.state.frames else Frame("")
        index = next((number for number in reversed(range(len(frame.steps))) if frame.steps[number].kind == "answer"), None)
        if index is not None:
            frame.want(frame.steps[index].key)
            frame.drop_from(index)
            return
        del self.state.frames[-1:]
        self._come_back()
        if not self.state.frames:
            self._push(Frame("menu"))

    def _follow(self, question: Question, heard: Utterance) -> bool:
        """Whether the message could be followed: it changes answers of this dialogue, or wishes for others, or both."""
        heard = _with_day_matters_sure(heard)
        is_brief = len(heard.text.split()) <= FEW_WORDS
        own = [wish for wish in heard.wishes if not self._goes_elsewhere(wish) or (is_brief and wish.confidence < SURE_IN_FEW_WORDS)]
        corrected = self._correct(question, own)
        # A word or two that mean the open dialogue ('video') were surely an answer to its question: they are no wish to begin it anew.
        is_short = len(heard.text.split()) < FEW_WORDS
        corrected = self._ask_for_more(heard.wishes) or corrected
        others = [wish for wish in to_act_on(heard.wishes) if not (corrected and wish in own) and (self._goes_elsewhere(wish) or not is_short)]
        others = [wish for wish in others if wish.intent not in FAREWELLS and not self._is_within(wish)]
        if others:
            self._take_up(frames_for(others, heard.text), busy=corrected)
        return corrected or bool(others)

    def _ask_for_more(self, wishes: Sequence[Understanding]) -> bool:
        """Whether an answer was wished for that the open dialogue takes as known: 'i need an interpreter' while a time is booked. It is asked for."""
        frame, current = self._top(), find(self._top().dialogue)
        keys = [key for wish in to_act_on(wishes) if current is not None and (key := current.asks.get(wish.intent)) is not None]
        for key in keys:
            index = frame.index_of(key)
            if index is not None:
                frame.drop_from(index)
            frame.want(key)
        if keys:
            self.state.question, self.state.misunderstood = None, 0
        return bool(keys)

    def _is_within(self, wish: Understanding) -> bool:
        """Whether it means the open dialogue by another name."""
        current = find(self._top().dialogue)
        return current is not None and (wish.intent in current.asks or (wish.intent in current.within and wish.intent != current.name))

    def _correct(self, question: Question, wishes: Sequence[Understanding]) -> bool:
        """Whether values were mentioned that change answers of this dialogue ('no, Friday') or answer its question. What came after them is asked again."""
        frame = self._top()
        mentioned = {kind: found for kind, found in values_heard(wishes).items() if found != frame.heard.get(kind) and not self._is_the_answer(kind, found)}
        values = {kind: found for kind, found in mentioned.items() if kind == question.hears or frame.index_hearing(kind) is not None}
        if not values:
            return False
        keys = {question.key} if question.hears in values else set()
        changed = [index for kind in values if kind != question.hears and (index := frame.index_hearing(kind)) is not None]
        before = {kind: frame.heard.get(kind) or frame.used.get(kind, []) for kind in values}
        if changed:
            keys |= {frame.steps[index].key for index in changed}
            dropped = {step.hears for step in frame.steps[min(changed) :] if step.hears}
            frame.drop_from(min(changed))
            # What was mentioned for an answer that now falls with another is still wished: 'no, i mean karim' leaves 'on wednesday' as it was.
            frame.heard |= {kind: frame.used[kind] for kind in dropped - values.keys() if kind in frame.used}
        frame.heard |= {kind: refined(before[kind], found) for kind, found in values.items()}
        frame.wanted = [key for key in frame.wanted if key not in keys]
        self.state.question, self.state.misunderstood = None, 0
        return True

    def _is_the_answer(self, kind: str, found: Sequence[Identity]) -> bool:
        """Whether what is mentioned is what was answered: named again, it changes nothing."""
        frame = self._top()
        index = frame.index_hearing(kind)
        return index is not None and list(found) == [frame.steps[index].value]

    def _goes_elsewhere(self, wish: Understanding) -> bool:
        """Whether it clearly means another dialogue than the open one; what no dialogue is for means a person."""
        current = find(self._top().dialogue)
        return wish in to_act_on([wish]) and current is not None and wish.intent not in (current.name, *current.within, *current.asks)

    def _misunderstood(self, heard: Utterance) -> None:
        """The question again in other words; the second time in a row a person is offered."""
        self.state.misunderstood += 1
        otherwise = self.state.question.otherwise if self.state.question is not None else ""
        if self.state.misunderstood > 1 + bool(otherwise):
            self.state.misunderstood = 0
            self._push(Frame("offer_person", {"text": f"{self.state.unclear} / {heard.text}"}, topic=self._top().topic))
            return
        self.state.unclear = f"{self.state.unclear} / {heard.text}" if self.state.misunderstood > 1 else heard.text
        if otherwise and self.state.misunderstood == 1:
            self._sentences.append(otherwise)
        else:
            self.say_first(_("Sorry, I did not understand that. Please reply with a number."))

    def _unclear(self, frame: Frame, unclear: Unclear) -> None:
        """The same, where a dialogue found out: in other words, then plainly, then a person is offered."""
        times = frame.unclear.get(unclear.key, 0) + 1
        frame.unclear[unclear.key] = times % 3
        if times == 3:
            self._push(Frame("offer_person", {"text": unclear.text}, topic=frame.topic))
        else:
            self.say_first(unclear.otherwise if times == 1 else unclear.plainly)

    # A conversation that was left

    def _was_left(self, question: Question) -> bool:
        """A day without an answer; a notice waits for its answer as long as it takes."""
        waits = self._top().dialogue.startswith(NOTICE) and not self._top().steps
        return bool(question.asked_at) and not waits and self.school.now - datetime.fromisoformat(question.asked_at) > LEFT_ALONE

    def _offer_again(self, heard: Utterance) -> None:
        """Ask whether to go on; a clear wish goes first. What only passed by is over."""
        self.state.question = None
        while self.state.frames and _is_passing(self._top()):
            self.state.frames.pop()
        if not self.state.frames:
            self._wish(heard)
        elif self._is_clear_wish(heard):
            self._top().was_left = True
            self._wish(heard)
        else:
            self._push(_resume(self._top()))

    def _is_clear_wish(self, heard: Utterance) -> bool:
        """Whether it asks for something by itself, by a keyword or in words: then that goes before what was left."""
        by_word = heard.exact is not None and heard.exact not in (*NO_WISH, *FAREWELLS, "thanks") and find(heard.exact) is not None
        return by_word or any(find(wish.intent) is not None for wish in to_act_on(heard.wishes))

    # What was wished

    def _wish(self, heard: Utterance) -> None:
        """No question is open: do what is wished, ask what was meant, or give it to a person."""
        wishes = to_act_on(heard.wishes, but=("out_of_scope",))
        if heard.exact is not None and find(heard.exact) is not None:
            self._start(Frame(heard.exact, heard_text=heard.text))
        elif wishes:
            self._take_up(frames_for(wishes, heard.text))
        elif heard.wishes and heard.wishes[0].decision is Decision.CONFIRM and self._can_ask_whether(heard.wishes[0].intent):
            frame = frames_for(heard.wishes[:1], heard.text)[0]
            self._push(Frame("did_you_mean", {"intent": frame.dialogue, "text": heard.text}, heard=frame.heard, heard_text=heard.text))
        elif heard.number is not None or heard.exact is not None:
            self._push(Frame("menu"))
        else:
            self._push(Frame("not_understood", {"text": heard.text}))

    def _can_ask_whether(self, intent: str) -> bool:
        meant = find(intent)
        return meant is not None and meant.about is not None

    def _take_up(self, frames: list[Frame], *, busy: bool = False) -> None:
        """The first wish now, the others when their turn comes; one sentence says so. While busy all wait but an urgent one."""
        first, later = (None, frames) if busy and not is_urgent(frames[0]) else (frames[0], frames[1:])
        if later:
            self.state.waiting += later
            self.say_first(_("I will do these one after the other."))
        if first is not None:
            self._start(first)

    def _start(self, frame: Frame) -> None:
        """Begin a dialogue, in place of the same one or of one that only passes by; any other is put aside."""
        self.turned_elsewhere = bool(self.topic) and frame.dialogue != self._top().dialogue
        self.state.misunderstood = 0
        if self.state.frames and not self._top().topic:
            frame.beside = [step.value for step in self._top().steps if step.kind != "once"]
        wished = find(frame.dialogue)
        if self.state.frames and _is_passing(self._top()):
            self.state.frames.pop()
        if wished is not None:
            self.state.frames = [other for other in self.state.frames if other.dialogue not in wished.takes_over]
        self._push(_or_to_a_person(frame))

    def _push(self, frame: Frame) -> None:
        self.state.question = None
        self.state.frames = [*(other for other in self.state.frames if other.dialogue != frame.dialogue), frame][-DEEPEST:]

    def _top(self) -> Frame:
        return self.state.frames[-1]

    # The run

    def _run(self) -> Reply:
        if self._turned_page:
            return self._reply()
        with WriteWatch(self.school.session) as watch:
            for _number in range(RUNS):
                if not self.state.frames and not self._next_wish():
                    self.state.question = None
                    return self._reply()
                if self._run_top(watch):
                    return self._reply()
        raise RecursionError([frame.dialogue for frame in self.state.frames])

    def _run_notice(self, frame: Frame) -> Reply:
        """Word a notice by itself: nothing that is under way is run or asked again."""
        frames, question = self.state.frames, self.state.question
        self.state.frames, self.state.question = [frame], None
        with WriteWatch(self.school.session) as watch:
            for _number in range(RUNS):
                if not self.state.frames:
                    reply = self._reply()
                    self.state.frames, self.state.question = frames, question
                    return reply
                if self._run_top(watch):
                    self.state.frames = [*frames, *self.state.frames][-DEEPEST:]
                    return self._reply()
        raise RecursionError(frame.dialogue)

    def _next_wish(self) -> bool:
        if not self.state.waiting:
            return False
        self._push(_or_to_a_person(self.state.waiting.pop(0)))
        return True

    def _run_top(self, watch: WriteWatch) -> bool:
        """Run the newest dialogue once; whether the turn ends with it."""
        frame = self._top()
        dialogue = find(frame.dialogue)
        if dialogue is None or not self._may_have(dialogue):
            self.state.frames.pop()
            return False
        chat = Chat(self.school, self.adult, self.address, frame, self.language, watch, reference=self._reference, strict=self._strict)
        chat.written_in = self._written_in
        try:
            dialogue.run(chat, self.school)
        except Asked as asked:
            chat.settle_stretch(keep=False)
            self._collect(frame, chat.said)
            self.state.question, frame.asked = self._asked(asked.question), asked.question.key
            return True
        except Again:
            chat.undo_stretch()
            return False
        except Unclear as unclear:
            chat.undo_stretch()
            self._unclear(frame, unclear)
            return False
        except Elsewhere as other:
            self._go(frame, chat, other)
            return False
        except Ended:
            chat.settle_stretch(keep=True)
        except Refusal as refusal:
            chat.undo_stretch()
            chat.said.clear()
            self._give_to_a_person(frame, refusal)
        else:
            chat.settle_stretch(keep=True)
        self._collect(frame, chat.said)
        self.state.frames = [other for other in self.state.frames if other is frame or other.dialogue not in chat.drops]
        self._leave(alone=chat.drops_others)
        return False

    def _may_have(self, dialogue: Dialogue) -> bool:
        return self.adult is not None or dialogue.strangers or dialogue.name.startswith(NOTICE)

    def _go(self, frame: Frame, chat: Chat, other: Elsewhere) -> None:
        """Another dialogue takes this one's place, with what was mentioned; what was chosen from the menu was not wished for in words."""
        chat.settle_stretch(keep=True)
        self._collect(frame, chat.said)
        if chat.drops_others:
            self.state.frames, self.state.waiting = [frame], []
        chosen = frame.dialogue == "menu"
        self.state.frames.pop()
        self._push(Frame(other.dialogue, dict(other.given), heard={} if chosen else frame.heard, heard_text="" if chosen else frame.heard_text))

    def _give_to_a_person(self, frame: Frame, refusal: Refusal) -> None:
        key = f"refused:{self.address.id}:{self.school.now.isoformat()}"
        detail = f"{frame.dialogue}: {type(refusal).__name__}"
        call_for_a_person(self.school, Need.REFUSED, key=key, adult=self.adult, address=self.address, text=frame.heard_text, detail=detail)
        self.say_first(_("I cannot do that here. Someone at school will look at it and get back to you."))

    def _leave(self, *, alone: bool) -> None:
        """A dialogue is over; the one that was put aside is taken up again, or offered if it was left for a day."""
        self.state.frames.pop()
        if alone:
            self.state.frames, self.state.waiting = [], []
        self._come_back()

    def _come_back(self) -> None:
        while self.state.frames and _is_passing(self._top()):
            self.state.frames.pop()
        if not self.state.frames:
            return
        below = self._top()
        if below.was_left:
            below.was_left = False
            self._push(_resume(below))
            return
        dialogue = find(below.dialogue)
        if dialogue is not None and dialogue.about is not None:
            # Translators: {about} is an entry of the menu, such as 'Move an appointment'.
            self.say_first(_("Back to: {about}.").format(about=dialogue.about))

    def _collect(self, frame: Frame, said: Said) -> None:
        self._sentences += [*frame.preface, *said.sentences]
        self._english += [*frame.preface, *said.english]
        self._texts += said.texts
        frame.preface = []
        self._attachment = said.attachment or self._attachment
        self._asks_contact |= said.asks_contact
        self._must_arrive |= said.must_arrive

    def _asked(self, question: Question) -> Question:
        """The question, ready to be shown: with a way to see further options, and an id of its own unless it is the open one once more."""
        if question.rest:
            # Translators: the last choice of a list: shows further choices. At most 20 characters.
            more = _("More")
            question.options.append(Option(answers.MORE, more.render(self.language), more.render("en"), MORE))
        question.asked_at = self.school.now.isoformat()
        before = self.state.question
        if before is not None and before.is_as(question):
            question.id = before.id
            question.earlier = [*before.earlier, *([before.outbox] if before.outbox else [])][-3:]
            return question
        self.state.asked += 1
        # The thread is part of it: on a shared phone the buttons of several threads stand in one chat.
        question.id = f"{f'a{self.adult.id}' if self.adult else f'x{self.address.id}'}q{self.state.asked}"
        return question

    def _reply(self) -> Reply:
        question = self.state.question
        sentences = [*self._sentences, *self._notes(), *([question.sentence] if question else [])]
        choices = [(f"{question.id}.{option.id}", option.label) for option in question.options] if question else []
        english = "" if self.language == "en" else self._in_english(question)
        return Reply("\n".join(sentences), choices, self._attachment, self._asks_contact, self._must_arrive, question, self._texts, english)

    def _in_english(self, question: Question | None) -> str:
        options = [f"{number} {option.english}" for number, option in enumerate(question.options, start=1)] if question else []
        return "\n".join([*self._english, *([question.english] if question else []), *options])

    def _notes(self) -> list[str]:
        """What an honest translation says of itself: once a day that a computer made it, and always that there is none."""
        if self.adult is None or not self._texts:
            return []
        readings = [text.read_in(self.adult.language) for text in self._texts]
        notes = [AS_WRITTEN.format(language=LanguageName(text.language), person=keywords.PERSON) for text in _foreign(self._texts, self.adult.language)[:1]]
        if any(reading.is_machine for reading in readings) and not texts.was_told_today(self.school, self.adult):
            notes.append(BY_COMPUTER.format(original=keywords.ORIGINAL))
        return [note.render(self.language) for note in notes]


def _with_day_matters_sure(heard: Utterance) -> Utterance:
    """What concerns a child's very day is acted on where it was half understood: beside an open question its 'tomorrow' would pass for an answer."""
    is_long = len(heard.text.split()) >= FEW_WORDS
    wishes = [
        replace(wish, decision=Decision.ACT) if wish.intent in DAY_MATTERS and (is_long or wish.decision is Decision.CONFIRM) else wish for wish in heard.wishes
    ]
    return replace(heard, wishes=wishes)


def _foreign(carried: Sequence[Text], language: str) -> list[Text]:
    return [text for text in carried if text.read_in(language).is_foreign]


def _is_passing(frame: Frame) -> bool:
    """Whether it is not taken up again once something else was said; so is what no handler knows any more."""
    dialogue = find(frame.dialogue)
    return dialogue is None or dialogue.passing


def _or_to_a_person(frame: Frame) -> Frame:
    """The wish, or the message that passes it on where no dialogue is for it."""
    return frame if find(frame.dialogue) is not None else Frame("pass_on", {"intent": frame.dialogue, "text": frame.heard_text})


def _resume(frame: Frame) -> Frame:
    return Frame("resume", {"about": frame.dialogue})
