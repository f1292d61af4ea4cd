"""Text in; intent, entities and language out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from nlu import dates, names, spoken
from nlu.clean import clean, windows
from nlu.embedded.encoders import Encoder, default_encoders
from nlu.embedded.features import mask
from nlu.embedded.model import OUT_OF_SCOPE, Guess, Model
from nlu.embedded.training import made_of, train
from nlu.errors import ModelRefused
from nlu.exact import Words
from nlu.face import Context, Decision, Entity, Understanding
from nlu.language import Detector
from nlu.rasa_format import read

_log = logging.getLogger(__name__)

_LONGEST = 1_600  # characters understood of one message: ten text messages, four windows
_UNSURE = Guess(OUT_OF_SCOPE, 0.0, Decision.HAND_OVER)
_ELSE = {"ring_me": "speak_to_person"}  # the training data's name for it: interface.md, 'Where two are near'
_URGENT = "safeguarding"  # one sentence of it in a long message outweighs whatever the rest is about

T = TypeVar("T")


class Engine:
    """Understands messages; safe to share between threads.

    Usable at once: until `warm` or `use` has given it a model (`ready`), exact lists, dates and names work and everything else is handed over.
    """

    def __init__(self, words: Words | None = None, encoders: Sequence[Encoder] | None = None, detector: Detector | None = None) -> None:
        self._words = words or Words.load()
        self._encoders = list(default_encoders() if encoders is None else encoders)
        self._detector = detector or Detector()
        self._model: Model | None = None
        self._warming = threading.Lock()

    @classmethod
    def load_or_train(cls, examples: Iterable[Path], cache: Path, words: Words | None = None) -> Engine:
        """A ready engine: as `Engine(words)` and then `warm(examples, cache)`."""
        engine = cls(words)
        engine.warm(examples, cache)
        return engine

    @property
    def ready(self) -> bool:
        """Whether there is a model."""
        return self._model is not None

    @property
    def model(self) -> Model | None:
        """The model in use."""
        return self._model

    def warm(self, examples: Iterable[Path], cache: Path) -> None:
        """Load the model kept in `cache`, or train it from `examples` (nlu.yml files, or folders of them) and keep it; then load all that is lazy.

        Takes 2 s to load, about 15 s to train from nothing: call it in a thread. Refuses with BadTrainingData. Called again it takes up changed examples.
        """
        with self._warming:
            found = read(examples).examples
            path = cache / "model.npz"
            try:
                model = Model.load(path, made_of(found, self._encoders))
            except ModelRefused as refusal:
                _log.info("training a model", extra={"reason": refusal.reason})
                model = train(found, self._encoders, cache)
                model.save(path)
            for encoder in self._encoders:
                encoder.encode("hello")
            self._detector.warm()
            dates.warm()
            self._model = model

    def use(self, model: Model) -> None:
        """Take this model from now on."""
        self._model = model

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
        known = {intent} if self._model is None else self._model.intents
        return next((name for name in (intent, _ELSE.get(intent or "")) if name in known), None)

    def _guess(self, cleaned: str, language: str) -> Guess:
        if self._model is None or not any(char.isalpha() for char in cleaned):
            return _UNSURE
        pieces = windows(cleaned)
        guesses = [self._guess_piece(self._model, piece, language) for piece in pieces]
        urgent = [guess for guess in guesses if guess.intent == _URGENT and guess.decision is not Decision.HAND_OVER]
        sure = [guess for guess in guesses if guess.decision is Decision.ACT]
        return (urgent or sure or guesses)[0]

    def _guess_piece(self, model: Model, piece: str, language: str) -> Guess:
        masked = mask(piece)
        vectors = {encoder.name: encoder.encode(masked) for encoder in self._encoders if language.split("-", maxsplit=1)[0] in encoder.languages}
        return model.guess(piece, vectors)

    def _entities(self, cleaned: str, language: str, context: Context) -> Sequence[Entity]:
        here = Context(context.now, language, context.names, context.terms)
        found = list(_guarded("names", lambda: names.find(cleaned, context.names), _nothing()))
        found += _apart(_guarded("dates", lambda: dates.find(cleaned, here), _nothing()), found)
        found += _apart(_guarded("numbers", lambda: dates.numbers(cleaned), _nothing()), found)
        found += _guarded("spoken", lambda: spoken.find(cleaned, language), _nothing())
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
