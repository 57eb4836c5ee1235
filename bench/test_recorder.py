"""What does a recorded step cost, and a snapshot, beside the obvious ways to write them?"""

import os
from functools import partial

import h5py
import numpy as np
import pytest
from sizes import size

from scbsim.benchmark.around import record_rows, recorder
from scbsim.observables import NAMES
from scbsim.util.disk_space import sync

ROWS = size(200_000, 2_000)
PEER_ROWS = size(200, 3)
SHAPES = size([(500, 100_000), (100, 500_000)], [(50, 1_000), (10, 5_000)])


def append_as_emcee_does(path, n):
    """The obvious way: open, grow, write, close, at every step."""
    path.unlink(missing_ok=True)
    with h5py.File(path, "w") as file:
        for name in NAMES:
            file.create_dataset(name, (0,), np.float64, maxshape=(None,), chunks=(1024,))
    row = np.arange(len(NAMES), dtype=float)
    for step in range(n):
        with h5py.File(path, "a") as file:
            for name, value in zip(NAMES, row, strict=True):
                file[name].resize(step + 1, axis=0)
                file[name][step] = value


def test_recorded_step(tmp_path, benchmark, best_of, note):
    benchmark.group = "recorder: rows"
    record = partial(record_rows, tmp_path / "run.h5", ROWS)
    benchmark.pedantic(record, rounds=5, warmup_rounds=1)
    ours = benchmark.stats.stats.min / ROWS
    peer = best_of(lambda: append_as_emcee_does(tmp_path / "peer.h5", PEER_ROWS), rounds=3)
    peer /= PEER_ROWS
    note(
        us_a_step=1e6 * ours,
        percent_of_a_1_ms_step=100 * ours / 1e-3,
        emcee_style_us=1e6 * peer,
        times_cheaper=peer / ours,
    )


@pytest.mark.parametrize("buffered", [1, 2000, 16384])
def test_flush(tmp_path, benchmark, note, buffered):
    """At a step of 1 ms, 2,000 rows are what two seconds bring."""
    benchmark.group = "recorder: flush"
    here = recorder(tmp_path / "run.h5", {}, ROWS)
    n = buffered - (buffered == 16384)
    rows = np.random.default_rng(0).normal(size=(n, 1, len(NAMES)))
    stages = np.zeros((n, 1), np.int64)

    def fill():
        here.append(np.arange(n) + here.cursors().rows, stages, rows)

    benchmark.pedantic(here.flush, setup=fill, rounds=20, warmup_rounds=1)
    here.close("complete")
    seconds = benchmark.stats.stats.min
    note(ms=1e3 * seconds, percent_of_two_seconds=100 * seconds / 2.0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_snapshot(tmp_path, benchmark, best_of, note, shape):
    """A state of 200 MB, on the disk for certain, against the same bytes written plainly."""
    bulk = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    benchmark.group = f"recorder: snapshot of {bulk.nbytes / 1e6:.0f} MB"
    state = {"bulk": bulk}

    def fresh():
        fresh.number += 1
        path = tmp_path / f"run{fresh.number}.h5"
        return (recorder(path, state, ROWS, snapshot_every=1), path), {}

    fresh.number = 0

    def snapshot(here, path):
        here.snapshot(0, state)
        sync(path)

    def clean(here, path):
        here.close("complete")
        path.unlink()

    benchmark.pedantic(snapshot, setup=fresh, teardown=clean, rounds=5, warmup_rounds=1)

    def raw():
        with open(tmp_path / "raw", "wb") as file:
            file.write(bulk)
            file.flush()
            os.fsync(file.fileno())
        os.unlink(tmp_path / "raw")

    ours, plain = benchmark.stats.stats.min, best_of(raw)
    note(
        seconds=ours,
        raw_and_fsync=plain,
        times_raw=ours / plain,
        MB_a_second=bulk.nbytes / 1e6 / ours,
    )
