"""/simulator: the demo's phones in the browser, each of them live. Only `bookbag run --demo` adds it, which has refused real people before.

What a phone shows is what the database holds for its address, so that a reload, and a restart, lose nothing; a simulated channel only says when to look.
"""

from bot.simulator.pages import add_simulator

__all__ = ["add_simulator"]
