"""What a function sees of A and V in each engine, against the engine's own observables."""

import numpy as np
import pytest
from scbsim_testing.observed import distance, truth_of

import scbsim
from scbsim import InputError, RunFailed, simulate
from scbsim.observables import NAMES
from scbsim.spec import RunSpec

TASK = {"N": 5, "T": 3000, "Q": 2, "P_concentration": 0.05, "seed": 1}
STAGED = [{"steps": 4, "rule": "sgd"}, {"steps": 5, "rule": "prox"}]
SGD = [{"steps": 9, "rule": "sgd"}]
EVERY_ENGINE = {
    "dense": ("isotropic", SGD, True),
    "sparse": ("isotropic", [{"steps": 9, "threshold_sigmas": 2.0}], True),
    "collapsed": ("isotropic", SGD, True),
    "columns": ("matched", SGD, True),
    "approximate": ("matched", SGD, False),
    "staged": ("matched", STAGED, True),
    "sampled": ("sampled", SGD, True),
    "batch": ("isotropic", SGD, True),
    "softmax": ("isotropic", SGD, True),
    "population": ("isotropic", SGD, True),
}
QUICK = ("dense", "sparse", "collapsed", "batch")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in EVERY_ENGINE if name not in QUICK]


def spec_of(engine, **output):
    noise, stages, _ = EVERY_ENGINE[engine]
    batch = 500 if engine in ("batch", "softmax", "sampled") else 1e5
    dynamics = {"engine": engine, "batch_size": batch}
    if engine == "sparse":
        dynamics["value"] = "matrix"
    tables = {"task": TASK, "dynamics": dynamics, "noise": {"model": noise}, "stage": stages}
    return RunSpec.from_dict({**tables, "output": {"final_state": True, **output}})


@pytest.mark.parametrize("engine", [*QUICK, *SLOW])
def test_entries_have_the_observables_of_the_engine(engine):
    """The engines compute distances from sums and scalars; here they come from the entries."""
    has_V = EVERY_ENGINE[engine][2]

    @scbsim.observable(every=3)
    def dist_of_entries(state):
        A = np.stack([state.column(k) for k in range(5)], axis=1)
        np.testing.assert_allclose(state.dense(), A, rtol=1e-13, atol=1e-18)
        for k in range(5):
            entries = state.entries(k)
            column = np.full(3000, entries.intercept)
            column[entries.positions] += entries.values
            np.testing.assert_allclose(column, A[:, k], rtol=1e-13, atol=1e-18)
            assert (np.diff(entries.positions) > 0).all()
        task = state.task
        of_V = distance(task, state.V - task.P) if has_V else 0.0
        return distance(task, A - truth_of(task)), of_V

    run, without = (
        simulate(spec_of(engine), observe={"mine": dist_of_entries}),
        simulate(spec_of(engine)),
    )
    steps = run["step_3"].values
    assert steps.tolist() == [0, 3, 6, 9]
    tolerance = 1e-6 if engine in ("dense", "batch", "softmax") else 1e-9  # float32 entries
    np.testing.assert_allclose(run["mine"][:, 0], run["dist_A"].sel(step=steps), rtol=tolerance)
    if has_V:
        np.testing.assert_allclose(run["mine"][:, 1], run["dist_V"].sel(step=steps), rtol=1e-9)
    for name in NAMES:
        np.testing.assert_array_equal(run[name], without[name])


def test_what_a_collapsed_engine_tells_without_entries():
    """Signals and observables need no draw, so the end is normalised to the same bits."""
    spec = spec_of("collapsed")
    run = simulate(spec, observe={"mine": lambda state: state.observables["alpha_A"] * state.step})
    np.testing.assert_array_equal(run["mine"], run["alpha_A"] * run["step"])
    np.testing.assert_array_equal(run["normalized_loss"], simulate(spec)["normalized_loss"])


def test_V_by_two_numbers_is_refused_at_once():
    spec = spec_of("sparse").replace(**{"dynamics.value": None, "output.final_state": "auto"})
    with pytest.raises(RunFailed) as caught:
        simulate(spec, observe={"mine": lambda state: state.V[0, 0]})
    said = str(caught.value)
    assert "after step 0, failed: the sparse engine keeps V here as its signal" in said
    assert 'dynamics.value = "matrix"' in said


def test_an_engine_that_lost_its_entries_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.engines.collapsed.MOST_KEPT", 10)
    path = tmp_path / "dense.h5"
    simulate(spec_of("dense"), output=path)
    spec = spec_of("collapsed").replace(**{"init.from": str(path)})
    with pytest.raises(RunFailed, match="the collapsed engine has no entries: this run started"):
        simulate(spec, observe={"mine": lambda state: state.column(0)[0]})


def test_there_is_no_such_column():
    with pytest.raises(RunFailed, match=r"IndexError in line .*there is no column 5 of A"):
        simulate(spec_of("population"), observe={"mine": lambda state: state.column(5)[0]})


def test_a_view_after_its_call_is_refused_for_V_too():
    kept = []
    simulate(spec_of("population"), observe={"keep": lambda state: kept.append(state) or 0})
    with pytest.raises(InputError, match="valid only during the call"):
        kept[1].V  # noqa: B018
