import json

import numpy as np
import pytest
import xarray as xr

from scbsim.plotting.style import ORANGE, VERMILION
from scbsim.studies.transfer.outcomes import Learning, Recovery
from scbsim.studies.transfer.plot import draw, median
from scbsim.studies.transfer.specs import SAMPLES


def learning(start, first, whole, rows=50):
    """Four made-up runs that all take the same steps."""
    signal = np.tile(np.geomspace(0.01, 1.0, rows), (4, 1))
    data = dict.fromkeys(("alpha_A", "alpha_V"), (("replica", "step"), signal))
    attrs = {"spec": json.dumps({"dynamics": {"batch_size": 64}}), "N": 10, "T": 5000}
    run = xr.Dataset(data, coords={"step": np.arange(rows)}, attrs=attrs)
    return Learning(start, run, 0.5, 0.5, np.full(4, first), np.full(4, whole))


def recovery(start, *counts):
    return Recovery(start, (16, 64, 256), counts, 4)


def bars(figure):
    """Heights of both stages, by start."""
    patches = figure.axes[1].patches
    heights = [bar.get_height() for bar in patches]
    return list(zip(heights[: len(patches) // 2], heights[len(patches) // 2 :], strict=True))


def test_bars_are_the_steps_of_both_stages():
    runs = [learning(None, 200.0, 300.0), learning(0.1, 10.0, 150.0), learning(1.0, 0.0, 0.0)]
    figure = draw(runs, [recovery(None, 0, 2, 4)], SAMPLES)
    assert bars(figure) == [(200, 100), (10, 140), (0, 0)]
    assert [text.get_text() for text in figure.axes[1].texts] == ["0"]
    names = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert names == ["from\nscratch", "0.1", "1"]


def test_learned_within_the_first_stage():
    figure = draw([learning(0.5, 20.0, 5.0)], [recovery(0.5, 0, 2, 4)], SAMPLES)
    assert bars(figure) == [(5, 0)]


@pytest.mark.slow
def test_what_was_never_learned_has_a_word_and_no_bar(pixels, share):
    runs = [learning(None, np.inf, np.inf), learning(0.5, 10.0, np.inf)]
    figure = draw(runs, [recovery(None, 0, 0, 0)], SAMPLES)
    assert [text.get_text() for text in figure.axes[1].texts] == ["not", "not"]
    assert bars(figure) == [(0, 0), (10, 0)]
    assert share(pixels(figure), VERMILION) > 0


def test_shares_are_of_the_replicas(pixels, share):
    rows = [recovery(None, 0, 2, 4), recovery(0.5, 4, 4, 4)]
    figure = draw([learning(None, 20.0, 30.0)], rows, SAMPLES, note="quick: fewer starts")
    lines = {tuple(line.get_ydata()) for line in figure.axes[2].lines}
    assert {(0.0, 0.5, 1.0), (1.0, 1.0, 1.0)} <= lines
    assert "quick: fewer starts" in figure.get_suptitle()
    assert share(pixels(figure), ORANGE) > 0.001


@pytest.mark.parametrize(
    ("steps", "middle"), [([3, 1, 2], 2), ([4, 1, 2, 3], 2), ([1, np.inf, np.inf, 2], 2), ([5], 5)]
)
def test_the_median_of_steps_is_one_of_them(steps, middle):
    assert median(steps) == middle
