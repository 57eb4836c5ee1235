"""Captions of the figures of the paper: what is drawn, how it was run, and whose choice is what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scbsim.plotting.caption import BAND, caption, settings
from scbsim.plotting.spec_facts import whole
from scbsim.studies.figures.members import members
from scbsim.trajectory.views import spec_table_of
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.studies.figures.members import Members


class _Words(NamedTuple):
    """The fixed words of a caption; the numbers of the runs come from their specs."""

    shown: str
    claim: str  # the paper's
    ours: str
    paper: Mapping[str, Any]  # sizes that the paper gives


_PROCESS: Final = "the dashed black line is the population process of SGD, which has no noise"
_NORM: Final = (
    "thin dotted lines beside the noise parts are the norms of the signals of the same runs"
)
_SMALL: Final = "the sizes, rates, batch sizes and thresholds"

_FIGURES: Final = {
    1: _Words(
        "Distances of the value matrix V and of the attention A from the truth, in the mu norm, "
        "against steps since the end of stage 1. The star is the normalised solution of the l1 "
        "method.",
        "after stage 1 the normalised l1 solution recovers the truth, while SGD suffers from the "
        "variance of the gradient at a large rate and is slow at a small one",
        _SMALL,
        {},
    ),
    2: _Words(
        "Attention A and value matrix V that softmax and linear attention have learned from the "
        "same samples, beside the truth, and their population losses against steps. The maps in a "
        "row share one scale.",
        "attention patterns and value matrices of softmax and linear attention are very similar, "
        "and they converge to about the same loss",
        "the batch size, rates, steps and the transitions",
        {"N": (10,), "T": (50,), "Q": (2,)},
    ),
    3: _Words(
        f"Signals and noise parts against steps since the end of stage 1; {_PROCESS} and starts "
        f"at the signals at which stage 1 ended; {_NORM}. The star is the normalised solution of "
        "the l1 method.",
        "under SGD the noise part of A grows until it dominates the signal, while the proximal "
        "method reduces it and stays close to the population process",
        _SMALL,
        {},
    ),
    4: _Words(
        "Similarities of A and V with the truth, in the mu metric, against steps since the end of "
        "stage 1. Dashed lines are those of normalised copies.",
        "after stage 1 normalisation improves the proximal solution further, and with or without "
        "it the proximal method is ahead of SGD",
        _SMALL,
        {},
    ),
    5: _Words(
        f"Signals and noise parts of SGD and of the l1 method against steps; {_PROCESS}; {_NORM}. "
        "Stars are normalised solutions.",
        "with Gaussian noise in place of that of batches the l1 method recovers the truth and "
        "stays close to the population process, while the noise part of SGD grows quickly at the "
        "same batch size",
        "Q, the transitions, the model and the level of the noise, the start, rates, steps, batch "
        "sizes and the threshold",
        {"N": (100, 500), "T": (100_000,)},
    ),
}


def caption_of(number: int, runs: Mapping[Any, Members], note: str = "") -> str:
    """Return the caption of a figure of the paper.

    Parameters
    ----------
    number : int
        Of the figure.
    runs : mapping
        The runs that were drawn, one or several of each kind.
    note : str
        What a quick figure leaves out.
    """
    words = _FIGURES[number]
    shown = {str(name): members(each) for name, each in runs.items()}
    count = len(next(iter(shown.values())))
    bands = BAND.format(counted(count, "replica")) if count > 1 else ""
    if bands and number == 2:
        bands += " The maps are of the first replica."
    return caption(
        " ".join(filter(None, (words.shown, bands, f"({note})" if note else ""))),
        settings(shown) + _ends(number, shown),
        f"The paper's claim (Figure {number}): {words.claim}. {_sizes(words, shown)}"
        f"Our choice: {words.ours}.",
    )


def _sizes(words: _Words, runs: Mapping[str, Any]) -> str:
    """Return the sizes that the paper gives, and those that differ here."""
    if not words.paper:
        return ""
    given = ", ".join(
        f"{name} = {' and '.join(map(whole, values))}" for name, values in words.paper.items()
    )
    other = sorted(
        {
            f"{name} = {whole(run.attrs[name])}"
            for each in runs.values()
            for run in each[:1]
            for name, values in words.paper.items()
            if int(run.attrs[name]) not in values
        }
    )
    here = f" Other than there, here {', '.join(other)}." if other else ""
    return f"The paper has {given}.{here} "


def _ends(number: int, runs: Mapping[str, Any]) -> str:
    """Return at which steps first stages ended, and the threshold of normalisation."""
    level = spec_table_of(next(iter(runs.values()))[0]).get("output", {}).get("normalize_level")
    text = "" if level is None or number == 2 else f" Normalised at threshold {level:g}."
    if number not in (1, 3, 4):
        return text
    ends = sorted({int(run["stage_end"].values[0]) for each in runs.values() for run in each})
    between = whole(ends[0]) if len(ends) == 1 else f"{whole(ends[0])} to {whole(ends[-1])}"
    return f" Stage 1 ended at step {between}.{text}"
