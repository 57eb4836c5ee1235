"""What the keys of a spec must hold together.

A check reads :class:`~scbsim.spec.base.Values` and yields faults. One that reads a faulty key is
left out by the reading itself, so no check asks whether its keys are sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scbsim.errors import Fault
from scbsim.util.text import show

if TYPE_CHECKING:
    from scbsim.spec.base import Check, Values

WITHOUT_THRESHOLD = ("sgd", "vanilla")
REAL_BATCHES = ("batch", "softmax")
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
    """Check that the l1 level is given in one way."""
    if {"threshold", "threshold_sigmas"} <= stage.given:
        yield Fault("threshold", "together with threshold_sigmas; give one of the two")


def threshold_has_effect(stage: Values) -> Iterator[Fault]:
    """Check that a stage which names a rule without a threshold gives none."""
    if stage["rule"] in WITHOUT_THRESHOLD:
        for key in sorted({"threshold", "threshold_sigmas"} & stage.given):
            problem = f'has no effect under this stage\'s own rule = "{stage["rule"]}"; take it out'
            yield Fault(key, problem)


def some_stage(run: Values) -> Iterator[Fault]:
    """Check that there is a stage."""
    if not run["stage"]:
        yield Fault("stage", "missing; a run needs at least one [[stage]] table with its steps")


def vanilla_has_batches(run: Values) -> Iterator[Fault]:
    """Check that the rule without preconditioner and projection meets real batches."""
    if run["dynamics"]["engine"] in REAL_BATCHES:
        return
    rules = {"dynamics.rule": run["dynamics"].get("rule")}
    rules |= {f"stage.{i}.rule": stage.get("rule") for i, stage in enumerate(run["stage"])}
    for key, rule in rules.items():
        if rule == "vanilla":
            yield Fault(key, '"vanilla" is for real batches; here there are sgd, prox, denoise')


def sigmas_have_a_level(run: Values) -> Iterator[Fault]:
    """Check that a threshold in units of the noise level meets such a level."""
    if run["dynamics"]["engine"] in REAL_BATCHES:
        without = f"engine = {show(run['dynamics']['engine'])}"
    elif run["noise"]["model"] == "none":
        without = 'noise.model = "none"'
    else:
        return
    for i, stage in enumerate(run["stage"]):
        if "rule" not in stage:  # a faulty one
            continue
        rule = stage["rule"] or run["dynamics"].get("rule", "sgd")
        sigmas = stage.get("threshold_sigmas")
        if sigmas is not None and rule not in WITHOUT_THRESHOLD:
            yield Fault(
                f"stage.{i}.threshold_sigmas",
                f"{show(sigmas)} sigmas need a noise level, and {without} has none; "
                "give `threshold`, the l1 level itself",
            )


def not_a_sweep(run: Values) -> Iterator[Fault]:
    """Check that this is one run."""
    if run["sweep"] is not None:
        yield Fault(
            "sweep", "this is a sweep: `scbsim sweep` runs it here, `scbsim submit` on a cluster"
        )


def engine_has_the_rules(run: Values) -> Iterator[Fault]:
    """Check that the sparse and the collapsed engine meet rules of theirs only."""
    engine = run["dynamics"]["engine"]
    if engine not in ("sparse", "collapsed"):
        return
    for i, stage in enumerate(run["stage"]):
        rule = stage["rule"] or run["dynamics"]["rule"]
        key = f"stage.{i}.rule" if stage["rule"] else "dynamics.rule"
        if engine == "sparse" and rule == "sgd":
            yield Fault(
                key, '"sgd" leaves no entry at zero, so nothing is sparse; take another engine'
            )
        if engine == "collapsed" and rule != "sgd":
            yield Fault(
                key, f"{show(rule)} needs entries, and a collapsed A has none; there is sgd"
            )


def real_batches_are_drawn(run: Values) -> Iterator[Fault]:
    """Check that real batches meet what they can be learned from: rules, a matrix V, a size."""
    dynamics = run["dynamics"]
    engine = dynamics["engine"]
    if engine not in REAL_BATCHES:
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
    if engine != "softmax":
        return
    for i, stage in enumerate(run["stage"]):
        rule = stage["rule"] or dynamics["rule"]
        if rule not in WITHOUT_THRESHOLD:
            key = f"stage.{i}.rule" if stage["rule"] else "dynamics.rule"
            problem = (
                f"{show(rule)} makes entries 0, and softmax attention has none at 0; there are"
            )
            yield Fault(key, f"{problem} sgd, vanilla")


def collapsed_has_no_entries(run: Values) -> Iterator[Fault]:
    """Check that nothing wants entries of a matrix that is known by a few numbers."""
    dynamics, output = run["dynamics"], run["output"]
    if dynamics["engine"] == "collapsed":
        for i, stage in enumerate(run["stage"]):
            if stage["normalize_level"] is not None:
                yield Fault(
                    f"stage.{i}.normalize_level", "the collapsed engine has no entries to normalise"
                )
        if dynamics["value"] == "matrix":
            yield Fault("dynamics.value", '"matrix" is not for the collapsed engine; take "dense"')
        if output.get("normalized_every"):
            yield Fault(
                "output.normalized_every", "the collapsed engine has no entries to normalise"
            )
    if output["snapshot_every"] and "collapsed" in (dynamics["engine"], dynamics["value"]):
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
        ("dynamics", "engine", lambda engine: engine in REAL_BATCHES),
        ("noise", "model", lambda model: model == "matched"),
        ("output", "snapshot_every", lambda every: every > 0),
    ):
        if key in run[table] and wants(run[table][key]):
            yield Fault(
                f"{table}.{key}",
                f"{show(run[table][key])} needs the matrix P, and task.K_P draws none; take "
                "task.P_concentration in its place",
            )


def matched_noise_has_a_matrix(run: Values) -> Iterator[Fault]:
    """Check that matched noise, whose levels follow the matrix V, meets one."""
    if run["noise"]["model"] != "matched":
        return
    dynamics = run["dynamics"]
    if dynamics.get("engine") == "collapsed":
        yield Fault(
            "dynamics.engine",
            '"collapsed" is not exact under noise.model = "matched"; there are auto, dense and, '
            "under l1 rules, sparse",
        )
    if dynamics.get("value") == "collapsed":
        yield Fault(
            "dynamics.value",
            '"collapsed" has no matrix V, which noise.model = "matched" follows; there are auto '
            "and matrix",
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
