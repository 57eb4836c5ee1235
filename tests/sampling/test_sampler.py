"""Samples: chi-square tests of their law, and the same bits for any batch size and threads."""

from itertools import islice

import numpy as np
import pytest
from scipy.stats import chi2

from scbsim import Task, sample_batch, sample_batches
from scbsim.errors import InputError, MemoryNeeded
from scbsim.sampling.sampler import Sampler

FLOOR = 1e-7
"""A p-value falls below this by chance in about one of 100,000 runs of this file."""

TASKS = {
    "3, 5000": {"N": 3, "T": 5000, "Q": 2, "size": 400},
    "4, 30": {"N": 4, "T": 30, "Q": 3, "size": 40_000},
    "10, 50": {"N": 10, "T": 50, "Q": 2, "size": 40_000},
    "40, 2500": {"N": 40, "T": 2500, "Q": 4, "size": 800},
    "300, 100": {"N": 300, "T": 100, "Q": 1, "size": 20_000},
}


@pytest.fixture(scope="module", params=TASKS, ids=lambda name: name.replace(", ", "-"))
def drawn(request):
    given = dict(TASKS[request.param])
    size = given.pop("size")
    task = Task.random(mu="dirichlet", P_concentration=0.05, seed=5, **given)
    return task, sample_batch(task, size, seed=11)


def p_value(counts, expected):
    """Pearson's chi-square test; cells with a small expectation are merged."""
    counts, expected = np.ravel(counts), np.ravel(expected)
    assert counts[expected == 0].sum() == 0
    few = expected < 10
    counts = np.append(counts[~few], counts[few].sum())
    expected = np.append(expected[~few], expected[few].sum())
    counts, expected = counts[expected > 0], expected[expected > 0]
    if len(counts) < 2:
        return 1.0
    return chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1)


def table(*columns, sizes):
    index = np.ravel_multi_index([np.ravel(c).astype(np.int64) for c in columns], sizes)
    return np.bincount(index, minlength=int(np.prod(sizes))).reshape(sizes)


def test_tokens(drawn):
    task, batch = drawn
    counts = np.bincount(batch.tokens.ravel(), minlength=task.N)
    assert p_value(counts, batch.tokens.size * task.mu) > FLOOR


def test_neighbours_are_independent(drawn):
    """Neighbours, tokens one block of lanes apart, and tokens of successive samples."""
    task, batch = drawn
    both = np.outer(task.mu, task.mu)
    x = batch.tokens
    pairs = {"next": (x[:, :-1:2], x[:, 1::2]), "samples": (x[:-1:2], x[1::2])}
    for apart in (16, 128, 512):
        if 2 * apart <= task.T:
            pairs[apart] = (x[:, :apart], x[:, apart : 2 * apart])
    for one, other in pairs.values():
        one, other = one[:, : other.shape[1]], other[:, : one.shape[1]]
        counts = table(one, other, sizes=(task.N, task.N))
        assert p_value(counts, one.size * both) > FLOOR


def test_positions_are_alike(drawn):
    """Count each token in each of several stretches of the context."""
    task, batch = drawn
    stretch = np.arange(task.T) * 8 // task.T
    counts = table(*np.broadcast_arrays(batch.tokens, stretch), sizes=(task.N, 8))
    lengths = np.bincount(stretch, minlength=8) / task.T
    assert p_value(counts, batch.tokens.size * np.outer(task.mu, lengths)) > FLOOR


def test_queries_and_sources(drawn):
    task, batch = drawn
    size = len(batch.query)
    assert p_value(np.bincount(batch.query, minlength=task.N), size * task.mu) > FLOOR
    which = (task.q_positions[batch.query] == batch.source[:, None]).argmax(axis=1)
    assert (task.q_positions[batch.query, which] == batch.source).all()
    counts = table(batch.query, which, sizes=(task.N, task.Q))
    assert p_value(counts, size * task.mu[:, None] * task.q_weights) > FLOOR


def test_outputs_follow_their_source(drawn):
    task, batch = drawn
    source = batch.tokens[np.arange(len(batch.query)), batch.source]
    counts = table(batch.output, source, sizes=(task.N, task.N))
    assert p_value(counts, len(source) * task.P * task.mu) > FLOOR


def test_the_query_says_nothing_of_the_source_token(drawn):
    task, batch = drawn
    source = batch.tokens[np.arange(len(batch.query)), batch.source]
    counts = table(batch.query, source, sizes=(task.N, task.N))
    assert p_value(counts, len(source) * np.outer(task.mu, task.mu)) > FLOOR


def test_a_law_a_little_off_is_noticed(drawn):
    task, batch = drawn
    off = task.mu * np.linspace(1.1, 1.0, task.N)
    counts = np.bincount(batch.tokens.ravel(), minlength=task.N)
    assert p_value(counts, batch.tokens.size * off / off.sum()) < FLOOR


@pytest.mark.parametrize(("N", "T"), [(3, 5000), (10, 50), (70, 2048), (5, 2047), (6, 3)])
def test_the_same_bits_however_they_are_asked_for(N, T):
    task = Task.random(N, T, 1, seed=2)
    one, two = Sampler(task, 3, threads=1), Sampler(task, 3)
    whole = one.draw(100, 600)
    for name, array in two.draw(100, 600)._asdict().items():
        assert np.array_equal(array, getattr(whole, name)), name
    for first, size in ((100, 1), (137, 41), (699, 1), (111, 589)):
        part = one.draw(first, size)
        for name, array in part._asdict().items():
            right = getattr(whole, name)[first - 100 : first - 100 + size]
            assert np.array_equal(array, right), name


def test_batches():
    task = Task.random(5, 40, 2)
    batches = list(islice(sample_batches(task, 30, seed=4, first=2), 3))
    for i, batch in enumerate(batches, 2):
        again = sample_batch(task, 30, seed=4, number=i)
        assert all(np.array_equal(a, b) for a, b in zip(batch, again, strict=True))
    # Sample 60 of the seed, in batches of two sizes.
    assert np.array_equal(sample_batch(task, 61, seed=4).tokens[60], batches[0].tokens[0])


def test_seeds_and_replicas_differ():
    task = Task.random(5, 40, 2)
    streams = [Sampler(task, s, replica=r).draw(0, 9).tokens for s, r in ((0, 0), (1, 0), (0, 1))]
    assert len({x.tobytes() for x in streams}) == 3


@pytest.mark.parametrize(("N", "kind"), [(3, "uint8"), (256, "uint8"), (257, "uint16")])
def test_the_smallest_type(N, kind):
    batch = sample_batch(Task.random(N, 9, 1, P_concentration=0.01), 5)
    assert (batch.tokens.dtype, batch.query.dtype, batch.output.dtype) == (kind,) * 3
    assert batch.tokens.shape == (5, 9)
    assert batch.source.dtype == "int64"


def test_what_is_refused(monkeypatch):
    task = Task.random(3, 9, 1)
    with pytest.raises(InputError, match="seed: -1"):
        sample_batch(task, 5, seed=-1)
    with pytest.raises(InputError, match="replica: 16777216"):
        Sampler(task, replica=2**24)
    with pytest.raises(InputError, match="threads: 0"):
        Sampler(task, threads=0)
    for size, number in ((0, 0), (5, -1), (2**60, 16)):
        with pytest.raises(InputError, match="numbers are 0 to below"):
            sample_batch(task, size, number=number)
    monkeypatch.setattr("scbsim.util.memory.available", lambda: 10**6)
    with pytest.raises(MemoryNeeded, match="draw fewer at a time"):
        sample_batch(task, 10**8)
