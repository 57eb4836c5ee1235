"""Bulks in shards: columns by their global numbers, and what is damaged is never a state."""

from itertools import pairwise

import h5py
import numpy as np
import pytest

from scbsim.errors import MemoryNeeded
from scbsim.storage.checkpoint import file as checkpoint
from scbsim.storage.checkpoint import shards
from scbsim.storage.checkpoint.file import Checkpoint, read_checkpoint, write_checkpoint

N, T = 7, 50
FIRSTS = [0, 2, 4, 7]


@pytest.fixture(params=["float32", "float64"])
def bulk(request):
    return np.random.default_rng(0).normal(size=(N, T)).astype(request.param)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "run [1].h5"


def write(output, bulk, generation=1, step=3):
    for rank, (first, end) in enumerate(pairwise(FIRSTS)):
        shards.write_shard(shards.shard_path(output, generation, rank), bulk[first:end])
    table = {"generation": generation, "firsts": FIRSTS, "T": T, "dtype": bulk.dtype.name}
    facts = {"step": step, "shards": table}
    write_checkpoint(output, Checkpoint("run", "{}", facts, {"W": np.arange(4.0)}))
    return table


@pytest.mark.parametrize("piece", [2**26, 400, 64])
def test_any_columns_are_read_from_any_shards(output, bulk, piece, monkeypatch):
    monkeypatch.setattr("scbsim.storage.hdf5.array_blocks.BLOCK_BYTES", piece)
    table = write(output, bulk)
    for first in range(N):
        for end in range(first, N + 1):
            share = slice(first, end)
            found = shards.read_shards(output, table, shards.Share(lambda _, share=share: share))
            assert found.tobytes() == bulk[share].tobytes()


@pytest.mark.parametrize("piece", [2**26, 400, 64])
def test_columns_are_read_from_a_checkpoint_in_one_piece(output, bulk, piece, monkeypatch):
    monkeypatch.setattr("scbsim.storage.hdf5.array_blocks.BLOCK_BYTES", piece)
    write_checkpoint(output, Checkpoint("run", "{}", {"step": 3}, {"bulk": bulk}))
    found = checkpoint.read_one(output, "ckpt", shards.Share(lambda _: slice(2, 5)))
    assert found.state["bulk"].tobytes() == bulk[2:5].tobytes()
    assert read_checkpoint(output).state["bulk"].tobytes() == bulk.tobytes()


@pytest.mark.parametrize("harm", ["missing", "bit", "cut", "other"])
def test_where_a_shard_is_harmed_the_checkpoint_before_counts(output, bulk, harm):
    write(output, bulk, 1, step=3)
    write(output, 2 * bulk, 2, step=5)
    shard = shards.shard_path(output, 2, 1)
    if harm == "missing":
        shard.unlink()
    elif harm == "bit":
        with h5py.File(shard, "r+") as file:
            file["bulk"][1, 7] *= -1
    elif harm == "cut":
        shard.write_bytes(shard.read_bytes()[:-50])
    else:
        shard.write_bytes(shards.shard_path(output, 2, 2).read_bytes())
    found = read_checkpoint(output)
    assert found.facts["step"] == 3
    assert found.state["bulk"].tobytes() == bulk.tobytes()


def test_two_generations_are_kept_and_what_no_checkpoint_names_goes(output, bulk):
    shards.write_shard(shards.shard_path(output, 9, 0), bulk)
    for step, generation in enumerate((1, 2, 3)):
        write(output, bulk, generation, step)
    assert set(shards.shards_beside(output).values()) == {2, 3}
    assert shards.next_generation(output) == 4
    write_checkpoint(output, Checkpoint("run", "{}", {"step": 9}, {"bulk": bulk}))
    assert set(shards.shards_beside(output).values()) == {3}
    checkpoint.remove_checkpoints(output)
    assert list(output.parent.iterdir()) == []


def test_a_state_that_does_not_fit_is_not_taken_for_a_damaged_one(output, bulk, monkeypatch):
    write(output, bulk)
    monkeypatch.setattr("scbsim.util.memory._ALWAYS_FITS", 0)
    monkeypatch.setattr("scbsim.util.memory.available", lambda: 10)
    with pytest.raises(MemoryNeeded, match="to resume with 7 columns"):
        read_checkpoint(output)
