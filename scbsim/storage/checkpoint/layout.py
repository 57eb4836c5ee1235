"""Whether the random stream of a run to resume is laid out as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scbsim.engines.random_stream import LAYOUT
from scbsim.errors import OutputError
from scbsim.spec import RunSpec
from scbsim.spec.engines import ENGINES


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
            "with that version, or start again with --overwrite"
        )
