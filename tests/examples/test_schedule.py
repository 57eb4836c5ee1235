"""docs/examples/schedule.toml, and what docs/schedules.md says of the values of a run."""

from pathlib import Path

import numpy as np
import pytest

import scbsim

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "schedule.toml"


def test_the_example_is_a_spec_with_the_values_that_it_says():
    first, second = scbsim.RunSpec.from_toml(EXAMPLE).stage
    t = np.arange(300)
    np.testing.assert_allclose(first.values("rate_A"), 0.2 / (1 + t / 100))
    assert first.values("batch_size")[[0, -1]].tolist() == pytest.approx([1e5, 1e7])
    assert first.values("threshold_sigmas").min() == 3.0
    assert second.values("rate_A")[-1] == 0.0


@pytest.mark.slow
def test_the_example_runs_and_its_file_has_its_values(tmp_path):
    scbsim.simulate(EXAMPLE, output=tmp_path / "schedule.h5")
    trajectory = scbsim.load(tmp_path / "schedule.h5")
    assert trajectory.attrs["status"] == "complete"
    spec = scbsim.RunSpec.from_json(trajectory.attrs["spec"])
    assert spec == scbsim.RunSpec.from_toml(EXAMPLE)
    assert spec.stage[0].values("rate_A").shape == (300,)
