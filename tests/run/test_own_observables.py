"""Observables of one's own, of runs in memory."""

import numpy as np
import pytest
from scbsim_testing.given_samples import drawn, spec_of
from scbsim_testing.observed import BOTH, distance, observing, some, top, truth_of
from scbsim_testing.small_runs import assert_same, run_spec

import scbsim
from scbsim import InputError, RunFailed, SpecError, simulate
from scbsim.observables import NAMES


def test_values_stand_beside_the_built_in_ones():
    run = simulate(run_spec(steps=11), observe=BOTH)
    assert run["top"].dims == ("step",)
    assert run["some"].dims == ("step_4", "some_axis1")
    assert run["step_4"].values.tolist() == [0, 4, 8, 11]
    assert run["some"].attrs["long_name"] == "three entries"
    assert run["some"].attrs["units"] == "m"
    assert (run["top"].attrs["long_name"], run["top"].attrs["units"]) == ("top", "1")
    assert not run["top"].isnull().any()


def test_values_are_those_of_the_matrices_of_runs_that_end_there():
    run = simulate(run_spec(steps=11), observe=BOTH)
    for step in (4, 8, 11):
        ended = simulate(run_spec("output.final_state=true", steps=step))
        kept = scbsim.matrices(ended)
        np.testing.assert_array_equal(run["some"].sel(step_4=step), kept.dense()[:3, 2])
        expected = kept.dense()[:, 0].max() + kept.V[0, 0]
        assert float(run["top"].sel(step=step)) == expected


def test_nothing_else_changes():
    run, without = simulate(run_spec(steps=11), observe=BOTH), simulate(run_spec(steps=11))
    assert_same(run.drop_vars(["some", "top", "step_4"]), without)


def test_in_a_spec_and_in_python(tmp_path):
    in_spec = simulate(run_spec(observing(tmp_path), steps=11))
    assert_same(in_spec, simulate(run_spec(steps=11), observe=BOTH))
    assert in_spec["top"].attrs["function"] == f"{tmp_path}/mine.py:top"


def test_a_view_has_everything_of_the_step():
    seen = []

    def look(state):
        np.testing.assert_array_equal(state.A + state.intercept, state.dense())
        np.testing.assert_allclose(state.column(3), state.dense()[:, 3], rtol=1e-14)
        entries = state.entries(3)
        column = np.full(state.task.T, entries.intercept)
        column[entries.positions] += entries.values
        np.testing.assert_allclose(column, state.column(3), rtol=1e-14)
        seen.append((state.step, state.stage, state.replica, state.engine, state.observables))
        return distance(state.task, state.dense() - truth_of(state.task))

    stages = [{"steps": 3, "rule": "sgd", "normalize_level": 0.1}, {"steps": 3}]
    run = simulate(run_spec("dynamics.replica=7", stages=stages), observe={"look": look})
    # At the end of a stage that normalises, the state before that.
    np.testing.assert_allclose(run["look"], run["dist_A"], rtol=1e-6)
    assert [each[:4] for each in seen] == [
        (step, stage, 7, "dense") for step, stage in enumerate([0, 0, 0, 0, 1, 1, 1])
    ]
    for i, (*_, observables) in enumerate(seen):
        assert observables == {name: float(run[name][i]) for name in NAMES}


def test_a_view_is_valid_during_the_call_only():
    kept = []
    simulate(run_spec(steps=1), observe={"keep": lambda state: kept.append(state) or 1})
    with pytest.raises(InputError, match="view of step 0 is valid only during the call"):
        kept[0].column(0)


def test_a_function_cannot_change_the_run():
    def vandal(state):
        state.column(0)[:] = state.V[:] = state.dense()[:] = 5.0
        return 0.0

    run = simulate(run_spec(steps=5), observe={"vandal": vandal})
    np.testing.assert_array_equal(run["loss"], simulate(run_spec(steps=5))["loss"])


def test_replicas_are_the_runs_alone():
    spec = run_spec("dynamics.replicas=3", "dynamics.replica=4", steps=9)
    run = simulate(spec, observe=BOTH)
    assert run["top"].dims == ("replica", "step")
    assert run["some"].dims == ("replica", "step_4", "some_axis1")
    for i in range(3):
        alone = simulate(run_spec(f"dynamics.replica={4 + i}", steps=9), observe=BOTH)
        for name in BOTH:
            np.testing.assert_array_equal(run[name][i], alone[name])


def test_replicas_that_end_apart():
    """Each has its last value at its own last step, where the others have none of that period."""
    stages = [{"steps": 60, "rule": "sgd", "until_signal": 0.2}]
    spec = run_spec("dynamics.replicas=4", "dynamics.batch_size=1e3", stages=stages)
    run = simulate(spec, observe={"some": some})
    ends = run["stage_end"].values[:, 0]
    assert len({*ends}) > 1, "they were to end apart"
    for i, end in enumerate(ends):
        there = run["step_4"].values[run["some"][i, :, 0].notnull().values]
        assert there.tolist() == sorted({*range(0, end + 1, 4), end})


def test_a_diverged_run_has_no_value_after_its_last_multiple():
    stages = [{"steps": 400, "rule": "sgd", "rate_A": 30.0, "rate_V": 30.0}]
    run = simulate(run_spec(stages=stages), observe={"some": some})
    last = int(run["step"][-1])
    assert run.attrs["status"] == "diverged"
    assert last % 4
    assert run["step_4"].values.tolist() == list(range(0, last + 1, 4))


@pytest.mark.parametrize("batches", [3, 4, 5])
def test_a_run_whose_batches_end_has_its_last_values(batches):
    """Also where it can only be known after the step that no other comes."""
    spec = spec_of(steps=9)
    given = [drawn(spec, i) for i in range(batches)]
    own = {"some": some, "seen": lambda state: state.observables["batch_loss"]}
    run = simulate(spec, batches=given, observe=own)
    assert run.attrs["status"] == "complete"
    assert run["step_4"].values.tolist() == sorted({0, *range(0, batches + 1, 4), batches})
    np.testing.assert_array_equal(run["seen"], run["batch_loss"])
    alone = simulate(spec_of(steps=batches), observe={"some": some})
    np.testing.assert_array_equal(run["some"], alone["some"])


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "after step 0, returned None; a function returns a number"),
        ("1", 'returned "1"'),
        (1j, "returned 1j"),
        (np.zeros((1, 2, 3)), "returned an array of float64 of shape (1, 2, 3)"),
        (np.zeros(2**16 + 1), "at most 2 dimensions and 65536 values"),
        ([[1], [1, 2]], "returned [[1], [1, 2]]"),
        (np.empty(0), "of shape (0,)"),
    ],
)
def test_what_is_no_number_is_refused(returned, message):
    with pytest.raises(RunFailed) as caught:
        simulate(run_spec(), observe={"mine": lambda state: returned})
    assert "the observable mine, called" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("returned", [True, 3, np.float32(3), np.array(3), [3, 4], np.eye(2)])
def test_numbers_of_every_kind_are_kept(returned):
    run = simulate(run_spec(steps=2), observe={"mine": lambda state: returned})
    assert run["mine"].dtype == np.float64
    np.testing.assert_array_equal(run["mine"][-1], np.asarray(returned, float))


def test_a_shape_that_changes_is_refused():
    with pytest.raises(RunFailed, match=r"after step 3, returned an array of shape \(4,\), and "):
        simulate(run_spec(), observe={"mine": lambda state: [0.0] * max(3, state.step + 1)})


@pytest.mark.parametrize("replicas", [1, 3])
def test_an_exception_names_the_function_the_step_and_the_line(replicas):
    def fails(state):
        return 1 / (state.step - 3)

    with pytest.raises(RunFailed) as caught:
        simulate(run_spec(f"dynamics.replicas={replicas}"), observe={"mine": fails})
    line = fails.__code__.co_firstlineno + 1
    assert str(caught.value) == (
        "the observable mine, called after step 3, failed: ZeroDivisionError in line "
        f"{line} of {__file__}: division by zero"
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("ending", [SystemExit(0), GeneratorExit()])
def test_a_function_that_ends_the_program_fails_as_others_do(ending):
    def ends(state):
        raise ending

    with pytest.raises(RunFailed, match=f"called after step 0, failed: {type(ending).__name__} in"):
        simulate(run_spec(), observe={"mine": ends})


def test_what_is_masked_has_no_value():
    masked = np.ma.masked_array([7, 8], [True, False])
    run = simulate(run_spec(steps=2), observe={"two": lambda state: masked, "none": no_mean})
    np.testing.assert_array_equal(run["two"][-1], [np.nan, 8.0])
    assert run["none"].isnull().all()


def no_mean(state):
    return np.ma.masked_array([7.0], [True]).mean()


def test_every_fault_of_the_functions_is_told(tmp_path):
    spec = run_spec(f'output.observe=["{tmp_path}/no.py:f", "{tmp_path}/no.py:g"]')
    with pytest.raises(SpecError) as caught:
        simulate(spec, observe={"loss": top, "two words": top, "three": 3, 4: top})
    problems = [fault.problem for fault in caught.value.faults]
    assert [fault.key for fault in caught.value.faults] == ["output.observe"] * 2 + ["observe"] * 4
    assert problems[0] == f"{tmp_path}/no.py does not exist"
    assert problems[2] == "loss is an observable that every run has; take another name"
    assert problems[4] == "three is 3, and not a function"
    with pytest.raises(SpecError, match="is not a dict of functions by name"):
        simulate(run_spec(), observe=[top])


def test_a_name_is_for_one_function(tmp_path):
    with pytest.raises(SpecError, match=r"top is in output\.observe, too"):
        simulate(run_spec(observing(tmp_path)), observe={"top": top})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"every": 0}, "0 is not allowed; it takes a whole number from 1 to below"),
        ({"every": 1.5}, "1.5 is not allowed"),
        ({"units": 3}, "units = 3 is not allowed"),
        ({"long_name": "two\nlines"}, "it takes a short text in a line"),
    ],
)
def test_settings_that_are_not_allowed(settings, message):
    with pytest.raises(InputError) as caught:
        scbsim.observable(**settings)
    assert message in str(caught.value)
