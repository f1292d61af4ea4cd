"""Deleting at providers what they still hold of someone who was erased: a stage of its own. What cannot be deleted is written down, for the report."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from bot.channels.errors import Rejected, SendError, Verdict
from bot.stage import Stage
from data.data_requests import ProviderDeletion
from school import provider_deletions

log = structlog.get_logger()

AT_ONCE = 4
"""How many are in hand together: nobody waits for them, and messages that leave share the provider's pace."""
MAY_PASS = frozenset({Verdict.OUR_ACCOUNT, Verdict.LIMITED, Verdict.THEIRS})
"""Refusals that have nothing to do with what is to be deleted: it is asked for again."""


@dataclass(frozen=True)
class Wanted:
    """One thing to be deleted: all that must be known of it while no transaction is open."""

    deletion_id: int
    channel: str
    what: str
    reference: str


class Forgetter(Stage):
    """Deletes for one process."""

    name = "forgetting"
    POLL = 5.0

    async def run_once(self) -> int:
        """Delete a few of what is to be deleted; how many there were."""
        wanted = await asyncio.to_thread(self._read, lambda school: [_wanted(row) for row in provider_deletions.to_delete(school, AT_ONCE)])
        await asyncio.gather(*map(self._forget, wanted))
        return len(wanted)

    async def _forget(self, one: Wanted) -> None:
        channel = self._channels.get(one.channel)
        if channel is None:
            return await self._not_deleted(one, f"{one.channel} is off", for_good=False)
        try:
            await (channel.forget_file if one.what == "file" else channel.forget)(one.reference)
        except Rejected as error:
            return await self._not_deleted(one, error.code or str(error.verdict), for_good=error.verdict not in MAY_PASS)
        except SendError as error:
            return await self._not_deleted(one, f"no answer {getattr(error, 'code', None) or ''}".strip(), for_good=False)
        await self._write(lambda school: provider_deletions.deleted(school, one.deletion_id))
        log.info("deleted there", channel=one.channel, what=one.what)
        return None

    async def _not_deleted(self, one: Wanted, reason: str, *, for_good: bool) -> None:
        log.warning("not deleted there", channel=one.channel, what=one.what, reason=reason, for_good=for_good)
        await self._write(lambda school: provider_deletions.not_deleted(school, one.deletion_id, reason, for_good=for_good))


def _wanted(row: ProviderDeletion) -> Wanted:
    return Wanted(row.id, row.channel, row.what, row.reference)
