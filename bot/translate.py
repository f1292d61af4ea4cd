"""`bookbag translate`: one text through the memory and the school's chain, as a family's message would go."""

from __future__ import annotations

import asyncio
import json
from difflib import get_close_matches
from typing import TYPE_CHECKING

import typer

from bot.clock import now
from bot.translating import Job, Result, Translators, translators
from data.migrate import upgrade
from data.store import Store
from school import School
from translations.backwards import Back
from translations.chain import NotTranslated

if TYPE_CHECKING:
    from bot.settings import Settings
    from translations.masking import Masked

FAILURE, BAD_INPUT = 1, 2


def translate(settings: Settings, text: str, *, to: str, source: str | None, as_json: bool, with_back: bool = False) -> int:
    """Print the translation, who made it, what was masked, and (`with_back`) what it says translated back.

    The exit code: 0; 1 where nobody could translate; 2 for a language that there is none of.
    """
    for tag in (to, source):
        if tag is not None and (fault := unknown_language(tag)):
            typer.echo(fault, err=True)
            return BAD_INPUT
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        result, back = asyncio.run(_translated(settings, store, text, source or _language_of(text), to, with_back=with_back))
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(_row(result) | _back_row(back), ensure_ascii=False, indent=2))
    elif result.reason:
        typer.echo(f"Nobody could translate this to {to}: {result.reason}. {_advice(settings)}".strip(), err=True)
    else:
        typer.echo(result.words)
        typer.echo(f"[{result.provider}; masked: {_masked_words(result.job.masked) or 'nothing'}]")
        if back is not None:
            typer.echo(f"[back: {back.words} ({'looks fine' if back.looks_fine else 'look at this one'})]")
    return FAILURE if result.reason else 0


async def _translated(settings: Settings, store: Store, text: str, source: str, to: str, *, with_back: bool) -> tuple[Result, Back | None]:
    everyone = translators(settings, store, settings.for_school(), now)
    try:
        with store.read() as session:
            masked = everyone.masked(School(session, now(), settings.for_school()), text, source, None)
        result = await everyone.translate(Job(0, text, masked, source, to, is_parents=False))
        with store.write() as session:
            everyone.keep(School(session, now(), settings.for_school()), result)
        return result, await _back(everyone, result) if with_back and not result.reason else None
    finally:
        await everyone.close()


async def _back(everyone: Translators, result: Result) -> Back | None:
    try:
        return await everyone.read_back(result)
    except NotTranslated:
        return None


def _back_row(back: Back | None) -> dict[str, object]:
    return {} if back is None else {"back": back.words, "looks_fine": back.looks_fine}


def unknown_language(tag: str) -> str | None:
    """What is wrong with a language tag, naming near ones; None where CLDR knows it."""
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        names = {**{name.casefold(): code for code, name in Locale("en").languages.items()}, **{code: code for code in Locale("en").languages}}
        near = dict.fromkeys(names[name] for name in get_close_matches(tag.casefold(), names, n=4, cutoff=0.5))
        listed = ", ".join(f"{code} ({Locale('en').languages[code]})" for code in near)
        return f"{tag}: there is no language with this tag. {f'Near ones: {listed}.' if listed else 'Write a BCP 47 tag, such as so or zh-Hans.'}"
    return None


def _language_of(text: str) -> str:
    from nlu.language import Detector

    return Detector().detect(text, "en")


def _row(result: Result) -> dict[str, object]:
    return {
        "text": result.words or None,
        "provider": result.provider or None,
        "source": result.job.source,
        "target": result.job.target,
        "masked": [{"kind": kept.kind.value, "text": kept.source} for kept in result.job.masked.kept],
        "sent": result.job.masked.key,
        "reason": result.reason or None,
    }


def _masked_words(masked: Masked) -> str:
    return ", ".join(f"{kept.source} ({kept.kind.value})" for kept in masked.kept)


def _advice(settings: Settings) -> str:
    if settings.translation.providers:
        return ""
    return "Set translation.providers in config.yml (BOOKBAG_TRANSLATION__PROVIDERS): google_cloud, libretranslate or google."
