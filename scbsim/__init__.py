"""scbsim: how linear transformers learn sparse contextual bigrams, simulated at any size.

Public names are imported when they are first used, so that importing the package and
`scbsim --help` are fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scbsim._version import __version__

if TYPE_CHECKING:
    from scbsim.contents import load
    from scbsim.contents.matrices import matrices
    from scbsim.contents.plot import plot
    from scbsim.errors import (
        DataError,
        InputError,
        MemoryNeeded,
        OutputError,
        RunFailed,
        RunWarning,
        ScbsimError,
        SpecError,
        Stopped,
        TaskError,
        TaskWarning,
    )
    from scbsim.estimates.one import estimate
    from scbsim.run.simulate import simulate
    from scbsim.sampling.file import save_samples
    from scbsim.sampling.sampler import sample_batch, sample_batches
    from scbsim.sampling.samples import token_frequencies
    from scbsim.sampling.text import text_samples
    from scbsim.spec import RunSpec
    from scbsim.spec.own_rules import rule
    from scbsim.studies.boundary import find_boundaries
    from scbsim.studies.phase import phase_diagram
    from scbsim.task import Task, correlations, related_task
    from scbsim.trajectory.own_observables import observable

_HOME = {
    **dict.fromkeys(
        (
            "DataError",
            "InputError",
            "MemoryNeeded",
            "OutputError",
            "RunFailed",
            "RunWarning",
            "ScbsimError",
            "SpecError",
            "Stopped",
            "TaskError",
            "TaskWarning",
        ),
        "scbsim.errors",
    ),
    "RunSpec": "scbsim.spec",
    "rule": "scbsim.spec.own_rules",
    "Task": "scbsim.task",
    "correlations": "scbsim.task",
    "estimate": "scbsim.estimates.one",
    "find_boundaries": "scbsim.studies.boundary",
    "load": "scbsim.contents",
    "matrices": "scbsim.contents.matrices",
    "observable": "scbsim.trajectory.own_observables",
    "phase_diagram": "scbsim.studies.phase",
    "plot": "scbsim.contents.plot",
    "related_task": "scbsim.task",
    "sample_batch": "scbsim.sampling.sampler",
    "sample_batches": "scbsim.sampling.sampler",
    "save_samples": "scbsim.sampling.file",
    "simulate": "scbsim.run.simulate",
    "text_samples": "scbsim.sampling.text",
    "token_frequencies": "scbsim.sampling.samples",
}

__all__ = [
    "DataError",
    "InputError",
    "MemoryNeeded",
    "OutputError",
    "RunFailed",
    "RunSpec",
    "RunWarning",
    "ScbsimError",
    "SpecError",
    "Stopped",
    "Task",
    "TaskError",
    "TaskWarning",
    "__version__",
    "correlations",
    "estimate",
    "find_boundaries",
    "load",
    "matrices",
    "observable",
    "phase_diagram",
    "plot",
    "related_task",
    "rule",
    "sample_batch",
    "sample_batches",
    "save_samples",
    "simulate",
    "text_samples",
    "token_frequencies",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'scbsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
