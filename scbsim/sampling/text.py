"""Samples of a text: each token with those before it as its context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.sampling.alias_tables import MOST_TOKENS
from scbsim.util.memory import require
from scbsim.util.numbers import as_int, check_int
from scbsim.util.text import counted, show

OTHER = "\N{REPLACEMENT CHARACTER}"
"""The symbol of the token for all that is not in the vocabulary."""


class TextSamples(NamedTuple):
    """The samples of a text, in the smallest unsigned type that holds the tokens.

    Attributes
    ----------
    tokens : (n, T)
        The contexts; the last token of each is its query.
    query : (n,)
    output : (n,)
        The token that follows in the text.
    symbols : tuple of str
        The characters or words, by their tokens.
    """

    tokens: NDArray[np.unsignedinteger[Any]]
    query: NDArray[np.unsignedinteger[Any]]
    output: NDArray[np.unsignedinteger[Any]]
    symbols: tuple[str, ...]


def text_samples(
    text: str | Sequence[str],
    *,
    T: int,
    vocabulary: int | Sequence[str] | None = None,
    seed: int | None = None,
) -> TextSamples:
    """Cut a text into samples, one for each of its tokens but the first T.

    Parameters
    ----------
    text : str or sequence of str
        Its characters are the tokens; or, of a list, its words: ``text.split()``.
    T : int
        Length of a context in tokens, at least 2.
    vocabulary : int or sequence of str, optional
        The number of tokens, at least 2: the most frequent symbols and one token for all others. Or
        the symbols themselves, to which the token for all others is added if the text has others.
        By default all symbols of the text.
    seed : int, optional
        Shuffle the samples with this seed; by default they are in the order of the text.

    Returns
    -------
    TextSamples
        Tokens are numbered by falling frequency, or in the order of the symbols given.

    Raises
    ------
    InputError
        If an argument is out of range, or the text is too short.
    MemoryNeeded
        If the samples do not fit into memory.

    Notes
    -----
    The samples of a text are not those of a sparse contextual bigram: contexts overlap, their
    tokens depend on one another, and the query is the last of them. docs/data.md says what follows.
    """
    T = check_int("T", T, 2)
    if not isinstance(text, str) and not all(isinstance(word, str) for word in text):
        raise InputError("text: it takes a str, or a sequence of str")
    if len(text) <= T:
        raise InputError(f"text: {counted(len(text), 'token')}; one sample needs more than T = {T}")
    symbols = _symbols(text, vocabulary)
    number = {symbol: i for i, symbol in enumerate(symbols)}
    kind = np.min_scalar_type(len(symbols) - 1)
    count = len(text) - T
    require(
        2 * count * T * kind.itemsize,
        f"{counted(count, 'sample')} of T = {T}",
        "take a shorter text",
    )
    other = number.get(OTHER, 0)
    x = np.fromiter((number.get(symbol, other) for symbol in text), kind, len(text))
    order = np.arange(count)
    if seed is not None:
        order = np.random.default_rng(check_int("seed", seed, 0)).permutation(count)
    tokens = sliding_window_view(x, T)[order]
    return TextSamples(tokens, tokens[:, -1].copy(), x[T:][order], symbols)


def _symbols(text: str | Sequence[str], vocabulary: int | Sequence[str] | None) -> tuple[str, ...]:
    """Return the symbols by their tokens; the last may be `OTHER`."""
    found = [symbol for symbol, _ in Counter(text).most_common()]
    if vocabulary is None:
        symbols = found
    elif (N := as_int(vocabulary)) is not None:
        check_int("vocabulary", N, 2)
        symbols = found if N >= len(found) else [*found[: N - 1], OTHER]
    elif isinstance(vocabulary, Sequence) and all(isinstance(each, str) for each in vocabulary):
        symbols = list(dict.fromkeys(vocabulary))
        symbols += [OTHER] if set(found) - set(symbols) else []
    else:
        raise InputError(
            f"vocabulary: {show(vocabulary)} is not allowed; it takes a number or symbols"
        )
    if not 2 <= len(symbols) <= MOST_TOKENS:
        raise InputError(
            f"text: {counted(len(symbols), 'different symbol')}; at least 2 and up to "
            f"{MOST_TOKENS} are allowed; give the vocabulary"
        )
    return tuple(symbols)
