"""Python's collector of cycles, set for a process that makes many short-lived objects and few cycles.

As it starts, the collector looks through all that is loaded (DSPy alone is some hundred thousand objects)
every few thousand judgements, and holds up every open call for it.
"""

import gc

OBJECTS = 50_000
"""So many objects more than were freed start a collection."""


def calm_collector() -> None:
    """Let the collector leave alone what is loaded by now, and come less often. For whoever starts a process:
    it concerns all of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 50)
