"""How people talk with the school: what a handler needs, and little else."""

from bot.conversation.chat import Chat
from bot.conversation.identity import identified
from bot.conversation.registry import about, dialogue, is_general, menu, notice

__all__ = ["Chat", "about", "dialogue", "identified", "is_general", "menu", "notice"]
