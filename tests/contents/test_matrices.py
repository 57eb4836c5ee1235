"""The matrices of a run, from its file or in memory, for every engine that has them."""

import numpy as np
import pytest
from click.testing import CliRunner
from scbsim_testing.small_runs import run_spec
from scipy.sparse import issparse

import scbsim
from scbsim.cli.main import cli as main
from scbsim.contents import describe
from scbsim.errors import InputError, OutputError
from scbsim.observables import NAMES
from scbsim.plotting.matrices import draw_matrices

REAL = ("dynamics.batch_size=30", "dynamics.rule=sgd")
ENGINES = {
    "dense": (),
    "sparse": (),
    "batch": REAL,
    "softmax": REAL,
    "population": (),
    "columns": ("dynamics.rule=sgd", "noise.model=matched", "dynamics.batch_size=1000"),
    "vanilla": ("dynamics.engine=batch", "dynamics.batch_size=30", "dynamics.rule=vanilla"),
}
KEPT = ("output.final_state=true", "dynamics.value=matrix", "dynamics.precision=float64")


def spec_of(engine, *words):
    own = () if engine == "vanilla" else (f"dynamics.engine={engine}",)
    return run_spec(*own, *ENGINES[engine], *KEPT, *words)


def observed(found):
    """The observables that follow from the matrices themselves, without any kernel."""
    task, A, V = found.task, found.dense(), found.V
    Q = np.zeros_like(A)
    np.put_along_axis(Q, task.q_positions.T, task.q_weights.T, axis=0)
    norm = {"A": lambda X: (task.mu * np.square(X).sum(axis=0)).sum()}
    norm["V"] = norm["A"]
    inner = lambda X, Y: (task.mu * (X * Y).sum(axis=0)).sum()  # noqa: E731
    return {
        "dist_A": np.sqrt(norm["A"](A - Q)),
        "dist_V": np.sqrt(norm["V"](V - task.P)),
        "sim_A": inner(A, Q) / np.sqrt(norm["A"](A) * norm["A"](Q)),
        "sim_V": inner(V, task.P) / np.sqrt(norm["V"](V) * norm["V"](task.P)),
    }


QUICK = ("dense", "sparse", "population")


@pytest.mark.parametrize(
    "engine",
    [e if e in QUICK else pytest.param(e, marks=pytest.mark.slow) for e in ENGINES],
)
def test_observables_of_the_matrices_are_those_of_the_run(engine, tmp_path):
    path = tmp_path / "run.h5"
    run = scbsim.simulate(spec_of(engine, "output.snapshot_every=7"), output=path).load()
    steps = describe(path)["matrices"]
    assert steps == [0, 7, 14, 20]
    for step in steps:
        found = scbsim.matrices(path, step)
        assert found.step == step
        for name, value in observed(found).items():
            right = float(run[name].sel(step=step))
            assert value == pytest.approx(right, rel=1e-9, abs=1e-12), (name, step)
    assert scbsim.matrices(path).step == steps[-1]
    assert issparse(scbsim.matrices(path).A) == (engine in ("sparse", "population"))
    assert {*observed(found)} < {*NAMES}


@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_in_memory_and_from_a_trajectory_of_a_file(engine, tmp_path):
    spec = spec_of(engine)
    in_memory, in_file = scbsim.simulate(spec), scbsim.simulate(spec, output=tmp_path / "run.h5")
    mine, other = scbsim.matrices(in_memory), scbsim.matrices(in_file)
    assert mine.step == other.step == 20
    np.testing.assert_array_equal(mine.dense(), other.dense())
    np.testing.assert_array_equal(mine.V, other.V)
    for k in range(mine.task.N):
        np.testing.assert_allclose(mine.column(k), mine.dense()[:, k], rtol=1e-14)
    in_memory.to_netcdf(tmp_path / "copy.nc")


def test_V_by_its_scalars_is_none(tmp_path):
    words = ("dynamics.engine=sparse", "dynamics.value=collapsed", "output.final_state=auto")
    scbsim.simulate(run_spec(*words), output=tmp_path / "run.h5")
    assert scbsim.matrices(tmp_path / "run.h5").V is None


def test_what_is_not_there_is_said(tmp_path, info):
    path = tmp_path / "run.h5"
    scbsim.simulate(spec_of("dense", "output.snapshot_every=10"), output=path)
    with pytest.raises(InputError, match="no matrices of step 3; it has those of step 0, 10, 20"):
        scbsim.matrices(path, 3)
    with pytest.raises(InputError, match="this trajectory has no matrices: output"):
        scbsim.matrices(scbsim.simulate(run_spec()))
    assert "no matrices" not in info(path).output
    assert "of step 0, 10, 20" in info(path).output


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("phase", "is a phase diagram"),
        ("copy", "has all runs of a sweep"),
        ("samples", "is a file of samples"),
        ("task", "is a file of a task"),
    ],
)
def test_other_files_say_what_they_are(name, what, files):
    with pytest.raises(OutputError, match=f"{what}, and the output of one run is wanted"):
        scbsim.matrices(files[name])


@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_heat_maps_show_the_support_and_the_largest_others(engine, tmp_path):
    spec = spec_of(engine, "stage.0.threshold_sigmas=2")
    scbsim.simulate(spec, output=tmp_path / "run.h5")
    found = scbsim.matrices(tmp_path / "run.h5")
    figure = draw_matrices(found.A, found.intercept, found.V, found.task, "run")
    shown = {axes.get_title(): axes.images[0].get_array() for axes in figure.axes if axes.images}
    of_A, of_Q, of_V, of_P = (np.asarray(image) for image in list(shown.values())[:4])
    rows = np.unique(found.task.q_positions)
    np.testing.assert_allclose(of_A[: len(rows)], found.dense()[rows])
    np.testing.assert_allclose(of_Q.sum(axis=0), 1.0)
    assert (of_Q[len(rows) :] == 0.0).all()
    np.testing.assert_array_equal(of_V, found.V)
    np.testing.assert_array_equal(of_P, found.task.P)
    others = np.delete(found.dense(), rows, axis=0) - found.intercept
    assert len(of_A) > len(rows), "some are off the support"
    if engine == "sparse":
        largest = np.sort(np.abs(others).max(axis=1))[len(rows) - len(of_A) :]
        below = of_A[len(rows) :] - found.intercept
        np.testing.assert_allclose(np.sort(np.abs(below).max(axis=1)), largest)


def test_a_run_without_V_is_drawn_without_it(tmp_path):
    words = ("dynamics.engine=sparse", "dynamics.value=collapsed", "output.final_state=auto")
    scbsim.simulate(run_spec(*words), output=tmp_path / "run.h5")
    picture, cli = tmp_path / "run.png", CliRunner()
    words = ["plot", str(tmp_path / "run.h5"), "--matrices"]
    assert cli.invoke(main, words).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    done = cli.invoke(main, [*words, "--only", "loss", "--overwrite"])
    assert done.exit_code == 2
    assert "--matrices takes one file" in done.output


def test_matrices_say_their_shapes_in_a_line():
    spec = scbsim.RunSpec.preset("quickstart").replace(**{"stage.0.steps": 2})
    spec = spec.replace(**{"output.final_state": True, "dynamics.engine": "sparse"})
    text = repr(scbsim.matrices(scbsim.simulate(spec)))
    assert text.startswith("Matrices(step=2: A (20000, 20), ")
    assert len(text) < 100
