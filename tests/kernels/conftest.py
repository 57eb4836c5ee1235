"""What the tests of the kernels share: the random stream in NumPy, and states by hand."""

from types import SimpleNamespace

import numba
import numpy as np
import pytest
from scbsim_testing.random_words import words_and_thirds

from scbsim.kernels.gaussian.rules import RULES
from scbsim.kernels.gaussian.state import (
    Attention,
    ProblemConstants,
    StepParams,
    Value,
    make_scratch,
)
from scbsim.kernels.random.normal import BLOCK, LANE_WORDS, fill_normals

SEED = 0x0123456789ABCDEF

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


@numba.njit
def _fill(z, words, count, block, counter, key):
    fill_normals(z, words, count, block, counter, key)


def _uint64(*numbers):
    return tuple(np.uint64(number) for number in numbers)


@pytest.fixture(scope="session")
def counter():
    """Words 1 to 3 of a counter, by the table in docs/model.md, section 7."""

    def words(column=0, step=0, purpose=1, replica=0):
        return _uint64(column + (step >> 32) * 2**24, step % 2**32, purpose * 2**24 + replica)

    return words


@pytest.fixture(scope="session")
def key():
    """The key's two words of a seed."""

    def words(seed=SEED):
        return _uint64(seed % 2**32, seed >> 32)

    return words


@pytest.fixture(scope="session")
def philox():
    """Philox4x32-10 in NumPy: ``(4, n)`` uint32 at the counters ``(first + i, *rest)``."""

    def words(first, n, rest, key):
        index = (np.arange(n, dtype=np.uint64) + np.uint64(first)) & LOW
        c0, c1, c2, c3 = index, *(np.full(n, word, np.uint64) for word in rest)
        k0, k1 = (int(word) for word in key)
        for _ in range(10):
            p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
            c0 = (p1 >> HALF) ^ c1 ^ np.uint64(k0)
            c2 = (p0 >> HALF) ^ c3 ^ np.uint64(k1)
            c1, c3 = p1 & LOW, p0 & LOW
            k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
        return np.array([c0, c1, c2, c3]).astype(np.uint32)

    return words


@pytest.fixture(scope="session")
def block_words(philox):
    """Of each row of a block and lane: radius, its low bits, angle, (3, 32, 32); section 7."""

    def words(block, rest, key):
        drawn, thirds = words_and_thirds(philox(32 * block, 32, rest, key), 64)
        return np.array([drawn[::2], thirds[::2], drawn[1::2]])

    return words


@pytest.fixture(scope="session")
def fill():
    """Call fill_normals for one block of BLOCK positions; entries past `count` are NaN before."""

    def z(dtype, count, block, counter, key):
        out = np.full(BLOCK, np.nan, dtype)
        words = np.zeros(LANE_WORDS, np.uint32)
        _fill(out, words, count, block, counter, key)
        return out

    return z


@pytest.fixture(scope="session")
def normals(fill, counter, key):
    """The first normals of a column: a whole column of noise, by its address."""

    def column(dtype, length, *, seed=SEED, **address):
        blocks = range(-(-length // BLOCK))
        rest, of_seed = counter(**address), key(seed)
        z = [fill(dtype, BLOCK, block, rest, of_seed) for block in blocks]
        return np.concatenate(z)[:length]

    return column


def _projected(rng, root_mu):
    """A random matrix with ``1'W = 0`` and ``W sqrt(mu) = 0``."""
    N = root_mu.size
    W = rng.normal(size=(N, N))
    W -= W.mean(axis=0)
    return W - np.outer(W @ root_mu, root_mu)


@pytest.fixture(scope="session")
def state():
    """Draw a state ``(A, V, constants, scratch)``, far from the truth, and what it is made of."""

    def draw(N, T, Q, dtype="float32", *, shares=1, uneven=True, spread=0.1, seed=1):
        rng = np.random.default_rng(seed)
        mu = rng.dirichlet(np.full(N, 5.0)) if uneven else np.full(N, 1.0 / N)
        positions = np.sort([rng.permutation(T)[:Q] for _ in range(N)], axis=1)
        weights = rng.dirichlet(np.full(Q, 5.0), size=N)
        bulk = (spread * rng.normal(size=(N, T))).astype(dtype)
        np.put_along_axis(bulk, positions, 0, axis=1)
        A = Attention(
            bulk=bulk,
            support=0.3 * weights + spread * rng.normal(size=(N, Q)),
            positions=positions.astype(np.int64),
            weights=weights,
            off_sums=np.zeros((N, 2)),
            block_sums=np.zeros((N, -(-T // BLOCK), 4)),
            noise=np.zeros((N, Q)),
        )
        root_mu = np.sqrt(mu)
        target = 0.3 * _projected(rng, root_mu)
        V = Value(
            W=0.4 * target + 0.1 * _projected(rng, root_mu),
            target=target,
            root_mu=root_mu,
            scalars=np.zeros(2),
            column_sums=np.zeros((min(N, 32), N)),
            row_dots=np.zeros((N, 2)),
        )
        constants = ProblemConstants(
            mu=mu,
            T=float(T),
            K_P=float((target**2).sum()),
            K_Q=float(mu @ (((weights - 1 / T) ** 2).sum(axis=1) + (T - Q) / T**2)),
            mu_square=float(mu @ mu),
            mean_square=float(mu @ mu),
            mean_dot=float(mu @ mu),
            mean_off=0.0,
            D_V=float((N - 1) ** 2),
            seed=np.uint64(SEED),
            replica=np.uint64(5),
        )
        return SimpleNamespace(
            A=A, V=V, constants=constants, scratch=make_scratch(shares, N, dtype)
        )

    return draw


@pytest.fixture(scope="session")
def step_params():
    """Parameters of a step of every kind: noise and thresholds differ between columns."""

    def make(rule, N, *, sigma_A=1.0, sigma_V=0.2, rate_A=0.05, rate_V=0.07, sigmas=0.7):
        levels = sigma_A * np.linspace(0.5, 2.0, N)
        return StepParams(
            rule=RULES[rule],
            rate_A=rate_A,
            rate_V=rate_V,
            sigma_A=levels,
            threshold=sigmas * np.linspace(1.0, 1.5, N) * levels,
            sigma_V=sigma_V,
            until_signal=np.inf,
        )

    return make
