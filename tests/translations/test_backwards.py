"""A translation read back: fine where it says the same, to be looked at where it does not."""

from __future__ import annotations

import pytest

from tests.translations.test_masking import TODAY
from translations.backwards import looks_fine
from translations.masking import Names, mask


@pytest.mark.parametrize(
    "said, back, is_fine",
    [
        ("Please bring a coat", "Please bring a coat", True),
        ("Please bring a coat and a drink", "Please bring a jacket and something to drink", True),
        ("The school is closed today because of snow", "Today the school is closed due to snow", True),
        ("Please do not bring nuts", "Please bring nuts", False),
        ("The school is closed", "The school is not closed", False),
        ("Which child is it about?", "What boy is around?", False),
        ("Please bring a coat", "Complacer a horse", False),
    ],
)
def test_whether_it_looks_fine(said: str, back: str, is_fine: bool) -> None:
    assert looks_fine(said, back) == is_fine


def test_what_was_said_is_a_masked_text_again() -> None:
    masked = mask("Amina comes at 3pm", Names(["Amina"]), today=TODAY)
    back = masked.said_so("A las ⟦2⟧ viene ⟦1⟧.")
    assert back.key == "A las ⟦2⟧ viene ⟦1⟧."
    assert back.filled(back.key, "es") == "A las 15:00 viene Amina."
