"""The recovery of SGD on real batches, which docs/phase.md compares with the diagram."""

from __future__ import annotations

import pytest

from scbsim import RunSpec, simulate


def recovered(batch_size: int) -> int:
    """Return how many of 16 runs end with a cosine of 0.9 or more between A and the truth."""
    ends = [
        simulate(
            RunSpec.from_dict(
                {
                    "seed": seed,
                    "task": {"N": 100, "T": 1000, "Q": 2},
                    "dynamics": {"engine": "batch", "rule": "sgd", "batch_size": batch_size},
                    "stage": [{"steps": 400, "rate_A": 0.1, "rate_V": 0.1}],
                    "init": {"alpha_A": 0.1, "alpha_V": 0.1},
                }
            )
        )["sim_A"]
        for seed in range(16)
    ]
    return sum(float(sim_A[-1]) >= 0.9 for sim_A in ends)


@pytest.mark.slow
def test_sgd_on_real_batches_needs_a_far_smaller_batch():
    assert (recovered(192), recovered(256)) == (0, 16)
