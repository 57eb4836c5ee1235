"""Whether the random stream of a file is laid out as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py

from scbsim.engines.random_stream import LAYOUT
from scbsim.errors import OutputError
from scbsim.spec import RunSpec
from scbsim.spec.engines import ENGINES
from scbsim.state import State
from scbsim.storage.hdf5.attributes import table
from scbsim.util.arguments import switch


def require_layout(path: Path, spec: RunSpec, known: Mapping[str, Any]) -> None:
    """Raise OutputError if a run would go on with normals of another layout.

    Real batches are laid out as they always were.

    Parameters
    ----------
    known : mapping
        What a file or a checkpoint keeps of its origin. The first versions kept no layout.
    """
    engine = ENGINES.get(spec.dynamics.engine)
    normals = spec.noise.model != "none" and not (engine is not None and engine.samples)
    if normals and known.get("stream_layout", 1) != LAYOUT:
        raise OutputError(
            f"{path} was begun by another version of scbsim, whose normals have another layout in "
            "the random stream: a run that went on would have the numbers of neither. Resume it "
            f"with that version, or start again with {switch('overwrite')}"
        )


def require_drawn(file: h5py.File, state: State) -> None:
    """Raise OutputError if the entries of a state would be drawn from another layout."""
    if (
        len(state.get("drawn", ()))
        and table(file.attrs, "provenance").get("stream_layout") != LAYOUT
    ):
        raise OutputError(
            f"the entries of A in {file.filename} are drawn from the random stream, and another "
            "version of scbsim made it, whose normals have another layout: read it with that "
            "version, or run it again"
        )
