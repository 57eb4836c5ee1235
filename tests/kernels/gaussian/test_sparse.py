"""Many steps of live entries: the stream at the support, and what a call leaves when it ends."""

import numpy as np
import pytest

from scbsim.engines.activation_groups import births_of
from scbsim.kernels.gaussian.activations import make_newborn
from scbsim.kernels.gaussian.active_set import make_live
from scbsim.kernels.gaussian.observe import observe
from scbsim.kernels.gaussian.sparse import NO_ROOM, advance_sparse

N, T, Q = 4, 200, 2
STEP = 5


@pytest.fixture
def sparse(state, move):
    """What advance_sparse takes, at a start without live entries; and a way to call it."""
    drawn = state(N, T, Q, "float64", seed=2)
    drawn.A = drawn.A._replace(bulk=np.zeros((N, 0)))
    observe(drawn.A, drawn.V, drawn.facts, np.empty(9))
    drawn.V.scalars[:] = 0.4, 0.01
    drawn.move = move("prox", N, sigmas=1.0)
    drawn.births = births_of(drawn.move.level, drawn.move.sigma_A, drawn.move.rate_A, T)
    drawn.live, drawn.new = make_live(N, 4 * N * T), make_newborn(N, N * T)
    drawn.now = 0

    def call(steps, at=STEP):
        rows = np.full((steps, 9), np.nan)
        taken, why, drawn.now = advance_sparse(
            drawn.A, drawn.V, drawn.facts, drawn.move, drawn.births, drawn.live, drawn.now,
            drawn.new, at, rows, drawn.scratch,
        )  # fmt: skip
        return rows, taken, why

    drawn.call = call
    return drawn


def soft(x, level):
    return np.sign(x) * np.maximum(np.abs(x) - level, 0.0)


def test_the_support_has_normals_of_its_own(sparse, normals):
    s, V, move = sparse.A.support.copy(), sparse.V.scalars.copy(), sparse.move
    row = np.empty(9)
    observe(sparse.A, sparse.V, sparse.facts, row)
    sparse.call(1)
    z = normals("float64", N * Q, step=STEP, purpose=9, replica=5).reshape(N, Q)
    kappa, kappa_prime = V[0] ** 2 * sparse.facts.K_P + V[1], V[0] * sparse.facts.K_P
    h = kappa * s - kappa_prime * sparse.A.weights + move.sigma_A[:, None] * z
    right = soft(s - move.rate_A * h, move.rate_A * move.level[:, None])
    np.testing.assert_allclose(sparse.A.support, right, rtol=1e-12, atol=1e-15)


def test_in_one_call_or_in_many_it_is_the_same(sparse, state):
    rows, taken, _ = sparse.call(12)
    assert taken == 12
    after = sparse.live.s[sparse.now, : sparse.live.first[sparse.now, -1]].copy()
    fresh = state(N, T, Q, "float64", seed=2)
    sparse.A.support[:], sparse.V.W[:] = fresh.A.support, fresh.V.W
    sparse.A.off_sums[:], sparse.V.scalars[:] = 0.0, (0.4, 0.01)
    sparse.live.first[:], sparse.now = 0, 0
    again = np.concatenate([sparse.call(1, STEP + i)[0] for i in range(12)])
    np.testing.assert_array_equal(again, rows)
    count = sparse.live.first[sparse.now, -1]
    np.testing.assert_array_equal(sparse.live.s[sparse.now, :count], after)


@pytest.mark.parametrize("short", ["births", "live"])
def test_a_step_without_room_is_not_begun(sparse, short):
    sparse.call(4)
    kept = [array.copy() for array in (sparse.A.support, sparse.A.off_sums, sparse.V.scalars)]
    if short == "births":
        sparse.new = make_newborn(N, 2)
    else:
        sparse.live = sparse.live._replace(s=sparse.live.s[:, : sparse.live.first[sparse.now, -1]])
    now = sparse.now
    rows, taken, why = sparse.call(3, STEP + 4)
    assert (taken, why, sparse.now) == (0, NO_ROOM, now)
    assert np.isnan(rows).all()
    for array, before in zip(
        (sparse.A.support, sparse.A.off_sums, sparse.V.scalars), kept, strict=True
    ):
        np.testing.assert_array_equal(array, before)
