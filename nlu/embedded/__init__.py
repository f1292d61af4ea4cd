"""The engine that ships inside: no server, no network, trained in minutes on the school's own examples. Measured in docs/understanding.md.

`nlu.embedded.engine.Engine` is its face. Nothing is imported here, so that `nlu.safeguarding`, which the engine uses, can use encoders and features in turn.
"""
