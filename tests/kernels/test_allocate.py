"""Buffers of different threads must not share a cache line, and large arrays begin on one."""

import numpy as np
import pytest

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.kernels.allocate import LINES, aligned_zeros, row_length
from scbsim.kernels.batch.workspace import make_work
from scbsim.kernels.gaussian.state import make_scratch
from scbsim.kernels.matched.traces import make_traces
from scbsim.kernels.sampled.state import make_sums

THREADS = 3


@pytest.mark.parametrize("shape", [0, 1, 7, (3, 5), (2, 0), (1000, 1001)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.float32, np.float64])
def test_arrays_begin_on_a_line(shape, dtype):
    array = aligned_zeros(shape, dtype)
    assert array.shape == np.zeros(shape).shape
    assert array.dtype == dtype
    assert array.size == 0 or array.ctypes.data % LINES == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert not array.any()


@pytest.mark.parametrize(("entries", "length"), [(0, 32), (1, 48), (10, 48), (16, 48), (17, 64)])
def test_rows_take_whole_lines_and_leave_a_gap(entries, length):
    assert row_length(entries) == length
    assert row_length(2 * entries, np.float32) == 2 * length


def buffers(N):
    """Return all buffers that have a row for each thread, by name."""
    real = [np.float32, np.float64]
    groups = [make_scratch(THREADS, N, dtype) for dtype in real]
    groups += [make_work(N, 50, 64, dtype, THREADS) for dtype in real]
    # Several shares of work are the number of threads, if there is work for all.
    groups += [make_sums(np.full(N, 1 / N), 2, 10_000, THREADS), make_traces(THREADS, N)]
    names = "z tail words sums wide_z wide_words row_1 row_2 drawn tables wide heads packed squares"
    for group in groups:
        own = [*names.split(), *(["u", "r", "w"] if hasattr(group, "inverse") else [])]
        for name in own:
            array = getattr(group, name, None)
            if array is not None and len(array) == THREADS and array.size:
                yield f"{type(group).__name__}.{name}", array


@pytest.mark.parametrize("N", [5, 10, 100])
def test_threads_do_not_share_lines(N):
    found = dict(buffers(N))
    assert {"Scratch.row_1", "Work.tables", "SampleSums.u", "SampleSums.z"} <= set(found)
    for name, array in found.items():
        if name in ("Work.heads", "Traces.sums"):  # of samples and tiles, not of threads
            continue
        assert array.ctypes.data % LINES == 0, name
        assert array.strides[0] % LINES == 0, name


def test_entries_of_the_matrix_begin_on_a_line():
    task = Task.random(4, 64, 2)
    start = {"alpha_A": 0.1, "alpha_V": 0.1, "seed": 1}
    for dtype in (np.float32, np.float64):
        bulk = DenseEngine(task, NoiseLevels.none(task), dtype=dtype, **start).A.bulk
        assert bulk.ctypes.data % LINES == 0
