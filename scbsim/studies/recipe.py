"""How a figure of the paper is made: specs from presets, runs in a folder, plots."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, Unpack

from scbsim import presets
from scbsim.errors import Fault, InputError, OutputError, SpecError
from scbsim.plotting.caption import save_caption
from scbsim.plotting.picture_paths import pictures_in
from scbsim.plotting.width import inches
from scbsim.studies.quick_runs import as_replica, extended, first_half
from scbsim.studies.run_files import RunOptions, obtain
from scbsim.util.numbers import check_int
from scbsim.util.paths import resolved
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.plotting.picture import Picture
    from scbsim.spec import RunSpec

Key = TypeVar("Key", bound=Hashable)
OutcomeOf = TypeVar("OutcomeOf")


@dataclass(frozen=True)
class StudyOutput(Generic[OutcomeOf]):
    """A figure on disk: plots and their caption, files of the runs, and the results of each."""

    pictures: tuple[Path, ...]
    files: tuple[Path, ...]
    outcomes: tuple[OutcomeOf, ...]


class Obtained(NamedTuple, Generic[Key]):
    """What a figure is drawn from.

    Attributes
    ----------
    members : dict
        The runs of each kind: one, or several that differ in their noise alone.
    files : dict
        The file of the first run of each kind.
    files_by_replica : list
        The files of all runs, as pairs with their kind, by replica.
    specs : dict
        The spec of the first run of each kind.
    note : str
        Words for what is missing from the full figure, or "".
    threads : int, optional
        Threads to compute with.
    width : float, optional
        The width of the picture in inches.
    """

    members: dict[Key, tuple[xr.Dataset, ...]]
    files: dict[Key, Path]
    files_by_replica: list[list[tuple[Key, Path]]]
    specs: dict[Key, RunSpec]
    note: str
    threads: int | None
    width: float | None


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
    draw: Callable[[Obtained[Key]], tuple[Picture, tuple[OutcomeOf, ...]]]
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
        return {key: first_half(full[key]) for key in self.quick or full}

    def run(
        self,
        folder: Path | str | None = None,
        *,
        quick: bool = False,
        engine: str | None = None,
        noise: str | None = None,
        seed: int | None = None,
        overrides: Sequence[str] = (),
        replicas: int = 1,
        width: float | str | None = None,
        formats: Sequence[str] = (),
        **options: Unpack[RunOptions],
    ) -> StudyOutput[OutcomeOf]:
        """Make the figure in ``folder``: first the runs that are missing, then the plots.

        Parameters
        ----------
        folder : path, optional
            For the runs, ``figureN.png``, ``figureN.pdf`` and their caption, ``figureN.txt``;
            ``figureN`` by default. It is created if needed.
        quick, engine, noise, seed, overrides
            As in :meth:`specs`, which also raises errors.
        replicas : int
            Runs of each kind; they differ in ``dynamics.replica``, so in their noise or samples.
            Medians and bands from 10 to 90% are drawn.
        width : float or str, optional
            See :func:`scbsim.plotting.width.inches`. The picture then has no title.
        formats : sequence of str
            Of the pictures, instead of png and pdf.
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
        replicas, paper_width = check_int("replicas", replicas, 1), inches(width)
        # A replica that no spec may have is an error before anything is written.
        every = [{key: as_replica(spec, r) for key, spec in full.items()} for r in range(replicas)]
        folder = make_folder(resolved(folder or f"figure{self.number}"))
        pictures = pictures_in(folder, f"figure{self.number}", formats)
        files = [
            {
                key: folder / f"{name}{f'-replica{r}' if r else ''}.h5"
                for key, name in self.names.items()
            }
            for r in range(replicas)
        ]
        if quick and not options.get("overwrite"):
            wanted = extended(wanted, every, files, options)
        runs: dict[Key, tuple[xr.Dataset, ...]] = {
            key: tuple(
                obtain(as_replica(spec, r), each[key], **options) for r, each in enumerate(files)
            )
            for key, spec in wanted.items()
        }
        by_replica = [[(key, each[key]) for key in wanted] for each in files]
        note = self.reduced(wanted, full)
        threads = options.get("threads")
        found = Obtained(runs, dict(by_replica[0]), by_replica, wanted, note, threads, paper_width)
        figure, outcomes = self.draw(found)
        made = tuple(path for each in by_replica for _, path in each)
        return StudyOutput(save_pictures(figure, pictures), made, outcomes)

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
            problem = f"{count}; figure {self.number} is of single runs: --replicas R makes several"
            raise SpecError([Fault("dynamics.replicas", problem)])
        return spec


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


def save_pictures(figure: Picture, pictures: tuple[Path, ...]) -> tuple[Path, ...]:
    """Write a figure to each of the paths, and its caption beside them; return all paths."""
    from scbsim.plotting.style import save

    for picture in pictures:
        save(figure, picture)
    return (*pictures, save_caption(figure.caption, pictures[0]))
