import numpy as np
import pytest
from scbsim_testing.transfer_runs import SMALL

from scbsim import Task, correlations
from scbsim.errors import OutputError, Stopped
from scbsim.storage.runfile.loading import load
from scbsim.storage.runfile.reader import last_state
from scbsim.studies.transfer import run as transfer
from scbsim.studies.transfer.specs import PRETRAINING_STREAM, QUICK, SAMPLES, STEPS
from scbsim.task.file import read_arrays, write_arrays

FILES = [
    *("real/scratch-batch16", "real/pretrained-0.5", "real/from-0.5-batch16"),
    *("real/pretrained-1", "real/from-1-batch16"),
    *("gaussian/scratch-batch4", "gaussian/scratch-batch256", "gaussian/pretrained-0.5"),
    *("gaussian/from-0.5-batch4", "gaussian/from-0.5-batch256"),
]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(transfer, "settings", lambda **_: SMALL)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "settings", lambda **_: SMALL)
        return transfer.run(tmp_path_factory.mktemp("transfer"), threads=1)


def outcomes(made):
    steps = [(each.start, *each.first, *each.whole) for each in made.learning]
    return steps, made.recovery


def test_files_and_pictures_are_made(made):
    folder = made.pictures[0].parent
    assert made.files == tuple(folder / f"{name}.h5" for name in FILES)
    assert [path.name for path in made.pictures] == ["transfer.png", "transfer.pdf", "transfer.txt"]
    assert all(path.stat().st_size > 0 for path in (*made.files, *made.pictures))


def test_pretraining_is_a_run_to_the_end_on_a_task_of_that_correlation(made):
    folder = made.pictures[0].parent / "real"
    downstream = Task.random(**SMALL[0].task)
    for start in (0.5, 1.0):
        run = load(folder / f"pretrained-{start:g}.h5")
        assert run.attrs["status"] == "complete"
        assert run["stage_end"].size == 2
        task, state = last_state(folder / f"pretrained-{start:g}.h5")
        np.testing.assert_allclose(correlations(downstream, task), start, rtol=0, atol=1e-12)
        assert np.any(state["W"] != 0)
        # The runs start from the normalised result of pretraining.
        normalized = run["normalized_sim_A"].values[0]
        assert normalized > 0.9
        learned = load(folder / f"from-{start:g}-batch16.h5")
        assert np.ptp(learned["alpha_A"].values[:, 0]) == 0


def test_cosines_at_the_start_are_those_of_the_matrices(made):
    folder = made.pictures[0].parent / "real"
    downstream = Task.random(**SMALL[0].task)
    _, state = last_state(folder / "pretrained-0.5.h5")
    tilde = downstream.P_tilde
    V = (state["W"] * tilde).sum() / np.linalg.norm(state["W"]) / np.linalg.norm(tilde)
    assert made.learning[1].cosine_V == pytest.approx(V, rel=1e-9)
    assert np.isnan(made.learning[0].cosine_A)


def test_steps_are_counted_to_the_first_row_that_is_there(made):
    for each in made.learning:
        for replica in range(16):
            run = each.run.isel(replica=replica)
            signal = np.fmax(run["alpha_A"].values, run["alpha_V"].values)
            close = (run["sim_A"].values >= 0.9) & (run["sim_V"].values >= 0.9)
            for there, counted in ((signal >= 0.1, each.first), (close, each.whole)):
                first = next((step for step, is_so in enumerate(there) if is_so), np.inf)
                assert counted[replica] == first


def test_runs_that_recover_are_counted_by_their_normalised_ends(made):
    folder = made.pictures[0].parent / "gaussian"
    for row, name in zip(made.recovery, ("scratch", "from-0.5"), strict=True):
        for batch, count in zip(row.batches, row.recovered, strict=True):
            run = load(folder / f"{name}-batch{batch}.h5")
            good = 0
            if run.sizes["normalization"]:
                good = (run["normalized_sim_A"][:, -1] >= 0.9) & (
                    run["normalized_sim_V"][:, -1] >= 0.9
                )
                good = int(good.sum())
            assert (count, row.replicas) == (good, 16)


def test_pretraining_has_noise_of_its_own(tmp_path):
    for setting in (STEPS, SAMPLES):
        pretraining = setting.pretraining(0.5, tmp_path, ["seed=3"])
        learning = setting.learning(None, 64, tmp_path, ["seed=3"])
        assert (pretraining.seed, learning.seed) == (3, 3)
        assert pretraining.dynamics.replica == PRETRAINING_STREAM > learning.dynamics.replicas
        assert pretraining.stage == learning.stage


def test_quick_runs_are_runs_of_the_full_figure():
    for setting in (STEPS, SAMPLES):
        less = QUICK[setting.name]
        assert set(less["starts"]) < set(setting.starts)
        assert set(less.get("batches", setting.batches)) <= set(setting.batches)


@pytest.mark.slow
def test_finished_runs_are_kept_and_used(made):
    before = [path.stat().st_mtime_ns for path in made.files]
    notes = []
    again = transfer.run(made.pictures[0].parent, threads=1, notify=notes.append)
    assert [path.stat().st_mtime_ns for path in again.files] == before
    assert notes == [
        f"10 of 10 runs are in {made.pictures[0].parent} already: finished ones are kept"
    ]
    assert outcomes(again) == outcomes(made)


@pytest.mark.slow
def test_a_stop_anywhere_and_a_second_run_give_the_same(made, tmp_path, checked_here):
    # `stop` counts blocks of steps. A file check in another process would call it too, so on a slow
    # machine a run would be stopped before its first step, again and again.
    asked = 0

    def stop():
        nonlocal asked
        asked += 1
        return asked % 12 == 0

    stops = 0
    while True:
        try:
            again = transfer.run(tmp_path, threads=1, stop=stop)
            break
        except Stopped:
            stops += 1
    assert stops >= 3
    assert outcomes(again) == outcomes(made)


def test_another_seed_in_the_folder_is_an_error(made):
    with pytest.raises(OutputError, match=r"seed is 0 there and 5 here.*overwrite=True"):
        transfer.run(made.pictures[0].parent, seed=5)


def test_another_task_in_the_folder_is_an_error(tmp_path):
    (tmp_path / "real").mkdir()
    path = tmp_path / "real" / "task-0.5.h5"
    other = Task.random(10, 60, 2, seed=8)
    write_arrays(path, other)
    with pytest.raises(OutputError, match=r"task-0\.5\.h5 holds another task. overwrite=True"):
        transfer.run(tmp_path, threads=1)
    assert np.array_equal(read_arrays(path)["P"], other.P)
