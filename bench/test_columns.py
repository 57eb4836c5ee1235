"""What does a step of the columns engine cost, at any T, and what does its update of the levels?"""

import numpy as np
import pytest
from sizes import size

from scbsim import Task
from scbsim.engines.approximate import ApproximateEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.stages import Stage

SIZES = size([(10, 2000), (100, 100), (300, 20)], [(4, 5)])
BATCH = 10**15  # so that no run diverges at the largest T


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize("covariances", [False, True], ids=["levels", "covariances"])
@pytest.mark.parametrize(("N", "steps"), SIZES)
def test_columns_step(N, steps, covariances, benchmark, best_of, note):
    benchmark.group = f"SGD under matched noise, Q + 2 numbers a column, N={N}"
    stage = Stage(0, "sgd", 10**9, 1e-4, 1e-4, np.zeros(N), np.inf, None)

    def engine(T, every, kind=ColumnsEngine):
        noise = MatchedNoise(BATCH, every, covariances=covariances)
        return kind(Task.random(N, T, 3), noise, alpha_A=0.1, alpha_V=0.1)

    def seconds(T, every, kind=ColumnsEngine):
        made = engine(T, every, kind)
        made.advance(stage, steps)
        return best_of(lambda: made.advance(stage, steps), rounds=9) / steps

    usual = engine(1000, 5)
    benchmark.pedantic(usual.advance, (stage, steps), rounds=9, warmup_rounds=1)
    ours = benchmark.stats.stats.min / steps
    note(
        us_a_step=1e6 * ours,
        us_without_updates=1e6 * seconds(1000, 10**9),
        us_with_V_by_scalars=1e6 * seconds(1000, 5, ApproximateEngine),
        at_long_T=seconds(10**12, 5) / seconds(1000, 5),
    )
