"""The engine that ships inside: no server, no network, trained in seconds on the school's own examples. Measured in nlu-findings."""

from nlu.embedded.encoders import Encoder, Usem3
from nlu.embedded.engine import Engine
from nlu.embedded.model import Guess, Model
from nlu.embedded.training import train

__all__ = ["Encoder", "Engine", "Guess", "Model", "Usem3", "train"]
