"""The claim of the paper's Theorem 4.1, on the data of the preset boundary-theorem, made small.

Learning from scratch has a stage whose batch grows with the context, and one whose batch hardly
does; a pretrained pair needs the second one alone.
"""

import tomllib

import numpy as np
import pytest

from scbsim import find_boundaries, presets
from scbsim.studies.boundary.slopes import slope

SMALL = {"along": "task.T=1e3:1e7:3log", "seeds": 1, "replicas": 16, "level": 0.9}


@pytest.mark.slow
def test_the_first_stage_grows_with_the_context_and_a_pretrained_pair_skips_it():
    study = tomllib.loads(presets.text("boundary-theorem"))
    study["boundary"]["curve"] = study["boundary"]["curve"][:3]
    study["boundary"]["curve"][0]["replicas"] = 64
    found = find_boundaries(study, options=SMALL)
    x, y = found["x"].values[0], found["boundary"].values
    first, second, pretrained = (slope(x, each).value for each in y)
    assert first == pytest.approx(1.0, abs=0.15)
    assert 0.0 < second < 0.2
    assert 0.0 < pretrained < 0.2
    # At T = 1e7 the first stage needs the larger batch by far, and from a pair none is needed.
    first, second, pretrained = y[:, 0, -1]
    assert first > 5 * max(second, pretrained)
    assert np.isfinite(y[:, 0]).all()
