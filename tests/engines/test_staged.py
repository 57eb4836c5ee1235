"""SGD on a few numbers a column, then an l1 rule on active entries that SGD has left."""

from __future__ import annotations

from functools import partial

import h5py
import numpy as np
import pytest
from scbsim_testing.mutants import mutant
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import assert_same, rows, run_spec

from scbsim import RunSpec, Task, load, simulate
from scbsim.engines import hand_over
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.select import plan_of
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.staged import StagedEngine
from scbsim.engines.stages import Stage
from scbsim.errors import MemoryNeeded, SpecError
from scbsim.kernels.gaussian import first_step
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
START = {"alpha_A": 0.1, "alpha_V": 0.4}
SGD_STEPS, L1_STEPS = 5, 6
TIMES = (5, 6, 7, 11)


def isotropic(task):
    return NoiseLevels(0.02 / np.sqrt(task.mu), 0.02)


NOISE = {
    "isotropic": isotropic,
    "a level for each column": lambda task: NoiseLevels(0.03 + 0.02 * np.arange(task.N), 0.02),
    "matched": lambda task: MatchedNoise(40, 2),
    "covariances": lambda task: MatchedNoise(40, 2, covariances=True),
}


def l1_stage(task, threshold=0.15, rule="prox"):
    lam = np.full(task.N, threshold)
    return Stage(1, rule, L1_STEPS, 0.2, 0.15, lam, np.inf, None)


def observed(engine, runs, level=None):
    """(runs, times, 9): of independent runs of SGD and then an l1 rule."""
    task = engine.task
    sgd, l1 = a_stage(task, rate_A=0.2, rate_V=0.15), l1_stage(task)
    start = {name: array.copy() for name, array in engine.state().items()}
    found = np.empty((runs, len(TIMES) + (level is not None), 9))
    for i in range(runs):
        engine.restore(0, start)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        blocks = [engine.advance(sgd, SGD_STEPS).rows]
        if level is not None:
            found[i, -1] = engine.normalize(level)[0]
            engine_sums(engine)[:] = 1.0
        blocks.append(engine.advance(l1, L1_STEPS).rows)
        taken = np.concatenate(blocks)
        # One run of some thousand diverges; it counts by its last row, under both engines.
        found[i, : len(TIMES)] = taken[np.minimum(np.array(TIMES), len(taken)) - 1]
    return found


def engine_sums(engine):
    """The sums of columns, which a normalisation of the dense engine sets."""
    return engine.part.sums if isinstance(engine, StagedEngine) else engine.sums


def compared(noise, runs, level=None, T=400):
    task = a_task(3, T, 2, P_concentration=0.1)
    made = partial(DenseEngine, dtype=np.float64, value=noise in ("matched", "covariances"))
    truth = observed(made(task, NOISE[noise](task), **START, seed=1), runs, level)
    value = noise in ("matched", "covariances")
    other = StagedEngine(task, NOISE[noise](task), **START, seed=2, value=value)
    labels = (*TIMES, "normalised") if level is not None else TIMES
    return compare(("", ""), labels, truth, observed(other, runs, level), 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("level", [None, 0.5])
@pytest.mark.parametrize("noise", NOISE)
def test_the_law_is_that_of_the_dense_engine(noise, level):
    outcome = compared(noise, 1500, level)
    assert outcome.worst.p * outcome.count > CHANCE, outcome.worst


@pytest.mark.parametrize(
    "noise", ["isotropic", pytest.param("covariances", marks=pytest.mark.slow)]
)
def test_the_law_in_short(noise):
    outcome = compared(noise, 200)
    assert outcome.worst.p * outcome.count > CHANCE, outcome.worst


LARGER = ("own.r[i] = base + scale * own.r[i]", "own.r[i] = base + 1.1 * scale * own.r[i]")


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["isotropic", "covariances"])
def test_another_law_of_entries_is_seen(noise, monkeypatch):
    from scbsim.kernels.gaussian import kept_entries

    fill = mutant(kept_entries, LARGER).fill_entries
    wrong = mutant(first_step, fill_entries=fill)
    for name in "sum_stepped", "list_stepped", "sum_products":
        monkeypatch.setattr(hand_over, name, getattr(wrong, name))
    outcome = compared(noise, 1500)
    assert outcome.worst.p * outcome.count < 1e-3 * CHANCE


def staged_spec(*words, level=None, steps=(12, 80)):
    first = {"steps": steps[0], "rule": "sgd", "rate_A": 0.1, "rate_V": 0.1}
    second = {"steps": steps[1], "rule": "prox", "rate_A": 0.1, "rate_V": 0.1}
    if level is not None:
        first["normalize_level"] = level
    second |= {"threshold": 0.03, "normalize_level": 0.1}
    return run_spec("dynamics.engine=staged", *words, stages=[first, second])


@pytest.mark.parametrize("level", [None, 0.3])
@pytest.mark.parametrize("noise", ["isotropic", pytest.param("matched", marks=pytest.mark.slow)])
def test_a_run_resumes_to_the_same_bits_from_either_part(tmp_path, noise, level):
    words = (f"noise.model={noise}", "dynamics.batch_size=3000", "output.final_state=true")
    spec = staged_spec(*words, level=level)
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert whole.attrs["engine"] == "staged"
    for stop_at in 2, 3:
        path = tmp_path / f"{stop_at}.h5"
        calls = []
        simulate(spec, output=path, stop=lambda: calls.append(1) or len(calls) > stop_at)  # noqa: B023
        assert load(path).attrs["status"] == "stopped"
        simulate(spec, output=path, resume=True)
        assert_same(load(path), load(tmp_path / "whole.h5"))
        with h5py.File(path) as file, h5py.File(tmp_path / "whole.h5") as other:
            for name, data in file["final"].items():
                np.testing.assert_array_equal(data[()], other["final"][name][()])


@pytest.mark.slow
def test_another_run_starts_from_its_last_state(tmp_path):
    spec = staged_spec("output.final_state=true", "noise.model=matched")
    first = simulate(spec, output=tmp_path / "first.h5")
    still = ("stage.0.rate_A=0", "stage.0.rate_V=0", f"init.from={tmp_path / 'first.h5'}")
    for engine in "sparse", "dense":
        words = ("noise.model=matched", f"dynamics.engine={engine}", "dynamics.rule=prox")
        after = simulate(run_spec(*words, *still))
        ended = [first[f"normalized_{name}"].values[-2] for name in ("alpha_A", "delta_A")]
        found = [after[name].values[0] for name in ("alpha_A", "delta_A")]
        np.testing.assert_allclose(found, ended, rtol=1e-6)


@pytest.mark.parametrize("noise", ["isotropic", pytest.param("matched", marks=pytest.mark.slow)])
def test_an_l1_run_starts_from_the_last_state_of_sgd(tmp_path, noise):
    """`auto` draws the entries that the run before did not keep: those that it normalised."""
    engine = "collapsed" if noise == "isotropic" else "columns"
    # At this level entries stand out in every column. Whether they do follows the intercept, which
    # a start from a file sets to 1/T.
    words = (f"noise.model={noise}", "dynamics.batch_size=3000", "output.normalize_level=0.5")
    sgd = (f"dynamics.engine={engine}", "dynamics.rule=sgd")
    before = simulate(run_spec(*words, *sgd), output=tmp_path / "first.h5")
    start = (*words, "dynamics.engine=auto", f"init.from={tmp_path / 'first.h5'}")
    l1 = ("stage.0.rule=prox", "stage.0.threshold=0.05")
    after = simulate(run_spec(*start, *l1, "output.normalized_every=10"))
    assert after.attrs["engine"] == "staged"
    np.testing.assert_allclose(rows(after)[0], rows(before)[-1], rtol=1e-12)
    for name in "delta_A", "dist_A":
        found = after[f"normalized_{name}"].values[0]
        np.testing.assert_allclose(found, before[f"normalized_{name}"].values[-1], rtol=1e-9)
    assert np.isfinite(rows(after)).all()


def test_threads_change_no_bits():
    task = a_task(3, 200_000, 2)
    found = []
    for hands in 1, 3:
        engine = StagedEngine(task, isotropic(task), **START, seed=1)
        engine.use_threads(hands)
        engine.advance(a_stage(task, rate_A=0.2, rate_V=0.15), 3)
        found.append(engine.advance(l1_stage(task), 3).rows)
    np.testing.assert_array_equal(*found)


def test_a_list_that_does_not_fit_is_refused(monkeypatch):
    task = a_task(3, 2000, 2)
    engine = StagedEngine(task, isotropic(task), **START, seed=1)
    engine.advance(a_stage(task, rate_A=0.2, rate_V=0.15), 5)
    monkeypatch.setattr("scbsim.util.memory._ALWAYS_FITS", 0)
    monkeypatch.setattr("scbsim.util.memory.available", lambda: 300_000)
    with pytest.raises(MemoryNeeded, match="raise the threshold"):
        engine.advance(l1_stage(task, threshold=0.001), 1)
    assert engine.step == 5
    monkeypatch.undo()
    assert len(engine.advance(l1_stage(task, threshold=0.001), 1).rows) == 1
    assert isinstance(engine.part, SparseEngine)


@pytest.mark.parametrize(
    ("words", "T", "taken"),
    [
        ((), 10**7, "staged"),
        ((), 10**5, "dense"),
        (("noise.model=matched",), 10**7, "staged"),
        (("output.snapshot_every=5",), 10**7, "staged"),
        (("stage.1.rule=denoise",), 10**7, "dense"),
        (("stage.1.rule=denoise", "stage.0.normalize_level=0.1"), 10**7, "staged"),
        (("stage.0.rule=prox", "stage.1.rule=sgd"), 10**7, "dense"),
        (("stage.1.rule=sgd",), 10**7, "collapsed"),
        (("stage.1.rule=sgd", "stage.1.normalize_level=0.1"), 10**7, "staged"),
    ],
)
def test_auto_takes_it_where_no_entry_has_to_be_stored(words, T, taken):
    tables = {
        "task": {"N": 4, "T": T, "Q": 2},
        "dynamics": {"batch_size": 1e9},
        "stage": [{"steps": 5, "rule": "sgd"}, {"steps": 5, "rule": "prox"}],
    }
    spec = RunSpec.from_dict(tables, overrides=words)
    assert plan_of(spec, Task.from_spec(spec.task)).choice.name == taken


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["output.snapshot_every=5", "dynamics.value=collapsed"], "output.snapshot_every"),
        (
            ["noise.model=matched", "stage.0.normalize_level=0.5", "stage.1.rule=sgd"],
            'stage.1.rule: "sgd" in stage 1, after entries of A were set to 0: levels',
        ),
        (["noise.model=none"], "dynamics.engine"),
    ],
)
def test_what_it_cannot_do_is_refused(words, key):
    with pytest.raises(SpecError) as error:
        staged_spec(*words)
    assert key in str(error.value)


@pytest.mark.slow
def test_replicas_are_runs_of_their_own():
    together = simulate(staged_spec("dynamics.replicas=2", "noise.model=matched"))
    for i in range(2):
        alone = simulate(staged_spec(f"dynamics.replica={i}", "noise.model=matched"))
        np.testing.assert_array_equal(rows(together.isel(replica=i)), rows(alone))
