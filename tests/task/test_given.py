"""Tasks from what users have: matrices, dense or sparse, and transitions without their mu."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse

from scbsim import RunSpec, Task
from scbsim.errors import TaskError

RNG = np.random.default_rng(3)
N, T = 4, 9
WEIGHTS = RNG.dirichlet(np.ones(3), N)
POSITIONS = np.array([[0, 2, 8], [1, 2, 3], [0, 4, 5], [2, 6, 7]])
TARGET = np.zeros((T, N))
np.put_along_axis(TARGET, POSITIONS.T, WEIGHTS.T, axis=0)
P = 0.9 * np.roll(np.eye(N), 1, axis=0) + 0.1 * RNG.dirichlet(np.ones(N), N).T
MU = Task.from_arrays("stationary", P, Q=TARGET).mu


def same(one, other):
    for name in ("mu", "P", "q_positions", "q_weights"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.T == other.T


def faults_of(*words, **named):
    with pytest.raises(TaskError) as caught:
        Task.from_arrays(*words, **named)
    return [f"{fault.key}: {fault.problem}" for fault in caught.value.faults]


def test_the_stationary_distribution_is_found():
    np.testing.assert_allclose(P @ MU, MU, atol=1e-15)
    assert MU.min() > 0
    np.testing.assert_allclose(MU.sum(), 1, atol=1e-15)


@pytest.mark.parametrize(
    "form",
    [
        np.asarray,
        sparse.csc_array,
        sparse.coo_matrix,
        pd.DataFrame,
        xr.DataArray,
        np.ma.array,
        list,
    ],
)
def test_every_form_of_a_matrix_gives_the_same_task(form):
    right = Task.from_arrays(MU, P, POSITIONS, WEIGHTS, T)
    same(Task.from_arrays(MU, P, Q=form(TARGET)), right)
    same(Task.from_arrays(MU, form(P), Q=TARGET), right)


def test_columns_with_fewer_entries_get_weights_of_0():
    target = TARGET.copy()
    target[:, 1] = 0
    target[[0, 2], 1] = 0.25, 0.75
    task = Task.from_arrays(MU, P, Q=target)
    assert task.Q == 3
    np.testing.assert_array_equal(task.q_positions[1], [0, 1, 2])
    np.testing.assert_array_equal(task.q_weights[1], [0.25, 0, 0.75])
    dense = np.zeros((T, N))
    np.put_along_axis(dense, task.q_positions.T, task.q_weights.T, axis=0)
    np.testing.assert_array_equal(dense, target)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mu": MU, "P": P.T, "Q": TARGET}, "P: its rows sum to 1; columns must: is it the trans"),
        ({"mu": "stationary", "P": P.T, "Q": TARGET}, "P: its rows sum to 1; columns must"),
        ({"mu": "uniform", "P": P, "Q": TARGET}, "mu: 'uniform' is not allowed; it takes numbers"),
        ({"mu": "stationary", "P": np.eye(N), "Q": TARGET}, "P: has 4 classes of tokens that do"),
        ({"mu": MU, "P": P, "Q": TARGET.T}, "Q: has shape (4, 9); it must be (T, N = 4): is it"),
        ({"mu": MU, "P": P, "Q": 0 * TARGET}, "Q: has shape (9, 4) and no entry that is not 0"),
        ({"mu": MU, "P": P, "Q": -TARGET}, "Q: columns 0, 1, 2 and 1 more: no weight may"),
        ({"mu": MU, "P": P, "Q": 2 * TARGET}, "Q: column 2 sums to 2, not 1; columns 0, 1, 2"),
        ({"mu": MU, "P": P, "Q": [["a"]]}, "Q: not a matrix of real numbers (shape (1, 1), <U1"),
        ({"mu": MU, "P": P, "Q": TARGET, "T": 9}, "Q: cannot be given beside T"),
        ({"mu": MU, "P": P, "T": 9}, "q_positions: missing; give it, or Q as a matrix"),
        ({"mu": MU, "P": P, "Q": np.ma.masked_equal(TARGET, 0)}, "Q: 24 entries are masked"),
        ({"mu": np.ma.masked_equal(MU, MU[0]), "P": P, "Q": TARGET}, "mu: 1 entry is masked"),
    ],
)
def test_what_is_wrong_is_said(given, said):
    assert any(fault.startswith(said) for fault in faults_of(**given)), faults_of(**given)


def test_saved_and_loaded_and_named_in_a_spec(tmp_path):
    task = Task.from_arrays("stationary", P, Q=sparse.csr_array(TARGET))
    task.save(tmp_path / "task.h5")
    same(Task.load(tmp_path / "task.h5"), task)
    tables = {"task": {"from": str(tmp_path / "task.h5")}, "stage": [{"steps": 1}]}
    same(Task.from_spec(RunSpec.from_dict(tables).task), task)


def test_what_is_wrong_with_P_and_with_Q_is_said_at_once():
    wrong_P, wrong_Q = P.copy(), TARGET.copy()
    wrong_P[0, 1] += 0.1
    wrong_Q[0, 0] += 0.2
    both = faults_of("stationary", wrong_P, Q=wrong_Q)
    assert [each.partition(":")[0] for each in both] == ["P", "Q"]
    assert faults_of("stationary", wrong_P, Q=TARGET.T)[1].startswith("Q: has shape")
    separate = faults_of("stationary", wrong_P, POSITIONS, 2.0 * WEIGHTS, T=1)
    assert {each.partition(":")[0] for each in separate} == {"P", "T", "q_weights"}
    apart = faults_of("stationary", np.eye(N), Q=wrong_Q)
    assert "classes of tokens" in apart[0]
    assert apart[1].startswith("Q: column 0 sums to")
    assert len(faults_of("stationary", wrong_P, Q=TARGET)) == 1


def test_numbers_that_are_nearly_right_come_with_a_way_out():
    (said,) = faults_of("stationary", P.astype(np.float32), Q=TARGET)
    assert said.endswith("; if that is rounding, divide by the sums in float64")
    assert "rounding" not in faults_of("stationary", 2 * P, Q=TARGET)[0]
    (said,) = faults_of("stationary", P.astype(object), Q=TARGET)
    assert said.endswith("(object given; convert it first, with astype)")


def test_tables_name_their_tokens_in_one_order():
    names, turned = list("abcd"), list("bacd")
    table = pd.DataFrame(P, names, names)
    same(Task.from_arrays(pd.Series(MU, names), table, Q=TARGET), Task.from_arrays(MU, P, Q=TARGET))
    target = pd.DataFrame(TARGET, columns=turned)
    found = faults_of(pd.Series(MU, list("abdc")), table.set_axis(turned), Q=target)
    assert [each.partition(":")[0] for each in found] == ["P", "mu", "Q"]
    assert 'labelled "b" at 0, where the columns of P are labelled "a"' in found[0]
    assert (
        "for 3 tokens, the columns of P for 4"
        in faults_of(pd.Series(MU[:3], names[:3]), table, Q=TARGET)[0]
    )
