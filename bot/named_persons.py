"""Whether a message about a child at risk would reach anyone: part of `bookbag config check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url, select

from data.people import Adult
from data.store import Store
from school import School, safeguarding, staff

if TYPE_CHECKING:
    from bot.settings import Settings


def unreachable(settings: Settings) -> str | None:
    """Why the safeguarding lead cannot be reached, in one line; None where they can be, or where the school has no families yet. Raises DatabaseAway."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return None
    store = Store(settings.database_url)
    try:
        with store.read() as session:
            from bot.clock import now

            school = School(session, now(), settings.for_school())
            if session.scalar(select(Adult.id).limit(1)) is None:
                return None
            leads = staff.everyone(school, safeguarding.LEAD)
            can_be_texted = bool(settings.twilio.account_sid) and safeguarding.can_be_texted(school, safeguarding.LEAD)
    finally:
        store.close()
    if not leads:
        return "safeguarding: nobody has the role lead: bookbag staff add EMAIL --name NAME --role lead --phone N"
    if can_be_texted or (settings.email.smtp_url and settings.email.sender):
        return None
    return "safeguarding: the lead cannot be reached: give them a mobile (with Twilio set up), or set email.smtp_url and email.from"
