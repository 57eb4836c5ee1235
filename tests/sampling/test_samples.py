"""Samples from elsewhere: what is wrong with them is said, all of it at once."""

from pathlib import Path

import numpy as np
import pytest

from scbsim import DataError, InputError, token_frequencies
from scbsim.sampling.batches import HandedBatches
from scbsim.sampling.samples import as_samples, stored

TOKENS, HEADS = np.zeros((3, 5), np.int64), np.zeros(3, np.int64)


def faults(batch, T=5, size=3, N=4):
    with pytest.raises(DataError) as caught:
        stored(as_samples(batch, T, size, "batch 8"), N, "batch 8")
    assert str(caught.value).startswith("batch 8 has ")
    return {fault.key: fault.problem for fault in caught.value.faults}


def with_entry(array, at, value):
    changed = array.copy()
    changed[at] = value
    return changed


def test_right_ones_are_taken_in_any_type_and_form():
    tokens, heads = np.arange(15).reshape(3, 5) % 4, np.array([3, 0, 1])
    for kind in (np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64):
        for batch in (
            (tokens.astype(kind), heads.astype(kind), heads),
            (tokens.astype(kind).tolist(), heads, heads, "sources"),
            {"output": heads, "query": heads, "tokens": np.asfortranarray(tokens, kind)},
        ):
            found = stored(as_samples(batch, 5, 3, ""), 4, "")
            assert found.tokens.dtype == np.uint8
            assert found.tokens.tolist() == tokens.reshape(-1).tolist()
            assert found.heads[[0, 2]].tolist() == [heads.tolist()] * 2


@pytest.mark.parametrize("kind", [np.int64, np.uint16])
def test_what_is_no_token_is_named(kind):
    found = faults((with_entry(TOKENS, (1, 2), 4).astype(kind), with_entry(HEADS, 2, 5), HEADS))
    assert found == {
        "tokens[1, 2]": "4 is no token; they are 0 to 3",
        "query[2]": "5 is no token; they are 0 to 3",
    }
    assert faults((TOKENS, HEADS, with_entry(HEADS, 0, -1))).keys() == {"output[0]"}
    small = with_entry(TOKENS.astype(np.uint8), (2, 4), 150)
    assert faults((small, HEADS, HEADS), N=100).keys() == {"tokens[2, 4]"}
    signed = with_entry(TOKENS.astype(np.int8), (2, 4), -1)
    assert faults((signed, HEADS, HEADS), N=256).keys() == {"tokens[2, 4]"}
    big_endian = with_entry(TOKENS.astype(">i4"), (2, 4), -1)
    assert faults((big_endian, HEADS, HEADS)).keys() == {"tokens[2, 4]"}
    # Larger than the type in which tokens are stored.
    assert faults((with_entry(TOKENS, (0, 0), 2**16), HEADS, HEADS)).keys() == {"tokens[0, 0]"}


def test_shapes_and_types_are():
    assert faults((TOKENS + 0.5, HEADS, "ab")).keys() == {"tokens", "output"}
    assert "T = 6" in faults((TOKENS, HEADS, HEADS), T=6)["tokens"]
    assert "(B, T)" in faults((HEADS, HEADS, HEADS))["tokens"]
    assert "dynamics.batch_size = 4" in faults((TOKENS, HEADS, HEADS), size=4)["tokens"]
    assert faults((TOKENS, HEADS[:2], HEADS[:1])).keys() == {"query", "output"}
    assert faults({"tokens": TOKENS}).keys() == {"query", "output"}
    for nothing in (5, (TOKENS, HEADS), None, TOKENS):
        assert "a batch is (tokens, query, output), or a dict" in faults(nothing)[""]
    assert "tuple of 2" in faults((TOKENS, HEADS))[""]
    hidden = np.ma.masked_array(HEADS, np.arange(len(HEADS)) == 1)
    assert "1 entry is masked" in faults((TOKENS, hidden, HEADS))["query"]
    assert "no array" not in faults(([[1], [2, 3]], HEADS, HEADS))["tokens"]


def test_what_is_no_batches_is_refused():
    one = (TOKENS, HEADS, HEADS)
    for wrong in (5, {"tokens": TOKENS}, None):
        with pytest.raises(InputError, match="it takes a sequence"):
            HandedBatches(wrong, 5, 3)
    for alone in (one, list(one), one[:2]):
        with pytest.raises(InputError, match=r"write \[\(tokens, query, output\)\]"):
            HandedBatches(alone, 5, 3)
    for path in ("a.h5", Path("a.h5"), b"a.h5"):
        with pytest.raises(InputError, match=r"it takes a sequence.*name a file in data\.from"):
            HandedBatches(path, 5, 3)
    for nothing, said in ((iter(()), "none is left"), (lambda number: None, "None for batch 0")):
        with pytest.raises(InputError, match=said):
            HandedBatches(nothing, 5, 3).batch(0)
    assert HandedBatches([one, one, one], 5, 3).batch(2) is not None
    taken = HandedBatches(iter([one]), 5, 3)
    assert taken.batch(0)(1, 3).query.shape == (2,)
    assert taken.batch(1) is None
    with pytest.raises(InputError, match="only be read from its start"):
        HandedBatches(iter([one]), 5, 3).batch(1)


def test_frequencies_are_above_zero():
    assert token_frequencies([[0, 2], [2, 2]], 3).tolist() == pytest.approx([2 / 7, 1 / 7, 4 / 7])
    with pytest.raises(DataError, match=r"tokens\[1\]: 3 is no token"):
        token_frequencies([0, 3], 3)
