"""What the keys of a spec must hold together.

A check reads :class:`~scbsim.spec.base.Values` and yields faults. One that reads a faulty key is
left out by the reading itself, so no check asks whether its keys are sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scbsim.errors import Fault
from scbsim.spec.engines import AUTO, ENGINES, EngineRecord, engine_of
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.rules import RULES, has_threshold
from scbsim.util.text import show

if TYPE_CHECKING:
    from scbsim.spec.base import Check, Values

MOST_SAMPLES = 2**32
"""Of a real batch, so that the samples of 2**32 batches have numbers below 2**64."""
STREAMS = 2**24
"""Noise streams of a seed: one for each replica."""


def task_sizes(task: Values) -> Iterator[Fault]:
    """Check that a random task has its sizes."""
    if task["from"] is None:
        for key in ("N", "T", "Q"):
            if key in task and task[key] is None:
                yield Fault(key, "missing; a random task needs N, T and Q")


def support_fits(task: Values) -> Iterator[Fault]:
    """Check that the attention target has room for its support."""
    if task["Q"] is not None and task["T"] is not None and task["Q"] > task["T"]:
        yield Fault("Q", f"{show(task['Q'])} is more than the T = {show(task['T'])} positions")


def one_P(task: Values) -> Iterator[Fault]:
    """Check that transitions are drawn, or known by a scalar, and not both."""
    if {"K_P", "P_concentration"} <= task.given:
        yield Fault("K_P", "together with P_concentration; with K_P no P is drawn: take one out")


def alone(key: str, why: str) -> Check:
    """Make the check that a key stands alone in its table."""

    def check(table: Values) -> Iterator[Fault]:
        if table[key] is not None:
            yield from (
                Fault(other, f"not together with `{key}`: {why}")
                for other in sorted(table.given - {key})
            )

    return check


def one_threshold(stage: Values) -> Iterator[Fault]:
    """Check that the l1 threshold is given in one way."""
    if {"threshold", "threshold_sigmas"} <= stage.given:
        yield Fault("threshold", "together with threshold_sigmas; give one of the two")


def threshold_has_effect(stage: Values) -> Iterator[Fault]:
    """Check that a stage which names a rule without a threshold gives none."""
    if not has_threshold(stage["rule"]):
        for key in sorted({"threshold", "threshold_sigmas"} & stage.given):
            problem = f'has no effect under this stage\'s own rule = "{stage["rule"]}"; take it out'
            yield Fault(key, problem)


def some_stage(run: Values) -> Iterator[Fault]:
    """Check that there is a stage."""
    if not run["stage"]:
        yield Fault("stage", "missing; a run needs at least one [[stage]] table with its steps")


def _rules(run: Values) -> Iterator[tuple[str, str, int]]:
    """Give the rule of each stage that is sound, the key that names it, and the stage."""
    for i, stage in enumerate(run["stage"]):
        own = stage.get("rule")
        rule = own or run["dynamics"].get("rule")
        if "rule" in stage and rule is not None:
            yield f"stage.{i}.rule" if own else "dynamics.rule", rule, i


def _engine(run: Values) -> EngineRecord:
    """Return the record of the engine that is asked for, or that the noise leaves alone."""
    engine = engine_of(run["dynamics"]["engine"])
    if engine is AUTO and NOISE_MODELS[run["noise"]["model"]].samples:
        return ENGINES["sampled"]
    return engine


def engine_has_the_rules(run: Values) -> Iterator[Fault]:
    """Check that the engine has every rule that is named, used or not."""
    engine = _engine(run)
    named = {key: rule for key, rule, _ in _rules(run)}
    if run["dynamics"]["engine"] == AUTO.name and run["dynamics"].get("rule") is not None:
        named["dynamics.rule"] = run["dynamics"]["rule"]
    for key, rule in named.items():
        if not engine.takes(RULES[rule]):
            problem = f"{show(rule)} {engine.refusal}; there are {', '.join(engine.rules)}"
            yield Fault(key, problem)


def sigmas_have_a_level(run: Values) -> Iterator[Fault]:
    """Check that a threshold in units of the noise level meets such a level."""
    if engine_of(run["dynamics"]["engine"]).samples:
        without = f"engine = {show(run['dynamics']['engine'])}"
    elif NOISE_MODELS[run["noise"]["model"]].silent:
        without = f"noise.model = {show(run['noise']['model'])}"
    else:
        return
    for _, rule, i in _rules(run):
        sigmas = run["stage"][i].get("threshold_sigmas")
        if sigmas is not None and has_threshold(rule):
            yield Fault(
                f"stage.{i}.threshold_sigmas",
                f"{show(sigmas)} sigmas need a noise level, and {without} has none; "
                "give `threshold`, the l1 threshold itself",
            )


def not_a_sweep(run: Values) -> Iterator[Fault]:
    """Check that this is one run."""
    if run["sweep"] is not None:
        yield Fault(
            "sweep", "this is a sweep: `scbsim sweep` runs it here, `scbsim submit` on a cluster"
        )


def real_batches_are_drawn(run: Values) -> Iterator[Fault]:
    """Check that real batches meet what they can be learned from: a matrix V, a size."""
    dynamics = run["dynamics"]
    engine = dynamics["engine"]
    if not engine_of(engine).samples:
        return
    if dynamics.get("value") == "collapsed":
        problem = 'real batches need V as a matrix; take "auto"'
        yield Fault("dynamics.value", f'"collapsed" with engine = {show(engine)}: {problem}')
    if "batch_size" in dynamics and dynamics["batch_size"] > MOST_SAMPLES:
        yield Fault(
            "dynamics.batch_size",
            f"{dynamics['batch_size']} samples, each of which is drawn; real batches have up to "
            f"2**{MOST_SAMPLES.bit_length() - 1}",
        )


def collapsed_has_no_entries(run: Values) -> Iterator[Fault]:
    """Check that nothing wants entries of a matrix that is known by a few numbers."""
    dynamics, output = run["dynamics"], run["output"]
    record = _engine(run)
    engine = record.name
    if not record.entries:
        for i, stage in enumerate(run["stage"]):
            if stage["normalize_level"] is not None:
                yield Fault(
                    f"stage.{i}.normalize_level", f"the {engine} engine has no entries to normalise"
                )
        if dynamics["value"] == "matrix" and not record.keeps_matrix_V:
            yield Fault("dynamics.value", f'"matrix" is not for the {engine} engine; take "dense"')
        if output.get("normalized_every"):
            yield Fault(
                "output.normalized_every", f"the {engine} engine has no entries to normalise"
            )
    collapsed = dynamics["value"] == "collapsed" or not record.entries
    if output["snapshot_every"] and collapsed:
        yield Fault(
            "output.snapshot_every",
            "there are no snapshots of what is collapsed: take engine dense or sparse, and "
            'dynamics.value = "matrix"',
        )


def matrices_have_a_P(run: Values) -> Iterator[Fault]:
    """Check that nothing wants the matrix P, or one like it, where only K_P is given."""
    if run["task"]["K_P"] is None:
        return
    for table, key, wants in (
        ("dynamics", "value", lambda value: value == "matrix"),
        ("dynamics", "engine", lambda engine: engine_of(engine).samples),
        ("noise", "model", lambda model: NOISE_MODELS[model].needs_matrix_V),
        ("output", "snapshot_every", lambda every: every > 0),
    ):
        if key in run[table] and wants(run[table][key]):
            yield Fault(
                f"{table}.{key}",
                f"{show(run[table][key])} needs the matrix P, and task.K_P draws none; take "
                "task.P_concentration in its place",
            )


def noise_can_be_drawn(run: Values) -> Iterator[Fault]:
    """Check that the engine draws the noise in law, and that noise which follows V meets one."""
    model, dynamics = run["noise"]["model"], run["dynamics"]
    engine = engine_of(dynamics["engine"]) if "engine" in dynamics else AUTO
    if model not in engine.noise:
        others = [each.name for each in ENGINES.values() if model in each.noise]
        yield Fault(
            "dynamics.engine",
            f"{show(engine.name)} is not exact under noise.model = {show(model)}; there are auto "
            f"and {', '.join(others)}",
        )
    if NOISE_MODELS[model].needs_matrix_V and dynamics.get("value") == "collapsed":
        yield Fault(
            "dynamics.value",
            f'"collapsed" has no matrix V, which noise.model = {show(model)} follows; there are '
            "auto and matrix",
        )


def population_has_signals(run: Values) -> Iterator[Fault]:
    """Check that the population process, which knows signals only, starts from them."""
    if run["dynamics"]["engine"] == "population" and run["init"]["from"] is not None:
        yield Fault(
            "init.from", "the population engine starts from signals; the dense one can take a state"
        )


def ensembles_keep_no_states(run: Values) -> Iterator[Fault]:
    """Check that an ensemble is not asked for states, and has not too many replicas."""
    dynamics, output = run["dynamics"], run["output"]
    R = dynamics["replicas"]
    if R == 1:
        return
    alone = "run the replica of which it is wanted alone, with dynamics.replica"
    if output.get("snapshot_every"):
        problem = f"{show(output['snapshot_every'])} with {R} replicas, of which no states are kept"
        yield Fault("output.snapshot_every", f"{problem}; {alone}")
    if output.get("normalized_every"):
        problem = (
            f"{show(output['normalized_every'])} with {R} replicas, normalised at the end only"
        )
        yield Fault("output.normalized_every", f"{problem}; {alone}")
    if output.get("final_state") is True:
        problem = f"true with {R} replicas, of which no last states are kept"
        yield Fault("output.final_state", f"{problem}; {alone}")
    if "replica" in dynamics and dynamics["replica"] + R > STREAMS:
        last = dynamics["replica"] + R - 1
        yield Fault(
            "dynamics.replicas",
            f"{R} from dynamics.replica = {dynamics['replica']} on end at {last}; noise streams "
            f"are numbered to below 2**{STREAMS.bit_length() - 1}",
        )
