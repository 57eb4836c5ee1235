"""Arithmetic that is read from text: what it gives, and that nothing else is ever read."""

from __future__ import annotations

import ast
import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scbsim.util.expression import MOST_CHARACTERS, MOST_NESTED, Expression

NAMES = ("t", "pi")
FUNCTIONS = {"sqrt": (1, 1), "max": (2, 9), "abs": (1, 1)}
CALLED = {"sqrt": math.sqrt, "max": max, "abs": abs}


def value(text, t=3.0):
    return Expression(text, NAMES, FUNCTIONS)({"t": t, "pi": math.pi}, CALLED)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("0.1/(1 + t/100)", 0.1 / 1.03),
        ("-t**2 + 2*t - +1.5e0", -4.5),
        ("7 // 2 % 2", 1.0),
        ("max(1, t, sqrt(abs(-16)))", 4.0),
        (" 1. + .5 ", 1.5),
        ("1e3 * pi", 1e3 * math.pi),
    ],
)
def test_arithmetic(text, right):
    assert value(text) == pytest.approx(right, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("x + 1", "x is unknown; there are numbers"),
        ("exec(1)", "exec is unknown"),
        ("__import__(t)", "__import__ is unknown"),
        ("t.real", "not arithmetic from '.real'"),
        ("0.1^t", r"powers are written \*\*"),
        ("t[0]", "not arithmetic from"),
        ("'a'", "not arithmetic from"),
        ("1 < t", "not arithmetic from '< t'"),
        ("1 if t else 2", "not arithmetic"),
        ("lambda", "cannot be read|can be read"),
        ("t = 1", "not arithmetic from"),
        ("1j", "not arithmetic from"),
        ("0x10", "not arithmetic from"),
        ("sqrt", "sqrt is unknown"),
        ("sqrt()", "sqrt takes 1 numbers, not 0"),
        ("max(1)", "max takes 2 or more numbers"),
        ("sqrt(*t)", "not arithmetic|read"),
        ("t(1)", "t is unknown"),
        ("not t", "not arithmetic"),
        ("True", "not arithmetic"),
        ("1,2", "not arithmetic"),
        ("(1", "can be read"),
        ("1 +", "can be read"),
        ("9" * 350, "too large"),
        ("1" + "+1" * MOST_CHARACTERS, f"up to {MOST_CHARACTERS}"),
        ("-" * (MOST_NESTED + 1) + "1", "nested deeper"),
        ("(" * 180 + "1" + ")" * 180, "value"),
        ("1" + "**1" * 100, "nested deeper"),
    ],
)
def test_anything_else_is_refused(text, says):
    if says == "value":
        assert value(text) == 1.0  # parentheses alone are no depth
        return
    with pytest.raises(ValueError, match=says):
        Expression(text, NAMES, FUNCTIONS)


def test_a_huge_power_is_a_float_at_once():
    start = time.perf_counter()
    with pytest.raises(OverflowError):
        value("9**9**9")
    assert time.perf_counter() - start < 0.5


PIECES = ["t", "pi", "sqrt", "max", "x", "1", "2.5", "1e9", "(", ")", "+", "-", "*", "/", "**", "%"]
PIECES += ["//", ",", ".", "[", "]", "'", "lambda", "if", "else", "__", "=", ":", "\n", " ", "@"]
ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Load, ast.Call)
ALLOWED += (ast.operator, ast.unaryop)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
@example("(" * 199 + "t" + ")" * 199)
@example("t if t else t")
def test_what_is_read_is_arithmetic_of_known_names(text):
    try:
        read = Expression(text, NAMES, FUNCTIONS)
    except ValueError:
        return
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        assert isinstance(node, ALLOWED)
        if isinstance(node, ast.Name):
            assert node.id in {*NAMES, *FUNCTIONS}
    assert read.used <= {*NAMES, *FUNCTIONS}


LEAVES = st.one_of(st.just("t"), st.just("pi"), st.floats(0, 100, allow_nan=False).map(repr))


def both(inner):
    two = st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner)
    one = st.tuples(st.sampled_from(["-", "abs"]), inner)
    return st.one_of(
        two.map(lambda p: f"({p[0]} {p[1]} {p[2]})"), one.map(lambda p: f"{p[0]}({p[1]})")
    )


@settings(max_examples=200)
@given(st.recursive(LEAVES, both, max_leaves=8), st.floats(0, 1e6))
def test_its_value_is_python_s(text, t):
    def of(function):
        try:
            return function()
        except ZeroDivisionError:
            return "divided by zero"

    right = of(lambda: eval(text, {"t": t, "pi": math.pi, "abs": abs}))
    assert of(lambda: value(text, t)) == right or right != right
