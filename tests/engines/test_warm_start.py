"""Starting from another run's last state: docs/model.md, section 9, from A and V in full."""

from __future__ import annotations

from itertools import product

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, rows

from scbsim import RunSpec, Task, load, simulate
from scbsim.errors import InputError, SpecError

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

TASK = {"N": 6, "T": 40, "Q": 2, "P_concentration": 0.1, "seed": 1}
TINY = {"N": 3, "T": 4, "Q": 2, "P_concentration": 0.5, "q_concentration": 1.0, "seed": 2}
OTHER = [{"seed": 9}, {"seed": 9, "mu": "dirichlet", "mu_concentration": 3.0, "Q": 3}, {"Q": 1}]


def tables(task=TASK, *, precision="float64", steps=40, **init):
    return {
        "seed": 4,
        "task": task,
        "dynamics": {"engine": "dense", "precision": precision, "batch_size": 1e4},
        "init": init,
        "stage": [{"steps": steps, "threshold_sigmas": 2.0}],
    }


def run_to(path, changes=(), **given):
    spec = RunSpec.from_dict(tables(**given), overrides=changes)
    return simulate(spec, output=path)


@pytest.fixture(scope="module", params=["float32", "float64"])
def old(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("old") / f"{request.param}.h5"
    run_to(path, precision=request.param)
    return path, request.param


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.h5"
    run_to(path, task=TINY)
    return path


def matrices(path, group="final", i=0):
    """A (T, N) and V (N, N) in full, from the arrays in a file."""
    with h5py.File(path) as file:
        bulk, support, W, mean = (
            file[group][name][i].astype(float) for name in ("bulk", "support", "W", "mean")
        )
        positions, mu = file["task/q_positions"][:], file["task/mu"][:]
    assert (np.take_along_axis(bulk, positions, axis=1) == 0).all()
    np.put_along_axis(bulk, positions, support, axis=1)
    s = bulk.T
    return s + (1 - s.sum(axis=0)) / len(s), W / np.sqrt(mu) + mean[:, None]


def attention(task):
    q = np.zeros((task.T, task.N))
    np.put_along_axis(q, task.q_positions.T, task.q_weights.T, axis=0)
    return q


def definitions(A, V, task):
    """Section 2, word by word; the loss as its closed form with what section 9 adds."""
    mu, P, Q = task.mu, task.P, attention(task)

    def dot(X, Y):
        return (mu * X * Y).sum()

    At, Qt = A - 1 / task.T, Q - 1 / task.T
    m = V @ mu
    Vb, Pb = V - m[:, None], P - mu[:, None]
    alpha_A, alpha_V = dot(At, Qt) / dot(Qt, Qt), dot(Vb, Pb) / dot(Pb, Pb)
    DA, DV = At - alpha_A * Qt, Vb - alpha_V * Pb
    loss = 1 - mu @ mu - 2 * dot(Q, A) * dot(Vb, Pb) + dot(A, A) * dot(Vb, Vb)
    loss += (m - mu) @ (m - mu)
    return np.array(
        [
            alpha_A,
            alpha_V,
            dot(DA, DA) ** 0.5,
            dot(DV, DV) ** 0.5,
            dot(A - Q, A - Q) ** 0.5,
            dot(V - P, V - P) ** 0.5,
            dot(A, Q) / (dot(A, A) * dot(Q, Q)) ** 0.5,
            dot(V, P) / (dot(V, V) * dot(P, P)) ** 0.5,
            loss / 2,
        ]
    )


def every_sample(task):
    """Yield probability, tokens, query and output of each sample that there is."""
    q, mu = attention(task), task.mu
    for x in product(range(task.N), repeat=task.T):
        for k, t, o in product(range(task.N), range(task.T), range(task.N)):
            chance = mu[list(x)].prod() * mu[k] * q[t, k] * task.P[o, x[t]]
            if chance:
                yield chance, list(x), k, o


def loss_and_gradients(A, V, task):
    """Sums over every sample: the loss, and its preconditioned and projected gradients."""
    loss, gA, gV = 0.0, np.zeros_like(A), np.zeros_like(V)
    for chance, x, k, o in every_sample(task):
        X = np.eye(task.N)[:, x]
        u = X @ A[:, k]
        r = V @ u - np.eye(task.N)[o]
        loss += chance * 0.5 * r @ r
        gV += chance * np.outer(r, u)
        gA[:, k] += chance * (X.T @ V.T @ r)
    gA, gV = (gA - gA.mean(axis=0)) / task.mu, (gV - gV.mean(axis=0)) / task.mu
    return loss, gA, gV - np.outer(gV @ task.mu, np.ones(task.N))


def test_the_same_task_goes_on_where_it_was(old, tmp_path):
    path, precision = old
    new = run_to(tmp_path / "new.h5", precision=precision, **{"from": str(path)})
    within = {"float32": 1e-6, "float64": 1e-12}[precision]
    np.testing.assert_allclose(rows(new)[0], rows(load(path))[-1], rtol=within, atol=within)
    assert int(new["step"][0]) == 0


@pytest.mark.parametrize("other", OTHER, ids=["P and q", "mu and Q", "Q"])
def test_another_task_sees_the_same_matrices(old, other, tmp_path):
    path, precision = old
    new = run_to(tmp_path / "new.h5", task=TASK | other, precision=precision, **{"from": str(path)})
    task = Task.from_spec(RunSpec.from_dict(tables(TASK | other)).task)
    within = {"float32": 2e-6, "float64": 1e-12}[precision]
    A, V = matrices(path)
    np.testing.assert_allclose(rows(new)[0], definitions(A, V, task), rtol=within, atol=within)


def test_at_the_end_too_the_file_and_its_rows_agree(tiny, tmp_path):
    """The state that is kept, with the mean of V that is not mu, gives the last row."""
    changed = TINY | {"mu": "dirichlet", "mu_concentration": 2.0, "seed": 5}
    path = tmp_path / "new.h5"
    new = run_to(path, task=changed, **{"from": str(tiny)})
    task = Task.from_spec(RunSpec.from_dict(tables(changed)).task)
    before, (A, V) = matrices(tiny)[1], matrices(path)
    np.testing.assert_allclose(rows(new)[-1], definitions(A, V, task), rtol=1e-12, atol=1e-12)
    assert np.abs(V @ task.mu - task.mu).max() > 1e-3
    np.testing.assert_allclose(V @ task.mu, before @ task.mu, atol=1e-14, rtol=0)
    np.testing.assert_allclose(V.sum(axis=0), 1.0, atol=1e-14)


def test_loss_and_steps_against_every_sample(tiny, tmp_path):
    """Gradient descent on the true loss, where V mu is not mu: the claims of section 9."""
    changed = TINY | {"mu": "dirichlet", "mu_concentration": 2.0, "seed": 5}
    words = ("dynamics.rule=sgd", "noise.model=none")
    given = tables(changed, steps=3, **{"from": str(tiny)})
    del given["stage"][0]["threshold_sigmas"]
    new = simulate(RunSpec.from_dict(given, overrides=words))
    task = Task.from_spec(RunSpec.from_dict(given).task)
    A, V = matrices(tiny)
    for row in rows(new):
        loss, gA, gV = loss_and_gradients(A, V, task)
        np.testing.assert_allclose(row[-1], loss, rtol=1e-12)
        np.testing.assert_allclose(row, definitions(A, V, task), rtol=1e-11, atol=1e-12)
        A, V = A - 0.1 * gA, V - 0.1 * gV


def test_the_noise_is_that_of_the_spec(old, tmp_path):
    """Its own seed and step 0: not the old run's noise again, and the same at every start."""
    path, precision = old
    runs = [
        run_to(tmp_path / f"{i}.h5", [f"seed={seed}"], precision=precision, **{"from": str(path)})
        for i, seed in enumerate((4, 4, 5))
    ]
    assert_same(runs[0], runs[1])
    assert (rows(runs[0])[0] == rows(runs[2])[0]).all()
    assert (rows(runs[0])[1] != rows(runs[2])[1]).any()
    assert rows(runs[0])[1:].std(axis=0).min() > 0


def test_resume_needs_the_source_no_more(old, tmp_path):
    path, precision = old
    source = tmp_path / "source.h5"
    source.write_bytes(path.read_bytes())
    given = tables(precision=precision, steps=400, **{"from": str(source)})
    spec, out = RunSpec.from_dict(given), tmp_path / "new.h5"
    whole = simulate(spec)
    looks = iter([False, False, True])
    assert simulate(spec, output=out, stop=lambda: next(looks)).attrs["status"] == "stopped"
    source.unlink()
    assert_same(simulate(spec, output=out, resume=True), whole)


@pytest.mark.parametrize(("key", "value"), [("N", 7), ("T", 41)])
def test_other_sizes_are_refused(old, key, value, tmp_path):
    path, _ = old
    out = tmp_path / "new.h5"
    with pytest.raises(SpecError, match=rf"init.from: .*{key} = {TASK[key]}.* {value}"):
        run_to(out, task=TASK | {key: value}, **{"from": str(path)})
    assert not out.exists()


def test_sources_that_have_no_state(tmp_path):
    source, out = tmp_path / "source.h5", tmp_path / "new.h5"

    def refuses(said):
        with pytest.raises(InputError, match=said):
            run_to(out, **{"from": str(source)})
        assert not out.exists()

    refuses("does not exist")
    source.write_text("not HDF5")
    refuses("not an HDF5 file")
    source.unlink()
    run_to(source, ["output.final_state=false"])
    refuses("output.final_state = true")
    source.unlink()
    simulate(RunSpec.from_dict(tables()), output=source, stop=lambda: True)
    refuses("the run is stopped")
