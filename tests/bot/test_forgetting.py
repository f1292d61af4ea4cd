"""What providers hold of someone who was erased is deleted there by the real clients; what cannot be is written down, and tried as often as makes sense."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import erasing
from bot.channels.base import ChannelName
from data.attention import Attention
from data.data_requests import ProviderDeletion, ProviderDeletionState
from school import provider_deletions
from tests.bot.test_fetching import by_telegram, by_whatsapp
from tests.school.files_to_try import VOICE, photo_of_a_phone
from tests.served import Served

pytestmark = pytest.mark.anyio

MARIA, FARID = "07700 900103", "07700 900104"


async def work_off(served: Served) -> None:
    while await served.house.forgetter.run_once():
        pass


def deletions(served: Served) -> list[ProviderDeletion]:
    with served.house.store.read() as session:
        return list(session.scalars(select(ProviderDeletion).order_by(ProviderDeletion.id)))


async def held_at_twilio(served: Served) -> list[str]:
    """What Twilio has of Maria's messages in."""
    found = await served.house.channels[ChannelName.WHATSAPP].missed(served.house.clock() - timedelta(days=1))
    return [message.provider_id for message in found]


async def test_messages_and_files_are_deleted_at_twilio(served: Served) -> None:
    await by_whatsapp(served, photo_of_a_phone(), body="please tell the office that we are away")  # a file that nobody has fetched yet
    assert len(await held_at_twilio(served)) == 1
    assert erasing.erase(served.settings, MARIA, None, yes=True) == 0
    assert {row.what for row in deletions(served)} == {"message", "file"}
    await work_off(served)
    assert {row.state for row in deletions(served)} == {ProviderDeletionState.DONE}
    assert {row.reference for row in deletions(served)} == {""}
    assert await held_at_twilio(served) == []
    assert len(served.standin.accepted("twilio.media.delete")) == 1
    assert len(served.standin.accepted("twilio.delete")) == len(deletions(served)) - 1


async def test_telegram_deletes_ours_and_not_theirs(served: Served) -> None:
    await by_telegram(served, VOICE, "voice")
    assert erasing.erase(served.settings, FARID, None, yes=True) == 0
    await work_off(served)
    told = {(row.what, row.state, row.reason, row.reference) for row in deletions(served)}
    assert told == {
        ("file", ProviderDeletionState.DONE, "", ""),
        ("message", ProviderDeletionState.DONE, "", ""),
        ("message", ProviderDeletionState.IMPOSSIBLE, "their own message, in their own chat", ""),
    }


async def test_a_provider_that_does_not_answer_is_asked_again_for_a_week_and_then_a_person(served: Served) -> None:
    await by_whatsapp(served, body="please tell the office that we are away")
    assert erasing.erase(served.settings, MARIA, None, yes=True) == 0
    count = len(deletions(served))
    served.standin.fault("twilio.one", "500_before", times=count * provider_deletions.TRIES)
    for _ in range(provider_deletions.TRIES):
        await work_off(served)
        assert await served.house.forgetter.run_once() == 0  # not before its time
        served.later += timedelta(days=1)
    assert {(row.state, row.attempts) for row in deletions(served)} == {(ProviderDeletionState.IMPOSSIBLE, provider_deletions.TRIES)}
    assert all(row.reference for row in deletions(served))  # so that a person can delete it by hand
    with served.house.store.read() as session:
        needs = [row for row in session.scalars(select(Attention)) if row.key.startswith("erased:")]
        assert len(needs) == 1
        assert (needs[0].adult_id, needs[0].address_id, needs[0].text) == (None, None, "")


async def test_what_was_begun_before_a_crash_is_done_once_more_and_is_well(served: Served) -> None:
    await by_whatsapp(served, body="please tell the office that we are away")
    assert erasing.erase(served.settings, MARIA, None, yes=True) == 0
    for row in deletions(served):
        await served.house.channels[ChannelName.WHATSAPP].forget(row.reference)  # asked, and then the process died
    await work_off(served)
    assert {row.state for row in deletions(served)} == {ProviderDeletionState.DONE}
