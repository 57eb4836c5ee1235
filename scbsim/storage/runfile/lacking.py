"""Files without their first rows, which were in a damaged file before a new file continued it."""

from __future__ import annotations

import h5py

from scbsim.storage.runfile.schema import LACKS, TRAJECTORY


def lacks_steps_before(file: h5py.File) -> int:
    """Return the step before which the rows of an output are lost; 0 if none are.

    Files older than the attribute show it by their first step. Call this after the count of rows is
    read: it reads the steps, and of a growing file later reads may be as old as this one.
    """
    if LACKS in file.attrs:
        return int(file.attrs[LACKS])
    steps = file[TRAJECTORY]["step"]
    return int(steps[0]) if len(steps) else 0


def lacking_in_words(step: int) -> str:
    """Return a clause that says which rows a file lacks."""
    return f"lacks the rows of the steps before {step}: they were in a file that was damaged"
