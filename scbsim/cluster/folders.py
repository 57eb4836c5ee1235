"""Opening the folder of what was submitted: a sweep, or a phase diagram."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scbsim.studies.phase.folder import DiagramFolder
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.work import WorkFolder


def opened(path: str | os.PathLike[str]) -> WorkFolder[Any]:
    """Open the folder of a phase diagram, or else of a sweep.

    Raise OutputError if it is neither, or its manifest is damaged.
    """
    if (Path(path) / DiagramFolder.MANIFEST).exists():
        return DiagramFolder.open(path)
    return SweepFolder.open(path)
