"""One turn: what was heard is sorted against the open question, the dialogue is run from the top, and what it says or asks comes back.

The engine knows no capability and no channel. The ten rules of the replay are tested by name in tests/bot/conversation/test_rules_of_the_replay.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.conversation.chat import Chat
from bot.conversation.errors import Again, Asked, Elsewhere, Ended, Unclear
from bot.conversation.registry import NOTICE, Dialogue, find
from bot.conversation.reply import Reply, Saying
from bot.conversation.sorting import CONTROLS, Sorting
from bot.conversation.state import Frame, State
from bot.conversation.thread import DEEPEST, Thread
from bot.conversation.watch import WriteWatch
from bot.conversation.wishes import Utterance
from data.addresses import Address
from data.attention import Need
from data.people import Adult
from school import School
from school.attention import call_for_a_person
from school.errors import Refusal
from translations import _

__all__ = ["CONTROLS", "DEEPEST", "Conversation", "Reply", "Utterance"]

RUNS = 20
"""How often a turn may start over; a dialogue that needs more goes in a circle."""


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
        self.school, self.address, self._language = school, address, language
        self.go_on_as(adult, state)
        self._was_sent_before, self._reference, self._strict = was_sent_before, reference, strict
        self._written_in: str | None = None

    def go_on_as(self, adult: Adult | None, state: State) -> None:
        """Be this adult's conversation, who was a stranger until now, from where `state` says that they stand. Nothing was said yet."""
        self.adult, self.state = adult, state
        self._thread = Thread(self.school, adult, self.address, state, Saying(self.school, adult, self._language))

    @property
    def topic(self) -> str:
        """What the dialogue that is open now is about, where its words are to be forgotten; else ''."""
        return self._thread.topic

    @property
    def turned_elsewhere(self) -> bool:
        """Whether the message was about something else than what was asked: its words are no answer."""
        return self._thread.turned_elsewhere

    def hear(self, utterance: Utterance) -> Reply:
        """Answer a message. Someone the school knows always gets an answer; a stranger's dialogue may choose silence."""
        self._written_in = utterance.language
        Sorting(self._thread, self._was_sent_before).sort(utterance)
        reply = self._run()
        if not reply.text and self.adult is not None:
            self._thread.saying.first(_("What you chose before is not there any more."))
            reply = self._reply()
        if self._is_foreign_again(utterance.language) and reply.question is None:
            self._thread.push(Frame("offer_language", {"language": utterance.language}))
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
        self._thread.push(Frame(intent, args))
        return self._run()

    def _reply(self) -> Reply:
        return self._thread.saying.reply(self.state.question)

    def _run(self) -> Reply:
        if self._thread.turned_page:
            return self._reply()
        with WriteWatch(self.school.session) as watch:
            for _number in range(RUNS):
                if not self.state.frames and not self._thread.next_wish():
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

    def _run_top(self, watch: WriteWatch) -> bool:
        """Run the newest dialogue once; whether the turn ends with it."""
        frame = self._thread.top
        dialogue = find(frame.dialogue)
        if dialogue is None or not self._may_have(dialogue):
            self.state.frames.pop()
            return False
        chat = Chat(self.school, self.adult, self.address, frame, self._thread.saying.language, watch, reference=self._reference, strict=self._strict)
        chat.written_in = self._written_in
        try:
            dialogue.run(chat, self.school)
        except Asked as asked:
            chat.settle_stretch(keep=False)
            self._thread.saying.collect(frame, chat.said)
            self.state.question, frame.asked = self._thread.shown(asked.question), asked.question.key
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
        self._thread.saying.collect(frame, chat.said)
        self.state.frames = [other for other in self.state.frames if other is frame or other.dialogue not in chat.drops]
        self._thread.leave(alone=chat.drops_others)
        return False

    def _may_have(self, dialogue: Dialogue) -> bool:
        return self.adult is not None or dialogue.strangers or dialogue.name.startswith(NOTICE)

    def _go(self, frame: Frame, chat: Chat, other: Elsewhere) -> None:
        """Another dialogue takes this one's place, with what was mentioned; what was chosen from the menu was not wished for in words."""
        chat.settle_stretch(keep=True)
        self._thread.saying.collect(frame, chat.said)
        if chat.drops_others:
            self.state.frames, self.state.waiting = [frame], []
        chosen = frame.dialogue == "menu"
        self.state.frames.pop()
        self._thread.push(Frame(other.dialogue, dict(other.given), heard={} if chosen else frame.heard, heard_text="" if chosen else frame.heard_text))

    def _unclear(self, frame: Frame, unclear: Unclear) -> None:
        """What was written is no answer, as the dialogue found out: it is asked in other words, then plainly, then a person is offered."""
        times = frame.unclear.get(unclear.key, 0) + 1
        frame.unclear[unclear.key] = times % 3
        if times == 3:
            self._thread.push(Frame("offer_person", {"text": unclear.text}, topic=frame.topic))
        else:
            self._thread.saying.first(unclear.otherwise if times == 1 else unclear.plainly)

    def _give_to_a_person(self, frame: Frame, refusal: Refusal) -> None:
        key = f"refused:{self.address.id}:{self.school.now.isoformat()}"
        detail = f"{frame.dialogue}: {type(refusal).__name__}"
        call_for_a_person(self.school, Need.REFUSED, key=key, adult=self.adult, address=self.address, text=frame.heard_text, detail=detail)
        self._thread.saying.first(_("I cannot do that here. Someone at school will look at it and get back to you."))
