"""What do you hold about me, and delete it: a message opens a request with its legal date, and a person decides it. Nothing of it goes by message."""

from __future__ import annotations

from bot.conversation import Chat, dialogue, notice
from school import School, data_requests
from school.data_requests import DataRequestKind, DataRequestState
from translations import _


# Translators: names what someone wants, in 'Do you mean: What the school knows about me?'.
@dialogue(intent="ask_my_data", about=_("What the school knows about me"))
def ask_my_data(chat: Chat, school: School) -> None:
    """The kinds of data, and by when a copy can be had at school: never by message, so that a shared or stolen phone tells nobody."""
    request = chat.once("request", data_requests.ask, school, chat.adult, DataRequestKind.COPY, how="text")
    # Translators: the kinds of data that the school keeps about whoever asks.
    chat.say(_("We keep your name, your numbers, your language and who your children are. Also our messages, and what you booked, answered and sent us."))
    # Translators: a copy of all that the school keeps about whoever asks, on paper. {day} is the last day that the law allows.
    chat.say(_("You can have a copy by {day}. We ring you, give it to you at school and check that it is you. It never comes by message."), day=request.due_on)


# Translators: names what someone wants, in 'Do you mean: Delete what you know about me?'.
@dialogue(intent="erase_my_data", about=_("Delete what you know about me"))
def erase_my_data(chat: Chat, school: School) -> None:
    """Received, not yet agreed: whoever has the phone could write that, so someone rings first."""
    request = chat.once("request", data_requests.ask, school, chat.adult, DataRequestKind.ERASURE, how="text")
    # Translators: someone wants the school to delete what it knows about them. {day} is the last day that the law allows.
    chat.say(_("We have your message. Nothing is deleted yet: we will ring you on the number we have for you, by {day}."), day=request.due_on, must_arrive=True)
    # Translators: leave STOP as it is.
    chat.say(_("Some things the school must keep by law. If you only want no more messages, text STOP."))


@notice("data_request_decided")
def decided(chat: Chat, school: School) -> None:
    """A copy was handed over, so that whoever did not get it can say so; or it was refused, and where to complain."""
    request = data_requests.find(school, chat.args["request"])
    if request.state == DataRequestState.RELEASED:
        # Translators: a copy of what the school keeps about them. {phone} is the school's telephone number.
        chat.say(_("We gave you the copy of what we keep about you. If you did not get it, ring {phone} now."), phone=school.settings.phone)
    elif request.state == DataRequestState.REFUSED:
        # Translators: they asked for a copy of what the school keeps about them, or to have it deleted. Leave ico.org.uk as it is.
        chat.say(
            _("We cannot do what you asked about your data. Ring {phone} and we tell you why. You can complain at ico.org.uk."), phone=school.settings.phone
        )
