"""Types of arguments with rules are those that numba finds itself, and are made once."""

import numpy as np
import pytest
from numba import typeof
from numba.extending import typeof_impl

from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import Stage
from scbsim.engines.step_params import step_params
from scbsim.rules.loading import kernel_rule

of_tuple = typeof_impl.dispatch(tuple)


def params(name, **changes):
    levels = np.full(3, 0.1)
    stage = Stage(0, name, 5, 0.1, 0.05, levels, np.inf, None)
    made = step_params(stage, NoiseLevels(levels, 0.1), None, -1, 1.0, (0, 1))
    return made._replace(**changes)


def fixed():
    array = np.zeros(3)
    array.flags.writeable = False
    return array


CHANGES = {
    "nothing": {},
    "levels": {"matched": np.zeros((3, 6))},
    "single precision": {"threshold": np.zeros(3, np.float32)},
    "every second entry": {"threshold": np.zeros(6)[::2]},
    "read only": {"threshold": fixed()},
    "by columns": {"matched": np.zeros((6, 3)).T},
    "a float": {"powers_step": 1.5},
    "a large integer": {"powers_step": 2**63},
    "another rule": {"rule": kernel_rule("momentum")},
    "a rule of scbsim's own": {"rule": 1},
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_type_is_numba_s(what):
    for given in (params("hard"), params("hard", **CHANGES[what])):
        for _ in range(2):
            assert typeof(given) == of_tuple(given, None)


def test_types_are_made_once_for_other_numbers():
    assert typeof(params("hard")) is typeof(params("hard", rate_A=0.3, powers_step=7))
