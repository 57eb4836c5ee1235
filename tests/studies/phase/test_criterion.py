import numpy as np
import pytest

from scbsim.errors import InputError
from scbsim.observables import NAMES
from scbsim.studies.phase.criterion import Criterion


def row(**values):
    return [values.get(name, 0.0) for name in NAMES]


def test_conditions():
    rows = np.array([row(sim_A=0.95, sim_V=0.2), row(sim_A=0.9, sim_V=0.9), row(sim_A=np.nan)])
    for text, holds in [
        ("sim_A >= 0.9", [True, True, False]),
        ("sim_A>0.9", [True, False, False]),
        ("sim_A < .92", [False, True, False]),
        ("sim_A >= 0.9 and sim_V >= 0.5", [False, True, False]),
        ("loss <= 0", [True, True, True]),
    ]:
        assert Criterion.parse(text).holds(rows).tolist() == holds


def test_what_it_says_reads_back():
    text = "sim_A >= 0.9 and dist_V < 0.05"
    assert str(Criterion.parse(text)) == text
    assert Criterion.parse("sim_A>=0.90") == Criterion.parse("sim_A >= .9")


@pytest.mark.parametrize(
    "text", ["", "sim_A", "sim_A >= ", "sim_A => 1", "sim_B >= 1", "sim_A >= x", "sim_A >= nan"]
)
def test_what_is_none(text):
    with pytest.raises(InputError, match=r"is no condition; write an observable \(alpha_A, "):
        Criterion.parse(text)
