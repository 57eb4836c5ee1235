"""Sums of powers that the step before an update takes are those of a pass over the bulk."""

import numpy as np
import pytest

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.stages import Stage

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

THREE_STEPS = Stage(0, "prox", 9, 0.1, 0.1, np.full(4, 0.01), np.inf, None)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("covariances", [False, True])
@pytest.mark.parametrize("T", [300, 5000])
def test_to_the_bit_and_only_if_the_step_was_taken(covariances, T, dtype):
    task = Task.random(4, T, 2, P_concentration=0.1, seed=3)
    noise = MatchedNoise(40, 3, covariances=covariances)
    engine = DenseEngine(task, noise, alpha_A=0.3, alpha_V=0.4, dtype=dtype, first_step=7)
    engine.advance(THREE_STEPS, 3)
    engine._update_levels()
    of_step = engine._matched.powers.copy()
    # They are those of the step, and not of another pass.
    engine.A.block_sums[:, :, 2:] *= 2.0
    engine._update_levels()
    np.testing.assert_array_equal(engine._matched.powers, 2.0 * of_step)
    assert (of_step[:, 1] > 0.0).all()
    other = DenseEngine(task, noise, alpha_A=0.3, alpha_V=0.4, dtype=dtype, first_step=7)
    other.restore(3, {name: array.copy() for name, array in engine.state().items()})
    other._update_levels()
    np.testing.assert_array_equal(other._matched.powers, of_step)
    # After two steps of the next three the sums are of another state; so they are once it was set.
    engine.advance(THREE_STEPS, 2)
    engine._update_levels()
    assert (engine._matched.powers != of_step).all()
    engine.advance(THREE_STEPS, 1)
    engine.A.bulk[:] *= 2.0
    engine._bulk_was_set()
    engine._update_levels()
    fourth = (engine.A.bulk.astype(np.float64) ** 4).sum(axis=1)
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(engine._matched.powers[:, 1], fourth, rtol=tolerance)
