"""What the figures share in being made: specs from presets, runs in a folder, pictures."""

from __future__ import annotations

import tomllib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from scbsim import presets
from scbsim.errors import Fault, InputError, OutputError, SpecError
from scbsim.figures.files import obtain

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from scbsim.spec import RunSpec

Key = TypeVar("Key", bound=Hashable)
OutcomeOf = TypeVar("OutcomeOf")


@dataclass(frozen=True)
class Made(Generic[OutcomeOf]):
    """A figure on disk: pictures, files, and what they say."""

    pictures: tuple[Path, ...]
    files: tuple[Path, ...]
    outcomes: tuple[OutcomeOf, ...]


def preset_run(name: str, words: Sequence[str], figure: int) -> RunSpec:
    """Return the spec of a single run: a preset, and ``key=value`` words that change it.

    Raises
    ------
    SpecError
        If it does not hold, or is of several replicas.
    """
    from scbsim.spec import RunSpec

    spec = RunSpec.from_dict(tomllib.loads(presets.text(name)), overrides=words)
    if spec.dynamics.replicas > 1:
        problem = f"{spec.dynamics.replicas} replicas; figure {figure} is of single runs"
        raise SpecError([Fault("dynamics.replicas", problem)])
    return spec


def refuse_engine(engine: str | None, figure: int, engines: Sequence[str]) -> None:
    """Refuse another engine than those that a figure on real batches is about.

    Raises
    ------
    InputError
    """
    if engine is None or [engine] == list(engines):
        return
    runs = " and ".join(f'"{name}"' for name in engines)
    raise InputError(
        f'--engine: "{engine}"; figure {figure} learns on real batches and runs by {runs}: leave '
        "--engine out"
    )


def population(spec: RunSpec) -> RunSpec:
    """Return the spec of the noiseless process with the task, start and rates of ``spec``."""
    from scbsim.spec import RunSpec

    table = spec.to_dict()
    table["dynamics"] |= {"engine": "population", "rule": "sgd", "replicas": 1}
    table["noise"] = {"model": "none"}
    table["stage"] = [
        {key: stage[key] for key in ("steps", "rate_A", "rate_V") if key in stage}
        for stage in table["stage"]
    ]
    return RunSpec.from_dict(table)


def obtained(
    wanted: Mapping[Key, RunSpec], files: Mapping[Key, Path], **how: Any
) -> dict[Key, xr.Dataset]:
    """Return each run, from its file or made first; ``how`` as :func:`obtain` takes it."""
    return {key: obtain(spec, files[key], **how) for key, spec in wanted.items()}


def made(folder: Path) -> Path:
    """Return a folder, which is made if it is not there.

    Raises
    ------
    OutputError
        If it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; a figure needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def saved(figure: Figure, folder: Path, name: str) -> tuple[Path, ...]:
    """Write the pictures of a figure; return their paths."""
    from scbsim.figures.style import save

    pictures = tuple(folder / f"{name}.{suffix}" for suffix in ("png", "pdf"))
    for picture in pictures:
        save(figure, picture)
    return pictures
