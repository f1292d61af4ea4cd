"""What stands in a letter on paper, for whoever no message reaches."""

from __future__ import annotations

from translations.phrases import Phrase, _


def what_to_do(*, has_messages: bool) -> Phrase:
    """What the letter asks of whoever reads it."""
    if has_messages:
        # Translators: in a letter on paper, below messages that did not arrive by phone.
        return _("We could not send you this by phone. Please ring us, or tell the class teacher which mobile number we may use.")
    # Translators: a letter on paper.
    return _("We cannot reach you by phone. Please ring us, or tell the class teacher which mobile number we may use.")
