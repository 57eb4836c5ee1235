import h5py
import numpy as np
import pytest
from matplotlib.image import imread
from scbsim_testing.small_figures import FIGURE_5, shrunk
from scbsim_testing.small_runs import assert_same

from scbsim.errors import InputError, OutputError, SpecError, Stopped
from scbsim.run.simulate import simulate
from scbsim.storage.runfile.loading import load
from scbsim.studies.figures.figure5 import run as figure5
from scbsim.studies.figures.figures134 import run as figures134
from scbsim.task import Task
from scbsim.trajectory.views import spec_table_of


def make(folder, **options):
    notes = []
    with shrunk(*FIGURE_5):
        made = figure5.run(folder, notify=notes.append, threads=1, **options)
    return made, notes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("figure"))[0]


def test_the_noise_of_the_task_in_place_of_the_papers():
    plain = figure5.specs()
    for key, spec in figure5.specs(noise="matched").items():
        assert (spec.noise.model, spec.noise.covariances) == ("matched", True)
        assert spec.replace(**{"noise.model": "isotropic"}) == plain[key]
    assert figure5.specs(noise="isotropic") == plain
    with pytest.raises(InputError, match=r"--noise: \"much\" is not for figure 5; there are iso"):
        figure5.specs(noise="much")
    with pytest.raises(InputError, match=r"is not for figure 1; leave --noise out"):
        figures134.RECIPES[1].specs(noise="matched")


def test_full_runs_are_those_of_the_paper():
    wanted = figure5.specs()
    assert set(wanted) == {(N, rule) for N in (100, 500) for rule in ("l1", "sgd")}
    for (N, rule), spec in wanted.items():
        assert (spec.task.N, spec.task.T, spec.task.Q) == (N, 100_000, 2)
        assert spec.dynamics.rule == {"l1": "prox", "sgd": "sgd"}[rule]
    for N in (100, 500):
        l1, sgd = wanted[N, "l1"].to_dict(), wanted[N, "sgd"].to_dict()
        l1["dynamics"].pop("rule")
        sgd["dynamics"].pop("rule")
        l1["stage"][0].pop("threshold_sigmas")
        sgd["stage"][0].pop("threshold_sigmas", None)
        assert l1 == sgd


def test_quick_keeps_T_and_drops_the_large_N():
    wanted = figure5.specs(quick=True, seed=7, engine="dense")
    assert set(wanted) == {(100, "l1"), (100, "sgd")}
    for spec in wanted.values():
        assert (spec.task.T, spec.total_steps) == (100_000, 1000)
        assert (spec.seed, spec.task.seed, spec.dynamics.engine) == (7, 0, "dense")
    assert figure5.reduced(wanted, figure5.specs()) == "quick: N = 100 only, 1000 of 2000 steps"


def test_faults_are_those_of_the_spec():
    with pytest.raises(SpecError, match=r"dynamics\.engine"):
        figure5.specs(engine="nonesuch")


def test_population_has_the_same_task_start_and_rates():
    spec = figure5.specs()[100, "l1"].replace(**{"init.alpha_A": 0.2, "stage.0.rate_V": 0.05})
    process = figure5.population(spec)
    assert (process.task, process.init) == (spec.task, spec.init)
    assert (process.dynamics.engine, process.rule_of(0)) == ("population", "sgd")
    assert process.noise.model == "none"
    assert (process.stage[0].steps, process.stage[0].rate_V) == (2000, 0.05)


def test_files_and_pictures_are_made(made):
    names = [path.name for path in made.files]
    assert names == ["n100-l1.h5", "n100-sgd.h5", "n500-l1.h5", "n500-sgd.h5"]
    assert [path.name for path in made.pictures] == ["figure5.png", "figure5.pdf", "figure5.txt"]
    assert all(path.stat().st_size > 0 for path in (*made.files, *made.pictures))


def test_outcomes_are_the_last_rows_of_the_files(made):
    for path, outcome in zip(made.files, made.outcomes, strict=True):
        run = load(path)
        K_Q, K_P = run.attrs["K_Q"], run.attrs["K_P"]
        assert outcome.rule in path.name
        assert outcome.signal_A == run["alpha_A"].values[-1] * np.sqrt(K_Q)
        assert outcome.delta_V == run["delta_V"].values[-1]
        dist_V = run["normalized_dist_V"].values[-1] / np.sqrt(K_P)
        assert np.isfinite(dist_V)
        np.testing.assert_equal(outcome.dist_V, dist_V)


@pytest.mark.slow
def test_the_population_process_is_what_the_curve_shows(made, monkeypatch, tmp_path):
    columns = []
    from scbsim.studies.figures.figure5 import plot as figure5_plot

    draw = figure5_plot.draw
    monkeypatch.setattr(
        figure5_plot, "draw", lambda c, *a, **k: columns.extend(c) or draw(c, *a, **k)
    )
    make(made.files[0].parent)
    runs = columns[0]
    K_Q, K_P, T = (runs.l1[0].attrs[name] for name in ("K_Q", "K_P", "T"))
    alpha_A = alpha_V = 0.1
    for step in range(16):
        assert runs.population["alpha_A"].values[step] == pytest.approx(alpha_A, rel=1e-6)
        assert runs.population["alpha_V"].values[step] == pytest.approx(alpha_V, rel=1e-6)
        alpha_A, alpha_V = (
            alpha_A + 0.1 * K_P * alpha_V * (1 - alpha_A * alpha_V),
            alpha_V + 0.1 * (K_Q * alpha_A * (1 - alpha_A * alpha_V) + (1 - alpha_V) / T),
        )


@pytest.mark.slow
def test_finished_files_are_kept_and_used(made):
    before = [path.read_bytes() for path in made.files]
    again, notes = make(made.files[0].parent)
    assert [path.read_bytes() for path in again.files] == before
    assert notes == [f"{path} is finished: kept" for path in made.files]
    np.testing.assert_equal(
        [vars(outcome) for outcome in again.outcomes], [vars(outcome) for outcome in made.outcomes]
    )


def test_another_run_in_the_folder_is_an_error_that_names_what_differs(made):
    before = made.files[0].read_bytes()
    with pytest.raises(OutputError, match=r"seed is 0 there and 5 here.*overwrite=True"):
        make(made.files[0].parent, seed=5)
    assert made.files[0].read_bytes() == before


@pytest.mark.slow
def test_overwrite_replaces_it(tmp_path):
    make(tmp_path, quick=True)
    made, notes = make(tmp_path, quick=True, seed=5, overwrite=True)
    assert notes == []
    assert [spec_table_of(load(path))["seed"] for path in made.files] == [5, 5]


@pytest.mark.slow
def test_a_partial_file_is_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    answers = iter([False] * 10 + [True])
    with pytest.raises(Stopped, match=r"step 3 of .*n100-sgd\.h5"):
        make(tmp_path / "some", quick=True, stop=lambda: next(answers))
    path = tmp_path / "some" / "n100-sgd.h5"
    begun = load(path)
    assert (begun.attrs["status"], begun.sizes["step"]) == ("stopped", 4)
    again, notes = make(tmp_path / "some", quick=True)
    assert notes == [f"{again.files[0]} is finished: kept", f"{path} is partial: resumed"]
    assert load(path).attrs["run_uuid"] == begun.attrs["run_uuid"]
    whole, _ = make(tmp_path / "whole", quick=True)
    for resumed, never_stopped in zip(again.files, whole.files, strict=True):
        assert_same(load(resumed), load(never_stopped))
    assert {each.suffix for each in (tmp_path / "some").iterdir()} == {
        ".h5",
        ".png",
        ".pdf",
        ".txt",
    }


@pytest.mark.slow
@pytest.mark.parametrize("stop", [False, True], ids=["finished", "partial"])
def test_a_run_on_a_task_that_was_given_is_another(tmp_path, stop):
    with shrunk(*FIGURE_5):
        spec = figure5.specs(quick=True)[100, "l1"]
    task = Task.from_spec(spec.task)
    path = tmp_path / "n100-l1.h5"
    simulate(spec, task=task, output=path, stop=lambda: stop)
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"another run: its task was given.*overwrite=True"):
        make(tmp_path, quick=True)
    assert path.read_bytes() == before
    make(tmp_path, quick=True, overwrite=True)
    assert load(path).attrs["status"] == "complete"


@pytest.mark.slow
def test_the_picture_is_drawn_from_the_files(tmp_path):
    made, _ = make(tmp_path, quick=True)
    before = imread(made.pictures[0])
    with h5py.File(made.files[0], "r+") as file:
        file["trajectory/delta_A"][5:] = 2.0
    make(tmp_path, quick=True)
    after = imread(made.pictures[0])
    assert before.shape == after.shape
    assert np.mean(before != after) > 1e-3


@pytest.mark.slow
def test_a_signal_stops_the_figure(tmp_path):
    asked = []
    with pytest.raises(Stopped, match=r"step 0 of .*n100-l1.h5") as caught:
        make(tmp_path, quick=True, stop=lambda: asked.append(1) or True)
    assert caught.value.exit_status == 75
    assert load(tmp_path / "n100-l1.h5").attrs["status"] == "stopped"
    assert {path.name for path in tmp_path.iterdir()} == {"n100-l1.h5", "n100-l1.h5.ckpt"}
    make(tmp_path, quick=True)
    assert not (tmp_path / "n100-l1.h5.ckpt").exists()


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "figure5").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        make(tmp_path / "figure5")
