"""The arrays of the last state and of snapshots, before there is a state."""

from __future__ import annotations

from scbsim.engines.base import Engine
from scbsim.engines.staged import StagedEngine
from scbsim.engines.without_entries import WithoutEntries
from scbsim.state import State


def forms_of(engine: Engine) -> tuple[State, State]:
    """Return arrays of the shapes and types of the last state and of a snapshot.

    No entries are drawn for them, as that would change what is drawn later.
    """
    final = engine.final_form() if isinstance(engine, StagedEngine) else engine.state()
    final = final | engine.before_draw()
    if isinstance(engine, WithoutEntries | StagedEngine):
        return final, engine.snapshot_form()
    return final, engine.snapshot()
