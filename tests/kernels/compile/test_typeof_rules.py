"""The types of arguments with rules in them: found once, and told apart."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import typeof

from scbsim.kernels.compile.rule_type import KernelRule
from scbsim.kernels.compile.typeof_rules import remember_types
from scbsim.rules.loading import kernel_rule


class Inner(NamedTuple):
    rule: Any
    x: Any


class Outer(NamedTuple):
    first: Inner
    number: float
    rule: Any


def plain(s, gradient, rate, threshold):
    return s


OWN, OTHER = (KernelRule(name, "1", False, plain) for name in ("own", "other"))


def arguments(inner=OWN, outer=OWN, dtype=np.float32, ndim=1, number=1.0):
    return Outer(Inner(inner, np.zeros((2,) * ndim, dtype)), number, outer)


ALL = [
    arguments(),
    *(arguments(OTHER), arguments(OWN, OTHER), arguments(OTHER, OTHER)),
    *(arguments(0), arguments(OWN, 0), arguments(0, 0)),
    *(arguments(None), arguments(OWN, None), arguments(None, None)),
    *(arguments(dtype=np.float64), arguments(ndim=2), arguments(number=1)),
    tuple(arguments()),
    arguments().first,
]


@pytest.fixture
def asked():
    return []


@pytest.fixture
def remembered(asked):
    def found(value):
        asked.append(value)
        return typeof(value)

    return remember_types(found)


def test_types_are_numbas(remembered):
    for _ in range(2):
        assert list(map(remembered, ALL)) == list(map(typeof, ALL))


def test_each_is_found_once_and_what_has_no_rule_each_time(remembered, asked):
    for _ in range(3):
        for value in ALL:
            remembered(value)
    # Two of them have no rule.
    assert len(asked) == len(ALL) + 2 * 2


def test_what_has_no_fingerprint_is_found_each_time(remembered, asked):
    value = Inner(OWN, np.zeros(1).__add__)
    for _ in range(2):
        with pytest.raises(ValueError, match="Cannot determine Numba type"):
            remembered(value)
    assert len(asked) == 2


def test_kernels_use_it(monkeypatch):
    """A kernel that has been called asks numba no more."""
    from scbsim.kernels.compile import jit

    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    kernel = jit.kernel(lambda given: given.number + given.first.x.size)
    rule = kernel_rule("hard")
    assert kernel(arguments(rule, rule)) == 3.0
    monkeypatch.setattr("numba.core.dispatcher.typeof", None)
    assert kernel(arguments(rule, rule, number=2.0)) == 4.0
