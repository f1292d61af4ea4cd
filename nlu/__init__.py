"""Understanding: text in; intent, entities and language out. Imports nothing heavy; the engine is in `nlu.embedded`."""

from nlu.face import Context, Decision, Entity, Name, Understanding, When

__all__ = ["Context", "Decision", "Entity", "Name", "Understanding", "When"]
