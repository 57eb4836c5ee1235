"""A task from arrays, kept in a file that specs can name (docs/tasks.md)."""

import numpy as np

import scbsim

N, T = 8, 2000
rng = np.random.default_rng(0)
# P[n, m] is the chance of output n after source m; queries of token k attend at column k of Q.
P = rng.dirichlet(np.full(N, 0.3), size=N).T
Q = np.zeros((T, N))
for k in range(N):
    Q[rng.choice(T, 2, replace=False), k] = 0.7, 0.3

task = scbsim.Task.from_arrays("stationary", P, Q=Q)
task.save("my_task.h5")

run = scbsim.simulate(
    {
        "task": {"from": "my_task.h5"},
        "dynamics": {"rule": "prox", "batch_size": 1e6},
        "stage": [{"steps": 300, "threshold_sigmas": 4.0}],
    }
)
print(f"cos(A, Q) {run['sim_A'].values[-1]:.3f}, cos(V, P) {run['sim_V'].values[-1]:.3f}")
