import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbsim.errors import SpecError
from scbsim.spec.ranges import MOST, Range, is_whole, parse_range

FINITE = st.floats(-1e12, 1e12, allow_nan=False)
ABOVE = st.floats(1e-12, 1e12)


def rising(values):
    def rises(pair):
        return pair[1] - pair[0] > 1e-6 * max(abs(pair[0]), abs(pair[1]))

    return st.tuples(values, values).map(sorted).filter(rises)


@pytest.mark.parametrize(
    ("words", "values", "spacing"),
    [
        ("task.T=1e3:1e6:4log", (1000, 10_000, 100_000, 1_000_000), "log"),
        ("noise.sigma_A=1e-2:1e2:5log", (0.01, 0.1, 1.0, 10.0, 100.0), "log"),
        ("noise.sigma_A=0:1:6", (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), "linear"),
        ("task.N=2:5:31", (2, 3, 4, 5), "linear"),
        ("dynamics.replica=0:20", tuple(range(20)), "linear"),
        ("seed=-2:1", (-2, -1, 0), "linear"),
        ("task.T=1e4,1e5", (10_000, 100_000), "list"),
        ("dynamics.rule=sgd,prox", ("sgd", "prox"), "list"),
        ("stage.0.threshold_sigmas=3.5, auto", (3.5, "auto"), "list"),
        (" task.T = 7 ", (7,), "list"),
    ],
)
def test_forms(words, values, spacing):
    found = parse_range(words)
    assert (found.values, found.spacing) == (values, spacing)
    assert [type(a) for a in found.values] == [type(b) for b in values]


@given(rising(ABOVE), st.integers(2, 200))
def test_a_logarithmic_range_has_its_ends_and_one_factor(pair, count):
    low, high = pair
    values = parse_range(f"noise.sigma_A={low!r}:{high!r}:{count}log").values
    assert (values[0], values[-1], len(values)) == (low, high, count)
    factor = (high / low) ** (1 / (count - 1))
    for a, b in pairwise(values):
        assert b / a == pytest.approx(factor, rel=1e-9)


@given(rising(FINITE), st.integers(2, 200))
def test_a_linear_range_has_its_ends_and_one_distance(pair, count):
    low, high = pair
    values = parse_range(f"init.alpha_A={low!r}:{high!r}:{count}").values
    assert (values[0], values[-1], len(values)) == (low, high, count)
    step, size = (high - low) / (count - 1), max(abs(low), abs(high))
    for i, value in enumerate(values):
        assert value == pytest.approx(low + i * step, rel=0, abs=max(1e-9 * size, 5e-324))


@given(rising(st.floats(2, 1e15)), st.integers(2, 300), st.sampled_from(["", "log"]))
def test_whole_numbers_are_rounded_distinct_and_rise(pair, count, log):
    low, high = pair
    values = parse_range(f"task.T={low!r}:{high!r}:{count}{log}").values
    assert all(type(value) is int for value in values)
    assert list(values) == sorted(set(values))
    assert (values[0], values[-1]) == (round(low), round(high))
    assert len(values) <= count


@given(rising(ABOVE), st.integers(2, 50))
def test_what_a_range_says_reads_back(pair, count):
    found = parse_range(f"noise.sigma_A={pair[0]!r}:{pair[1]!r}:{count}log")
    again = parse_range(str(found))
    assert (again.key, again.values) == (found.key, found.values)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("task.T", "task.T: no key and range; write key=range"),
        ("=1:2:3", "=1:2:3: no key and range"),
        ("task.T=", 'task.T: "" has an empty place; a range is a:b:n'),
        ("task.T=1,,2", 'task.T: "1,,2" has an empty place'),
        ("task.T=1e4,1e4", 'task.T: "1e4,1e4" has 10000 twice'),
        ("noise.sigma_A=1,1.0", "has 1 twice"),
        ("task.T=1:2:3:4", 'task.T: "1:2:3:4" has 4 parts; a range is a:b:n, a:b:nlog'),
        ("task.T=5:1:3", 'task.T: "5:1:3" does not increase'),
        ("task.T=5:5:3", "does not increase"),
        ("task.T=0:9:3log", 'task.T: "0:9:3log" starts at 0; a logarithmic range is above 0'),
        ("task.T=-1:9:3log", "starts at -1"),
        ("task.T=1:9:1", 'task.T: "1:9:1" asks for 1 value; from 2 to 1000000 are allowed'),
        (f"task.T=1:9:{MOST + 1}", "asks for 1000001 values"),
        ("task.T=a:9:3", 'task.T: "a:9:3": "a" is not a finite number'),
        ("task.T=nan:9:3", '"nan" is not a finite number'),
        ("task.T=1:inf:3", '"inf" is not a finite number'),
        ("task.T=1:9:3.5", '"3.5" is not a whole number'),
        ("task.T=1:9:log", '"" is not a finite number'),
        ("task.T=1:9:3lin", '"3lin" is not a finite number'),
        ("task.T=1:2.5", '"2.5" is not a whole number'),
        ("task.T=4:4", "has 0 whole numbers; from 1 to"),
        ("task.T=0:1e9", "has 1000000000 whole numbers"),
    ],
)
def test_what_is_wrong_is_named(words, said):
    with pytest.raises(SpecError, match="the range has 1 fault") as caught:
        parse_range(words)
    assert said in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_range_or_a_spec_error(text):
    try:
        found = parse_range(f"task.T={text}")
    except SpecError as error:
        said = str(error)
        assert said.startswith("the range has 1 fault:\n  task.T: ")
    else:
        assert isinstance(found, Range)
        assert found.values
        assert not any(isinstance(v, float) and v.is_integer() for v in found.values)


def test_which_keys_hold_whole_numbers():
    whole = ["seed", "task.N", "task.T", "task.Q", "task.seed", "dynamics.batch_size"]
    whole += ["dynamics.replica", "stage.0.steps", "stage.12.steps", "output.every"]
    others = ["noise.sigma_A", "stage.0.rate_A", "stage.0.threshold", "stage.0.threshold_sigmas"]
    others += ["dynamics.rule", "dynamics", "stage", "nothing", "task.nothing", "task.T.x", ""]
    assert [key for key in whole if not is_whole(key)] == []
    assert [key for key in others if is_whole(key)] == []


def test_an_infinite_value_may_stand_in_a_list():
    assert parse_range("task.q_concentration=5.0,inf").values == (5.0, math.inf)
