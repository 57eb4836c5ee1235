"""What dependent tokens change: each token of a context repeats the one before it at times."""

import numpy as np

import scbsim

B, STEPS = 1000, 300
task = scbsim.Task.random(N=10, T=50, Q=2, seed=0)
outputs = task.P.cumsum(axis=0)


def samples(rng, size, repeats):
    """Return samples whose tokens repeat the one before with the probability ``repeats``."""
    tokens = rng.choice(task.N, size=(size, task.T), p=task.mu)
    again = rng.random((size, task.T)) < repeats
    for t in range(1, task.T):
        tokens[:, t] = np.where(again[:, t], tokens[:, t - 1], tokens[:, t])
    query = rng.choice(task.N, size=size, p=task.mu)
    which = (rng.random((size, 1)) > task.q_weights[query].cumsum(axis=1)).sum(axis=1)
    source = task.q_positions[query, np.minimum(which, task.Q - 1)]
    cause = tokens[np.arange(size), source]
    output = np.minimum((rng.random(size) > outputs[:, cause]).sum(axis=0), task.N - 1)
    return tokens, query, output


for repeats in (0.0, 0.5, 0.9):
    path = f"repeats-{repeats}.h5"
    scbsim.save_samples(path, samples(np.random.default_rng(1), STEPS * B, repeats), task=task)
    spec = {
        "data": {"from": path},
        "dynamics": {"engine": "batch", "rule": "sgd", "batch_size": B},
        "stage": [{"steps": STEPS, "rate_A": 0.05, "rate_V": 0.05}],
    }
    run = scbsim.simulate(spec)
    last = run.isel(step=-1)
    print(
        f"repeats {repeats}: cos(A, Q) {float(last.sim_A):.3f}, cos(V, P) {float(last.sim_V):.3f}, "
        f"loss of the last batch {float(last.batch_loss):.3f}"
    )
