"""Checks of several keys of a spec.

A check reads :class:`~scbsim.spec.base.Values` and yields faults. Reading a missing or faulty key
ends it, so no check has to test whether its keys are valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scbsim.errors import Fault
from scbsim.spec.engines import AUTO, ENGINES, EngineRecord, engine_of, engines_with
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.rules import has_threshold, rule_in_words, rule_record
from scbsim.spec.schedule_checks import largest_batch
from scbsim.spec.stage_order import Step, few_numbers, refusal
from scbsim.util.text import show

if TYPE_CHECKING:
    from scbsim.spec.base import Check, Values

MOST_SAMPLES = 2**32
"""Most samples of a real batch, so that those of 2**32 batches have numbers below 2**64."""
STREAMS = 2**24
"""Number of noise streams of a seed, one for each replica."""
_EACH_DRAWN = f"each of which is drawn; real batches have up to 2**{MOST_SAMPLES.bit_length() - 1}"


def task_sizes(task: Values) -> Iterator[Fault]:
    """Check that a random task has its sizes, and that its support fits in the context."""
    if task.get("from", "") is None:
        for key in ("N", "T", "Q"):
            if key in task and task[key] is None:
                yield Fault(key, "missing; a random task needs N, T and Q")
    if task["Q"] is not None and task["T"] is not None and task["Q"] > task["T"]:
        yield Fault("Q", f"{show(task['Q'])} is more than the T = {show(task['T'])} positions")


def alone(key: str, why: str) -> Check:
    """Make a check that a key excludes all others of its table."""

    def check(table: Values) -> Iterator[Fault]:
        if table[key] is not None:
            yield from (
                Fault(other, f"not together with `{key}`: {why}")
                for other in sorted(table.given - {key})
            )

    return check


def not_both(key: str, other: str) -> Check:
    """Make a check that at most one of two keys is given."""

    def check(table: Values) -> Iterator[Fault]:
        if {key, other} <= table.given:
            yield Fault(key, f"together with {other}; give one of the two")

    return check


def needs(key: str, default: object, other: str) -> Check:
    """Make a check that a key has its default unless another is given."""

    def check(table: Values) -> Iterator[Fault]:
        if table[key] != default and table[other] is None:
            yield Fault(key, f"has no effect without `{other}`; give that, or remove it")

    return check


def threshold_has_effect(stage: Values) -> Iterator[Fault]:
    """Check that a stage with a rule without a threshold gives no threshold."""
    if not has_threshold(stage["rule"]):
        for key in sorted({"threshold", "threshold_sigmas"} & stage.given):
            rule = rule_in_words(stage["rule"])
            problem = f"has no effect under this stage's own rule = {rule}; remove it"
            yield Fault(key, problem)


def one_run(run: Values) -> Iterator[Fault]:
    """Check that there is no table of a sweep or of boundaries, and at least one stage."""
    if run["sweep"] is not None:
        yield Fault(
            "sweep", "this is a sweep: `scbsim sweep` runs it here, `scbsim submit` on a cluster"
        )
    if run["boundary"] is not None:
        yield Fault("boundary", "this is a study of boundaries: `scbsim boundary` runs it")
    if not run["stage"]:
        yield Fault("stage", "missing; a run needs at least one [[stage]] table with its steps")


def _rules(run: Values) -> Iterator[tuple[str, str, int]]:
    """Yield the key that sets the rule of a valid stage, the rule, and the stage's index."""
    for i, stage in enumerate(run["stage"]):
        own = stage.get("rule")
        rule = own or run["dynamics"].get("rule")
        if "rule" in stage and rule is not None:
            yield f"stage.{i}.rule" if own else "dynamics.rule", rule, i


def _engine(run: Values) -> EngineRecord:
    """Return the record of the engine asked for; that of ``auto`` if the noise decides."""
    engine = engine_of(run["dynamics"]["engine"])
    if engine is AUTO and NOISE_MODELS[run["noise"]["model"]].samples:
        return ENGINES["sampled" if few_numbers([step for *_, step in _steps(run)]) else "dense"]
    return engine


def _steps(run: Values) -> Iterator[tuple[str, str, Step]]:
    """Yield of each valid stage the key that sets its rule, the rule, and what matters of it."""
    for key, rule, i in _rules(run):
        yield key, rule, Step(rule_record(rule), run["stage"][i]["normalize_level"] is not None)


def engine_has_the_rules(run: Values) -> Iterator[Fault]:
    """Check that the engine supports every rule that a stage uses."""
    engine, model = _engine(run), run["noise"]["model"]
    for key, rule in {key: rule for key, rule, _ in _rules(run)}.items():
        record = rule_record(rule)
        if engine.takes(record):
            continue
        problem = f"{rule_in_words(rule)} {engine.why_not(record)}"
        if not record.own:
            problem += f"; there are {', '.join(engine.rules)}"
        if others := engines_with(record, model):
            problem += f". dynamics.engine can be {', '.join(others)}"
        yield Fault(key, problem)


def sigmas_need_a_level(run: Values) -> Iterator[Fault]:
    """Check that there is a noise level if a threshold is in units of it."""
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


def real_batches_are_drawn(run: Values) -> Iterator[Fault]:
    """Check that a run on real batches keeps V as a matrix, and that batches are not too large."""
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
            f"{dynamics['batch_size']} samples, {_EACH_DRAWN}",
        )
    for i, stage in enumerate(run["stage"]):
        if {"batch_size", "steps"} <= set(stage) and (largest_batch(stage) or 0) > MOST_SAMPLES:
            key, size = f"stage.{i}.batch_size", show(stage["batch_size"])
            yield Fault(key, f"{size}: up to {largest_batch(stage):.6g} samples, {_EACH_DRAWN}")


def nothing_needs_missing_entries(run: Values) -> Iterator[Fault]:
    """Check that nothing needs entries of a collapsed matrix."""
    dynamics, output = run["dynamics"], run["output"]
    record = _engine(run)
    engine = record.name
    if not record.entries:
        can_stage = ENGINES["staged"].draws(run["noise"]["model"])
        instead = '; take "staged", which draws them' if can_stage else ""
        for i, stage in enumerate(run["stage"]):
            if stage["normalize_level"] is not None:
                yield Fault(
                    f"stage.{i}.normalize_level",
                    f"the {engine} engine has no entries to normalise{instead}",
                )
        if dynamics["value"] == "matrix" and not record.keeps_matrix_V:
            yield Fault("dynamics.value", f'"matrix" is not for the {engine} engine; take "dense"')
    # The collapsed engine draws the V that it does not keep.
    no_V = dynamics["value"] == "collapsed" or record.keeps_matrix_V is False
    if output["snapshot_every"] and no_V and engine != "collapsed":
        yield Fault(
            "output.snapshot_every",
            'there are no snapshots of a V by its scalars: take dynamics.value = "matrix", and '
            "engine dense or sparse, or engine collapsed, which draws it",
        )


def stages_have_an_order(run: Values) -> Iterator[Fault]:
    """Check that a staged run has stages that its engine takes."""
    if run["dynamics"]["engine"] != "staged":
        return
    rules = list(_rules(run))
    steps = [step for *_, step in _steps(run)]
    if (refused := refusal(steps, run["noise"]["model"])) is not None:
        key, rule, i = rules[refused[0]]
        yield Fault(
            key,
            f"{rule_in_words(rule)} in stage {i}, after entries of A were set to 0: {refused[1]}; "
            'take engine = "dense"',
        )


def nothing_needs_missing_P(run: Values) -> Iterator[Fault]:
    """Check that nothing needs the matrix P if only K_P is given."""
    if run["task"]["K_P"] is None:
        return
    for table, key, needs_P in (
        ("dynamics", "value", lambda value: value == "matrix"),
        ("dynamics", "engine", lambda engine: engine_of(engine).samples),
        ("noise", "model", lambda model: NOISE_MODELS[model].needs_matrix_V),
        ("output", "snapshot_every", lambda every: every > 0),
    ):
        if key in run[table] and needs_P(run[table][key]):
            yield Fault(
                f"{table}.{key}",
                f"{show(run[table][key])} needs the matrix P, and task.K_P draws none; give "
                "task.P_concentration instead",
            )


def noise_can_be_drawn(run: Values) -> Iterator[Fault]:
    """Check that the engine draws this noise exactly in law, and that matched noise has a V."""
    model, dynamics = run["noise"]["model"], run["dynamics"]
    engine = engine_of(dynamics["engine"]) if "engine" in dynamics else AUTO
    if not engine.draws(model):
        drawing = [each for each in ENGINES.values() if not each.samples]
        others = [each.name for each in drawing if each.draws(model)]
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
    """Check that the population process, which has only signals, starts from signals."""
    if run["dynamics"]["engine"] == "population" and run["init"]["from"] is not None:
        yield Fault(
            "init.from", "the population engine starts from signals; the dense one can read a state"
        )


def ensembles_keep_no_states(run: Values) -> Iterator[Fault]:
    """Check that an ensemble is to keep no states, and does not have too many replicas."""
    dynamics, output = run["dynamics"], run["output"]
    R = dynamics["replicas"]
    if R == 1:
        return
    for key, kept in (
        ("snapshot_every", "which keep no states"),
        ("normalized_every", "which are normalised at the end only"),
        ("final_state", "which keep no last states"),
    ):
        if (value := output.get(key)) and value != "auto":
            problem = f"{show(value)} with {R} replicas, {kept}"
            todo = "run the one that needs it alone, with dynamics.replica"
            yield Fault(f"output.{key}", f"{problem}; {todo}")
    if "replica" in dynamics and dynamics["replica"] + R > STREAMS:
        last = dynamics["replica"] + R - 1
        yield Fault(
            "dynamics.replicas",
            f"{R} from dynamics.replica = {dynamics['replica']} on end at {last}; noise streams "
            f"are numbered to below 2**{STREAMS.bit_length() - 1}",
        )
