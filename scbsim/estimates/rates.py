"""The rates of a machine, kept beside its compiled kernels, and those to assume without them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from scbsim._version import __version__
from scbsim.estimates.work import Work
from scbsim.util.cores import cpu_name

_FORMAT = "scbsim-rates-3"


@dataclass(frozen=True)
class Rates:
    """What steps and everything around them cost on a machine.

    Attributes
    ----------
    cpu : str
    cores : int
    version : str
        Of scbsim.
    measured_utc : str
    own : bool
        Whether they are of this machine and this version.
    seconds : dict
        Seconds of a unit of each term, by the kind of a step.
    others : dict
        ``start_seconds`` of a process with a run of no length, ``start_bytes`` that it holds,
        ``row_seconds`` of a recorded row, ``bytes_a_second`` of states written to a file,
        ``byte_seconds`` of a byte of memory that a process had not used. Of an entry that is
        drawn and not kept: ``drawn_seconds`` of each of its normals, ``pass_seconds`` of a pass
        over all entries, ``stepped_seconds`` of the first step of an l1 rule. ``active_seconds`` of
        an entry off zero in a step of such a rule.
    """

    cpu: str
    cores: int
    version: str
    measured_utc: str
    seconds: dict[str, dict[str, float]]
    others: dict[str, float]
    own: bool = False

    def of(self, work: Work) -> float:
        """Return the seconds of a step."""
        rates = self.seconds.get(work.kind) or self.seconds[_like(work.kind)]
        return sum(rates.get(name, 0.0) * count for name, count in work.terms.items())


def _like(kind: str) -> str:
    """Return the kind whose rates stand for those of a kind that was not measured."""
    name, _, _ = kind.partition(" ")
    return {"dense": "dense prox float32", "batch": "batch float32"}.get(name, "sparse")


def rates_path(cpu: str | None = None, version: str = __version__) -> Path | None:
    """Return the file of a processor's rates in the kernel cache; None if there is no cache."""
    from scbsim.kernels.compile.jit import CACHE_FOLDER

    if CACHE_FOLDER is None:
        return None
    words = repr((cpu or cpu_name(), version, os.environ.get("SCBSIM_VECTOR_BITS", "")))
    return CACHE_FOLDER / f"rates-{hashlib.sha256(words.encode()).hexdigest()[:16]}.json"


def machine_rates() -> Rates:
    """Return the rates of this machine, or those of another one if it was not measured."""
    path = rates_path()
    if path is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return _parsed(json.loads(path.read_text(encoding="utf-8")), own=True)
    text = resources.files(__package__).joinpath("rates.json").read_text(encoding="utf-8")
    return _parsed(json.loads(text), own=False)


def keep_rates(rates: Rates) -> Path | None:
    """Write the rates of this machine beside its kernels; return where, or None if impossible."""
    from scbsim.kernels.compile.trust import make_private
    from scbsim.util.atomic import atomic_write

    path = rates_path()
    if path is None:
        return None
    try:
        make_private(path.parent)
        with atomic_write(path, mode=0o600) as file:
            file.write(json.dumps(rates_json(rates), indent=1).encode())
    except OSError:
        return None
    return path


def rates_json(rates: Rates) -> dict[str, Any]:
    """Return rates as types of JSON."""
    found = asdict(rates)
    del found["own"]
    return {"format": _FORMAT, **found}


def _parsed(found: Mapping[str, Any], *, own: bool) -> Rates:
    """Return rates from their JSON; raise ValueError, KeyError or TypeError if it has none."""
    if found["format"] != _FORMAT:
        raise ValueError(f"{found['format']} is not {_FORMAT}")
    seconds = {
        str(kind): {str(name): float(rate) for name, rate in terms.items()}
        for kind, terms in found["seconds"].items()
    }
    return Rates(
        cpu=str(found["cpu"]),
        cores=int(found["cores"]),
        version=str(found["version"]),
        measured_utc=str(found["measured_utc"]),
        seconds=seconds,
        others={str(name): float(value) for name, value in found["others"].items()},
        own=own,
    )
