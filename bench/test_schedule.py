"""What does a step with a schedule cost, by one with the same numbers throughout?

All numbers of the stage are scheduled, each by a few operations. They stay near the constants, so
that both steps have as much to do; under the sparse engine's threshold that varies, entries that
leave zero are thinned.
"""

import pytest
from sizes import size

from scbsim import RunSpec, Task
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of

STEPS = 8192
SCHEDULE = {
    "rate_A": "1e-3/(1 + t/1e5)",
    "rate_V": "cosine(1e-3, 0.9e-3)",
    "batch_size": "exponential(1e7, 1.01e7)",
}
ENGINES = {
    # engine: noise, N, T, steps of a call
    "collapsed": ("isotropic", size(500, 5), 10**6, size(STEPS, 5)),
    "columns": ("matched", size(50, 5), 10**6, size(500, 5)),
    "sparse": ("isotropic", size(500, 5), size(10**6, 1000), size(500, 5)),
    "dense": ("isotropic", size(100, 5), size(20_000, 100), size(50, 2)),
}


@pytest.mark.parametrize("name", ENGINES)
def test_a_scheduled_step(name, benchmark, best_of, note):
    noise, N, T, steps = ENGINES[name]
    l1 = name == "sparse"
    tables = {
        "task": {"N": N, "T": T, "Q": 2, "P_concentration": 0.05},
        "dynamics": {"engine": name, "rule": "prox" if l1 else "sgd", "batch_size": 1e7},
        "noise": {"model": noise, "sigma_A": 0.01},
    }
    task = Task.random(N, T, 2, P_concentration=0.05)
    calls = {}
    for what, keys in (("constant", {"rate_A": 1e-3, "rate_V": 1e-3}), ("scheduled", SCHEDULE)):
        sigmas = {"threshold_sigmas": 4.5 if what == "constant" else "linear(4.5, 4.51)"}
        stage = {"steps": 10**7, **keys, **(sigmas if l1 else {})}
        spec = RunSpec.from_dict({**tables, "stage": [stage]})
        plan = plan_of(spec, task)
        calls[what] = (build(plan, 1), stages_of(spec, task)[0])

    def call(what):
        engine, stage = calls[what]
        engine.advance(stage, steps, engine.step)

    benchmark.pedantic(call, ("scheduled",), warmup_rounds=1)
    # In turn, since other work on the machine comes and goes.
    ratios, seconds = [], []
    for _ in range(size(15, 1)):
        constant, scheduled = (best_of(lambda w=w: call(w), rounds=2) for w in calls)
        ratios.append(scheduled / constant)
        seconds.append(constant)
    assert all(
        engine.advance(stage, 1, engine.step).end == "steps" for engine, stage in calls.values()
    )
    note(us=1e6 * min(seconds) / steps, ratio=sorted(ratios)[len(ratios) // 2], least=min(ratios))
