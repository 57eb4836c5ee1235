"""How a figure of the paper is made: specs from presets, runs in a folder, plots."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, Unpack

from scbsim import presets
from scbsim.errors import Fault, InputError, OutputError, SpecError
from scbsim.plotting.picture_paths import pictures_in
from scbsim.studies.run_files import RunOptions, holds, obtain
from scbsim.util.paths import resolved
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from scbsim.spec import RunSpec

Key = TypeVar("Key", bound=Hashable)
OutcomeOf = TypeVar("OutcomeOf")


@dataclass(frozen=True)
class StudyOutput(Generic[OutcomeOf]):
    """A figure on disk: plots, files of the runs, and the results of each run."""

    pictures: tuple[Path, ...]
    files: tuple[Path, ...]
    outcomes: tuple[OutcomeOf, ...]


class Obtained(NamedTuple, Generic[Key]):
    """What a figure is drawn from: runs, their files and specs, and a note on what is missing."""

    runs: dict[Key, xr.Dataset]
    files: dict[Key, Path]
    specs: dict[Key, RunSpec]
    note: str
    threads: int | None


@dataclass(frozen=True)
class Recipe(Generic[Key, OutcomeOf]):
    """The runs of a figure of the paper, and how it is drawn.

    Attributes
    ----------
    number : int
        Number of the figure.
    names : mapping to str
        The name of each run. Its file is ``NAME.h5``, its preset ``PRESETS-NAME``.
    own : mapping of str to str
        Keys that ``--set`` may not set, and why.
    draw : callable
        Returns the figure and the results of each run.
    presets : str
        Prefix of the names of its presets.
    engines : sequence of str
        The engines that it runs on, if no other may be chosen.
    noises : mapping
        Words ``key=value`` for each model of noise that may be chosen.
    quick : collection
        The runs of a quick figure; all of them if empty.
    fewer : str
        Words for what `quick` leaves out.
    steps_of : str
        Words for the part of a run that a quick figure shortens, if it is not the whole run.
    """

    number: int
    names: Mapping[Key, str]
    own: Mapping[str, str]
    draw: Callable[[Obtained[Key]], tuple[Figure, tuple[OutcomeOf, ...]]]
    presets: str
    engines: Sequence[str] = ()
    noises: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quick: Collection[Key] = ()
    fewer: str = ""
    steps_of: str = ""

    def specs(
        self,
        *,
        quick: bool = False,
        engine: str | None = None,
        noise: str | None = None,
        seed: int | None = None,
        overrides: Sequence[str] = (),
    ) -> dict[Key, RunSpec]:
        """Return the spec of each run.

        Parameters
        ----------
        quick : bool
            Half the steps of the last stage, and perhaps fewer runs; N and T stay.
        engine, seed : str and int, optional
            Instead of those in the presets.
        noise : str, optional
            A key of `noises`, instead of the noise in the presets.
        overrides : sequence of str
            ``key=value`` as after ``--set``, for every run.

        Raises
        ------
        InputError
            If an override sets one of the figure's own keys, or the figure does not run on
            ``engine`` or with ``noise``.
        SpecError
            If a spec is not valid.
        """
        if self.engines and engine is not None and [engine] != list(self.engines):
            runs_on = " and ".join(f'"{name}"' for name in self.engines)
            raise InputError(
                f'--engine: "{engine}"; figure {self.number} learns on real batches and runs by '
                f"{runs_on}: leave --engine out"
            )
        if noise is not None and noise not in self.noises:
            there = f"there are {', '.join(self.noises)}" if self.noises else "leave --noise out"
            raise InputError(f'--noise: "{noise}" is not for figure {self.number}; {there}')
        refuse_keys(overrides, self.own)
        asked = {"dynamics.engine": None if self.engines else engine, "seed": seed}
        words = [f"{key}={value}" for key, value in asked.items() if value is not None]
        words += [*(self.noises[noise] if noise else ()), *overrides]
        full = {key: self._spec(name, words) for key, name in self.names.items()}
        if not quick:
            return full
        return {key: _first_half(full[key]) for key in self.quick or full}

    def run(
        self,
        folder: Path | str | None = None,
        *,
        quick: bool = False,
        engine: str | None = None,
        noise: str | None = None,
        seed: int | None = None,
        overrides: Sequence[str] = (),
        **options: Unpack[RunOptions],
    ) -> StudyOutput[OutcomeOf]:
        """Make the figure in ``folder``: first the runs that are missing, then the plots.

        Parameters
        ----------
        folder : path, optional
            For the runs, ``figureN.png`` and ``figureN.pdf``; ``figureN`` by default. It is
            created if needed.
        quick, engine, noise, seed, overrides
            As in :meth:`specs`, which also raises errors.
        **options
            See :class:`scbsim.studies.run_files.RunOptions`.

        Raises
        ------
        OutputError
            If a file in the folder holds another run.
        Stopped
            If a signal stopped one of the runs.
        """
        full = self.specs(engine=engine, noise=noise, seed=seed, overrides=overrides)
        wanted = self.specs(quick=quick, engine=engine, noise=noise, seed=seed, overrides=overrides)
        folder = make_folder(resolved(folder or f"figure{self.number}"))
        pictures = pictures_in(folder, f"figure{self.number}")
        files = {key: folder / f"{name}.h5" for key, name in self.names.items()}
        if quick and not options.get("overwrite"):
            wanted = _extended(wanted, full, files, options)
        runs = {key: obtain(spec, files[key], **options) for key, spec in wanted.items()}
        files = {key: files[key] for key in wanted}
        note = self.reduced(wanted, full)
        figure, outcomes = self.draw(Obtained(runs, files, wanted, note, options.get("threads")))
        return StudyOutput(save_pictures(figure, pictures), tuple(files.values()), outcomes)

    def reduced(self, wanted: Mapping[Key, RunSpec], full: Mapping[Key, RunSpec]) -> str:
        """Return words for what is missing from the full figure, or ""."""
        here, there = (next(iter(each.values())).stage[-1].steps for each in (wanted, full))
        steps = "" if here == there else f"{here} of {counted(there, 'step')}{self.steps_of}"
        few = "" if wanted.keys() == full.keys() else self.fewer
        left_out = ", ".join(filter(None, (few, steps)))
        return f"quick: {left_out}" if left_out else ""

    def _spec(self, name: str, words: Sequence[str]) -> RunSpec:
        from scbsim.spec import RunSpec

        tables = tomllib.loads(presets.text(f"{self.presets}-{name}"))
        spec = RunSpec.from_dict(tables, overrides=words)
        if spec.dynamics.replicas > 1:
            count = counted(spec.dynamics.replicas, "replica")
            problem = f"{count}; figure {self.number} is of single runs"
            raise SpecError([Fault("dynamics.replicas", problem)])
        return spec


def _first_half(spec: RunSpec) -> RunSpec:
    """Return the spec with half the steps of its last stage."""
    last = len(spec.stage) - 1
    return spec.replace(**{f"stage.{last}.steps": max(1, spec.stage[last].steps // 2)})


def _extended(
    quick: Mapping[Key, RunSpec],
    full: Mapping[Key, RunSpec],
    files: Mapping[Key, Path],
    options: RunOptions,
) -> dict[Key, RunSpec]:
    """Return the specs of a quick figure, in full if the folder has full runs already.

    If one of its files has a full run, all of its runs are made in full. If the folder has all
    runs of the full figure, it becomes the full figure.
    """
    there = {key for key, spec in full.items() if holds(spec, files[key])}
    if not there & quick.keys():
        return dict(quick)
    if notify := options.get("notify"):
        folder = files[next(iter(quick))].parent
        notify(f"{folder} has full runs already: --quick uses them as they are")
    return {key: spec for key, spec in full.items() if key in quick or there == full.keys()}


def refuse_keys(words: Sequence[str], own: Mapping[str, str]) -> None:
    """Raise :class:`InputError` if ``key=value`` words set one of a figure's own keys."""
    for key in (each.partition("=")[0].strip() for each in words):
        for kept, why in own.items():
            if f"{key}.".startswith(f"{kept}.") or kept.startswith(f"{key}."):
                raise InputError(f"--set {key}: {kept} is the figure's own: {why}")


def make_folder(folder: Path, what: str = "figure") -> Path:
    """Return the folder of a study, created if needed; :class:`OutputError` if it is a file."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; a {what} needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_pictures(figure: Figure, pictures: tuple[Path, ...]) -> tuple[Path, ...]:
    """Write a figure to each of the paths, and return them."""
    from scbsim.plotting.style import save

    for picture in pictures:
        save(figure, picture)
    return pictures
