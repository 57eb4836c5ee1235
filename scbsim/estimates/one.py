"""estimate(): what a run will take, before it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

from scbsim.engines.drawn_samples import require_addresses_of
from scbsim.engines.plan import RunPlan
from scbsim.engines.select import plan_of
from scbsim.estimates.compiled import not_compiled
from scbsim.estimates.draws import Drawn, drawn_by
from scbsim.estimates.first_part import FirstPart, first_part
from scbsim.estimates.memory import ENTRY_BYTES, memory_needed
from scbsim.estimates.rates import Rates, machine_rates
from scbsim.estimates.start_state import taken_up
from scbsim.estimates.steps import StepsOfStage, steps_of
from scbsim.estimates.work import work_of
from scbsim.kernels.compile.threads import most_threads
from scbsim.run.ensemble import replicas_take_turns, threads_worth
from scbsim.run.start import engine_of_start, task_of
from scbsim.spec import RunSpec
from scbsim.spec.source import SpecLike, spec_of
from scbsim.storage.needed import DiskNeeded, disk_needed
from scbsim.task import Task
from scbsim.util.text import counted

SURE, UNSURE = 1.25, 2.0
"""Factors of the range of the time, with rates of this machine and of another one."""


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes
    ----------
    engine, why : str
        The engine and the reason for it.
    threads : int
        Threads that the run will use.
    steps : int
        Those expected; a stage that ends on its signal takes fewer than it may.
    step_seconds : float
        Of a step of all replicas and its row, on average over the run.
    seconds : float
        Of the whole process: start, task, steps, files.
    seconds_range : (float, float)
    parts : dict
        The seconds by what takes them.
    memory : int
        The most bytes that the process holds, with Python and all libraries.
    memory_of_run : int
        Of it beyond what a process holds once everything is imported.
    disk : DiskNeeded
    notes : tuple of str
        What the numbers rest on, where that is not a measurement of this machine.
    """

    engine: str
    why: str
    threads: int
    steps: int
    step_seconds: float
    seconds: float
    seconds_range: tuple[float, float]
    parts: dict[str, float]
    memory: int
    memory_of_run: int
    disk: DiskNeeded
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types of JSON."""
        disk = self.disk
        return {
            "engine": self.engine,
            "why": self.why,
            "threads": self.threads,
            "steps": self.steps,
            "step_seconds": self.step_seconds,
            "seconds": self.seconds,
            "seconds_range": list(self.seconds_range),
            "seconds_parts": dict(self.parts),
            "memory_bytes": self.memory,
            "memory_of_run_bytes": self.memory_of_run,
            "disk_bytes": disk.most,
            "file_bytes": disk.file,
            "rows_bytes": disk.rows,
            "snapshots_bytes": disk.snapshots,
            "final_state_bytes": disk.final_state,
            "checkpoints_bytes": disk.checkpoints,
            "notes": list(self.notes),
        }


_LISTS, _WITH_SCIPY = ("sparse", "staged"), 1.2
"""Engines that compute the law of activations with SciPy, and what to import it adds to a start."""


def estimate(
    spec: SpecLike,
    *,
    task: Task | None = None,
    threads: int | None = None,
    rates: Rates | None = None,
) -> Estimate:
    """Estimate the time, the memory and the disk space of a run; nothing is run.

    Parameters
    ----------
    spec : RunSpec, mapping, path or str
        A spec, its tables as a dict, the path of a TOML file, or the name of a preset.
    task : Task, optional
        A task to use instead of that of the spec, which is drawn or read otherwise.
    threads : int, optional
        By default all that this machine has; it may be more, for another machine.
    rates : Rates, optional
        Of a machine; by default those that ``scbsim benchmark`` has measured here.

    Returns
    -------
    Estimate

    Raises
    ------
    SpecError, TaskError, InputError, OutputError
        As :func:`scbsim.simulate`.
    """
    checked = spec_of(spec)
    known, task_seconds = made_task(checked, task)
    plan = plan_of(checked, known, start=engine_of_start(checked))
    require_addresses_of(plan)
    return estimate_of(plan, rates or machine_rates(), task_seconds, threads)


def made_task(spec: RunSpec, task: Task | None = None) -> tuple[Task, float]:
    """Return the task of a spec, and the seconds that it took to make it."""
    began = perf_counter(), process_time()
    made = task_of(spec, task)
    # The lesser of the two: other programs take time, and threads add up.
    return made, min(perf_counter() - began[0], process_time() - began[1])


def estimate_of(
    plan: RunPlan, rates: Rates, task_seconds: float = 0.0, threads: int | None = None
) -> Estimate:
    """Return the estimate of a plan; ``task_seconds`` is what its task takes to be made."""
    most = threads or most_threads()
    count, first = threads_worth(plan, most), first_part(plan)
    steps = steps_of(plan, first)
    each = [_step_seconds(plan, i, rates, count) for i in range(len(steps))]
    total = sum(stage.expected for stage in steps)
    needed = disk_needed(plan, round(total))
    drawn, at_end = drawn_by(plan, [stage.expected for stage in steps], first)
    expected, low, high = (_seconds(each, steps, which) for which in range(3))
    start = rates.others["start_seconds"] * (_WITH_SCIPY if plan.choice.name in _LISTS else 1.0)
    parts = {"start": start, "task": task_seconds, "steps": expected}
    parts |= _around(plan, rates, total, needed, (drawn, at_end), most)
    checkpoints = int(sum(parts.values()) / plan.spec.output.checkpoint_seconds)
    memory = memory_needed(plan, rates.others["start_bytes"], (drawn, at_end))
    of_run = memory - int(rates.others["start_bytes"])
    # A list of entries is made once more than is kept.
    parts["memory"] = rates.others["byte_seconds"] * (of_run + ENTRY_BYTES * drawn.listed)
    parts["checkpoints"] = checkpoints * needed.checkpoint / rates.others["bytes_a_second"]
    if not checkpoints:
        needed = disk_needed(plan, round(total), checkpoints=False)
    factor = factor_of(rates)
    others = sum(parts.values()) - expected
    return Estimate(
        engine=plan.choice.name,
        why=plan.choice.why,
        threads=count,
        steps=round(total),
        step_seconds=(expected + parts["rows"]) / max(total, 1.0),
        seconds=others + expected,
        seconds_range=((others + low) / factor, (others + high) * factor),
        parts=parts,
        memory=memory,
        memory_of_run=of_run,
        disk=needed,
        notes=tuple(_notes(plan, rates, steps, first)),
    )


def factor_of(rates: Rates) -> float:
    """Return the factor of the range of the time."""
    return SURE if rates.own else UNSURE


def _seconds(each: list[float], steps: list[StepsOfStage], which: int) -> float:
    """Return the seconds of all steps: those expected, the least, or the most."""
    counts = [(stage.expected, stage.least, stage.most)[which] for stage in steps]
    return sum(seconds * count for seconds, count in zip(each, counts, strict=True))


def _step_seconds(plan: RunPlan, stage: int, rates: Rates, threads: int) -> float:
    """Return the seconds of a step of all replicas."""
    R = plan.spec.dynamics.replicas
    here = plan.stages[stage]
    if R == 1 or replicas_take_turns(plan, threads):
        return R * rates.of(work_of(plan, here, threads))
    return -(-R // threads) * rates.of(work_of(plan, here, 1))


def _around(
    plan: RunPlan,
    rates: Rates,
    steps: float,
    disk: DiskNeeded,
    drawn: tuple[Drawn, Drawn],
    threads: int,
) -> dict[str, float]:
    """Return the seconds of what a run does besides its steps."""
    R, others = plan.spec.dynamics.replicas, rates.others
    rows, turns = steps / plan.spec.output.every, -(-R // threads)
    during, at_end = (_drawn_seconds(plan, rates, each, threads) for each in drawn)
    written = disk.snapshots + disk.final_state
    return {
        "start state": taken_up(plan).steps * others["active_seconds"],
        "rows": rows * (others["row_seconds"] + (R - 1) * others["row_seconds"] / 4),
        "entries": turns * during,
        "end": turns * at_end,
        "states": written / others["bytes_a_second"],
    }


def _drawn_seconds(plan: RunPlan, rates: Rates, drawn: Drawn, threads: int) -> float:
    """Return the seconds in which a replica draws entries, on all threads if it is alone."""
    others, alone = rates.others, plan.spec.dynamics.replicas == 1
    each = drawn.normals * others["drawn_seconds"] + drawn.passes * others["pass_seconds"]
    each += drawn.stepped * others["stepped_seconds"]
    entries = plan.task.N * plan.task.T * each / (threads if alone else 1)
    return entries + drawn.active * others["active_seconds"]


def _notes(
    plan: RunPlan, rates: Rates, steps: list[StepsOfStage], first: FirstPart | None
) -> list[str]:
    notes = []
    if not rates.own:
        notes.append(
            f"the times are from another machine ({rates.cpu}): `scbsim benchmark` measures this "
            "one, in about a minute, and keeps what it finds"
        )
    for i, stage in enumerate(steps):
        if stage.least == stage.most:
            continue
        until = plan.stages[i].until_signal
        how = "without noise" if first is None or i >= len(first.steps) else "was tried"
        if stage.expected == stage.most and stage.least == 1.0:
            notes.append(f"stage {i} ends when a signal reaches {until:g}; taken as all its steps")
        else:
            notes.append(
                f"stage {i} ends when a signal reaches {until:g}: after about "
                f"{counted(stage.expected, 'step', '.0f')}, as {how}"
            )
    if plan.spec.output.observe:
        notes.append("functions of output.observe are not counted")
    if missing := not_compiled(plan.kernels):
        notes.append(
            f"{counted(len(missing), 'kernel')} of {len(plan.kernels)} are not compiled yet; that "
            "takes seconds for each, once, which are not counted (`scbsim warmup` does it "
            "beforehand)"
        )
    return notes
