r"""Transfer: learning from a pretrained pair (A, V) whose task correlates with the new one.

The claim of the paper's Theorem 4.1, as its abstract has it: given a nontrivial correlation between
the downstream and the pretraining task, learning bypasses the first stage, which takes many
samples. How the tasks correlate, and all sizes, are our choice: docs/transfer.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Unpack

from scbsim.errors import OutputError
from scbsim.plotting.picture_paths import pictures_in
from scbsim.plotting.width import inches
from scbsim.studies.recipe import make_folder, refuse_keys, save_pictures
from scbsim.studies.run_files import RunOptions, obtain
from scbsim.studies.transfer import specs
from scbsim.studies.transfer.specs import OWN, QUICK, SAMPLES, STEPS, Setting
from scbsim.util.arguments import given, switch
from scbsim.util.paths import resolved
from scbsim.util.text import share_of

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec
    from scbsim.studies.transfer.outcomes import Learning, Recovery


@dataclass(frozen=True)
class TransferOutput:
    """The figure on disk: plots and their caption, files of the runs, and their results."""

    pictures: tuple[Path, ...]
    files: tuple[Path, ...]
    learning: tuple[Learning, ...]
    recovery: tuple[Recovery, ...]
    samples: Setting


class _PlannedRun(NamedTuple):
    """A run to be made; ``pretraining`` is the correlation of its task if it is a pretraining."""

    path: Path
    spec: RunSpec
    setting: Setting
    pretraining: float | None = None


def settings(*, quick: bool = False) -> tuple[Setting, Setting]:
    """Return the settings `STEPS` and `SAMPLES`, or their quick forms."""
    if not quick:
        return STEPS, SAMPLES
    return replace(STEPS, **QUICK[STEPS.name]), replace(SAMPLES, **QUICK[SAMPLES.name])


def run(
    folder: Path | str = "transfer",
    *,
    quick: bool = False,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    width: float | str | None = None,
    formats: Sequence[str] = (),
    **options: Unpack[RunOptions],
) -> TransferOutput:
    """Make the transfer figure in ``folder``: first the runs that are missing, then the plots.

    Parameters
    ----------
    folder : path
        For the runs, in ``real/`` and ``gaussian/``, ``transfer.png``, ``transfer.pdf``
        and their caption, ``transfer.txt``.
    quick : bool
        Fewer starts and batch sizes, with the same runs for each.
    seed : int, optional
        Seed of the noise, 0 by default; the tasks stay the same.
    overrides : sequence of str
        ``key=value`` as after ``--set``, for every run.
    width : float or str, optional
        See :func:`scbsim.plotting.width.inches`. The picture then has no title.
    formats : sequence of str
        Of the pictures, instead of png and pdf.
    **options
        See :class:`scbsim.studies.run_files.RunOptions`.

    Raises
    ------
    InputError
        If an override sets one of the figure's own keys.
    SpecError
        If a spec is not valid.
    OutputError
        If a file in the folder holds another run or task.
    Stopped
        If a signal stopped one of the runs.
    """
    refuse_keys(overrides, OWN)
    folder, paper_width = resolved(folder), inches(width)
    words = [f"seed={seed or 0}", *overrides]
    notify = options.get("notify") or (lambda _: None)
    overwrite = options.get("overwrite", False)
    chosen = settings(quick=quick)
    planned = list(_planned(chosen, folder, words))
    if quick and not overwrite:
        full = settings(quick=False)
        all_runs = list(_planned(full, folder, words))
        if all(each.path.exists() for each in all_runs):
            chosen, planned, quick = full, all_runs, False
            notify(f"{folder} has all runs already: --quick uses them as they are")
    make_folder(folder)
    pictures = pictures_in(folder, "transfer", formats)

    # These imports take seconds, so they come after all checks of the arguments.
    from scbsim.studies.study_progress import counting
    from scbsim.studies.transfer.outcomes import learned, recovered
    from scbsim.studies.transfer.plot import draw

    there = sum(each.path.exists() for each in planned)
    if there and not overwrite:
        notify(
            f"{share_of(there, len(planned), 'run')} in {folder} already: finished ones are kept"
        )
    found = {}
    quiet = not options.pop("progress", False)
    options["notify"] = None
    with counting("transfer", len(planned), "run", quiet=quiet) as count:
        for done, each in enumerate(planned, 1):
            each.path.parent.mkdir(parents=True, exist_ok=True)
            if each.pretraining is not None:
                _keep_task(each.setting, each.pretraining, each.path.parent, overwrite=overwrite)
            found[each.path] = obtain(each.spec, each.path, **options)
            count(done)

    def runs_from(setting: Setting, start: float | None) -> dict[int, xr.Dataset]:
        home = folder / setting.name
        return {b: found[specs.learning_file(home, start, b)] for b in setting.batches}

    steps, samples = chosen
    learning = tuple(learned(s, runs_from(steps, s)[steps.batches[0]]) for s in steps.starts)
    recovery = tuple(recovered(s, runs_from(samples, s)) for s in samples.starts)
    note = "quick: fewer starts" if quick else ""
    figure = draw(learning, recovery, samples, note, paper_width)
    files = tuple(each.path for each in planned)
    return TransferOutput(save_pictures(figure, pictures), files, learning, recovery, samples)


def _planned(
    settings: Sequence[Setting], folder: Path, words: Sequence[str]
) -> Iterator[_PlannedRun]:
    """Yield all runs in order; a pretraining comes before the runs that start from it."""
    for setting in settings:
        home = folder / setting.name
        for start in setting.starts:
            if start is not None:
                spec = setting.pretraining(start, home, words)
                yield _PlannedRun(specs.pretrained_file(home, start), spec, setting, start)
            for batch in setting.batches:
                spec = setting.learning(start, batch, home, words)
                yield _PlannedRun(specs.learning_file(home, start, batch), spec, setting)


def _keep_task(setting: Setting, correlation: float, folder: Path, *, overwrite: bool) -> None:
    """Write the pretraining task of a correlation, or check that its file has that task."""
    import numpy as np

    from scbsim.task import Task, related_task
    from scbsim.task.file import read_arrays, write_arrays

    task = related_task(Task.random(**setting.task), correlation, seed=specs.RELATED_SEED)
    path = specs.task_file(folder, correlation)
    if not path.exists() or overwrite:
        write_arrays(path, task)
        return
    there, wanted = read_arrays(path), task.to_arrays()
    if any(not np.array_equal(there.get(name, ()), wanted[name]) for name in wanted):
        raise OutputError(
            f"{path} holds another task. {switch('overwrite')} replaces it, "
            f"{given('output')} writes elsewhere"
        )
