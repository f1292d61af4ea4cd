"""What each setting allows alone and they do not allow together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.settings.kinds import Engine, Provider, TelegramMode, TwilioMode
from bot.settings.model import Settings, Translation, variable
from translations.sms import FOLDABLE


def contradictions(settings: Settings, *, demo: bool) -> Iterator[tuple[str, str]]:
    """What each setting allows alone and they do not allow together: the path to mend, and how."""
    yield from _unreachable(settings)
    yield from _unusable_providers(settings.translation, demo=demo)
    if settings.nlu.engine is Engine.RASA and not settings.nlu.rasa_url:
        yield "nlu.engine", f"is rasa, which needs nlu.rasa_url ({variable('nlu.rasa_url')})"
    if settings.quiet_hours.starts == settings.quiet_hours.ends:
        yield "quiet_hours.to", "must differ from quiet_hours.from"
    if settings.delivery.retry_ceiling < settings.delivery.retry_first:
        yield "delivery.retry_ceiling", "must not be less than delivery.retry_first"
    if settings.email.smtp_url and not settings.email.sender:
        yield "email.smtp_url", f"is set and needs email.from ({variable('email.from')})"
    for tag in settings.fold_letters:
        if tag.split("-")[0] not in FOLDABLE:
            yield "fold_letters", f"has {tag}, which cannot be read without its accents; only {', '.join(sorted(FOLDABLE))} can"
    for path, values in _without_repeats(settings):
        if len(set(values)) < len(values):
            yield path, "names one twice"


def _without_repeats(settings: Settings) -> list[tuple[str, Sequence[str]]]:
    translation = settings.translation
    return [
        ("languages", settings.languages),
        ("fold_letters", settings.fold_letters),
        ("nlu.rasa_languages", settings.nlu.rasa_languages),
        ("translation.providers", translation.providers),
        ("translation.inbound_providers", translation.inbound_providers),
    ]


def _unreachable(settings: Settings) -> Iterator[tuple[str, str]]:
    """A webhook needs an address that its provider can reach, and a secret that proves who calls."""
    twilio, telegram = settings.twilio, settings.telegram
    if twilio.account_sid and twilio.auth_token and twilio.mode is TwilioMode.WEBHOOK and not twilio.base_url and not settings.public_url:
        yield "twilio.mode", "is webhook, which needs public_url; a school with no public address sets polling"
    if telegram.token and telegram.mode is TelegramMode.WEBHOOK and not telegram.base_url and not settings.public_url:
        yield "telegram.mode", "is webhook, which needs public_url; a school with no public address sets polling"
    if telegram.token and telegram.mode is TelegramMode.WEBHOOK and not telegram.secret_token:
        yield "telegram.secret_token", f"is needed for mode webhook: set {variable('telegram.secret_token')}"


def _unusable_providers(translation: Translation, *, demo: bool) -> Iterator[tuple[str, str]]:
    for path, providers in {"translation.providers": translation.providers, "translation.inbound_providers": translation.inbound_providers}.items():
        if Provider.GOOGLE in providers and not (translation.accept_uncontracted or demo):
            yield path, "has google, which has no contract with the school: set translation.accept_uncontracted to true to accept that, or take it out"
        if Provider.GOOGLE_CLOUD in providers and not translation.google_cloud.key:
            yield path, f"has google_cloud, which needs {variable('translation.google_cloud.key')}"
        if Provider.LIBRETRANSLATE in providers and not translation.libretranslate.url:
            yield path, "has libretranslate, which needs translation.libretranslate.url"
