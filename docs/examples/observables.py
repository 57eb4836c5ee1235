"""Observables of one's own: how much of A is on the support, and how sure the model is.

In a spec, from the folder of this file:

    [output]
    observe = ["observables.py:mass_on_support", "observables.py:confidence"]

In Python, as below: `python docs/examples/observables.py`.
"""

from functools import lru_cache

import numpy as np

import scbsim

CONTEXTS = 64


@scbsim.observable(every=20, long_name="mass of A on the support, mean over queries")
def mass_on_support(state):
    """Return the sum of A over the support, which is 1 in truth. It costs little at any T."""
    mass = np.empty(state.task.N)
    for k, support in enumerate(state.task.q_positions):
        entries = state.entries(k)
        there = np.isin(entries.positions, support)
        mass[k] = entries.values[there].sum() + len(support) * entries.intercept
    return state.task.mu @ mass


@lru_cache(maxsize=1)
def contexts(task):
    """Return the same samples at every call, and in every run of the task."""
    return scbsim.sample_batch(task, size=CONTEXTS, seed=2**32)


@scbsim.observable(every=100, long_name="probability given to the token that comes next")
def confidence(state):
    """Return the mean over samples, each of which needs a column of A."""
    batch, V = contexts(state.task), state.V
    given = 0.0
    for tokens, query, output in zip(batch.tokens, batch.query, batch.output, strict=True):
        attended = np.bincount(tokens, state.column(query), state.task.N)
        given += V[output] @ attended
    return given / CONTEXTS


def spec(steps=2000):
    """Return a run at T = 100,000. V is kept as a matrix, which `confidence` reads."""
    return scbsim.RunSpec.from_dict(
        {
            "task": {"N": 30, "T": 100_000, "Q": 2},
            "dynamics": {"engine": "sparse", "value": "matrix"},
            "stage": [{"steps": steps}],
            "output": {"every": 100},
        }
    )


if __name__ == "__main__":
    own = {"mass_on_support": mass_on_support, "confidence": confidence}
    run = scbsim.simulate(spec(), observe=own)
    print(run["confidence"].to_series().to_string())
    scbsim.plot(run, only=list(own), output="observables.png")
