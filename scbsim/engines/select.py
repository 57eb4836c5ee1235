"""The choice of the engine, by rule, noise and the cost of a step; and building it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from scbsim.engines.alike import FEWEST
from scbsim.engines.base import Engine
from scbsim.engines.columns import spread_of_levels
from scbsim.engines.cost import dense_bytes, dense_seconds, sparse_bytes, sparse_seconds
from scbsim.engines.drawn_samples import require_addresses_of
from scbsim.engines.given_direction import MOST_KEPT
from scbsim.engines.noise import NoiseLevels, SampledNoise, noise_of
from scbsim.engines.plan import Choice, RunPlan
from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.engines.rule_check import require_sound_rules
from scbsim.engines.rule_memory import any_memory
from scbsim.engines.stages import stages_of
from scbsim.engines.without_entries import draws_of
from scbsim.errors import InputError
from scbsim.spec import RunSpec
from scbsim.spec.engines import AUTO, ENGINES, engine_of_state
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.rules import rule_record, short_name
from scbsim.spec.stage_order import Step, ends_in_lists, few_numbers, refusal
from scbsim.state import State
from scbsim.task import Task
from scbsim.task.sparse_bigram import WITHOUT_P
from scbsim.util.memory import fits

STAGED_FROM = 2**23
"""Entries of A from which ``auto`` does not store them between SGD and an l1 rule."""

_UNDECIDED = Choice("", "")


def plan_of(
    spec: RunSpec, task: Task, *, start: str | None = None, choice: Choice | None = None
) -> RunPlan:
    """Return the plan of a run.

    The choice of the engine does not depend on threads or replicas, as it affects the results.

    Parameters
    ----------
    spec : RunSpec
    task : Task
    start : str, optional
        The engine whose last state the run starts from.
    choice : Choice, optional
        The engine, if known, as when a run is resumed. By default that of ``dynamics.engine``;
        ``auto`` decides by rule, noise and cost.
    """
    stages, noise = stages_of(spec, task), noise_of(spec, task)
    levels = noise if isinstance(noise, NoiseLevels) else NoiseLevels.from_spec(spec, task)
    plan = RunPlan(spec, task, stages, noise, levels, choice or _UNDECIDED)
    if choice is not None:
        return plan
    asked = spec.dynamics.engine
    name, why = _automatic(plan, start) if asked == AUTO.name else (asked, "asked for")
    return replace(plan, choice=Choice(name, why, keeps_matrix_V(spec, task, name)))


def choice_of_state(state: State) -> Choice:
    """Return the choice for a run that resumes from a state: the engine that the state is of."""
    return Choice(engine_of_state(state).name, "as the run began", bool(state["W"].size))


def _automatic(plan: RunPlan, start: str | None) -> tuple[str, str]:
    spec = plan.spec
    model = NOISE_MODELS[spec.noise.model]
    if model.silent and start is None and spec.init.correlation is None:
        return "population", "no noise: the population process is exact"
    if model.samples:
        if not few_numbers(_steps(plan)):
            return "dense", "each sample is drawn, and a stage needs every entry"
        return "sampled", "each sample is drawn, without the tokens off the support"
    if any(rule_record(stage.rule).own for stage in plan.stages):
        return _of_functions(plan, start)
    drawn = start is not None and not ENGINES[start].entries
    if (drawn or _is_large(plan.task)) and _is_handed_over(plan, start):
        first = "entries of the start are drawn" if drawn else "SGD on a few numbers a column"
        then = "active entries under an l1 rule" if _returns(plan) else "then active entries"
        return "staged", f"{first}, {then}: no other is stored"
    kept_zeros = {rule_record(stage.rule).keeps_zeros for stage in plan.stages}
    if kept_zeros == {False}:
        if entries := _wants_entries(plan, start, model.needs_matrix_V):
            return "dense", f"SGD moves every entry, and {entries} needs them"
        if model.follows_state:
            if start == "approximate":
                return start, "the state that it starts from has V by its scalars"
            return _without_entries(plan.task)
        return "collapsed", "SGD under isotropic noise is known by a few numbers, exactly in law"
    if False in kept_zeros:
        refused = refusal(_steps(plan), spec.noise.model)
        why = "between them every entry counts" if refused is None else refused[1]
        return "dense", f"stages of SGD and of an l1 rule: {why}"
    if start == "dense":
        return "dense", "the state that it starts from has every entry"
    return _cheaper(plan)


def _of_functions(plan: RunPlan, start: str | None) -> tuple[str, str]:
    """Choose for rules of which at least one is a function in Python."""
    others = [s.rule for s in plan.stages if not ENGINES["sparse"].takes(rule_record(s.rule))]
    if others:
        return "dense", f"{short_name(others[0])} moves every entry"
    if start == "dense":
        return "dense", "the state that it starts from has every entry"
    return _cheaper(plan)


def _is_large(task: Task) -> bool:
    """Return whether a step on every entry takes milliseconds, and levels may be means."""
    return task.N * task.T >= STAGED_FROM and task.T - task.Q >= FEWEST * task.N


def _is_handed_over(plan: RunPlan, start: str | None) -> bool:
    """Return whether SGD comes first, and entries are needed after it alone."""
    spec = plan.spec
    from_entries = start is not None and ENGINES[start].entries
    if from_entries or not ENGINES["staged"].draws(spec.noise.model):
        return False
    needs_matrix = NOISE_MODELS[spec.noise.model].needs_matrix_V
    if spec.dynamics.value == "matrix" and not needs_matrix:
        return False
    steps = _steps(plan)
    if start is None and all(step.rule.keeps_zeros for step in steps):
        return False
    # Before an l1 rule entries are few if that or a normalisation was before it.
    few = start is None
    for step in steps:
        if step.rule.keeps_zeros and not few and not step.rule.returns_to_zero:
            return False
        few = step.rule.keeps_zeros or step.normalizes
    return ends_in_lists(steps) and refusal(steps, spec.noise.model) is None


def _steps(plan: RunPlan) -> list[Step]:
    return [
        Step(rule_record(stage.rule), stage.normalize_level is not None) for stage in plan.stages
    ]


def _without_entries(task: Task) -> tuple[str, str]:
    """Choose for SGD under matched noise, where entries off the support may have one level."""
    spread = f"variances off the support differ by about {spread_of_levels(task):.1g} of their mean"
    if task.T - task.Q >= FEWEST * task.N:
        return "columns", f"{spread}, which stands for them"
    return "dense", f"SGD moves every entry, and {spread}"


def _returns(plan: RunPlan) -> bool:
    """Return whether SGD follows on an l1 rule."""
    keeps = [step.rule.keeps_zeros for step in _steps(plan)]
    return sorted(keeps) != keeps


def _wants_entries(plan: RunPlan, start: str | None, has_matrix_V: bool) -> str | None:
    """Return the key of the spec that needs entries of a matrix, or None."""
    spec, task = plan.spec, plan.task
    if spec.dynamics.value == "matrix" and not has_matrix_V:
        return 'dynamics.value = "matrix"'
    if any(stage.normalize_level is not None for stage in spec.stage):
        return "a stage's normalize_level"
    # Entries are drawn, unless the run starts from more than are kept.
    kept = start is None or not ENGINES[start].entries or task.N * task.T <= MOST_KEPT
    if not kept and spec.output.snapshot_every:
        return "output.snapshot_every"
    if not has_matrix_V and kept:
        return None
    if spec.output.final_state is True and task.N * task.T < STAGED_FROM:
        return "output.final_state"
    return None


def _cheaper(plan: RunPlan) -> tuple[str, str]:
    """Choose between the dense and the sparse engine for l1 rules, by their cost on one thread."""
    spec, task, stages, levels = plan.spec, plan.task, plan.stages, plan.levels
    of_V = {name: keeps_matrix_V(spec, task, name) for name in ("dense", "sparse")}
    precision = np.dtype(spec.dynamics.precision)
    sparse = sparse_seconds(stages, levels, task, value=of_V["sparse"])
    dense = dense_seconds(task, precision, value=of_V["dense"])
    needed = sparse_bytes(stages, levels, task)
    every = dense_bytes(task, precision, value=of_V["dense"])
    if every < needed and not fits(needed):
        return "dense", f"active entries would need {needed / 1e9:.3g} GB"
    costs = f"{_time(sparse)} on active entries, and {_time(dense)} on all"
    words = f"a step costs one thread about {costs}"
    if sparse <= dense or not fits(every):
        return "sparse", f"{words}, with the same law"
    return "dense", words


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 1e-6:.2g} us"


def keeps_matrix_V(spec: RunSpec, task: Task, engine: str) -> bool:
    """Return whether V is stored as a matrix, as the spec asks or by default of the engine."""
    always = ENGINES[engine].keeps_matrix_V
    if always is not None:
        return always
    if spec.dynamics.value != "auto":
        return spec.dynamics.value == "matrix"
    if engine == "population":
        return False
    if engine == "staged":
        return NOISE_MODELS[spec.noise.model].needs_matrix_V or bool(spec.output.snapshot_every)
    if NOISE_MODELS[spec.noise.model].needs_matrix_V or spec.output.snapshot_every:
        return True
    # Without P, scalars of V are a complete last state, from which a run can start.
    return task.P is not None and (engine == "dense" or spec.output.final_state is True)


def build(plan: RunPlan, threads: int, replica: int = 0, start: StreamStart = ORIGIN) -> Engine:
    """Build the engine of a replica, counted from ``dynamics.replica``, at the start of a run.

    Raises
    ------
    InputError
        If V is to be stored as a matrix and the task has no P, or a batch is too large.
    MemoryNeeded
        If its state does not fit into memory.
    """
    spec, task, batch_size = plan.spec, plan.task, plan.batch_size
    if plan.choice.matrix_V and task.P is None and task.truth_known:
        raise InputError(WITHOUT_P)
    from_signals = spec.init.from_signals
    samples = batch_size is not None or isinstance(plan.noise, SampledNoise)
    if spec.dynamics.replicas == 1:
        # Refuse before the output file is created.
        plan.engine.require_room(plan)
    require_addresses_of(plan)
    start.require_room(spec.total_steps, batch_size, plan.largest_batch)
    require_sound_rules(plan)
    keeps_last = spec.output.final_state is True
    of_draws = {"draws": draws_of(spec, task), "keeps_last": keeps_last}
    engine: Any = plan.engine(
        task,
        plan.noise,
        alpha_A=spec.init.alpha_A if from_signals else 0.0,
        alpha_V=spec.init.alpha_V if from_signals else 0.0,
        seed=spec.seed,
        replica=spec.dynamics.replica + replica,
        dtype=np.dtype(spec.dynamics.precision),
        threads=threads,
        value=plan.choice.matrix_V,
        first_step=start.first_step(batch_size),
        **({} if batch_size is None else {"batch_size": batch_size, "handed": plan.handed}),
        **({"largest_batch": plan.largest_batch} if plan.own_batches and samples else {}),
        **({} if plan.record.entries else of_draws),
    )
    if any_memory(plan.stages):
        engine.keep_memory()
    built: Engine = engine
    return built
