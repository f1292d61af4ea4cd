"""Fetching what parents send: a stage of its own beside the way of a message. A file is asked for, looked at, kept, and then deleted at its provider.

What is to be done stands in the database, each step is written down when it is done, and none is harmed by being begun twice: so a crash loses no file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.channels.base import Attachment
from bot.channels.errors import Rejected, SendError, Verdict
from bot.stage import Stage
from data.kept_files import IncomingFile
from school import School, kept_files
from school.errors import NotAllowed, TooLarge
from school.kept_files import Examined

log = structlog.get_logger()

AT_ONCE = 2
"""How many files are in hand together: each takes some megabytes, and a picture a second of one core."""
MAY_PASS = frozenset({Verdict.OUR_ACCOUNT, Verdict.LIMITED, Verdict.THEIRS})
"""Refusals that are no fault of the file: it is asked for again."""


@dataclass(frozen=True)
class Wanted:
    """One file at a provider: all that must be known of it while no transaction is open."""

    incoming_id: int
    trace: str
    channel: str
    reference: str
    name: str


class Fetcher(Stage):
    """Fetches for one process."""

    name = "fetching"

    async def run_once(self) -> int:
        """Fetch what is wanted, delete what is kept, a few of each; how many there were."""
        wanted = await asyncio.to_thread(self._read, lambda school: [_wanted(row) for row in kept_files.to_fetch(school, AT_ONCE)])
        await asyncio.gather(*map(self._fetch, wanted))
        kept = await asyncio.to_thread(self._read, lambda school: [_wanted(row) for row in kept_files.to_forget(school, AT_ONCE)])
        await asyncio.gather(*map(self._forget, kept))
        return len(wanted) + len(kept)

    async def _fetch(self, file: Wanted) -> None:
        channel = self._channels.get(file.channel)
        if channel is None:
            return await self._note(file, "not fetched", kept_files.not_fetched, f"{file.channel} is off")
        try:
            found = await channel.fetch(file.reference, self._settings.largest_file)
            examined = await asyncio.to_thread(self._examine, file, found)
        except Rejected as error:
            reason = _in_words(error)
            rule = kept_files.not_fetched if error.verdict in MAY_PASS else kept_files.refused
            return await self._note(file, "not fetched", rule, reason)
        except SendError as error:
            return await self._note(file, "not fetched", kept_files.not_fetched, f"no answer {getattr(error, 'code', None) or ''}".strip())
        except TooLarge:
            return await self._note(file, "not kept", kept_files.refused, "too large")
        except NotAllowed as error:
            return await self._note(file, "not kept", kept_files.refused, f"{error.why} {error.found}".strip())
        await self._write(lambda school: kept_files.fetched(school, file.incoming_id, examined))
        log.info("fetched", trace=file.trace, channel=file.channel, media_type=examined.media_type)
        return None

    def _examine(self, file: Wanted, found: Attachment) -> Examined:
        return kept_files.examine(found.content, found.media_type, most=self._settings.largest_file, name=file.name)

    async def _forget(self, file: Wanted) -> None:
        channel = self._channels.get(file.channel)
        try:
            if channel is None:
                return await self._note(file, "not deleted there", kept_files.not_forgotten, f"{file.channel} is off")
            await channel.forget_file(file.reference)
        except SendError as error:
            return await self._note(file, "not deleted there", kept_files.not_forgotten, f"no answer {getattr(error, 'code', None) or ''}".strip())
        await self._write(lambda school: kept_files.forgotten(school, file.incoming_id))
        log.info("deleted there", trace=file.trace, channel=file.channel)
        return None

    async def _note(self, file: Wanted, what: str, rule: Callable[[School, int, str], None], reason: str) -> None:
        log.warning(what, trace=file.trace, channel=file.channel, reason=reason)
        await self._write(lambda school: rule(school, file.incoming_id, reason))


def _wanted(row: IncomingFile) -> Wanted:
    received = row.received
    return Wanted(row.id, received.trace, received.address.channel, row.reference, row.name)


def _in_words(error: Rejected) -> str:
    """Why a provider does not give a file, for staff."""
    return {"too large": "too large", "404": "the provider has it no more", "20404": "the provider has it no more"}.get(
        error.code or "", f"the provider refuses it ({error.code or error.verdict})"
    )
