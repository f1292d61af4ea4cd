"""The words that Bookbag asks people to text. Each is a sentence of the catalogs, and every handler that answers one names it as its `keyword`.

STOP, START and HELP are not among them: carriers know those three in English alone, so they stay as they are in every language.
"""

from __future__ import annotations

from translations.phrases import _

# Translators: a word that people text to see the list of things they can do. One short word, in capitals where your script has them.
MENU = _("MENU")
# Translators: a word that people text to reach a person. One short word, in capitals where your script has them.
PERSON = _("PERSON")
# Translators: a word that people text to change the language they are written to in. In capitals where your script has them.
LANGUAGE = _("LANGUAGE")
# Translators: a word that people text to see a message as it was written, before a computer translated it. In capitals where your script has them.
ORIGINAL = _("ORIGINAL")
# Translators: a word that people text, and a button that they press, to see a message that waits for them. In capitals where your script has them.
# At most 20 characters.
OPEN = _("OPEN")
# Translators: a word that people text to move an appointment to another time. In capitals where your script has them.
MOVE = _("MOVE")
# Translators: a word that people text to call off an appointment. In capitals where your script has them. Not CANCEL: phone companies take that for STOP.
CALL_OFF = _("CALL OFF")
# Translators: a word that people text to answer the questions that the school has asked, or to go on with them. In capitals where your script has them.
QUESTIONS = _("QUESTIONS")
# Translators: what people text who are not whom the school wants to reach: the number is someone else's now. In capitals where your script has them.
WRONG_NUMBER = _("WRONG NUMBER")
# Translators: a word that people text to leave a question out. In capitals where your script has them.
SKIP = _("SKIP")
# Translators: a word that people text to choose which messages they get. In capitals where your script has them.
MESSAGES = _("MESSAGES")
