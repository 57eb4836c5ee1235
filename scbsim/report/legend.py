"""What the names of observables mean, below the curves and beside the last values of a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from scbsim.observables import BATCH_LOSS, OBSERVABLES
from scbsim.plotting.overview import PANELS
from scbsim.report.words import html

MEANINGS: Final = {
    "alpha_A": "signal of A: the part of the attention matrix along the truth Q. It is 0 at "
    "uniform attention and 1 at the truth.",
    "alpha_V": "signal of V: the part of the value matrix along the truth P. It is 0 where every "
    "prediction is the token frequencies, and 1 at the truth.",
    "delta_A": "noise part of A: the norm of all of A that is not along the truth. 0 is best.",
    "delta_V": "noise part of V: the norm of all of V that is not along the truth. 0 is best.",
    "dist_A": "distance of A from the truth Q, from signal and noise part together. 0 is the "
    "truth.",
    "dist_V": "distance of V from the truth P, from signal and noise part together. 0 is the "
    "truth.",
    "sim_A": "similarity: the cosine between A and the truth Q, whatever their sizes. 1 is best; "
    "a run with 0.9 or more counts as recovered unless it is said otherwise.",
    "sim_V": "similarity: the cosine between V and the truth P, whatever their sizes. 1 is best.",
    "loss": "population loss: half the mean squared error of the prediction, over all samples.",
    BATCH_LOSS.name: "the same, over the samples of the step's batch, before the step.",
}
"""By observable, in a line each; norms are weighted by the token frequencies mu."""

STARS: Final = (
    "Stars are those of a normalised copy: in each column of A small entries are set to 0, and the "
    "rest is scaled to sum 1."
)
ENDS: Final = "Dotted lines are where a stage ended."

_SYMBOLS: Final = {each.name: each.symbol for each in (*OBSERVABLES, BATCH_LOSS)}


def observables_in(panels: Iterable[str]) -> list[str]:
    """Return the observables that panels of these names show, those of one's own left out."""
    shown = [name for panel in panels for name in PANELS.get(panel, ("", (panel,)))[1]]
    return [name for name in MEANINGS if name in shown]


def legend(panels: Iterable[str], *, stars: bool = False, ends: bool = False) -> str:
    """Return the names in panels with their meanings, as HTML to unfold; or nothing.

    ``stars`` and ``ends`` say whether normalised solutions and ends of stages are drawn.
    """
    items = "".join(
        f"<dt>{html(f'${_SYMBOLS[name]}$')} <code>{name}</code></dt><dd>{MEANINGS[name]}</dd>"
        for name in observables_in(panels)
    )
    if not items:
        return ""
    note = "Norms and cosines weigh the column of a token by its frequency \u03bc."
    note += f" {STARS}" * stars + f" {ENDS}" * ends
    return (
        "<details><summary>What the names mean</summary><p>A is the attention matrix and V the "
        f"value matrix of the learner; it is to find A = Q and V = P. {note}</p><dl>{items}</dl>"
        "</details>"
    )
