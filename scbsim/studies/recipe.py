"""How a figure is made: specs from presets, runs in a folder, pictures."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from scbsim import presets
from scbsim.errors import Fault, InputError, OutputError, SpecError
from scbsim.plotting.places import pictures_in
from scbsim.studies.run_files import Stop, Tell, holds, obtain
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from scbsim.spec import RunSpec

Key = TypeVar("Key", bound=Hashable)
OutcomeOf = TypeVar("OutcomeOf")


@dataclass(frozen=True)
class StudyOutput(Generic[OutcomeOf]):
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


class Obtained(NamedTuple, Generic[Key]):
    """What a figure is drawn from: its runs, their files and specs, and what was left out."""

    runs: dict[Key, xr.Dataset]
    files: dict[Key, Path]
    specs: dict[Key, RunSpec]
    note: str
    threads: int | None


@dataclass(frozen=True)
class Recipe(Generic[Key, OutcomeOf]):
    """What a figure of the paper runs, where it keeps it, and how it is drawn.

    Attributes
    ----------
    number : int
        That of the figure.
    names : mapping to str
        The name of each run; its file is ``NAME.h5``, its preset ``PRESETS-NAME``.
    own : mapping of str to str
        Keys that ``--set`` may not set, and what they are in the figure.
    draw : callable
        Returns the picture of what was obtained, and what each run came to.
    presets : str
        What the names of its presets begin with.
    engines : sequence of str
        Those that it runs by, where no other may be asked for.
    quick : collection
        The runs that a quick figure has, where it has fewer, and `fewer` says so.
    steps_of : str
        Of what a quick figure has fewer steps, if not of the whole run.
    """

    number: int
    names: Mapping[Key, str]
    own: Mapping[str, str]
    draw: Callable[[Obtained[Key]], tuple[Figure, tuple[OutcomeOf, ...]]]
    presets: str
    engines: Sequence[str] = ()
    quick: Collection[Key] = ()
    fewer: str = ""
    steps_of: str = ""

    def specs(
        self,
        *,
        quick: bool = False,
        engine: str | None = None,
        seed: int | None = None,
        overrides: Sequence[str] = (),
    ) -> dict[Key, RunSpec]:
        """Return the spec of each run.

        Parameters
        ----------
        quick : bool
            Half the steps of the last stage, and perhaps fewer runs; the sizes stay.
        engine, seed : str and int, optional
            In place of the presets'.
        overrides : sequence of str
            ``key=value`` as after ``--set``, for every run.

        Raises
        ------
        InputError
            If an override is of a key that the figure sets itself, or the figure takes no such
            engine.
        SpecError
            If what was asked for does not hold.
        """
        self._refuse_engine(engine)
        refuse_keys(overrides, self.own)
        asked = {"dynamics.engine": None if self.engines else engine, "seed": seed}
        words = [f"{key}={value}" for key, value in asked.items() if value is not None]
        full = {key: self._spec(name, [*words, *overrides]) for key, name in self.names.items()}
        if not quick:
            return full
        return {key: _first_part(full[key]) for key in self.quick or full}

    def run(
        self,
        folder: Path | str | None = None,
        *,
        quick: bool = False,
        engine: str | None = None,
        seed: int | None = None,
        overwrite: bool = False,
        threads: int | None = None,
        progress: bool = False,
        overrides: Sequence[str] = (),
        tell: Tell | None = None,
        stop: Stop | None = None,
    ) -> StudyOutput[OutcomeOf]:
        """Make the figure in ``folder``: the runs that are not there yet, then the pictures.

        Parameters
        ----------
        folder : path, optional
            For the runs, ``figureN.png`` and ``figureN.pdf``; made if needed; ``figureN`` by
            default.
        quick, engine, seed, overrides
            As in :meth:`specs`.
        overwrite : bool
            Run again what is already in the folder.
        threads : int, optional
            Threads to compute with.
        progress : bool
            Say on stderr how far each run is.
        tell : callable, optional
            Is given a line for each file that is kept or started again.
        stop : callable, optional
            Asked between blocks of steps; the run in hand ends early when it says True.

        Raises
        ------
        InputError
            If an override is of a key that the figure sets itself, or the figure takes no such
            engine.
        SpecError
            If what was asked for does not hold.
        OutputError
            If a file in the folder holds another run.
        Stopped
            If a signal stopped one of the runs.
        """
        full = self.specs(engine=engine, seed=seed, overrides=overrides)
        wanted = self.specs(quick=quick, engine=engine, seed=seed, overrides=overrides)
        folder = made(resolved(folder or f"figure{self.number}"))
        pictures = pictures_in(folder, f"figure{self.number}")
        tell = tell or (lambda _: None)
        files = {key: folder / f"{name}.h5" for key, name in self.names.items()}
        if quick and not overwrite:
            wanted = _begun_in_full(wanted, full, files, tell)
        runs = {
            key: obtain(
                spec,
                files[key],
                overwrite=overwrite,
                threads=threads,
                progress=progress,
                tell=tell,
                stop=stop,
            )
            for key, spec in wanted.items()
        }
        files = {key: files[key] for key in wanted}
        found = Obtained(runs, files, wanted, self.reduced(wanted, full), threads)
        figure, outcomes = self.draw(found)
        return StudyOutput(saved(figure, pictures), tuple(files.values()), outcomes)

    def reduced(self, wanted: Mapping[Key, RunSpec], full: Mapping[Key, RunSpec]) -> str:
        """Say what of the full figure was left out."""
        here, there = (next(iter(each.values())).stage[-1].steps for each in (wanted, full))
        steps = "" if here == there else f"{here} of {there} steps{self.steps_of}"
        few = "" if wanted.keys() == full.keys() else self.fewer
        left_out = ", ".join(filter(None, (few, steps)))
        return f"quick: {left_out}" if left_out else ""

    def _spec(self, name: str, words: Sequence[str]) -> RunSpec:
        from scbsim.spec import RunSpec

        tables = tomllib.loads(presets.text(f"{self.presets}-{name}"))
        spec = RunSpec.from_dict(tables, overrides=words)
        if spec.dynamics.replicas > 1:
            count = f"{spec.dynamics.replicas} replicas"
            problem = f"{count}; figure {self.number} is of single runs"
            raise SpecError([Fault("dynamics.replicas", problem)])
        return spec

    def _refuse_engine(self, engine: str | None) -> None:
        """Refuse another engine than those that a figure on real batches is about."""
        if not self.engines or engine is None or [engine] == list(self.engines):
            return
        runs = " and ".join(f'"{name}"' for name in self.engines)
        raise InputError(
            f'--engine: "{engine}"; figure {self.number} learns on real batches and runs by '
            f"{runs}: leave --engine out"
        )


def _first_part(spec: RunSpec) -> RunSpec:
    """Return the first part of a run: it ends after half the steps of its last stage."""
    last = len(spec.stage) - 1
    return spec.replace(**{f"stage.{last}.steps": max(1, spec.stage[last].steps // 2)})


def _begun_in_full(
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


def made(folder: Path, what: str = "figure") -> Path:
    """Return the folder of a study, which is made if it is not there.

    Raises
    ------
    OutputError
        If it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; a {what} needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def saved(figure: Figure, pictures: tuple[Path, ...]) -> tuple[Path, ...]:
    """Write the pictures of a figure; return their paths."""
    from scbsim.plotting.style import save

    for picture in pictures:
        save(figure, picture)
    return pictures
