"""Both forms of the uniform number of a radius in float64, of which a processor takes one."""

import numba
import numpy as np

from scbsim.kernels.random.box_muller import _uniform_at_once, _uniform_in_parts

EDGES = [0, 1, 2, 3, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1]


@numba.njit
def _both(radius, extra):
    parts, once = np.empty(radius.size), np.empty(radius.size)
    for i in range(radius.size):
        parts[i] = _uniform_in_parts(radius[i], extra[i])
        once[i] = _uniform_at_once(radius[i], extra[i])
    return parts, once


def test_both_are_the_number_of_62_bits_to_the_bit():
    edges = np.array(np.meshgrid(EDGES, EDGES)).reshape(2, -1)
    words = np.random.default_rng(3).integers(0, 2**32, (2, 5000))
    radius, extra = np.concatenate([edges, words], axis=1).astype(np.uint32)
    parts, once = _both(radius, extra)
    # Of whole numbers in Python; their division rounds once.
    pairs = zip(radius.tolist(), extra.tolist(), strict=True)
    exact = [((r // 2) * 2**32 + (e | 1)) / 2**63 for r, e in pairs]
    np.testing.assert_array_equal(parts, 2.0**31 * np.array(exact))
    np.testing.assert_array_equal(once, 2.0**63 * np.array(exact))
