"""A run with observables of one's own that is killed at its write calls."""

import random

import numpy as np
import pytest
from scbsim_testing.kill_runs import SPEC, Whole
from scbsim_testing.killing import KILLED
from scbsim_testing.observed import written

from scbsim.storage.runfile.loading import load_quietly


def check_values(path, whole):
    """Every row on file has its values, and each is that of the whole run."""
    if not path.exists():
        return 0
    found = load_quietly(path)
    for name in ("some", "top"):
        along = found[name].dims[-1 if name == "top" else -2]
        steps = found[along].values
        np.testing.assert_array_equal(found[name], whole[name].sel({along: steps}))
    assert not found["top"].isnull().any()
    last = int(found["step"][-1]) if found.sizes["step"] else -1
    assert {*range(0, last + 1, 4)} <= {*found["step_4"].values.tolist()}
    return found.sizes["step_4"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["dense", "ensemble"])
def test_killed_at_some_calls(server, memory, engine):
    path, chances = written(memory), random.Random(0)
    output = {**SPEC["output"], "observe": [f"{path}:some", f"{path}:top"]}
    spec = {**SPEC, "output": output}
    if engine == "ensemble":
        spec["dynamics"] = {**SPEC["dynamics"], "replicas": 2}
        output |= {"snapshot_every": 0, "final_state": "auto"}
    whole = Whole(server, memory / engine, spec)
    right, kills, kept = load_quietly(whole.path), 0, set()
    for fatal in range(20, len(whole.calls) + 1, len(whole.calls) // 8):
        victim, status = whole.killed(fatal), KILLED
        while status == KILLED:
            kills += 1
            victim.check_readable()
            kept.add(check_values(victim.path, right))
            again = chances.randrange(1, 150) if chances.random() < 0.3 else 0
            status = victim.run(again, resume=True).status
        assert status == 0
        victim.check_finished()
    assert kills >= 7
    assert len(kept) > 2, "no kill came between values"
