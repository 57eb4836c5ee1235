"""What does a dense step cost under a rule that is a function in Python, beside a built-in one?

The same arithmetic, written as a user would: times in turn, on one thread, as a ratio.
"""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from sizes import size
from test_dense_step import engine

import scbsim
from scbsim.spec.own_rules import rule_name

STEPS, ROUNDS = 2, 25
SIZES = size([(100, 100_000)], [(5, 300)])


@scbsim.rule()
def sgd(s, gradient, rate, threshold):
    """Step along the gradient."""
    return s - rate * gradient


@scbsim.rule(threshold=True, keeps_zeros=True)
def prox(s, gradient, rate, threshold):
    """Step, then apply the soft threshold."""
    x, limit = s - rate * gradient, rate * threshold
    return x - max(min(x, limit), -limit)


@scbsim.rule(threshold=True, keeps_zeros=True)
def denoise(s, gradient, rate, threshold):
    """Step along the gradient with a soft threshold."""
    return s - rate * (gradient - max(min(gradient, threshold), -threshold))


def seconds(dense, stage):
    began = perf_counter()
    dense.advance(stage, STEPS)
    return perf_counter() - began


@pytest.mark.parametrize("rule", [sgd, prox, denoise], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("N", "T"), SIZES)
def test_a_rule_of_ones_own(N, T, rule, precision, benchmark, note):
    benchmark.group = f"a rule of one's own, N={N} T={T}"
    pair = []
    for each in (rule.__name__, rule_name(rule)):
        dense, stage = engine(rule.__name__, precision, 1, N, T)
        pair.append((dense, replace(stage, rule=each)))
    times = np.array([[seconds(*each) for each in pair] for _ in range(ROUNDS)])
    benchmark.pedantic(pair[1][0].advance, (pair[1][1], STEPS), rounds=3)
    built_in, own = times[1:].min(axis=0) / STEPS / (1e-9 * N * T)
    note(ns_an_entry=own, built_in_ns=built_in, times_built_in=own / built_in)
