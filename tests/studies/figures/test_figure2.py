"""Figure 2: its runs, the matrices read from files, and the claim of the paper's caption."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same

from scbsim import Task, simulate
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of
from scbsim.errors import InputError, OutputError
from scbsim.storage.runfile.loading import load
from scbsim.studies import recipe
from scbsim.studies.figures.figure2 import run as figure2
from scbsim.studies.figures.figure2.plot import draw

SHRUNK = ("stage.0.steps=12", "dynamics.batch_size=16")


def make(folder, **options):
    notes = []
    options = {"overrides": SHRUNK, "threads": 1, **options}
    return figure2.run(folder, notify=notes.append, **options), notes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("figure2"))[0]


def test_both_learn_the_papers_task_from_the_same_samples():
    softmax, linear = (figure2.specs()[name].to_dict() for name in ("softmax", "linear"))
    assert [softmax["task"][name] for name in "TNQ"] == [50, 10, 2]
    assert softmax["dynamics"].pop("engine") == "softmax"
    assert linear["dynamics"].pop("engine") == "batch"
    assert softmax["stage"][0].pop("rate_A") > linear["stage"][0].pop("rate_A")
    assert softmax == linear


def test_quick_is_fewer_steps():
    wanted = figure2.specs(quick=True, seed=3)
    assert {spec.seed for spec in wanted.values()} == {3}
    assert figure2.reduced(wanted, figure2.specs()) == "quick: 1000 of 2000 steps"


def test_files_and_pictures_are_made_and_kept(made):
    assert [path.name for path in made.files] == ["softmax.h5", "linear.h5"]
    assert [path.name for path in made.pictures] == ["figure2.png", "figure2.pdf", "figure2.txt"]
    again, notes = make(made.files[0].parent)
    assert notes == [f"{path} is finished: kept" for path in made.files]
    assert again == made
    with pytest.raises(OutputError, match=r"seed is 0 there and 5 here"):
        make(made.files[0].parent, seed=5)


@pytest.mark.parametrize("name", figure2.ATTENTIONS)
def test_matrices_are_those_of_the_engine(made, name):
    spec = figure2.specs(overrides=SHRUNK)[name]
    task = Task.from_spec(spec.task)
    engine = build(plan_of(spec, task), 1)
    engine.advance(stages_of(spec, task)[0], 12)
    A, V = figure2.matrices(made.files[figure2.ATTENTIONS.index(name)])
    for found, wanted in zip((A, V), engine.matrices(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert (A.shape, V.shape) == ((50, 10), (10, 10))
    np.testing.assert_allclose(A.sum(axis=0), 1.0, rtol=1e-6)


def test_the_truth_is_the_task(made):
    truth = figure2.truth(made.files[1])
    task = Task.from_spec(figure2.specs()["linear"].task)
    A, V = truth.matrices
    np.testing.assert_array_equal(V, task.P)
    np.testing.assert_allclose(A.sum(axis=0), 1.0)
    for k in range(task.N):
        np.testing.assert_array_equal(A[task.q_positions[k], k], task.q_weights[k])
    rates = {"stage.0.rate_A": 0.0, "stage.0.rate_V": 0.0}
    spec = figure2.specs(overrides=SHRUNK)["linear"].replace(
        **{"init.alpha_A": 1.0, "init.alpha_V": 1.0, **rates}
    )
    assert truth.loss == pytest.approx(float(simulate(spec)["loss"][-1]), rel=1e-12)


def test_outcomes(made):
    for path, outcome in zip(made.files, made.outcomes, strict=True):
        run = load(path)
        assert outcome.loss == float(run["loss"].values.mean()), "all are among the last"
        assert outcome.sim_A == float(run["sim_A"].values[-1])
    (A, V), (B, W) = (figure2.matrices(path) for path in made.files)
    assert made.outcomes[0].corr_A == np.corrcoef(A.ravel(), B.ravel())[0, 1]
    assert made.outcomes[1].corr_V == np.corrcoef(V.ravel(), W.ravel())[0, 1]


def test_maps_of_a_row_have_one_scale_and_what_was_learned(made):
    learned = {
        name: figure2.Learned(load(path), figure2.matrices(path))
        for name, path in zip(figure2.ATTENTIONS, made.files, strict=True)
    }
    truth = figure2.truth(made.files[1])
    figure = draw(learned, truth)
    images = [image for axes in figure.axes for image in axes.get_images()]
    shown = [*(each.matrices for each in learned.values()), truth.matrices]
    assert len(images) == 6
    for row in (0, 1):
        maps = images[3 * row : 3 * row + 3]
        assert len({image.get_clim() for image in maps}) == 1
        least, most = maps[0].get_clim()
        for image, matrices in zip(maps, shown, strict=True):
            np.testing.assert_array_equal(image.get_array(), matrices[row])
            assert least <= matrices[row].min() <= matrices[row].max() <= most
    losses = next(axes for axes in figure.axes if axes.get_title() == "population loss")
    curves = [line for line in losses.lines if len(line.get_xdata()) > 2]
    for line, each in zip(curves, learned.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), each.run["loss"])


@pytest.mark.parametrize("name", ["batch", "softmax", "dense"])
def test_it_takes_no_engine(tmp_path, name):
    with pytest.raises(InputError, match=r'figure 2 .* by "batch" and "softmax"'):
        make(tmp_path / "out", engine=name)
    assert not (tmp_path / "out").exists()


def test_overwrite(made, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "save_pictures", lambda *_: ())
    make(tmp_path, seed=1)
    assert make(tmp_path, overwrite=True)[1] == []
    for path in made.files:
        assert_same(load(path), load(tmp_path / path.name))


@pytest.mark.slow
@pytest.mark.parametrize(("quick", "seed"), [(True, None), (False, None), (False, 1), (False, 2)])
def test_softmax_and_linear_attention_learn_the_same(tmp_path, monkeypatch, quick, seed):
    monkeypatch.setattr(recipe, "save_pictures", lambda *_: ())
    softmax, linear = figure2.run(tmp_path, quick=quick, seed=seed, threads=1).outcomes
    assert softmax.corr_A > 0.95
    assert softmax.corr_V > 0.95
    assert abs(softmax.loss - linear.loss) < 0.05 * min(softmax.loss, linear.loss)
    # Both have learned the task.
    assert min(each.sim_A for each in (softmax, linear)) > 0.95
    assert min(each.sim_V for each in (softmax, linear)) > 0.95
