"""A noise model of one's own: the same level in all columns of A, whatever mu is."""

import numpy as np

import scbsim
from scbsim.engines.noise import NoiseLevels
from scbsim.spec.noise_models import NoiseModel, register_noise_model


def even(spec, task):
    """Return levels that do not depend on how often a query occurs."""
    scale = spec.dynamics.batch_size**-0.5
    return NoiseLevels(np.full(task.N, spec.noise.sigma_A * scale), spec.noise.sigma_V * scale)


register_noise_model(NoiseModel("even", even))

if __name__ == "__main__":
    trajectory = scbsim.simulate(
        {
            "task": {"N": 10, "T": 1000, "Q": 2, "mu": "dirichlet", "mu_concentration": 1.0},
            "dynamics": {"batch_size": 1e5, "rule": "prox"},
            "noise": {"model": "even"},
            "stage": [{"steps": 200, "threshold": 0.01}],
        }
    )
    print(trajectory)
