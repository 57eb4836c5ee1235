"""Figures of several replicas: their files, medians and bands, and their captions."""

import numpy as np
import pytest
from scbsim_testing.small_figures import FIGURE_2, FIGURE_5, REAL_BATCHES, shrunk
from scbsim_testing.small_runs import assert_same

from scbsim.errors import InputError
from scbsim.run.simulate import simulate
from scbsim.storage.runfile.loading import load
from scbsim.studies.figures.figure2 import run as figure2
from scbsim.studies.figures.figure5 import run as figure5
from scbsim.studies.figures.figures134 import run as real_batches
from scbsim.studies.figures.members import medians, normalized_end, normalized_spread, spread
from scbsim.trajectory.views import since_stage_1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Figure 5 of three replicas, with the runs of a single one in the folder before."""
    folder = tmp_path_factory.mktemp("figure5")
    notes = []
    with shrunk(*FIGURE_5):
        figure5.run(folder, quick=True)
        figure = figure5.run(
            folder, quick=True, replicas=3, formats=["svg"], width="3.25in", notify=notes.append
        )
    return figure, notes


def test_the_first_replica_is_the_single_run(made):
    figure, notes = made
    names = [path.name for path in figure.files]
    rest = [f"n100-{rule}-replica{r}.h5" for r in (1, 2) for rule in ("l1", "sgd")]
    assert names == ["n100-l1.h5", "n100-sgd.h5", *rest]
    assert [note.split(" is ")[1] for note in notes] == ["finished: kept"] * 2
    assert [path.name for path in figure.pictures] == ["figure5.svg", "figure5.txt"]


def test_files_are_the_replicas_of_an_ensemble(made):
    figure, _ = made
    with shrunk(*FIGURE_5):
        spec = figure5.specs(quick=True)[100, "l1"]
    ensemble = simulate(spec.replace(**{"dynamics.replicas": 3}))
    for r, path in enumerate(figure.files[::2]):
        np.testing.assert_array_equal(load(path)["delta_A"], ensemble["delta_A"][r])
    last = np.median(ensemble["delta_A"].values[:, -1])
    assert figure.outcomes[0].delta_A == pytest.approx(last, rel=1e-12)


def test_the_caption_has_the_numbers_of_the_specs(made):
    text = made[0].pictures[-1].read_text()
    spec = load(made[0].files[0])
    assert f"T = {spec.attrs['T']}" in text
    for words in (
        "N = 6",
        "batch size 100,000",
        "replicas 0 to 2",
        "bands span 10 to 90% of the 3 replicas",
        "7 steps of the proximal l1 method, at rate 0.1, threshold 4 sigmas",
        "The paper has N = 100 and 500, T = 100,000.",
        "Other than there, here N = 6, T = 60.",
        "(quick: N = 100 only, 7 of 15 steps)",
    ):
        assert words in text, text
    with shrunk(*FIGURE_5):
        folder = made[0].files[0].parent / "other"
        figure5.run(folder, quick=True, seed=9, overrides=["noise.sigma_A=0.25"])
    other = (folder / "figure5.txt").read_text()
    assert "sigma_A = 0.25" in other
    assert "seed 9 of the noise" in other
    assert "bands" not in other


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3, 4])
def test_figures_on_real_batches(number, tmp_path):
    made = real_batches.run(number, tmp_path, replicas=3, width=3.25, overrides=REAL_BATCHES)
    runs = [load(tmp_path / f"l1{end}.h5") for end in ("", "-replica1", "-replica2")]
    expected = np.median([float(run["dist_A"][-1]) for run in runs])
    assert made.outcomes[-1].dist_A == pytest.approx(expected, rel=1e-12)
    text = made.pictures[-1].read_text()
    assert "real batches of 8" in text
    assert "seed 0 of the samples, replicas 0 to 2" in text
    assert "Stage 1 ended at step 9." in text


@pytest.mark.slow
def test_figure_2_has_medians_and_the_maps_of_the_first(tmp_path):
    made = figure2.run(tmp_path, replicas=2, overrides=FIGURE_2)
    single = figure2.run(tmp_path, overrides=FIGURE_2)
    with_other_samples = figure2.run(
        tmp_path / "other", overrides=[*FIGURE_2, "dynamics.replica=1"]
    )
    pair = single.outcomes[0].loss, with_other_samples.outcomes[0].loss
    assert made.outcomes[0].loss == pytest.approx(np.mean(pair), rel=1e-12)
    assert pair[0] != pair[1]


@pytest.mark.parametrize("keys", [{"replicas": 0}, {"replicas": 1.5}, {"width": "5"}])
def test_wrong_words_make_nothing(tmp_path, keys):
    with shrunk(*FIGURE_5), pytest.raises(InputError, match=next(iter(keys))):
        figure5.run(tmp_path / "out", **keys)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_quick_figure_of_replicas_continues(tmp_path):
    with shrunk(*FIGURE_5):
        quick = figure5.run(tmp_path, quick=True, replicas=2)
        whole = figure5.run(tmp_path, replicas=2)
        spec = figure5.specs()[100, "sgd"].replace(**{"dynamics.replica": 1})
    assert {path.name for path in quick.files} < {path.name for path in whole.files}
    assert_same(load(tmp_path / "n100-sgd-replica1.h5"), simulate(spec))


def test_runs_of_other_lengths_are_left_out_where_they_end(made_up):
    short, long = made_up(rows=11), made_up(rows=21, alpha_A=np.full(21, 3.0))
    steps, shown = spread([short, long], "alpha_A")
    assert steps.tolist() == list(range(21))
    assert shown.middle[10] == pytest.approx((short["alpha_A"].values[10] + 3) / 2)
    assert shown.middle[15] == 3.0
    step, ends = normalized_end([short, long], "dist_A")
    assert (step, float(ends.middle[0])) == (15.0, 0.5)


def test_normalised_copies_are_aligned_after_stage_1(made_up):
    import xarray as xr

    def run(end):
        each = made_up(rows=31, stages=2).drop_dims("normalization").assign_coords(step=range(31))
        at = np.arange(0, 31, 10)
        each = each.assign(stage_end=("stage_index", [end, 30]))
        values = {f"normalized_{name}": at / 10.0 for name in ("step", "dist_A")}
        values["normalized_step"] = at
        return since_stage_1(each.assign({k: ("normalization", v) for k, v in values.items()}))

    steps, shown = normalized_spread([run(5), run(7)], "dist_A")
    assert steps.tolist() == [5, 15, 25]
    # The value is the step of the whole run in tens, which is later in the second run.
    np.testing.assert_allclose(shown.middle[:2], [(1.0 + 1.2) / 2, (2.0 + 2.2) / 2])
    assert isinstance(run(5), xr.Dataset)


def test_medians_leave_out_what_is_missing():
    names = ("signal_A", "delta_A", "signal_V", "delta_V", "dist_A", "dist_V")
    each = [
        figure5.Figure5Outcome(100, "l1", **dict.fromkeys(names, value))
        for value in (1.0, 5.0, float("nan"))
    ]
    found = medians(each)
    assert (found.N, found.rule, found.dist_A) == (100, "l1", 3.0)
