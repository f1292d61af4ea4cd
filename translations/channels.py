"""What each way to be written to is called."""

from __future__ import annotations

from translations.phrases import _

NAMES = {
    # Translators: a way to be written to: SMS. At most 14 characters.
    "sms": _("Text message"),
    "whatsapp": _("WhatsApp"),
    "telegram": _("Telegram"),
    # Translators: a way to be written to. At most 14 characters.
    "email": _("E-mail"),
}
