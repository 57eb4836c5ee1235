"""What does V by two scalars cost, and how far are whole trajectories from those of a matrix V?

Medians and 10-90% bands over replicas of `approximate` and of `columns`, with covariances, at five
times from the start to the end. Differences are in widths of the band: the largest over times and
observables, and what chance makes of it, which two halves of the replicas of `columns` tell.
"""

import numpy as np
import pytest
from sizes import size

from scbsim import Task
from scbsim.engines.approximate import ApproximateEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.stages import Stage

# N, T, batch, replicas, and steps. All go as far: rates are as many times smaller.
SIZES = size(
    [
        (30, 10_000, 1_000, 512, 1000),
        (100, 10_000, 4_000, 256, 1000),
        (300, 100_000, 30_000, 64, 400),
    ],
    [(4, 100, 50, 8, 300)],
)
STARTS = {"from 0.1": 0.1, "from zero": 0.0}


def trajectories(kind, task, stage, batch, start, replicas, steps, seed):
    """Return the observables of all replicas at five times, (replicas, 5, 9)."""
    times = np.array([0.02, 0.08, 0.2, 0.45, 1.0]) * steps
    noise = MatchedNoise(batch, 5, covariances=True)
    made = kind(task, noise, alpha_A=start, alpha_V=start, seed=seed)
    begun = {name: array.copy() for name, array in made.state().items()}
    found = []
    for replica in range(replicas):
        made.restore(0, begun)
        made.constants = made.constants._replace(replica=np.uint64(replica))
        rows = made.advance(stage, steps).rows
        assert len(rows) == steps
        found.append(rows[np.round(times).astype(int) - 1])
    return np.array(found)


def apart(one, other):
    """Return the largest difference of medians by the band, and the least and largest ratio."""
    low, middle, high = np.quantile(one, (0.1, 0.5, 0.9), axis=0)
    other_low, other_middle, other_high = np.quantile(other, (0.1, 0.5, 0.9), axis=0)
    width = high - low
    ratio = (other_high - other_low) / width
    return np.abs((other_middle - middle) / width).max(), ratio.min(), ratio.max()


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize("mu", ["uniform", "dirichlet"])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("N", "T", "batch", "replicas", "steps"), SIZES)
def test_whole_trajectories(N, T, batch, replicas, steps, start, mu, benchmark, best_of, note):
    benchmark.group = f"SGD under matched noise with covariances, N={N}"
    task = Task.random(N, T, 3, seed=1, mu=mu, mu_concentration=2.0)
    rates = 20.0 / steps / task.K_Q, 20.0 / steps / task.K_P
    stage = Stage(0, "sgd", 10**9, *rates, np.zeros(N), np.inf, None)
    of = (task, stage, batch, STARTS[start])
    right = trajectories(ColumnsEngine, *of, replicas, steps, seed=1)
    found = trajectories(ApproximateEngine, *of, replicas, steps, seed=2)
    medians, least, most = apart(right, found)
    half = replicas // 2
    chance = apart(right[:half], right[half:])
    root = np.sqrt(2.0)  # halves have half as many replicas
    quiet = MatchedNoise(10**15, 5, covariances=True)
    made = ApproximateEngine(task, quiet, alpha_A=0.1, alpha_V=0.1)
    benchmark.pedantic(made.advance, (stage, steps), rounds=5, warmup_rounds=1)
    matrix = ColumnsEngine(task, quiet, alpha_A=0.1, alpha_V=0.1)
    note(
        medians=medians,
        by_chance=chance[0] / root,
        least_band=least,
        largest_band=most,
        chance_least=1.0 + (chance[1] - 1.0) / root,
        chance_largest=1.0 + (chance[2] - 1.0) / root,
        us_a_step=1e6 * benchmark.stats.stats.min / steps,
        us_with_a_matrix=1e6 * best_of(lambda: matrix.advance(stage, 20), rounds=5) / 20,
    )
