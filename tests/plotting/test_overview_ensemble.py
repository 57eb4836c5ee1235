"""Ensembles in the overview: a median, and a band with most of the replicas."""

import json
import warnings

import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_figures import curves

from scbsim.observables import NAMES
from scbsim.plotting import style
from scbsim.plotting.bands import spread
from scbsim.plotting.overview import draw

R = 20


@pytest.fixture(autouse=True)
def _warnings_fail():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def ensemble(made_up):
    """Replica r is the made-up run times 1 + r / R; every fourth replica ends early."""

    def make(diverged=True, **options):
        run = made_up(**options)
        factors = xr.DataArray(1 + np.arange(R) / R, dims="replica")
        whole = run.map(lambda each: each * factors if each.dtype.kind == "f" else each)
        for name in run:
            if "replica" not in whole[name].dims:
                whole[name] = run[name].expand_dims(replica=R)
        ended = np.full(R, "complete", "U8")
        if diverged:
            ended[::4] = "diverged"
            for name in NAMES:
                whole[name] = whole[name].transpose("replica", ...).copy()
                whole[name][::4, 25:] = np.nan
                whole[f"normalized_{name}"] = whole[f"normalized_{name}"].transpose("replica", ...)
                whole[f"normalized_{name}"][::4] = np.nan
            whole["normalized_step"] = whole["normalized_step"].copy()
            whole["normalized_step"][::4] = -1
        whole["replica_status"] = ("replica", ended)
        whole = whole.transpose("replica", ...).assign_coords(replica=np.arange(R))
        return whole.assign_attrs(run.attrs)

    return make


def texts(figure):
    (legend,) = (a.get_legend() for a in figure.axes if a.get_legend())
    return [text.get_text() for text in legend.get_texts()]


def bands(figure, name):
    axes = curves(figure, name)[0].axes
    return axes.collections


def test_the_curve_is_the_median_of_those_that_are_there(ensemble):
    run = ensemble()
    figure = draw({"run": run})
    (line,) = curves(figure, "loss")
    np.testing.assert_allclose(line.get_ydata(), np.nanmedian(run["loss"], axis=0), rtol=1e-14)
    low, _, high = spread(run, "loss")
    np.testing.assert_allclose(low, np.nanquantile(run["loss"], 0.1, axis=0), rtol=1e-14)
    np.testing.assert_allclose(high, np.nanquantile(run["loss"], 0.9, axis=0), rtol=1e-14)
    (band,) = bands(figure, "loss")
    (path,) = band.get_paths()
    assert path.vertices[:, 1].min() == low.min()
    assert path.vertices[:, 1].max() == high.max()


def test_the_curve_ends_where_fewer_than_half_are_left(ensemble):
    run = ensemble(diverged=False)
    run["loss"] = run["loss"].copy()
    run["loss"][:10, 30:] = np.nan
    drawn = spread(run, "loss")
    assert all(np.isfinite(each).all() for each in drawn), "ten of twenty are"
    run["loss"][:11, 35:] = np.nan
    for each in spread(run, "loss"):
        assert np.isfinite(each).tolist() == [True] * 35 + [False] * 6


def test_those_that_run_away_count_as_far_away(ensemble):
    run = ensemble(diverged=False)
    run["loss"] = run["loss"].copy()
    run["loss"][:9, -1] = 1e200
    low, middle, high = spread(run, "loss")
    assert middle[-1] == np.median(run["loss"].values[:, -1]) < 2
    assert np.isnan(high[-1])
    assert low[-1] < middle[-1]


@pytest.mark.slow
def test_the_legend_says_what_is_drawn(ensemble, made_up, pixels, share):
    figure = draw({"run": ensemble()})
    assert f"median and 10-90% of {R} replicas" in texts(figure)
    assert "(5 of 20 diverged)" in figure.get_suptitle()
    picture = pixels(figure)
    for color in (style.BLUE, style.VERMILION):
        assert share(picture, color) > 1e-4
    assert "10-90%" not in " ".join(texts(draw({"run": made_up()})))


@pytest.mark.slow
def test_with_single_runs_over_one_another(ensemble, made_up, pixels):
    figure = draw({"one": made_up(), "many": ensemble(), "more": ensemble(diverged=False)})
    assert texts(figure)[:3] == ["one", "many, 20 replicas (5 of 20 diverged)", "more, 20 replicas"]
    assert f"median and 10-90% of {R} replicas" in texts(figure)
    assert len(bands(figure, "loss")) == 2
    pixels(figure)
    few = ensemble(diverged=False).isel(replica=slice(3))
    assert "median and 10-90% of the replicas" in texts(draw({"a": few, "b": ensemble()}))


def test_zeros_on_a_logarithmic_axis(ensemble, pixels):
    figure = draw({"run": ensemble(delta_A=np.r_[0.0, 0.0, np.geomspace(1e-6, 1, 39)])})
    assert curves(figure, "noise")[0].axes.get_yscale() == "log"
    assert len(bands(figure, "noise")) == 2
    pixels(figure)


@pytest.mark.slow
def test_nothing_recorded_yet(ensemble, pixels):
    run = ensemble(diverged=False, status="running")
    pixels(draw({"run": run.isel(step=slice(0), normalization=slice(0), stage_index=slice(0))}))
    pixels(draw({"run": run.isel(step=slice(1))}))


def test_ends_of_stages_are_medians(ensemble):
    run = ensemble(diverged=False, stages=2)
    run["stage_end"] = (("replica", "stage_index"), np.array([[5 + r, 40] for r in range(R)]))
    axes = curves(draw({"run": run}), "signals")[0].axes
    ends = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in ends] == [14.5]


def test_figure_5_is_of_single_runs():
    from scbsim.errors import SpecError
    from scbsim.studies.figures.figure5.run import specs

    with pytest.raises(SpecError, match=r"dynamics\.replicas: 3 replicas; figure 5 is of single"):
        specs(overrides=["dynamics.replicas=3"])
    assert json.loads(specs()[100, "l1"].to_json())["dynamics"]["replicas"] == 1
