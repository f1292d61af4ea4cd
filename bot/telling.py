"""Mails staff that something waits for them on the console. What could not be mailed is tried again: nobody is marked as told before the server took it."""

from __future__ import annotations

import asyncio

import structlog

from bot.clock import Clock
from bot.mail import Mailer
from data.store import DatabaseAway, Store
from school import LONDON, School, SchoolSettings, told, upkeep
from school.told import Waits

log = structlog.get_logger()

EVERY = 30.0
"""Seconds between two looks."""


class Telling:
    """Looks now and then whom to tell, and tells them."""

    def __init__(
        self, store: Store, settings: SchoolSettings, clock: Clock, mailer: Mailer | None, public_url: str | None, technician: str | None = None
    ) -> None:
        self._store, self._settings, self._clock, self._mailer, self._public_url = store, settings, clock, mailer, public_url
        self._technician = technician

    async def run(self) -> None:
        """Tell them for ever; without a mail server nobody is told."""
        while self._mailer is not None:
            try:
                await asyncio.to_thread(self.once)
            except DatabaseAway:
                log.warning("database away", at="telling")
            except Exception as error:
                log.exception("telling failed", error=type(error).__name__)
            await asyncio.sleep(EVERY)

    def once(self) -> int:
        """Tell whoever is to be told now; how many took it."""
        if self._mailer is None:
            return 0
        with self._store.read() as session:
            waiting = told.whom_to_tell(School(session, self._clock(), self._settings))
        sent = [waits for waits in waiting if self._mailer.send(waits.staff.email, *self._words(waits))]
        if sent:
            with self._store.write() as session:
                for waits in sent:
                    told.told(School(session, self._clock(), self._settings), waits)
            log.info("staff told", people=len(sent))
        return len(sent) + self._tell_technician()

    def _tell_technician(self) -> int:
        """Mail whoever looks after the server what is wrong with it, once a day; how many took it."""
        if self._mailer is None or self._technician is None:
            return 0
        with self._store.read() as session:
            lines = upkeep.to_tell(School(session, self._clock(), self._settings))
        if not lines or not self._mailer.send(self._technician, "Bookbag: the server needs a hand", "".join(f"{line}\n\n" for line in lines)):
            return 0
        with self._store.write() as session:
            upkeep.told(School(session, self._clock(), self._settings))
        return 1

    def _words(self, waits: Waits) -> tuple[str, str]:
        page = f"{self._public_url}/console" if self._public_url else "Bookbag's console"
        if waits.is_safeguarding:
            return "Bookbag: please read this now", f"A message on Bookbag needs the safeguarding lead or deputy now. Please read it there:\n\n{page}\n"
        things = "1 message waits" if waits.count == 1 else f"{waits.count} messages wait"
        since = waits.since.astimezone(LONDON)
        return f"Bookbag: {things}", f"{things} for you on Bookbag, the oldest since {since:%A %H:%M}.\n\n{page}\n"
