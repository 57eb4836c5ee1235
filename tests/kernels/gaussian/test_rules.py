"""The update rules against docs/model.md, section 4."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.gaussian.rules import (
    RULES,
    activated_size,
    call_with_rule,
    is_projected,
    moves_without_gradient,
    step_entry,
)
from scbsim.spec import rules as records

numbers = st.floats(-1e6, 1e6)
rates, levels = st.floats(0, 10), st.floats(0, 1e6)
ROUNDING = 1e-15
SMALLEST = 5e-324  # what is left of a number below which there is none


@numba.njit
def _step(rule, s, gradient, rate, threshold):
    return step_entry(rule, s, gradient, rate, threshold)


@inline_jit
def _loop(rule, s, g, rest):
    rate, threshold = rest
    for i in range(s.size):
        s[i] = step_entry(rule, s[i], g[i], rate, threshold)


@numba.njit
def _step_all(rule, s, g, rest):
    call_with_rule(rule, _loop, s, g, rest)


@numba.njit
def _properties(rule):
    return is_projected(rule), moves_without_gradient(rule)


@numba.njit
def _activated_size(rule, excess, cut):
    return activated_size(rule, excess, cut)


def soft(x, threshold):
    return np.sign(x) * max(abs(x) - threshold, 0.0)


MODEL = {
    "sgd": lambda s, h, eta, lam: s - eta * h,
    "prox": lambda s, h, eta, lam: soft(s - eta * h, eta * lam),
    "denoise": lambda s, h, eta, lam: s - eta * soft(h, lam),
    "vanilla": lambda s, h, eta, lam: s - eta * h,
}


def test_the_rules_are_those_of_the_model():
    assert set(RULES) == set(MODEL)
    assert len(set(RULES.values())) == len(RULES)


@pytest.mark.parametrize("rule", MODEL)
@settings(deadline=None, max_examples=200)
@given(s=numbers, h=numbers, eta=rates, lam=levels)
def test_step(rule, s, h, eta, lam):
    scale = abs(s) + eta * (abs(h) + lam)
    found = _step(RULES[rule], s, h, eta, lam)
    assert abs(found - MODEL[rule](s, h, eta, lam)) <= 4 * ROUNDING * scale + 4 * SMALLEST


@settings(deadline=None, max_examples=200)
@given(s=numbers, h=numbers, eta=st.floats(1e-3, 10), lam=levels, other=numbers)
def test_prox_minimises(s, h, eta, lam, other):
    """A proximal step is the least of (x - (s - eta h))^2 / 2 eta + lam |x|."""

    def objective(x):
        return (x - (s - eta * h)) ** 2 / (2 * eta) + lam * abs(x)

    x = _step(RULES["prox"], s, h, eta, lam)
    least = objective(x)
    slack = 1e-12 * (least + (s - eta * h) ** 2 / eta)
    assert least <= objective(other) + slack
    for nearby in (x - 1e-3, x + 1e-3, 0.0):
        assert least <= objective(nearby) + slack


@pytest.mark.parametrize("rule", MODEL)
def test_level_zero_is_plain_descent(rule):
    for s, h in (0.3, 0.2), (-0.3, 1.7), (0.0, -2.0), (0.1, 0.0):
        assert _step(RULES[rule], s, h, 0.05, 0.0) == pytest.approx(s - 0.05 * h, abs=1e-16)


def test_where_the_rules_part():
    s, small, rate, threshold = 0.5, 0.9, 0.1, 1.0
    # A gradient within the level moves nothing under denoise; prox shrinks the state besides.
    assert _step(RULES["denoise"], s, small, rate, threshold) == s
    assert _step(RULES["prox"], s, small, rate, threshold) == pytest.approx(0.5 - 0.09 - 0.1)
    assert _step(RULES["prox"], 0.05, 0.0, rate, threshold) == 0.0
    assert _step(RULES["denoise"], 0.05, 0.0, rate, threshold) == 0.05


@pytest.mark.parametrize("rule", MODEL)
def test_a_loop_with_the_rule_as_a_constant_is_the_same(rule):
    rng = np.random.default_rng(1)
    s, g = rng.normal(size=(2, 50))
    after = s.copy()
    _step_all(RULES[rule], after, g, (0.3, 0.8))
    expected = [_step(RULES[rule], *pair, 0.3, 0.8) for pair in zip(s, g, strict=True)]
    np.testing.assert_allclose(after, expected, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("rule", MODEL)
def test_only_products_with_the_rate_matter(rule):
    for s, h in np.random.default_rng(2).normal(size=(50, 2)):
        folded = _step(RULES[rule], s, 0.3 * h, 1.0, 0.3 * 0.8)
        assert folded == pytest.approx(_step(RULES[rule], s, h, 0.3, 0.8), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("rule", MODEL)
def test_the_other_functions_agree_with_the_formula_and_the_record(rule):
    code, record = RULES[rule], records.RULES[rule]
    moves = any(_step(code, s, 0.0, 0.3, 0.8) != s for s in (-5.0, -0.1, 0.1, 5.0))
    assert _properties(code) == (record.projected, moves)
    if record.keeps_zeros:
        rate, sigma, cut, excess = 0.3, 2.0, 1.5, 0.7
        after = _step(code, 0.0, -sigma * (cut + excess), rate, sigma * cut)
        assert after == pytest.approx(rate * sigma * _activated_size(code, excess, cut))


def test_every_record_has_a_code():
    assert set(RULES) == {name for name, each in records.RULES.items() if not each.own}
