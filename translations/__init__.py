"""Every sentence in every family's language."""

from translations.phrases import Phrase, _, ngettext, spoken
from translations.writing import LanguageName, written

__all__ = ["LanguageName", "Phrase", "_", "ngettext", "spoken", "written"]
