"""Many steps of active entries: the stream at the support, and what a call leaves when it ends."""

import numpy as np
import pytest

from scbsim.engines.activation_groups import activation_rates
from scbsim.kernels.gaussian.activations import make_newly_active
from scbsim.kernels.gaussian.active_set import Entries, make_active_set
from scbsim.kernels.gaussian.observe import observe
from scbsim.kernels.gaussian.sparse import NO_ROOM, advance_sparse
from scbsim.kernels.gaussian.state import Model

N, T, Q = 4, 200, 2
STEP = 5


@pytest.fixture
def sparse(state, step_params):
    """What advance_sparse takes, at a start without active entries; and a way to call it."""
    drawn = state(N, T, Q, "float64", seed=2)
    drawn.A = drawn.A._replace(bulk=np.zeros((N, 0)))
    observe(drawn.A, drawn.V, drawn.constants, np.empty(9))
    drawn.V.scalars[:] = 0.4, 0.01
    drawn.params = step_params("prox", N, sigmas=1.0)
    params = drawn.params
    drawn.rates = activation_rates("prox", params.threshold, params.sigma_A, params.rate_A, T)
    drawn.active, drawn.new = make_active_set(N, 4 * N * T), make_newly_active(N, N * T)

    def call(steps, at=STEP):
        rows = np.full((steps, 9), np.nan)
        model = Model(drawn.A, drawn.V, drawn.constants)
        entries = Entries(drawn.rates, drawn.active, drawn.new)
        # All are given, as engines do: numba would compile another kernel without the last one.
        taken, why = advance_sparse(model, drawn.params, entries, at, rows, drawn.scratch, None)
        return rows, taken, why

    drawn.call, drawn.now = call, lambda: drawn.active.now[0]
    return drawn


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def test_the_support_has_normals_of_its_own(sparse, normals):
    s, V, params = sparse.A.support.copy(), sparse.V.scalars.copy(), sparse.params
    row = np.empty(9)
    observe(sparse.A, sparse.V, sparse.constants, row)
    sparse.call(1)
    z = normals("float64", N * Q, step=STEP, purpose=9, replica=5).reshape(N, Q)
    kappa, kappa_prime = V[0] ** 2 * sparse.constants.K_P + V[1], V[0] * sparse.constants.K_P
    h = kappa * s - kappa_prime * sparse.A.weights + params.sigma_A[:, None] * z
    right = soft(s - params.rate_A * h, params.rate_A * params.threshold[:, None])
    np.testing.assert_allclose(sparse.A.support, right, rtol=1e-12, atol=1e-15)


def test_in_one_call_or_in_many_it_is_the_same(sparse, state):
    rows, taken, _ = sparse.call(12)
    assert taken == 12
    now = sparse.now()
    after = sparse.active.s[now, : sparse.active.first[now, -1]].copy()
    fresh = state(N, T, Q, "float64", seed=2)
    sparse.A.support[:], sparse.V.W[:] = fresh.A.support, fresh.V.W
    sparse.A.off_sums[:], sparse.V.scalars[:] = 0.0, (0.4, 0.01)
    sparse.active.first[:], sparse.active.now[:] = 0, 0
    again = np.concatenate([sparse.call(1, STEP + i)[0] for i in range(12)])
    np.testing.assert_array_equal(again, rows)
    now = sparse.now()
    count = sparse.active.first[now, -1]
    np.testing.assert_array_equal(sparse.active.s[now, :count], after)


@pytest.mark.parametrize("short", ["activations", "active"])
def test_a_step_without_room_is_not_begun(sparse, short):
    sparse.call(4)
    kept = [array.copy() for array in (sparse.A.support, sparse.A.off_sums, sparse.V.scalars)]
    if short == "activations":
        sparse.new = make_newly_active(N, 2)
    else:
        count = sparse.active.first[sparse.now(), -1]
        sparse.active = sparse.active._replace(s=sparse.active.s[:, :count].copy())
    now = sparse.now()
    rows, taken, why = sparse.call(3, STEP + 4)
    assert (taken, why, sparse.now()) == (0, NO_ROOM, now)
    assert np.isnan(rows).all()
    for array, before in zip(
        (sparse.A.support, sparse.A.off_sums, sparse.V.scalars), kept, strict=True
    ):
        np.testing.assert_array_equal(array, before)
