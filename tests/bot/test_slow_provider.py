"""A provider that does not answer keeps only its own channel waiting, however much waits there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from data.outbox import Message, OutboxState
from tests.bot.test_outage import until
from tests.served import FARIDS_CHAT, Served, settings_for
from tests.standin.client import StandIn

pytestmark = pytest.mark.anyio

MARIA = "+447700900103"
HANGS = 10.0
"""Seconds for which the provider says nothing: longer than four answers take."""


def sending(served: Served) -> int:
    with served.house.store.read() as session:
        return session.scalar(select(func.count()).where(Message.state == OutboxState.SENDING)) or 0


@pytest.mark.slow
async def test_sms_that_hangs_holds_up_neither_telegram_nor_whatsapp(
    make_served: Callable[..., Served], providers: StandIn, demo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not although WhatsApp is the same provider's, and more texts wait than may be on their way at once."""
    monkeypatch.setattr("bot.running.PATIENCE", 3 * HANGS)
    patient = settings_for(providers, demo_url).twilio.model_copy(update={"timeout": 3 * HANGS})
    served = make_served(demo_url, delivery={"in_flight": 4}, twilio=patient)
    strangers = [f"+4477009005{number:02}" for number in range(8)]
    for number in strangers:
        served.standin.fault("twilio.send", "hang_before", seconds=HANGS, number=number)
    async with served.at_work():
        for number in strangers:
            assert (await served.text("hello", number)).status_code == 200
        await until(lambda: sending(served) == 4, 60)
        for round_ in range(2):
            await served.telegram(f"menu {round_}")
            await served.text(f"menu {round_}", f"whatsapp:{MARIA}")
        for value in (FARIDS_CHAT, MARIA):
            await until(lambda value=value: [row.state for row in served.said(value)] == ["sent", "sent"], 60)  # type: ignore[misc]
        assert sending(served) == 4, "the texts still hang"
