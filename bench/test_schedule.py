"""What does a step with a schedule cost, by one with the same numbers throughout?

Rates and the batch size are scheduled, each by a few operations. They stay near the constants, so
that both steps have as much to do; the sparse engine's threshold varies as well, so that entries
that leave zero are thinned. Times are of the processor, of one thread, as other work on a machine
changes the others.
"""

from statistics import median
from time import process_time

import pytest
from sizes import size

from scbsim import RunSpec, Task
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of

RATE = {"rate_A": "1e-3/(1 + t/1e5)"}
ALL = {**RATE, "rate_V": "cosine(1e-3, 0.9e-3)", "batch_size": "exponential(1e7, 1.01e7)"}
ENGINES = {
    # engine: noise, N, T, steps of a call
    "collapsed": ("isotropic", size(500, 5), 10**6, size(8192, 5)),
    "columns": ("matched", size(50, 5), 10**6, size(500, 5)),
    "sparse": ("isotropic", size(500, 5), size(10**6, 1000), size(300, 5)),
    "dense": ("isotropic", size(100, 5), size(20_000, 100), size(50, 2)),
}
# Replicas share the values of a schedule.
CASES = [(name, 1) for name in ENGINES] + [("collapsed", 8)]


@pytest.mark.parametrize(("name", "replicas"), CASES)
def test_a_scheduled_step(name, replicas, benchmark, note):
    noise, N, T, steps = ENGINES[name]
    l1 = name == "sparse"
    tables = {
        "task": {"N": N, "T": T, "Q": 2, "P_concentration": 0.05},
        "dynamics": {"engine": name, "rule": "prox" if l1 else "sgd", "batch_size": 1e7},
        "noise": {"model": noise, "sigma_A": 0.01},
    }
    task = Task.random(N, T, 2, P_concentration=0.05)
    plain = {"steps": 10**7, "rate_A": 1e-3, "rate_V": 1e-3}
    constant, rate, all_of_them = dict(plain), plain | RATE, plain | ALL
    if l1:
        constant["threshold_sigmas"] = rate["threshold_sigmas"] = 4.5
        all_of_them["threshold_sigmas"] = "linear(4.5, 4.51)"
    runs = []
    for stage in (constant, rate, all_of_them):
        spec = RunSpec.from_dict({**tables, "stage": [stage]})
        stage = stages_of(spec, task)[0]
        runs.append([(build(plan_of(spec, task), 1), stage) for _ in range(replicas)])

    def call(run):
        began = process_time()
        for engine, stage in run:
            assert engine.advance(stage, steps, engine.step).end == "steps"
        return (process_time() - began) / replicas

    benchmark.pedantic(call, (runs[-1],), warmup_rounds=1)
    for run in runs:
        call(run)
    # In turn, since the machine is faster at one time than at another.
    times = [[call(run) for run in runs] for _ in range(size(25 if name == "collapsed" else 9, 1))]
    found = [median(each[i] / max(each[0], 1e-9) for each in times) for i in (1, 2)]
    us = 1e6 * min(each[0] for each in times) / steps
    note(us=us, one_schedule=found[0], three_or_four=found[1])
