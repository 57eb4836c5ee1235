"""The tables that ``scbsim figure`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Final

import click

from scbsim.cli.console import number as cell
from scbsim.cli.console import print_table
from scbsim.util.text import counted

Columns = Mapping[str, str]
"""Headings of a table, with the attribute of an outcome in each column."""

_NORMS: Final = {
    "alpha_A\nsqrt(K_Q)": "signal_A",
    "\ndelta_A": "delta_A",
    "alpha_V\nsqrt(K_P)": "signal_V",
    "\ndelta_V": "delta_V",
}
_RUN: Final = {"\nrun": "run", "\nrate": "rate"}

COLUMNS: Final[Mapping[int, Columns]] = {
    1: {
        **_RUN,
        "\n|A-Q|": "dist_A",
        "normalised\n|A-Q|": "normalized_dist_A",
        "\n|V-P|": "dist_V",
        "normalised\n|V-P|": "normalized_dist_V",
    },
    2: {
        "\nattention": "attention",
        "\nloss": "loss",
        "similarity\nof A": "sim_A",
        "similarity\nof V": "sim_V",
    },
    3: {**_RUN, **_NORMS},
    4: {
        **_RUN,
        "similarity\nof A": "sim_A",
        "\nnormalised": "normalized_sim_A",
        "similarity\nof V": "sim_V",
        "\nnormalised ": "normalized_sim_V",
    },
    5: {
        "\nN": "N",
        "\nrule": "rule",
        **_NORMS,
        "|A-Q|\n/sqrt(K_Q)": "dist_A",
        "|V-P|\n/sqrt(K_P)": "dist_V",
    },
}


def print_outcomes(number: int, outcomes: Sequence[Any], replicas: int = 1) -> None:
    """Print the outcome of each run of a figure, and notes on the numbers."""
    columns = COLUMNS[number]
    rows = [[getattr(each, name) for name in columns.values()] for each in outcomes]
    words = [i for i, value in enumerate(rows[0]) if isinstance(value, str)]
    cells = [[cell(x, ".3g") if isinstance(x, float) else str(x) for x in row] for row in rows]
    print_table([*columns], cells, left=words)
    if replicas > 1:
        click.echo(f"Medians over {counted(replicas, 'replica')}.")
    for line in _notes(number, outcomes):
        click.echo(line)


def _notes(number: int, outcomes: Sequence[Any]) -> list[str]:
    """Return notes on the numbers of a table."""
    if number == 2:
        first = outcomes[0]
        text = f"correlation {first.corr_A:.4f} of the two A, {first.corr_V:.4f} of the two V"
        return [f"Softmax beside linear: {text}. Losses are means over the last steps."]
    if number != 5:
        return _first_stages(outcomes)
    lines = ["Signals and noise parts are of the last step, distances are after normalisation."]
    if any(isnan(each.dist_A) for each in outcomes):
        lines.append(
            "A - means that this engine has no entries of A to normalise; --engine dense has."
        )
    return lines


def _first_stages(outcomes: Sequence[Any]) -> list[str]:
    """Return when and why the first stage ended; runs of one seed share it."""
    why = {"signal": "on its signal", "steps": "with its last step, without reaching its signal"}
    ends = {(each.stage_1, each.reason) for each in outcomes}
    notes = [f"Stage 1 ended at step {step}, {why.get(name, name)}." for step, name in sorted(ends)]
    if any(each.signal_A < 0 for each in outcomes):
        notes.append("This seed went in the wrong direction: its signals are below 0.")
    return notes
