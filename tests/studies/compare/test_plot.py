"""Plot of a comparison: a panel for each observable, with three models."""

import json

import numpy as np
import pytest

from scbsim.observables import NAMES
from scbsim.studies.compare.gaps import comparison
from scbsim.studies.compare.plot import LOOKS, draw, pictures

MODELS = ("batch", "isotropic", "matched")


@pytest.fixture
def found(ensemble):
    rng = np.random.default_rng(0)
    values = {m: np.linspace(1e-17, 3, 20) * rng.uniform(1, 1.1, (8, 1)) for m in MODELS}
    made = comparison({name: ensemble(each) for name, each in values.items()})
    spec = {
        "task": {"N": 10, "T": 5000, "Q": 2},
        "dynamics": {"rule": "prox", "batch_size": 256},
        "stage": [{"rule": "sgd"}, {}],
    }
    levels = {"fitted": "true", "sigma_A": 0.25, "sigma_V": 0.5, "every": 3}
    return made.assign_attrs(spec=json.dumps(spec), replicas=8, **levels)


def test_medians_and_bands_of_all_three_are_drawn(found):
    figure = draw(found)
    assert len(figure.axes) == len(NAMES)
    assert figure.axes[0].get_title() == r"$\alpha_A$"
    for axes in figure.axes:
        assert [line.get_color() for line in axes.lines] == [LOOKS[m][0] for m in MODELS]
        assert len(axes.collections) == len(MODELS)
    for line, model in zip(figure.axes[0].lines, MODELS, strict=True):
        shown = found["alpha_A"].sel(model=model, quantile=0.5)
        np.testing.assert_array_equal(line.get_ydata(), shown)
    assert "batch size $256$, sgd then prox" in figure.get_suptitle()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "real batches",
        "Gaussian, isotropic",
        "Gaussian, matched",
        "median and 10-90% of 8 replicas",
    ]


def test_what_rounding_left_does_not_take_the_picture(found):
    (axes,) = (a for a in draw(found).axes if a.get_title() == r"$\|\Delta_A\|_\mu$")
    assert axes.get_yscale() == "log"
    assert 1e-5 < axes.get_ylim()[0] < 1


def test_pictures_are_saved(found, tmp_path):
    made = pictures(found, tmp_path)
    assert [path.name for path in made] == ["compare.png", "compare.pdf", "compare.txt"]
    assert all(path.stat().st_size > 10_000 for path in made[:2])
