"""What the figures share in being made: specs from presets, runs in a folder, pictures."""

from __future__ import annotations

import tomllib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from scbsim import presets
from scbsim.errors import Fault, InputError, OutputError, SpecError
from scbsim.studies.run_files import Tell, holds, obtain
from scbsim.trajectory.views import since_stage_1, spec_of

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


def refuse_keys(words: Sequence[str], own: Mapping[str, str]) -> None:
    """Refuse to set a key that a figure sets itself.

    Parameters
    ----------
    words : sequence of str
        ``key=value`` as after ``--set``.
    own : mapping of str to str
        Such keys, and what they are in the figure.

    Raises
    ------
    InputError
    """
    for key in (each.partition("=")[0].strip() for each in words):
        for kept, what in own.items():
            if f"{key}.".startswith(f"{kept}.") or kept.startswith(f"{key}."):
                raise InputError(f"--set {key}: {kept} is the figure's own: {what}")


def first_part(spec: RunSpec) -> RunSpec:
    """Return the first part of a run: it ends after half the steps of its last stage."""
    last = len(spec.stage) - 1
    return spec.replace(**{f"stage.{last}.steps": max(1, spec.stage[last].steps // 2)})


def begun_in_full(
    quick: Mapping[Key, RunSpec],
    full: Mapping[Key, RunSpec],
    files: Mapping[Key, Path],
    tell: Tell,
) -> dict[Key, RunSpec]:
    """Return what a quick figure runs: less than what it is asked for, never less than there is.

    Its runs are the first parts of full ones. Where one of their files has a full run already, all
    of them are made in full; where all runs of the full figure are there, it is the full figure.
    """
    there = {key for key, spec in full.items() if holds(spec, files[key])}
    if not there & quick.keys():
        return dict(quick)
    tell(f"{files[next(iter(quick))].parent} has full runs already: --quick uses them as they are")
    return {key: spec for key, spec in full.items() if key in quick or there == full.keys()}


def shortened(wanted: Mapping[Key, RunSpec], full: Mapping[Key, RunSpec]) -> str:
    """Say how many steps of the last stage the quick runs have; nothing if they have all."""
    here, there = (next(iter(each.values())).stage[-1].steps for each in (wanted, full))
    return "" if here == there else f"{here} of {there} steps"


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


def saved(figure: Figure, pictures: tuple[Path, ...]) -> tuple[Path, ...]:
    """Write the pictures of a figure; return their paths."""
    from scbsim.plotting.style import save

    for picture in pictures:
        save(figure, picture)
    return pictures


def population_since_stage_1(run: xr.Dataset) -> xr.Dataset:
    """Return the noiseless process from the signals at the end of the first stage of a run."""
    from scbsim.run.simulate import simulate

    start, spec = since_stage_1(run), spec_of(run)
    table = spec.to_dict()
    table["init"] = {name: float(start[name].values[0]) for name in ("alpha_A", "alpha_V")}
    table["stage"] = table["stage"][1:]
    table["output"].pop("normalized_every", None)
    return simulate(population(type(spec).from_dict(table)))
