"""The loop in C that bounds the dense step makes the same step."""

import numba
import numpy as np
import pytest
from scbsim_testing.needs import lacking

from scbsim.benchmark.peers import AMPLITUDE, DECAY, LEVEL, in_c
from scbsim.kernels.random.normal import LANE_WORDS, fill_normals

# Other instructions are taken where a processor lacks some.
OPTIONS = [()]
if in_c.ON_X86:
    OPTIONS.append(("-mno-avx512f",))

ROWS, BLOCKS, STEPS = 8, 4, 2


@numba.njit
def _normals(z, words, row, step):
    one = np.uint64(1)
    counter, key = (
        (np.uint64(row), np.uint64(step), one << np.uint64(24)),
        (np.uint64(4), np.uint64(5)),
    )
    for block in range(z.shape[0]):
        fill_normals(z[block], words, z.shape[1], block, counter, key)


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def stepped(rule, s, z):
    change = DECAY * s + AMPLITUDE * z
    if rule == "prox":
        return soft(s - change, LEVEL)
    return s - (soft(change, LEVEL) if rule == "denoise" else change)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
@pytest.mark.parametrize("options", OPTIONS)
def test_steps_are_those_of_the_same_normals(rule, precision, options):
    if in_c.compiled(precision, *options) is None:
        lacking("no compiler for C takes the loop")
    shape = (ROWS, BLOCKS * in_c.BLOCK)
    loop = in_c.Loop(rule, shape, precision, lambda take, n: take(0, 0, n), *options)
    loop.step(STEPS)
    z = np.zeros((BLOCKS, in_c.BLOCK), precision)
    eps = np.finfo(precision).eps
    for row in range(ROWS):
        s, total, squares, size = np.zeros(z.shape), 0.0, 0.0, AMPLITUDE
        for step in range(STEPS):
            _normals(z, np.zeros(LANE_WORDS, np.uint32), row, step)
            s = stepped(rule, s, z.astype(np.float64))
            total, squares = total + s.sum(), squares + (s * s).sum()
            size += np.abs(s).sum()
        # Some roundings of a normal, which is at most 5 here.
        error = 20 * eps * AMPLITUDE
        np.testing.assert_allclose(loop.s[row].reshape(s.shape), s, rtol=0, atol=error)
        np.testing.assert_allclose(loop.sums[row], [total, squares], rtol=0, atol=99 * eps * size)
    assert np.count_nonzero(loop.s) > 0
