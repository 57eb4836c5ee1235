"""Figures at sizes that take no time: their presets are made small."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scbsim import presets
from scbsim.plotting.overview import PANELS
from scbsim.spec import RunSpec

FIGURE_5 = ("task.N=6", "task.T=60", "stage.0.steps=15", "dynamics.batch_size=1e5")
FIGURE_2 = ("stage.0.steps=12", "dynamics.batch_size=16")
REAL_BATCHES = (
    "task.T=60",
    "dynamics.batch_size=8",
    "stage.0.steps=9",
    "stage.1.steps=15",
    "output.normalized_every=5",
)


@contextmanager
def shrunk(*words: str) -> Iterator[None]:
    """Give presets with some keys changed, also those that a figure lets no one set."""
    whole = presets.text

    def text(name: str) -> str:
        return RunSpec.from_dict(tomllib.loads(whole(name)), overrides=words).to_toml()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(presets, "text", text)
        yield


def curves(figure, name):
    """The curves of one panel, without stars and lines at the ends of stages."""
    axes = next(a for a in figure.axes if a.get_title() == PANELS[name][0])
    return [line for line in axes.lines if len(line.get_xdata()) > 2]
