"""Samples of a text."""

import numpy as np
import pytest

from scbsim import InputError, text_samples
from scbsim.sampling.text import OTHER


def test_each_token_follows_its_context():
    text = "abracadabra"
    found = text_samples(text, T=3)
    assert found.symbols == ("a", "b", "r", "c", "d")
    assert found.tokens.dtype == np.uint8
    spelled = ["".join(found.symbols[i] for i in row) for row in found.tokens]
    assert spelled == [text[i : i + 3] for i in range(8)]
    assert [found.symbols[i] for i in found.query] == list(text[2:10])
    assert [found.symbols[i] for i in found.output] == list(text[3:])


def test_rare_symbols_share_a_token():
    assert text_samples("abracadabra", T=2, vocabulary=3).symbols == ("a", "b", OTHER)
    found = text_samples(["a", "rose", "is", "a", "rose"], T=2, vocabulary=["rose", "is"])
    assert found.symbols == ("rose", "is", OTHER)
    assert found.tokens.tolist() == [[2, 0], [0, 1], [1, 2]]
    assert text_samples("abab", T=2, vocabulary=9).symbols == ("a", "b")
    assert text_samples("abab", T=2, vocabulary="ba").symbols == ("b", "a")


def test_a_seed_shuffles_whole_samples():
    text = "the quick brown fox"
    plain, found = text_samples(text, T=4), text_samples(text, T=4, seed=1)
    rows = [
        sorted(zip(each.tokens.tolist(), each.query.tolist(), each.output.tolist(), strict=True))
        for each in (plain, found)
    ]
    assert rows[0] == rows[1]
    assert plain.tokens.tolist() != found.tokens.tolist()
    again = text_samples(text, T=4, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(found[:3], again[:3], strict=True))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("abc", {"T": 3}, "needs more than T = 3"),
        ("abc", {"T": 1}, "at least 2"),
        ("aaaa", {"T": 2}, "1 different symbol;"),
        ("abcd", {"T": 2, "vocabulary": 1}, "at least 2"),
        ("abcd", {"T": 2, "vocabulary": 2.5}, "a number or symbols"),
        ([1, 2, 3], {"T": 2}, "sequence of str"),
    ],
)
def test_what_cannot_be_cut_is_refused(text, options, message):
    with pytest.raises(InputError, match=message):
        text_samples(text, **options)
