"""What a dialogue sees of a conversation: it asks, it says, and it never knows whether an answer was given now or days ago."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn, ParamSpec, TypeVar, cast

from bot.conversation.errors import Again, Asked, Elsewhere, Ended, KeyUsedTwice, Unclear, WriteOutsideOnce
from bot.conversation.identity import Gone, identity, load
from bot.conversation.mentions import stands_in
from bot.conversation.registry import find
from bot.conversation.state import Frame, Identity, Option, Question, Step
from bot.conversation.watch import WriteWatch
from data.addresses import Address
from data.people import Adult
from data.texts import Text
from school import School
from translations import Phrase, _, spoken, written

T = TypeVar("T")
P = ParamSpec("P")
TELLING = 4
"""Letters from which on a word of a name says by itself what is meant."""
Choices = Sequence[T] | Callable[[], Sequence[T]]


def in_both(sentence: Phrase, language: str) -> tuple[str, str]:
    """A sentence as it is said, and as staff read it."""
    words = sentence.render(language)
    return words, words if language == "en" else sentence.render("en")


class Said:
    """What one run says: sentences, already worded, the same in English for staff who read along, and what goes along with them."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.english: list[str] = []
        self.attachment: Identity | None = None
        self.asks_contact = False
        self.must_arrive = False
        self.texts: list[Text] = []

    def clear(self) -> None:
        """Forget it: an answered question came after it, so it was said before."""
        self.sentences.clear()
        self.english.clear()
        self.texts.clear()
        self.attachment, self.asks_contact, self.must_arrive = None, False, False


class Chat:
    """One run of one dialogue. Made by the engine; handed to the dialogue function.

    `adult` is who is writing, None for a stranger at `address`. `args` is what the dialogue was started with. `text` is the wish in their own words.
    `reference` names the message that this turn answers: for keys that must be its own. `written_in` is the language that message is in, None where it is
    too short to tell.
    """

    def __init__(
        self, school: School, adult: Adult | None, address: Address, frame: Frame, language: str, watch: WriteWatch, *, reference: str, strict: bool
    ) -> None:
        self.args: Mapping[str, Any] = frame.args
        self.reference = reference
        self.written_in: str | None = None
        self.address = address
        self._language = language
        self.said = Said()
        self.drops_others = False
        self.drops: set[str] = set()
        self._adult = adult
        self._school, self._frame, self._watch, self._strict = school, frame, watch, strict
        self._position = 0
        self._used: set[str] = set()
        self._extra: set[str] = set()
        self._instead: list[Option] = []
        self._recalled: Mapping[str, object] = {}
        self._stretch = school.session.begin_nested()

    @property
    def adult(self) -> Adult:
        """Who is writing. A dialogue that strangers may have must look at `known` first."""
        if self._adult is None:
            raise Ended
        return self._adult

    @property
    def language(self) -> str:
        """The language that is spoken now: theirs, from the moment they choose another."""
        return spoken(self._adult.language) if self._adult is not None else self._language

    @property
    def known(self) -> bool:
        """Whether the school knows who is writing."""
        return self._adult is not None

    @property
    def text(self) -> str:
        """The words with which this was wished for; empty where it was chosen from a menu."""
        return self._frame.heard_text

    def heard(self, kind: str) -> list[Any]:
        """The values of this kind that were mentioned and not yet used: children, staff, times. What is gone is left out."""
        return self._loaded(self._frame.heard.get(kind, ()))

    def beside(self, options: Iterable[T]) -> list[T]:
        """Those that the dialogue was about beside which this one was wished for: 'we will come' after 'when is the coffee morning'."""
        return [option for option in options if identity(option) in self._frame.beside]

    def answered(self, key: str) -> bool:
        """Whether this question has an answer already."""
        return self._frame.index_of(key) is not None

    def say(self, sentence: Phrase, *, attach: object = None, must_arrive: bool = False, **values: object) -> None:
        """Say a sentence. `attach` goes along as a file where the channel can carry one. What a person wrote (a `Text`) comes in the reader's language.

        What `must_arrive` is repeated once where its fate cannot be learnt.
        """
        words, english = in_both(sentence.format(**values), self._adult.language if self._adult is not None else self._language)
        self.said.sentences.append(words)
        self.said.english.append(english)
        self.said.texts += [value for value in values.values() if isinstance(value, Text)]
        if attach is not None:
            self.said.attachment = identity(attach)
        self.said.must_arrive |= must_arrive

    def choose(
        self,
        key: str,
        options: Choices[T],
        question: Phrase,
        *,
        heard: str | None = None,
        hears: str | None = None,
        pick_single: bool = True,
        means: Mapping[str, T] | None = None,
        label: Callable[[T], object] | None = None,
        page: int = 9,
        otherwise: Phrase | None = None,
        **values: object,
    ) -> T:
        """One of the options, the parent's choice.

        An option that was mentioned (`heard` names the kind of entity) is taken without asking, and so is a single one. `hears` names the kind of entity that
        may change this answer later ('no, Friday'). `means` says which option a message with this intent is ('affirm': a bare yes); what else it mentions of
        the kind that is heard here can be used by what follows. `label` says how an option reads, where it is not written as itself. The options may be a
        function, called only if asked. More than `page` options are shown a page at a time. `otherwise` says the question in other words, to whoever did not
        understand it. Raises LookupError where there are none and no answer yet.
        """
        step = self._reached(key)
        if step is not None:
            return cast("T", self._value(step))
        offered: list[T] = self._preset(key) or list(options() if callable(options) else options)
        if not offered:
            raise LookupError(key)
        if key not in self._frame.wanted:
            known = self._mentioned(heard, offered) if heard else None
            if known is not None:
                return self._settle(key, known, "answer", hears)
            if len(offered) == 1 and pick_single:
                return self._settle(key, offered[0], "auto", hears)
        shown = [(value, label(value) if label else value) for value in offered]
        differently = otherwise.render(self.language) if otherwise is not None else ""
        return self._ask(key, "choose", question.format(**values), shown, hears, page=page, means=_meant(offered, means or {}), otherwise=differently)

    def choose_or_tell(
        self,
        key: str,
        options: Sequence[T],
        question: Phrase,
        *,
        like: Iterable[str] = (),
        hears: str | None = None,
        yes: T | None = None,
        no: T | None = None,
        until: datetime | None = None,
        label: Callable[[T], object] | None = None,
        **values: object,
    ) -> T | str:
        """One of the options, or what they write instead, as a text.

        `like` are the intents of messages that are an answer too; what clearly means something else is heard as such. A bare yes or no means the option `yes`
        or `no`. A value of the kind that it `hears` is mentioned then, and the dialogue run again; a message that is a number, where it hears those, is that
        number. After `until` nothing is an answer any more.
        """
        step = self._reached(key)
        if step is not None:
            return cast("T | str", self._value(step))
        meant = _meant(options, {meaning: option for meaning, option in (("affirm", yes), ("deny", no)) if option is not None})
        shown = [(value, label(value) if label else value) for value in options]
        ends = until.astimezone(UTC).isoformat() if until else ""
        return self._ask(key, "choose", question.format(**values), shown, hears, own_words=list(like), means=meant, until=ends)

    def says(self, words: Phrase, text: str | None = None, *, misspelt: bool = False) -> bool:
        """Whether one of these words stands in the wish, or in `text`: a list with commas, in their language, in that of the message and in English.

        A word that ends in * may go on: 'vomit*' is in 'vomiting'. `misspelt`: a long word may have one letter wrong.
        """
        said = self.text if text is None else text
        return any(stands_in(said, words.render(language), misspelt=misspelt) for language in {"en", self.language, self.written_in or "en"})

    def names(self, what: Text) -> bool:
        """Whether a telling word of what someone called a thing stands in the wish, in their language or as it was written: 'the ball' of 'squeeze ball'."""
        read = (what.words, what.read_in(self.language).words)
        words = ",".join(f"{word}*" if len(word) > TELLING else word for each in read for word in each.split() if len(word) >= TELLING)
        return stands_in(self.text, ",".join((*read, words)), misspelt=True)

    def confirm(self, key: str, question: Phrase, *, yes: Phrase, no: Phrase, **values: object) -> bool:
        """Whether the parent agrees to exactly this; asked again if what is to be confirmed has changed since."""
        asked = question.format(**values)
        fingerprint = hashlib.sha256(asked.render("en").encode()).hexdigest()[:16]
        index = self._frame.index_of(key)
        if index is not None and self._frame.steps[index].confirmed != fingerprint:
            self._frame.drop_from(index)
        step = self._reached(key)
        if step is not None:
            return bool(self._value(step))
        return self._ask(key, "confirm", asked, [(True, yes), (False, no)], confirmed=fingerprint)

    def ask(self, key: str, question: Phrase, *, skip: Phrase | None = None, lets_through: bool = False, **values: object) -> str:
        """What the parent writes, in their own words; empty if they choose `skip`.

        Where it `lets_through`, 'Leo is ill today' and 'please ring me' are no answer: for questions that stand open for days.
        """
        step = self._reached(key)
        if step is not None:
            return str(self._value(step))
        return self._ask(key, "text", question.format(**values), [("", skip)] if skip else [], lets_through=lets_through)

    def keep(self, key: str, value: T, instead: Mapping[T, Phrase] | None = None) -> T:
        """A value taken as known, the same on every run of this dialogue, until the parent wants it changed (see `change`).

        `instead` are words that put another value in its place when they are mentioned at a question that follows: {Way.PHONE: _("phone")}. Lists as in `says`.
        """
        self._instead += [self._option(key, other, words) for other, words in (instead or {}).items()]
        step = self._reached(key)
        return cast("T", self._value(step)) if step is not None else self._settle(key, value, "auto")

    def wants(self, key: str) -> bool:
        """Whether the parent asked to change this. What is asked only then keeps its answer when an earlier one changes."""
        self._extra.add(key)
        return key in self._frame.wanted or key in self._frame.given or self.answered(key)

    def once(self, key: str, rule: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a rule that changes something, once in this dialogue however often it is replayed, and keep it also if a question follows.

        A refusal passes through, with nothing changed and nothing remembered.
        """
        step = self._reached(key)
        if step is not None:
            return cast("T", self._value(step))
        self._nothing_pending()
        try:
            result = rule(*args, **kwargs)
            kept = identity(result)
            self._school.session.flush()
        except Exception:
            self._start_stretch_over()
            raise
        self._stretch.commit()
        self._stretch = self._school.session.begin_nested()
        self._put(Step(key, "once", kept))
        return result

    def ask_again(self, key: str, sentence: Phrase, options: Sequence[object] = (), **values: object) -> NoReturn:
        """Take an answer back, say why, and ask again, whatever is known; with these options, where they are given."""
        self._take_back(key)
        self._frame.want(key)
        self._say_next(sentence.format(**values))
        if options:
            self._frame.presets[key] = [identity(option) for option in options]
        raise Again

    def recall(self, answers: Mapping[str, object]) -> None:
        """Answers from before this dialogue began, by their keys: each is taken as given when its question is reached, until the parent wants it changed."""
        self._recalled = answers

    def unclear(self, key: str, text: str, *, otherwise: Phrase, plainly: Phrase) -> NoReturn:
        """What was written is no answer: ask again in other words, the next time `plainly`, saying what to send; the third time offer a person."""
        self._take_back(key)
        self._frame.want(key)
        raise Unclear(key, text, otherwise, plainly)

    def was_asked_last(self, key: str) -> bool:
        """Whether this is the question that was asked last, so that what is mentioned now is meant for it."""
        return self._frame.asked == key

    @property
    def topic(self) -> str:
        """What was confided in this dialogue before is about this; '' if nothing was."""
        return self._frame.topic

    def drop(self, dialogue: str) -> None:
        """Forget that dialogue, where it is under way or waits."""
        self.drops.add(dialogue)

    def confide(self, topic: str) -> None:
        """What is written in this dialogue, and what is said, is about `topic`: its words are to be forgotten once that is over ('' keeps them)."""
        self._frame.topic = topic

    def change(self, question: Phrase, *, nothing: Phrase, otherwise: Phrase, **names: Phrase) -> NoReturn:
        """Ask which answer to change, by their keys and names, and run again without it. The choice `nothing` says `otherwise` and ends the dialogue."""
        keys = {"": nothing, **names}
        key = self.choose("change", [*names, ""], question, pick_single=False, label=keys.__getitem__)
        if not key:
            self.say(otherwise)
            raise Ended
        # What was not asked yet (a note, say) comes before the confirmation on the next run.
        index = self._frame.index_of(key)
        self._frame.drop_from(self._last_confirmation() if index is None else index)
        self._frame.want(key)
        raise Again

    def go(self, dialogue: str, /, **args: object) -> NoReturn:
        """Let another dialogue take this one's place; it finds `args` (texts, numbers, None) as `chat.args`.

        Raises LookupError where there is none of that name.
        """
        if find(dialogue) is None:
            raise LookupError(dialogue)
        for name, value in args.items():
            if not isinstance(value, str | int | float | None):
                raise TypeError(name)
        raise Elsewhere(dialogue, args)

    def end(self) -> NoReturn:
        """End the dialogue here."""
        raise Ended

    def drop_others(self) -> None:
        """Forget every other dialogue that is under way or waits."""
        self.drops_others = True

    def ask_for_contact(self) -> None:
        """Show the button that shares one's own phone number, where the channel has it."""
        self.said.asks_contact = True

    def settle_stretch(self, *, keep: bool) -> None:
        """Close the last stretch: its changes are kept when the dialogue returned, and undone when it ended in a question."""
        if not keep:
            self._nothing_pending()
        self._school.session.flush()
        self._stretch.commit()

    def undo_stretch(self) -> None:
        """Undo what was changed since the last `once`: a rule refused, and nothing in the dialogue had an answer to that."""
        if self._stretch.is_active:
            self._stretch.rollback()

    def _start_stretch_over(self) -> None:
        self.undo_stretch()
        self._stretch = self._school.session.begin_nested()

    def _nothing_pending(self) -> None:
        if not self._watch.wrote_in(self._stretch):
            return
        if self._strict:
            raise WriteOutsideOnce(self._frame.dialogue)
        self._start_stretch_over()

    def _last_confirmation(self) -> int:
        """Where the confirmation stands that was not given, or the question what to change itself."""
        steps = self._frame.steps
        return next((index for index in reversed(range(len(steps))) if steps[index].confirmed), len(steps) - 1)

    def _reached(self, key: str) -> Step | None:
        """The step at this point of the run, if it was settled before; what was said so far was then said before too."""
        if key in self._used:
            raise KeyUsedTwice(key)
        self._used.add(key)
        index = self._frame.index_of(key)
        if index is None and key in self._frame.given and key not in self._frame.wanted:
            self._put(Step(key, "answer", self._frame.given[key], extra=True))
            return self._frame.steps[-1]
        if index is None and key in self._recalled and key not in self._frame.wanted:
            self._put(Step(key, "answer", identity(self._recalled[key])))
            self.said.clear()
            return self._frame.steps[-1]
        if index is None:
            del self._frame.steps[self._position :]  # the run took another way: what lies beyond was reached on the old one
            return None
        self._position = max(self._position, index + 1)
        step = self._frame.steps[index]
        if step.kind == "answer":
            self.said.clear()
        return step

    def _value(self, step: Step) -> Any:
        try:
            return load(self._school.session, step.value)
        except Gone:
            self._take_back(step.key)
            if step.kind == "answer":
                self._say_next(_("What you chose before is not there any more."))
            raise Again from None

    def _take_back(self, key: str) -> None:
        index = self._frame.index_of(key)
        if index is not None:
            self._frame.drop_from(index)

    def _say_next(self, sentence: Phrase) -> None:
        words = sentence.render(self.language)
        if words not in self._frame.preface:
            self._frame.preface.append(words)

    def _settle(self, key: str, value: T, kind: Literal["answer", "auto"], hears: str | None = None) -> T:
        self._put(Step(key, kind, identity(value), hears))
        return value

    def _put(self, step: Step) -> None:
        """Put a step at this point of the run; what lies beyond was reached on another way."""
        del self._frame.steps[self._position :]
        self._frame.settle(step)
        self._position = len(self._frame.steps)

    def _preset(self, key: str) -> list[Any]:
        """The options that were handed to `ask_again`, as far as they are still there."""
        return self._loaded(self._frame.presets.get(key, ()))

    def _loaded(self, kept: Iterable[Identity]) -> list[Any]:
        values = []
        for one in kept:
            with suppress(Gone):
                values.append(load(self._school.session, one))
        return values

    def _mentioned(self, kind: str, offered: Sequence[T]) -> T | None:
        """The one option that was mentioned. It is used up; two that were mentioned are asked about."""
        heard = self._frame.heard.get(kind, [])
        found = [option for option in offered if identity(option) in heard]
        if len(found) != 1:
            return None
        self._frame.heard[kind] = [value for value in heard if value != identity(found[0])]
        return found[0]

    def _ask(
        self,
        key: str,
        kind: Literal["choose", "confirm", "text"],
        question: Phrase,
        options: Sequence[tuple[object, object]],
        hears: str | None = None,
        *,
        confirmed: str | None = None,
        page: int = 9,
        **told: Any,
    ) -> NoReturn:
        every = [self._option(str(number), value, label) for number, (value, label) in enumerate(options)]
        # One option more than a page is shown rather than hidden behind 'More', which would take its place.
        cut = page if len(every) > page + 1 else len(every)
        sentence, english = in_both(question, self.language)
        asked = Question("", key, kind, every[:cut], hears, confirmed, key in self._extra, sentence=sentence, rest=every[cut:], instead=self._instead, **told)
        asked.english = english
        raise Asked(asked)

    def _option(self, option_id: str, value: object, label: object) -> Option:
        shown = written(label, self.language)
        return Option(option_id, shown, shown if self.language == "en" else written(label, "en"), identity(value))


def _meant(options: Sequence[T], means: Mapping[str, T]) -> dict[str, str]:
    """Which of the options that are there, by its id, a message with an intent means."""
    return {intent: str(options.index(option)) for intent, option in means.items() if option in options}
