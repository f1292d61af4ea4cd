"""What was heard, sorted against the open question: an answer to it, a change to earlier answers, a wish of its own, or not understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.conversation import answers
from bot.conversation.registry import NOTICE, find
from bot.conversation.state import Frame, Identity, Option, Question, Step
from bot.conversation.thread import MORE, Thread, is_passing, resume_of
from bot.conversation.wishes import FAREWELLS, NO_WISH, Utterance, frames_for, refined, to_act_on, values_heard
from nlu.face import Decision, Understanding
from translations import _, keywords

LEFT_ALONE = timedelta(days=1)
"""A conversation left this long is offered again, not continued blindly."""
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


class Sorting:
    """Sorts one message. `was_sent_before(uid, at)` says whether an outbox message had left by then."""

    def __init__(self, thread: Thread, was_sent_before: Callable[[str, datetime], bool]) -> None:
        self._thread, self._state, self._was_sent_before = thread, thread.state, was_sent_before

    def sort(self, heard: Utterance) -> None:
        """Put a message where it belongs: what it changes is the thread's state, and nothing is run yet."""
        if self._state.question is not None and self._state.question.is_over(self._thread.school.now):
            self._state.question = None
            self._state.frames.pop()
        question = self._state.question
        if heard.button is not None:
            self._press(question, heard.button)
        elif heard.exact == "back":
            self._back()
        elif heard.exact in CONTROLS and not (question and answers.by_label(question, heard.text)):
            self._thread.start(Frame(heard.exact, heard_text=heard.text))
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
        self._thread.saying.first(_("That button belongs to an earlier question."))
        if not self._state.frames:
            self._thread.push(Frame("menu"))

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
            self._thread.start(Frame(heard.exact, heard_text=heard.text))
        elif question.own_words is not None:
            self._take_words(question, heard)
        elif question.kind == "choose" and heard.meaning == "deny" and self._thread.adult is not None:
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
            self._thread.take_up(frames_for(others, heard.text))
        elif not self._correct(question, heard.wishes if is_short or question.hears in values_heard(heard.wishes) else ()):
            self._settle(question, Option("", heard.text, heard.text, ["", heard.text]))

    def _let_be(self) -> None:
        """'No thanks', 'never mind' to a list: they want none of it. What was chosen before it is dropped."""
        self._thread.drop_question()
        self._thread.saying.first(_("All right. {menu} shows what I can do.").format(menu=keywords.MENU))
        self._thread.leave()

    def _put_instead(self, question: Question, heard: Utterance) -> bool:
        """Whether the message names another value for something that was taken as known: 'by phone please' at the confirmation."""
        if any(self._goes_elsewhere(wish) and wish.confidence >= SURE for wish in heard.wishes):
            return False
        option = answers.mentioned(question.instead, heard.text)
        frame = self._thread.top
        index = frame.index_of(option.id) if option else None
        if option is None or index is None or frame.steps[index].value == option.value:
            return False
        frame.drop_from(index)
        frame.given[option.id] = option.value
        self._thread.drop_question()
        return True

    def _let_through(self, heard: Utterance) -> bool:
        """Whether it is no answer to a question that may have stood open for days, but for a person today: asked about, since an answer may read like it."""
        meant = to_act_on(heard.wishes)
        for_a_person = [wish for wish in meant if wish.intent in FOR_A_PERSON]
        if for_a_person:
            self._thread.take_up(frames_for(for_a_person, heard.text))
            return True
        today = [wish for wish in meant if wish.intent in DAY_MATTERS and "time" in values_heard([wish]) and self._can_ask_whether(wish.intent)]
        if not today:
            return False
        frame = frames_for(today[:1], heard.text)[0]
        self._thread.push(Frame("did_you_mean", {"intent": frame.dialogue, "text": heard.text}, heard=frame.heard, heard_text=heard.text))
        return True

    def _goes_on(self, heard: Utterance) -> bool:
        """Whether it went on with the answer before, in own words, which took two messages; then it is one with that."""
        frame = self._thread.top
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
        frame, question, said = self._thread.top, self._state.question, heard.instead
        answered = question if self._state.misunderstood else frame.answered
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
            self._thread.top.heard |= {kind: found for kind, found in values_heard(heard.wishes).items() if kind == question.hears}

    def _wants_it_otherwise(self, heard: Utterance) -> bool:
        """'No, another time please' to a confirmation: they mean what is under way, and name nothing that could be put in its place."""
        meant, current = to_act_on(heard.wishes), find(self._thread.top.dialogue)
        return current is not None and bool(meant) and all(wish.intent in current.within and not wish.entities for wish in meant)

    def _settle(self, question: Question, option: Option) -> None:
        """Put an answer down, or show the further options that were asked for."""
        self._state.misunderstood, self._state.unclear = 0, ""
        if option.value == MORE:
            self._state.question, self._thread.turned_page = self._next_page(question), True
            return
        self._thread.top.settle(Step(question.key, "answer", option.value, question.hears, question.confirmed, question.extra))
        self._thread.top.answered, self._state.question = question, None

    def _next_page(self, question: Question) -> Question:
        cut = len(question.options) - 1
        shown = question.rest[:cut] if len(question.rest) > cut + 1 else question.rest
        rest = question.rest[len(shown) :]
        return self._thread.shown(
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
        question, self._state.question = self._state.question, None
        if self._thread.adult is None or (question is not None and question.page):
            return
        frame = self._thread.top if self._state.frames else Frame("")
        index = next((number for number in reversed(range(len(frame.steps))) if frame.steps[number].kind == "answer"), None)
        if index is not None:
            frame.want(frame.steps[index].key)
            frame.drop_from(index)
            return
        del self._state.frames[-1:]
        self._thread.come_back()
        if not self._state.frames:
            self._thread.push(Frame("menu"))

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
            self._thread.take_up(frames_for(others, heard.text), busy=corrected)
        return corrected or bool(others)

    def _ask_for_more(self, wishes: Sequence[Understanding]) -> bool:
        """Whether an answer was wished for that the open dialogue takes as known: 'i need an interpreter' while a time is booked. It is asked for."""
        frame, current = self._thread.top, find(self._thread.top.dialogue)
        keys = [key for wish in to_act_on(wishes) if current is not None and (key := current.asks.get(wish.intent)) is not None]
        for key in keys:
            index = frame.index_of(key)
            if index is not None:
                frame.drop_from(index)
            frame.want(key)
        if keys:
            self._thread.drop_question()
        return bool(keys)

    def _is_within(self, wish: Understanding) -> bool:
        """Whether it means the open dialogue by another name."""
        current = find(self._thread.top.dialogue)
        return current is not None and (wish.intent in current.asks or (wish.intent in current.within and wish.intent != current.name))

    def _correct(self, question: Question, wishes: Sequence[Understanding]) -> bool:
        """Whether values were mentioned that change answers of this dialogue ('no, Friday') or answer its question. What came after them is asked again."""
        frame = self._thread.top
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
        self._thread.drop_question()
        return True

    def _is_the_answer(self, kind: str, found: Sequence[Identity]) -> bool:
        """Whether what is mentioned is what was answered: named again, it changes nothing."""
        frame = self._thread.top
        index = frame.index_hearing(kind)
        return index is not None and list(found) == [frame.steps[index].value]

    def _goes_elsewhere(self, wish: Understanding) -> bool:
        """Whether it clearly means another dialogue than the open one; what no dialogue is for means a person."""
        current = find(self._thread.top.dialogue)
        return wish in to_act_on([wish]) and current is not None and wish.intent not in (current.name, *current.within, *current.asks)

    def _misunderstood(self, heard: Utterance) -> None:
        """The question again in other words; the second time in a row a person is offered."""
        self._state.misunderstood += 1
        otherwise = self._state.question.otherwise if self._state.question is not None else ""
        if self._state.misunderstood > 1 + bool(otherwise):
            self._state.misunderstood = 0
            self._thread.push(Frame("offer_person", {"text": f"{self._state.unclear} / {heard.text}"}, topic=self._thread.top.topic))
            return
        self._state.unclear = f"{self._state.unclear} / {heard.text}" if self._state.misunderstood > 1 else heard.text
        if otherwise and self._state.misunderstood == 1:
            self._thread.saying.again(otherwise)
        else:
            self._thread.saying.first(_("Sorry, I did not understand that. Please reply with a number."))

    # A conversation that was left

    def _was_left(self, question: Question) -> bool:
        """A day without an answer; a notice waits for its answer as long as it takes."""
        waits = self._thread.top.dialogue.startswith(NOTICE) and not self._thread.top.steps
        return bool(question.asked_at) and not waits and self._thread.school.now - datetime.fromisoformat(question.asked_at) > LEFT_ALONE

    def _offer_again(self, heard: Utterance) -> None:
        """Ask whether to go on; a clear wish goes first. What only passed by is over."""
        self._state.question = None
        while self._state.frames and is_passing(self._thread.top):
            self._state.frames.pop()
        if not self._state.frames:
            self._wish(heard)
        elif self._is_clear_wish(heard):
            self._thread.top.was_left = True
            self._wish(heard)
        else:
            self._thread.push(resume_of(self._thread.top))

    def _is_clear_wish(self, heard: Utterance) -> bool:
        """Whether it asks for something by itself, by a keyword or in words: then that goes before what was left."""
        by_word = heard.exact is not None and heard.exact not in (*NO_WISH, *FAREWELLS, "thanks") and find(heard.exact) is not None
        return by_word or any(find(wish.intent) is not None for wish in to_act_on(heard.wishes))

    # What was wished

    def _wish(self, heard: Utterance) -> None:
        """No question is open: do what is wished, ask what was meant, or give it to a person."""
        wishes = to_act_on(heard.wishes, but=("out_of_scope",))
        if heard.exact is not None and find(heard.exact) is not None:
            self._thread.start(Frame(heard.exact, heard_text=heard.text))
        elif wishes:
            self._thread.take_up(frames_for(wishes, heard.text))
        elif heard.wishes and heard.wishes[0].decision is Decision.CONFIRM and self._can_ask_whether(heard.wishes[0].intent):
            frame = frames_for(heard.wishes[:1], heard.text)[0]
            self._thread.push(Frame("did_you_mean", {"intent": frame.dialogue, "text": heard.text}, heard=frame.heard, heard_text=heard.text))
        elif heard.number is not None or heard.exact is not None:
            self._thread.push(Frame("menu"))
        else:
            self._thread.push(Frame("not_understood", {"text": heard.text}))

    def _can_ask_whether(self, intent: str) -> bool:
        meant = find(intent)
        return meant is not None and meant.about is not None


def _with_day_matters_sure(heard: Utterance) -> Utterance:
    """What concerns a child's very day is acted on where it was half understood: beside an open question its 'tomorrow' would pass for an answer."""
    is_long = len(heard.text.split()) >= FEW_WORDS
    wishes = [
        replace(wish, decision=Decision.ACT) if wish.intent in DAY_MATTERS and (is_long or wish.decision is Decision.CONFIRM) else wish for wish in heard.wishes
    ]
    return replace(heard, wishes=wishes)
