"""Every setting, read from config.yml and the environment, which wins.

    config.yml                      environment
    twilio:                         BOOKBAG_TWILIO__SMS_FROM=+447700900000
      sms_from: "+447700900000"     BOOKBAG_TWILIO__AUTH_TOKEN_FILE=/run/secrets/twilio

A list is separated by commas (in config.yml it may be a YAML list); empty is none. Anything else that is empty counts as not set.
"""

from bot.settings.faults import Fault, SettingsError
from bot.settings.kinds import Engine, OpenHours, Provider, TelegramMode, TwilioMode
from bot.settings.model import Setting, Settings, catalogue, variable
from bot.settings.reading import load

__all__ = ["Engine", "Fault", "OpenHours", "Provider", "Setting", "Settings", "SettingsError", "TelegramMode", "TwilioMode", "catalogue", "load", "variable"]
