"""Text of others, fit to be shown."""

import os

import pytest

from scbsim.util.text import MOST_NESTED, all_printable, is_nested_within, printable, show


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, été, 数", "plain, été, 数"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("line\nfeed\r\t", r"line\x0afeed\x0d\x09"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_control_characters_are_written_out(text, shown):
    assert printable(text) == shown
    assert printable(text).isprintable()


def test_what_is_kept():
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


def test_all_that_is_nested():
    given = {"\x07": ["\x1b", 1, None, ("\x9b",)], "b": {"c": 1.5}}
    assert all_printable(given) == {r"\x07": [r"\x1b", 1, None, [r"\x9b"]], "b": {"c": 1.5}}


def nested(depth, kind):
    value = 1
    for _ in range(depth):
        value = {"a": value} if kind is dict else [value]
    return value


@pytest.mark.parametrize("kind", [dict, list])
def test_depth(kind):
    assert is_nested_within(nested(MOST_NESTED, kind), MOST_NESTED)
    assert not is_nested_within(nested(MOST_NESTED + 1, kind), MOST_NESTED)
    round_about = []
    round_about.append(round_about)
    assert not is_nested_within(round_about, MOST_NESTED)
    assert show(nested(900, kind))
