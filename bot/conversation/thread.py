"""The dialogues of one thread that are under way: which is on top, which is put aside, what waits for its turn, and the one open question."""

from __future__ import annotations

from bot.conversation import answers
from bot.conversation.registry import find
from bot.conversation.reply import Saying
from bot.conversation.state import Frame, Identity, Option, Question, State
from bot.conversation.wishes import is_urgent
from data.addresses import Address
from data.people import Adult
from school import School
from translations import _

DEEPEST = 4
"""How many dialogues are under way at once; the one put aside longest makes room for a fifth."""
MORE: Identity = ["", "__more__"]


class Thread:
    """One thread in one turn: its state, as it is kept between turns, and what is said meanwhile."""

    def __init__(self, school: School, adult: Adult | None, address: Address, state: State, saying: Saying) -> None:
        self.school, self.adult, self.address, self.state, self.saying = school, adult, address, state, saying
        self.turned_elsewhere = False
        """Whether the message was about something else than what was asked: its words are no answer."""
        self.turned_page = False
        """Whether further options of the open question are all that is to be shown."""

    @property
    def topic(self) -> str:
        """What the dialogue that is open now is about, where its words are to be forgotten; else ''."""
        return self.top.topic if self.state.frames else ""

    @property
    def top(self) -> Frame:
        """The newest dialogue; there is one."""
        return self.state.frames[-1]

    def take_up(self, frames: list[Frame], *, busy: bool = False) -> None:
        """The first wish now, the others when their turn comes; one sentence says so. While busy all wait but an urgent one."""
        first, later = (None, frames) if busy and not is_urgent(frames[0]) else (frames[0], frames[1:])
        if later:
            self.state.waiting += later
            self.saying.first(_("I will do these one after the other."))
        if first is not None:
            self.start(first)

    def start(self, frame: Frame) -> None:
        """Begin a dialogue, in place of the same one or of one that only passes by; any other is put aside."""
        self.turned_elsewhere = bool(self.topic) and frame.dialogue != self.top.dialogue
        self.state.misunderstood = 0
        if self.state.frames and not self.top.topic:
            frame.beside = [step.value for step in self.top.steps if step.kind != "once"]
        wished = find(frame.dialogue)
        if self.state.frames and is_passing(self.top):
            self.state.frames.pop()
        if wished is not None:
            self.state.frames = [other for other in self.state.frames if other.dialogue not in wished.takes_over]
        self.push(_or_to_a_person(frame))

    def push(self, frame: Frame) -> None:
        """Put a dialogue on top, in place of the same one."""
        self.state.question = None
        self.state.frames = [*(other for other in self.state.frames if other.dialogue != frame.dialogue), frame][-DEEPEST:]

    def next_wish(self) -> bool:
        """Whether a wish waited for its turn, which it has now."""
        if not self.state.waiting:
            return False
        self.push(_or_to_a_person(self.state.waiting.pop(0)))
        return True

    def leave(self, *, alone: bool = False) -> None:
        """A dialogue is over; the one that was put aside is taken up again, or offered if it was left for a day."""
        self.state.frames.pop()
        if alone:
            self.state.frames, self.state.waiting = [], []
        self.come_back()

    def come_back(self) -> None:
        """Take up again what lies on top now, if anything does."""
        while self.state.frames and is_passing(self.top):
            self.state.frames.pop()
        if not self.state.frames:
            return
        below = self.top
        if below.was_left:
            below.was_left = False
            self.push(resume_of(below))
            return
        dialogue = find(below.dialogue)
        if dialogue is not None and dialogue.about is not None:
            # Translators: {about} is an entry of the menu, such as 'Move an appointment'.
            self.saying.first(_("Back to: {about}.").format(about=dialogue.about))

    def drop_question(self) -> None:
        """The open question is not to be answered as it stands: what is still to be asked is found out anew."""
        self.state.question, self.state.misunderstood = None, 0

    def shown(self, question: Question) -> Question:
        """The question, ready to be shown: with a way to see further options, and an id of its own unless it is the open one once more."""
        if question.rest:
            # Translators: the last choice of a list: shows further choices. At most 20 characters.
            more = _("More")
            question.options.append(Option(answers.MORE, more.render(self.saying.language), more.render("en"), MORE))
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


def is_passing(frame: Frame) -> bool:
    """Whether it is not taken up again once something else was said; so is what no handler knows any more."""
    dialogue = find(frame.dialogue)
    return dialogue is None or dialogue.passing


def _or_to_a_person(frame: Frame) -> Frame:
    """The wish, or the message that passes it on where no dialogue is for it."""
    return frame if find(frame.dialogue) is not None else Frame("pass_on", {"intent": frame.dialogue, "text": frame.heard_text})


def resume_of(frame: Frame) -> Frame:
    """The question whether to go on with a dialogue that was left."""
    return Frame("resume", {"about": frame.dialogue})
