"""The provenance of a result: versions, machine, threads, engine."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from scbsim._version import __version__
from scbsim.engines.plan import Choice
from scbsim.engines.random_stream import LAYOUT
from scbsim.errors import InputError
from scbsim.rules.loading import source_of
from scbsim.spec import RunSpec
from scbsim.spec.rules import own_name
from scbsim.util.cores import cpu_name

_MOST_CHARACTERS = 50_000  # an attribute of a file has room for 64 KB


def provenance(choice: Choice, threads: int, task: str) -> dict[str, Any]:
    """Return the provenance of a run for its file, as strings and integers.

    ``task`` is the source of the task: ``drawn`` or ``read`` by the spec, or ``given`` with it.
    """
    import h5py

    return {
        "scbsim": __version__,
        **versions(),
        "hdf5": h5py.version.hdf5_version,
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "threads": threads,
        "engine": choice.name,
        "engine_why": choice.why,
        "value": "matrix" if choice.matrix_V else "collapsed",
        "task": task,
        "stream_layout": LAYOUT,
    }


def sources_of_rules(spec: RunSpec) -> dict[str, Any]:
    """Return the source texts of the users' own rules of a run, by name and digest."""
    owns = {own: name for name in spec.rules if (own := own_name(name)) is not None}
    sources = {f"{own.name} {own.digest}": source_of(name) for own, name in owns.items()}
    if len(json.dumps(sources)) > _MOST_CHARACTERS:
        raise InputError(
            f"the sources of {', '.join(sources)} are too long for a file together: up to "
            f"{_MOST_CHARACTERS} characters are kept"
        )
    return {"rules": sources} if sources else {}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that numbers may depend on."""
    libraries = ("numpy", "numba", "llvmlite", "h5py")
    return {"python": platform.python_version(), **{name: _version(name) for name in libraries}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
