"""A file that lacks its first rows: they were in one that was damaged, and a new one went on."""

from __future__ import annotations

import h5py

from scbsim.storage.runfile.schema import LACKS, TRAJECTORY


def lacks_steps_before(file: h5py.File) -> int:
    """Return before which step the rows of an output are lost; 0 if it has all of them.

    Files that were made before the attribute begin at a later step than 0. To be asked after the
    rows are counted: what this reads of a file that grows may be older than what is read next.
    """
    if LACKS in file.attrs:
        return int(file.attrs[LACKS])
    steps = file[TRAJECTORY]["step"]
    return int(steps[0]) if len(steps) else 0


def lacking_in_words(step: int) -> str:
    """Say what a file lacks."""
    return f"lacks the rows of the steps before {step}: they were in a file that was damaged"
