"""Learn from batches that Python hands over: samples of a task, by a generator of our own."""

import numpy as np

import scbsim

B = 1000
task = scbsim.Task.random(N=10, T=50, Q=2, seed=0)
outputs = task.P.cumsum(axis=0)


def batch(number):
    """Return the batch of a number: its generator depends on the number alone."""
    rng = np.random.default_rng([7, number])
    tokens = rng.choice(task.N, size=(B, task.T), p=task.mu)
    query = rng.choice(task.N, size=B, p=task.mu)
    which = (rng.random((B, 1)) > task.q_weights[query].cumsum(axis=1)).sum(axis=1)
    source = task.q_positions[query, np.minimum(which, task.Q - 1)]
    cause = tokens[np.arange(B), source]
    output = np.minimum((rng.random(B) > outputs[:, cause]).sum(axis=0), task.N - 1)
    return tokens, query, output


spec = {
    "task": {"N": 10, "T": 50, "Q": 2},
    "dynamics": {"engine": "batch", "rule": "sgd", "batch_size": B},
    "stage": [{"steps": 300, "rate_A": 0.05, "rate_V": 0.05}],
}
run = scbsim.simulate(spec, task=task, batches=batch)
last = run.isel(step=-1)
print(f"alpha_A {float(last.alpha_A):.2f}  alpha_V {float(last.alpha_V):.2f}")
print(f"population loss {float(last.loss):.3f}, of the last batch {float(last.batch_loss):.3f}")
