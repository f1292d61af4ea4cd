"""Words of a list in what someone wrote."""

from __future__ import annotations

import pytest

from bot.conversation.mentions import behind


@pytest.mark.parametrize(
    "text, rest",
    [
        ("no, I meant 4", "4"),
        ("i mean very happy", "very happy"),
        ("I meant", None),
        ("well and I meant 4", None),
        ("imean 4", None),
        ("我是说4", "4"),
        ("不，我是说 4", "4"),
    ],
)
def test_what_follows_i_meant(text: str, rest: str | None) -> None:
    assert behind(text, "i meant, i mean, 我是说") == rest
