r"""Transfer: learning from a pretrained pair (A, V), whose task correlates with the new one.

The claim of the paper's Theorem 4.1, as its abstract has it: given a nontrivial correlation between
the downstream and the pretraining task, learning bypasses the first stage, which takes many
samples. What correlates, and all sizes, are our choice: docs/transfer.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim.errors import OutputError
from scbsim.plotting.places import pictures_in
from scbsim.studies import recipe as making
from scbsim.studies.run_files import Stop, Tell, obtain
from scbsim.studies.transfer.outcomes import Learning, Recovery, learned, recovered
from scbsim.studies.transfer.specs import (
    OWN,
    QUICK,
    SAMPLES,
    STEPS,
    Setting,
    learning_file,
    pretrained_file,
    task_file,
)
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    from scbsim.spec import RunSpec


@dataclass(frozen=True)
class TransferOutput:
    """The figure on disk: pictures, files, and what they say."""

    pictures: tuple[Path, ...]
    files: tuple[Path, ...]
    learning: tuple[Learning, ...]
    recovery: tuple[Recovery, ...]
    samples: Setting


@dataclass(frozen=True)
class _PlannedRun:
    """One file that is to be made.

    Attributes
    ----------
    path : Path
    spec : RunSpec
    setting : Setting
    pretraining : float or None
        Correlation of the task, if this is a pretraining run.
    """

    path: Path
    spec: RunSpec
    setting: Setting
    pretraining: float | None = None


def settings(*, quick: bool = False) -> tuple[Setting, Setting]:
    """Return what is run: the setting of steps and that of samples."""
    if not quick:
        return STEPS, SAMPLES
    return replace(STEPS, **QUICK[STEPS.name]), replace(SAMPLES, **QUICK[SAMPLES.name])


def run(
    folder: Path | str = "transfer",
    *,
    quick: bool = False,
    seed: int | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
    overrides: Sequence[str] = (),
    tell: Tell | None = None,
    stop: Stop | None = None,
) -> TransferOutput:
    """Make the figure of transfer in ``folder``: runs that are not there yet, then the pictures.

    Parameters
    ----------
    folder : Path
        For the runs, in ``real/`` and ``gaussian/``, ``transfer.png`` and ``transfer.pdf``.
    quick : bool
        Fewer starts and batch sizes, with the same runs for each.
    seed : int, optional
        Of the noise, in place of 0; tasks stay the same.
    overwrite, threads, progress, overrides, tell, stop
        As in :meth:`scbsim.studies.recipe.Recipe.run`.

    Raises
    ------
    InputError
        If an override is of a key that the figure sets itself.
    SpecError
        If the spec of a run does not hold with it.
    OutputError
        If a file in the folder holds something else.
    Stopped
        If a signal stopped one of the runs.
    """
    # First what can be wrong, then what takes seconds to import.
    making.refuse_keys(overrides, OWN)
    folder = resolved(folder)
    words = [f"seed={seed or 0}", *overrides]
    chosen = settings(quick=quick)
    work = _all_work(chosen, folder, words)
    if quick and not overwrite:
        full = settings(quick=False)
        all_of_it = _all_work(full, folder, words)
        if all(each.path.exists() for each in all_of_it):
            chosen, work, quick = full, all_of_it, False
            if tell:
                tell(f"{folder} has all runs already: --quick uses them as they are")
    steps, samples = chosen
    making.made(folder)
    pictures = pictures_in(folder, "transfer")

    from scbsim.studies.counting import counting
    from scbsim.studies.transfer.plot import draw

    there = sum(each.path.exists() for each in work)
    if there and not overwrite and tell:
        tell(f"{there} of {len(work)} runs are in {folder} already: finished ones are kept")
    found = {}
    with counting("transfer", len(work), "run", quiet=not progress) as count:
        for done, each in enumerate(work):
            each.path.parent.mkdir(parents=True, exist_ok=True)
            if each.pretraining is not None:
                _keep_task(each, overwrite=overwrite)
            found[each.path] = obtain(
                each.spec, each.path, overwrite=overwrite, threads=threads, stop=stop
            )
            count(done + 1)

    learning = tuple(
        learned(start, found[learning_file(folder / steps.name, start, steps.batches[0])])
        for start in steps.starts
    )
    recovery = tuple(
        recovered(
            start,
            {b: found[learning_file(folder / samples.name, start, b)] for b in samples.batches},
        )
        for start in samples.starts
    )
    figure = draw(learning, recovery, samples, note="quick: fewer starts" if quick else "")
    return TransferOutput(
        making.saved(figure, pictures),
        tuple(each.path for each in work),
        learning,
        recovery,
        samples,
    )


def _all_work(
    settings: tuple[Setting, Setting], folder: Path, words: Sequence[str]
) -> list[_PlannedRun]:
    return [each for setting in settings for each in _work(setting, folder / setting.name, words)]


def _work(setting: Setting, folder: Path, words: Sequence[str]) -> Iterator[_PlannedRun]:
    """Give the runs of a setting in order: pretraining before what starts from it."""
    for start in setting.starts:
        if start is not None:
            spec = setting.pretraining(start, folder, words)
            yield _PlannedRun(pretrained_file(folder, start), spec, setting, start)
        for batch in setting.batches:
            spec = setting.learning(start, batch, folder, words)
            yield _PlannedRun(learning_file(folder, start, batch), spec, setting)


def _keep_task(work: _PlannedRun, *, overwrite: bool) -> None:
    """Write the task of a pretraining run, or see that the file there has it."""
    import numpy as np

    from scbsim.studies.transfer.specs import RELATED_SEED
    from scbsim.task import Task, related_task
    from scbsim.task.file import read_arrays, write_arrays

    assert work.pretraining is not None
    task = related_task(Task.random(**work.setting.task), work.pretraining, seed=RELATED_SEED)
    path = task_file(work.path.parent, work.pretraining)
    if path.exists() and not overwrite:
        there, wanted = read_arrays(path), task.to_arrays()
        if any(not np.array_equal(there.get(name, ()), wanted[name]) for name in wanted):
            raise OutputError(
                f"{path} holds another task. --overwrite replaces it, -o goes elsewhere"
            )
        return
    write_arrays(path, task)
