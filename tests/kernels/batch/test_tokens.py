"""Tokens and heads of samples: the addresses of docs/model.md, sections 7 and 8, in NumPy."""

import numpy as np
import pytest
from scbsim_testing.random_words import xoshiro

from scbsim import Task
from scbsim.sampling.sampler import Sampler

SEED = 0x0123456789ABCDEF

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


@pytest.fixture(scope="module")
def words_of(philox, key):
    """Words of a group of samples, (blocks * 2048,), and the three of one sample's head."""

    def tokens(number, blocks, replica):
        rest = [np.uint64(w) for w in (number >> 32, number % 2**32, 16 * 2**24 + replica)]
        return np.concatenate(
            [xoshiro(philox(128 * j, 128, rest, key(SEED)), 16).ravel() for j in range(blocks)]
        )

    def head(sample, replica):
        rest = [np.uint64(w) for w in (sample >> 32, 0, 17 * 2**24 + replica)]
        return philox(sample % 2**32, 1, rest, key(SEED))[:3, 0]

    return tokens, head


def read(words, table, bits):
    """Walker's method on whole numbers."""
    bucket = words >> np.uint32(32 - bits)
    rest = words & np.uint32(2 ** (32 - bits) - 1)
    entry = table[bucket]
    return np.where(rest < entry >> np.uint32(bits), bucket, entry & np.uint32(2**bits - 1))


@pytest.mark.parametrize("first", [0, 5, 2**32 - 2, 2**60 + 3])
@pytest.mark.parametrize(("N", "T"), [(3, 5000), (4, 7), (10, 50), (300, 2048), (5, 1025)])
def test_addresses(words_of, N, T, first):
    task = Task.random(N, T, 2, mu="dirichlet", P_concentration=0.02, seed=1)
    sampler = Sampler(task, SEED, replica=9)
    batch, alias = sampler.draw(first, 4), sampler.alias
    of_tokens, of_head = words_of
    together = max(1, 2048 // T)
    for i in range(4):
        number, place = divmod(first + i, together)
        words = of_tokens(number, -(-T // 2048), 9)[place * T : (place + 1) * T]
        if N <= 4:
            x = (words[:, None] > alias.cuts).sum(axis=1)
        else:
            x = read(words, alias.tokens, int(alias.bits))
        assert batch.tokens[i].tolist() == x.tolist()
        head = of_head(first + i, 9)
        if N <= 4:
            k = int((head[0] > alias.cuts).sum())
        else:
            k = int(read(head[:1], alias.tokens, int(alias.bits))[0])
        j = int(read(head[1:2], alias.sources[k], int(alias.source_bits))[0])
        t = task.q_positions[k, j]
        o = int(read(head[2:], alias.outputs[x[t]], int(alias.bits))[0])
        assert (batch.query[i], batch.source[i], batch.output[i]) == (k, t, o)
