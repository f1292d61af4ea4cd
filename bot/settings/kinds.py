"""The kinds of values that settings have, and what is refused as such a value: each refusal says what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints


class TwilioMode(StrEnum):
    """How texts reach us: Twilio calls our public address, or we ask it every few seconds."""

    WEBHOOK = "webhook"
    POLLING = "polling"


class TelegramMode(StrEnum):
    """How Telegram's messages reach us; polling needs no public address."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class Engine(StrEnum):
    """Who understands: the engine in this process, or a Rasa server beside it."""

    EMBEDDED = "embedded"
    RASA = "rasa"


class Provider(StrEnum):
    """Who may translate. `google` is googletrans: unofficial and without a contract."""

    GOOGLE_CLOUD = "google_cloud"
    LIBRETRANSLATE = "libretranslate"
    GOOGLE = "google"


@dataclass(frozen=True)
class OpenHours:
    """When someone is there: `days` are 0 (Monday) to 6, `opens` and `closes` are the school's wall clock."""

    days: tuple[int, ...]
    opens: time
    closes: time


DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _clock(written: str) -> time:
    hours, colon, minutes = written.strip().partition(":")
    if not (colon and re.fullmatch(r"\d{1,2}", hours) and re.fullmatch(r"\d{2}", minutes)):
        raise ValueError("must be a time such as 08:30")
    return time(int(hours), int(minutes))


def _open_hours(written: object) -> object:
    """'Mon-Fri 08:30-16:00' or 'Fri 08:30-15:00' as OpenHours; refuses days and times that cannot be read, and closing before opening."""
    if not isinstance(written, str):
        return written
    found = re.fullmatch(r"\s*(\w{3})(?:\s*-\s*(\w{3}))?\s+([\d:]+)\s*-\s*([\d:]+)\s*", written)
    names = [name.title() for name in (found.group(1), found.group(2) or found.group(1))] if found else []
    if not found or any(name not in DAYS for name in names):
        raise ValueError("must be days and times such as Mon-Fri 08:30-16:00")
    first, last = (DAYS.index(name) for name in names)
    opens, closes = _clock(found.group(3)), _clock(found.group(4))
    if last < first or closes <= opens:
        raise ValueError("must not end before it begins")
    return OpenHours(tuple(range(first, last + 1)), opens, closes)


def _read_clock(written: object) -> object:
    return _clock(written) if isinstance(written, str) else written


def _web_address(written: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", written):
        raise ValueError("must be a web address that begins with https:// or http://, without ? or #")
    return written.rstrip("/")


def _database(written: str) -> str:
    if not re.match(r"sqlite:///.|postgresql(\+psycopg)?://", written):
        raise ValueError("must begin with sqlite:/// and a path, or with postgresql://")
    return written


def _number(written: str) -> str:
    number = re.sub(r"[\s().-]", "", written.removeprefix("whatsapp:"))
    number = re.sub(r"^0(?=[1-9])", "+44", number)
    if not re.fullmatch(r"\+[1-9]\d{7,14}", number):
        raise ValueError("must be a phone number in international form, such as +447700900123")
    return number


def _shown_number(written: str) -> str:
    if not re.fullmatch(r"\+?[\d\s()-]{9,20}", written):
        raise ValueError("must be a phone number such as 020 7946 0000")
    return written


def _language(written: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?", written):
        raise ValueError("must be a language tag such as so, ckb or zh-Hans")
    return written


def _account_sid(written: str) -> str:
    if not written.startswith("AC"):
        raise ValueError("must begin with AC: it is the account's own id, not an API key's")
    return written


def _header_secret(written: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", written.get_secret_value()):
        raise ValueError("must be 1 to 256 of A-Z a-z 0-9 _ - (Telegram allows no others)")
    return written


def _long_enough(written: SecretStr) -> SecretStr:
    if len(written.get_secret_value()) < 16:
        raise ValueError("must have at least 16 characters; 'openssl rand -hex 32' makes a good one")
    return written


Clock = Annotated[time, BeforeValidator(_read_clock)]
Hours = Annotated[OpenHours, BeforeValidator(_open_hours)]
AccountSid = Annotated[str, AfterValidator(_account_sid)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_header_secret)]
LongSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
PhoneNumber = Annotated[str, AfterValidator(_number)]
ShownNumber = Annotated[str, AfterValidator(_shown_number)]
LanguageTag = Annotated[str, AfterValidator(_language)]
Words = Annotated[str, StringConstraints(min_length=1)]
Seconds = Annotated[float, Field(ge=0, json_schema_extra={"unit": "seconds"})]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
