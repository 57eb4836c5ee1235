"""What does a phase diagram cost, beside the steps alone of the runs that it counts?

The floor is what the engine takes for a step when one long run is all there is, times the steps of
all runs, shared out over the threads. What is above it is Python: specs, tasks, engines, the file.
"""

import tomllib

import pytest
from sizes import size

from scbsim import RunSpec, Task, phase_diagram, presets
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of

POINTS = size((30, 6), (2, 2))
REPLICAS = size((32, 8), (1, 1))
# No run of these diverges, so that all take all their steps.
COLLAPSED = (
    "sgd",
    f"task.T=1e3:1e5:{POINTS[0]}log",
    f"dynamics.batch_size=1e8:1e10:{POINTS[0]}log",
    REPLICAS[0],
)
SPARSE = (
    "l1",
    f"task.T=1e4:1e9:{POINTS[1]}log",
    f"dynamics.batch_size=1e4:1e10:{POINTS[1]}log",
    REPLICAS[1],
)


def chain_seconds(spec, best_of):
    """The seconds of a step of one long run."""
    task = Task.from_spec(spec.task)
    engine = build(plan_of(spec, task), 1)
    (stage,) = stages_of(spec, task)
    return best_of(lambda: engine.advance(stage, stage.steps)) / stage.steps


@pytest.mark.parametrize(("rule", "x", "y", "replicas"), [COLLAPSED, SPARSE], ids=["sgd", "l1"])
def test_diagram(rule, x, y, replicas, threads, benchmark, best_of, note, tmp_path):
    benchmark.group = f"phase diagram, {rule}"
    spec = RunSpec.from_dict(tomllib.loads(presets.text("phase")))
    options = {"rules": (rule,), "replicas": replicas, "threads": threads}

    def diagram():
        return phase_diagram(spec, x, y, output=tmp_path, overwrite=True, **options)

    made = benchmark.pedantic(diagram, rounds=2, warmup_rounds=0)
    assert not made["diverged"].any()
    steps = int(made["replicas"].sum()) * spec.total_steps
    seconds = benchmark.stats.stats.min
    own = spec.replace(**{"dynamics.rule": "sgd"}) if rule == "sgd" else spec
    chain = chain_seconds(own, best_of)
    note(
        seconds=seconds,
        points=made["done"].size,
        ns_a_step=1e9 * seconds / steps,
        chain_ns=1e9 * chain,
        times_the_chain=seconds * threads / (steps * chain),
    )
