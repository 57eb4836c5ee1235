"""Figures 1, 3 and 4: their runs, their files, and that the plots show these files."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread
from scbsim_testing.small_figures import REAL_BATCHES
from scbsim_testing.small_runs import assert_same

from scbsim.errors import InputError, OutputError, SpecError, Stopped
from scbsim.observables import NAMES
from scbsim.plotting import style
from scbsim.storage.runfile.loading import load
from scbsim.studies import recipe
from scbsim.studies.figures.figures134 import run as real_batches
from scbsim.studies.figures.figures134.plot import DRAW
from scbsim.studies.figures.figures134.run import RUNS
from scbsim.studies.figures.population import population_since_stage_1
from scbsim.trajectory.views import since_stage_1, spec_table_of


def make(number, folder, **options):
    notes = []
    options = {"overrides": REAL_BATCHES, "threads": 1, **options}
    return real_batches.run(number, folder, notify=notes.append, **options), notes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All three figures in one folder."""
    folder = tmp_path_factory.mktemp("figures")
    for number in RUNS:
        make(number, folder)
    return folder


@pytest.fixture(scope="module")
def runs(folder):
    return {name: load(folder / f"{name}.h5") for name in RUNS[1]}


def test_runs_differ_in_the_second_stage_alone():
    tables = {name: spec.to_dict() for name, spec in real_batches.specs(1).items()}
    second = {name: table["stage"].pop() for name, table in tables.items()}
    assert tables["l1"] == tables["sgd-large"] == tables["sgd-small"]
    assert [each["rule"] for each in second.values()] == ["sgd", "sgd", "prox"]
    assert second["sgd-large"]["rate_A"] == second["l1"]["rate_A"] > second["sgd-small"]["rate_A"]
    assert len({each["steps"] for each in second.values()}) == 1, "the same number of steps"
    assert tables["l1"]["dynamics"]["engine"] == "batch"
    assert tables["l1"]["stage"][0]["until_signal"] == 0.1
    assert (tables["l1"]["init"]["alpha_A"], tables["l1"]["init"]["alpha_V"]) == (0.0, 0.0)


def test_quick_is_half_of_the_second_stage():
    quick, full = real_batches.specs(3, quick=True, seed=5), real_batches.specs(3, seed=5)
    for name, spec in quick.items():
        assert (spec.seed, spec.stage[1].steps, full[name].stage[1].steps) == (5, 200, 400)
        assert spec.replace(**{"stage.1.steps": 400}) == full[name]


@pytest.mark.slow
def test_the_first_stage_is_the_same_to_the_bit(runs):
    end = int(runs["l1"]["stage_end"][0])
    for name in NAMES:
        columns = [run[name].values for run in runs.values()]
        for column in columns[1:]:
            np.testing.assert_array_equal(column[: end + 1], columns[0][: end + 1])
            assert column[-1] != columns[0][-1]


@pytest.mark.slow
def test_one_folder_has_each_run_once(folder):
    pictures = {f"figure{n}.{kind}" for n in RUNS for kind in ("png", "pdf", "txt")}
    assert {path.name for path in folder.iterdir()} == pictures | {f"{n}.h5" for n in RUNS[1]}
    again, notes = make(3, folder)
    assert notes == [f"{path} is finished: kept" for path in again.files]
    assert [path.name for path in again.files] == ["sgd-large.h5", "l1.h5"]
    assert [path.name for path in again.pictures] == ["figure3.png", "figure3.pdf", "figure3.txt"]


@pytest.mark.slow
def test_outcomes_are_the_last_rows(folder, runs):
    made, _ = make(1, folder)
    for outcome in made.outcomes:
        run = runs[outcome.run]
        assert (outcome.stage_1, outcome.reason) == (9, "steps")
        assert outcome.signal_V == run["alpha_V"].values[-1] * run.attrs["K_P"] ** 0.5
        assert outcome.dist_A == run["dist_A"].values[-1]
        assert outcome.normalized_sim_V == run["normalized_sim_V"].values[-1]
        assert outcome.rate == spec_table_of(run)["stage"][1]["rate_A"]


@pytest.mark.slow
def test_rows_since_the_first_stage(runs):
    run, rows = runs["l1"], since_stage_1(runs["l1"])
    assert rows["step"].values.tolist() == list(range(16))
    np.testing.assert_array_equal(rows["dist_A"], run["dist_A"][9:])
    assert rows["normalized_step"].values.tolist() == [1, 6, 11, 15]


@pytest.mark.slow
def test_the_population_process_begins_where_the_first_stage_ended(runs):
    process = population_since_stage_1(runs["l1"])
    facts, rate = runs["l1"].attrs, 0.05
    alpha_A, alpha_V = (float(runs["l1"][name][9]) for name in ("alpha_A", "alpha_V"))
    assert process.sizes["step"] == 16
    for step in range(16):
        assert process["alpha_A"].values[step] == pytest.approx(alpha_A, rel=1e-6)
        assert process["alpha_V"].values[step] == pytest.approx(alpha_V, rel=1e-6)
        grown = facts["K_Q"] * alpha_A * (1 - alpha_A * alpha_V) + (1 - alpha_V) / facts["T"]
        alpha_A += rate * facts["K_P"] * alpha_V * (1 - alpha_A * alpha_V)
        alpha_V += rate * grown


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3, 4])
def test_the_picture_is_that_of_the_runs(runs, pixels, share, number):
    chosen = {name: runs[name] for name in RUNS[number]}
    picture = pixels(DRAW[number](chosen, ""))
    assert share(picture, style.BLUE) > 1e-4
    assert share(picture, style.VERMILION) > 1e-4
    assert (share(picture, style.ORANGE) > 1e-4) == (number == 1)
    drawn = {1: "dist_A", 3: "delta_A", 4: "normalized_sim_A"}[number]
    changed = chosen["l1"].copy(deep=True)
    changed[drawn].values[-3:] *= 0.5
    other = pixels(DRAW[number](chosen | {"l1": changed}, ""))
    assert np.mean(picture != other) > 1e-4


@pytest.mark.slow
def test_a_run_with_nothing_normalised_can_be_drawn(runs, pixels):
    lost = {name: run.copy(deep=True) for name, run in runs.items()}
    lost["l1"]["normalized_dist_A"].values[:] = np.nan
    pixels(DRAW[1](lost, ""))


@pytest.mark.parametrize("name", ["dense", "softmax", "nonesuch"])
def test_another_engine_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=rf'--engine: "{name}"; figure 4 learns on real batches'):
        make(4, tmp_path / "out", engine=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_its_own_engine_may_be_named(folder):
    assert len(make(4, folder, engine="batch")[1]) == 2


def test_figures_are_of_single_runs():
    with pytest.raises(SpecError, match=r"dynamics\.replicas: 3 replicas; figure 1 is of single"):
        real_batches.specs(1, overrides=["dynamics.replicas=3", "output.normalized_every=0"])


def test_another_seed_is_another_run(folder):
    with pytest.raises(OutputError, match=r"seed is 0 there and 5 here.*overwrite=True"):
        make(1, folder, seed=5)


def test_overwrite_replaces_it(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "save_pictures", lambda *_: ())
    make(3, tmp_path)
    made, notes = make(3, tmp_path, seed=5, overwrite=True)
    assert notes == []
    assert [spec_table_of(load(path))["seed"] for path in made.files] == [5, 5]


@pytest.mark.slow
def test_a_partial_run_is_resumed(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 2)
    answers = iter([False] * 20 + [True])
    with pytest.raises(Stopped, match=r"of .*l1\.h5"):
        make(3, tmp_path, stop=lambda: next(answers))
    _, notes = make(3, tmp_path)
    assert [note.split(" is ")[1] for note in notes] == ["finished: kept", "partial: resumed"]
    assert_same(load(tmp_path / "l1.h5"), load(folder / "l1.h5"))
    picture = imread(tmp_path / "figure3.png")
    np.testing.assert_array_equal(picture, imread(folder / "figure3.png"))
