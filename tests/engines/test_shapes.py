"""The dense engine at every shape: as small as can be, at the edges of blocks, long and wide."""

import numpy as np
import pytest

from scbsim import RunSpec, Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import stages_of
from scbsim.observables import NAMES

# Few tokens have no transitions that the theory would be content with.
pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

STEPS, RATE = 3, 0.1


class Stepped:
    """An engine after a few steps, and what the last one said."""

    def __init__(self, N, T, Q, *, threads=1, rule="prox"):
        threshold = {} if rule == "sgd" else {"threshold_sigmas": 2.0}
        spec = RunSpec.from_dict(
            {
                "task": {"N": N, "T": T, "Q": Q, "P_concentration": 0.1},
                "dynamics": {"rule": rule, "batch_size": 1e6},
                "stage": [{"steps": STEPS, "rate_A": RATE, "rate_V": RATE, **threshold}],
            }
        )
        self.task = Task.from_spec(spec.task)
        self.noise = NoiseLevels.from_spec(spec, self.task)
        self.engine = DenseEngine(self.task, self.noise, alpha_A=0.1, alpha_V=0.1, threads=threads)
        block = self.engine.advance(stages_of(spec, self.task)[0], STEPS)
        self.row = dict(zip(NAMES, block.rows[-1].tolist(), strict=True))

    def exact(self):
        """alpha_A and delta_A by their definitions, a column at a time."""
        task, product, square = self.task, 0.0, 0.0
        for mu, bulk, support, positions, weights in zip(
            task.mu,
            self.engine.A.bulk,
            self.engine.A.support,
            task.q_positions,
            task.q_weights,
            strict=True,
        ):
            a, q = bulk.astype(np.float64), np.zeros(task.T)
            a[positions], q[positions] = support, weights
            a -= a.mean()
            q -= q.mean()
            product += mu * (a @ q)
            square += mu * (a @ a)
        alpha = product / task.K_Q
        return alpha, np.sqrt(max(square - alpha**2 * task.K_Q, 0.0))


SHAPES = [
    (2, 2, 1),
    (2, 3, 1),
    (3, 3, 2),
    (5, 4, 3),
    (2, 2047, 2),
    (3, 2048, 2),
    (3, 2049, 5),
    (2, 5 * 2048 + 1, 300),
    (300, 3, 2),
]


@pytest.mark.parametrize("rule", ["sgd", "prox"])
@pytest.mark.parametrize(("N", "T", "Q"), SHAPES)
def test_observables_are_those_of_the_matrix(N, T, Q, rule):
    stepped = Stepped(N, T, Q, rule=rule)
    assert np.isfinite(list(stepped.row.values())).all()
    alpha, delta = stepped.exact()
    assert stepped.row["alpha_A"] == pytest.approx(alpha, rel=1e-5)
    assert stepped.row["delta_A"] == pytest.approx(delta, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(("N", "T", "Q"), SHAPES)
def test_threads_change_nothing(N, T, Q):
    one, two = (Stepped(N, T, Q, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.engine.A.bulk, two.engine.A.bulk)
    assert one.row == two.row


@pytest.mark.slow
@pytest.mark.parametrize(("N", "T"), [(3, 10**8), (5000, 10**4)])
def test_long_and_wide(N, T):
    stepped = Stepped(N, T, 2, threads=2, rule="sgd")
    alpha, delta = stepped.exact()
    assert stepped.row["alpha_A"] == pytest.approx(alpha, rel=1e-5)
    assert stepped.row["delta_A"] == pytest.approx(delta, rel=1e-5)
    # So few steps hardly decay: the spread of a column is that of their noise.
    k = N // 2
    spread = stepped.engine.A.bulk[k].std(dtype=np.float64)
    right = RATE * stepped.noise.sigma_A[k] * np.sqrt(STEPS)
    assert spread == pytest.approx(right, rel=0.02 + 5 / np.sqrt(T))
