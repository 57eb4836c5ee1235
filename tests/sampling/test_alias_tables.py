"""Alias tables of a task: their accuracy, and the tasks that are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbsim import Task
from scbsim.errors import InputError
from scbsim.sampling.alias_tables import MOST_TOKENS, alias_tables_of, counts_of


@given(
    st.integers(1, 40),
    st.sampled_from([0.01, 1.0, 100.0]),
    st.integers(0, 2**32),
    st.sampled_from([0, 1]),
)
def test_no_probability_is_off_by_a_word(n, shape, seed, least):
    p = np.random.default_rng(seed).dirichlet(np.full(n, shape), size=3)
    counts = counts_of(p, least)
    assert (counts.sum(axis=1) == 2**32).all()
    assert counts.min() >= least
    off = np.abs(counts - p * 2**32)
    # If rare tokens are raised to one word, the most frequent token gives words back.
    assert off.max() < (1.001 if least == 0 else n + 1)


def test_even_ones_are_even():
    assert set(counts_of(np.full((1, 3), 1 / 3))[0]) == {2**32 // 3, 2**32 // 3 + 1}
    assert counts_of(np.full((1, 4), 0.25)).tolist() == [[2**30] * 4]


def test_a_rare_token_is_not_impossible():
    mu = np.array([[1e-12, 0.5, 0.5 - 1e-12]])
    assert counts_of(mu, 1)[0, 0] == 1


def test_what_cannot_be_sampled():
    with pytest.raises(InputError, match="no real batches"):
        alias_tables_of(Task.random(4, 9, 1, K_P=0.5))
    with pytest.raises(InputError, match=r"task\.N: 65537 tokens; real batches have up to 65536"):
        alias_tables_of(_Many())


class _Many:
    N = MOST_TOKENS + 1
    P = ()
