"""Labels of zones lie within their zone and within the axes, or are left out."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scbsim_testing.diagrams import X, Y, share_of

from scbsim.studies.phase.plot import draw

ZONES = ("neither", "only", "both", "learns", "does not")


def boxes(diagram):
    """The bounding boxes of all labels, in pixels, and the axes."""
    figure = draw(diagram)
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    words = [text for text in axes.texts if text.get_text().startswith(ZONES)]
    return {" ".join(t.get_text().split()): t.get_window_extent() for t in words}, axes


def narrow(first, rows=25, columns=13):
    """A share that is 0 in the first columns and 1 elsewhere."""
    share = np.ones((rows, columns))
    share[:, :first] = 0.0
    return share


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2, 3, 6])
def test_words_stay_in_their_zone_and_in_the_frame(made_up, first):
    found, axes = boxes(made_up({"sgd": narrow(first), "l1": narrow(first)}))
    frame = axes.get_window_extent()
    edge = axes.transData.transform((np.sqrt(X[first - 1] * X[first]), Y[0]))[0]
    assert "both learn" in found
    assert found["both learn"].x0 > edge
    assert found["both learn"].x1 < frame.x1
    if "neither learns" in found:
        assert frame.x0 < found["neither learns"].x0
        assert found["neither learns"].x1 < edge
    # One column is too narrow for a label; six columns are not.
    assert ("neither learns" in found) is {1: False, 6: True}.get(first, "neither learns" in found)


@pytest.mark.slow
def test_all_zones_of_a_usual_diagram_are_named(made_up):
    shares = {"sgd": share_of(1.0, 3e5, X, Y), "l1": share_of(0.05, 1e6, X, Y)}
    found, axes = boxes(made_up(shares))
    frame = axes.get_window_extent()
    assert {"neither learns", r"only $\ell_1$ learns", "both learn"} <= {*found}
    for box in found.values():
        assert frame.x0 < box.x0
        assert box.x1 < frame.x1
        assert frame.y0 < box.y0
        assert box.y1 < frame.y1
