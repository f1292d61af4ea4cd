"""One provider after the other, until one gives a translation in which every mark stands as often as in the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from translations.answers import Unusable, check
from translations.masking import Form, MarksBroken, Masked
from translations.once import Once
from translations.providers import Provider, ProviderError

NOBODY: Final = "nobody"
"""The provider of a text in which there was nothing to translate."""


@dataclass(frozen=True)
class Answer:
    """A translation. `text_key` has marks in place of values, so that it serves every name and date; `text` has the values. `provider` gave it."""

    text_key: str
    text: str
    provider: str


class NotTranslated(Exception):
    """Nobody could. `reasons` says for each provider, in the order asked, what stopped it last; it is empty where there is no provider."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {reason}" for name, reason in reasons.items()))
        self.reasons = reasons


class Chain:
    """Providers in the order in which they are tried, each behind its guard. For one event loop."""

    def __init__(self, *providers: Provider) -> None:
        self._providers = providers
        self._once: Once[tuple[str, str, str], tuple[str, str]] = Once()
        self._broken: Counter[tuple[str, str, str]] = Counter()

    @property
    def broken(self) -> Mapping[tuple[str, str, str], int]:
        """How often an answer was thrown away since the start, by provider, target language and why: 'marks lost', 'same', 'script' and so on."""
        return MappingProxyType(self._broken)

    async def translate(self, masked: Masked, source: str, target: str) -> Answer:
        """`masked` in the language `target`; both languages are BCP 47 tags. Raises NotTranslated.

        Each provider is asked for the whole text with each form of mark that may do, then for each sentence. Callers with the same text at the same
        time, whatever their names and dates, share one call. A text without words comes back as it is, with its values written for `target`.
        """
        if not masked.has_words:
            return Answer(masked.key, masked.filled(masked.key, target), NOBODY)
        text_key, provider = await self._once.do((masked.key, source, target), lambda: self._ask_all(masked, source, target))
        return Answer(text_key, masked.filled(text_key, target), provider)

    async def close(self) -> None:
        """Let go of all providers' connections."""
        for provider in self._providers:
            await provider.close()

    async def _ask_all(self, masked: Masked, source: str, target: str) -> tuple[str, str]:
        """The translation with canonical marks, and who gave it."""
        reasons: dict[str, str] = {}
        for provider in self._providers:
            one = _Asking(provider, source, target, self._broken)
            try:
                return await one.translated(masked), provider.name
            except (ProviderError, Unusable) as error:
                reasons[provider.name] = error.reason
            except MarksBroken as error:
                reasons[provider.name] = f"marks {error.reason}"
        raise NotTranslated(reasons)


@dataclass(frozen=True)
class _Asking:
    """One provider and the languages it is asked for."""

    provider: Provider
    source: str
    target: str
    broken: Counter[tuple[str, str, str]]

    async def translated(self, masked: Masked) -> str:
        """The translation with canonical marks: of the whole, or else sentence by sentence. Raises what the last try ended with."""
        try:
            return await self._in_some_form(masked)
        except MarksBroken:
            sentences = masked.sentences()
            if len(sentences) < 2:
                raise
        return "".join([await self._in_some_form(sentence) if sentence.has_words else sentence.key for sentence in sentences])

    async def _in_some_form(self, masked: Masked) -> str:
        """With one form of mark after the other. A text without marks reads the same in each: it is asked for once."""
        forms: Sequence[Form] = masked.forms() if masked.kept else masked.forms()[:1]
        for form in forms[:-1]:
            try:
                return await self._in_form(masked, form)
            except MarksBroken:
                continue
        return await self._in_form(masked, forms[-1])

    async def _in_form(self, masked: Masked, form: Form) -> str:
        asked = masked.written(form)
        answer = await self.provider.translate(asked, self.source, self.target)
        try:
            check(asked, answer, self.target)
            return masked.canonical(answer, form)
        except Unusable as error:
            self.broken[self.provider.name, self.target, error.reason] += 1
            raise
        except MarksBroken as error:
            self.broken[self.provider.name, self.target, f"marks {error.reason}"] += 1
            raise
