"""The noise models, one record each. `scbsim.engines.noise` computes their levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class NoiseModel:
    """The properties of a noise model (`docs/model.md`, section 5).

    Attributes
    ----------
    name : str
        As in ``noise.model``.
    silent : bool
        Whether it adds no noise. Then thresholds in sigmas have no unit.
    follows_state : bool
        Whether its levels follow A and V. Then it needs V as a matrix, and reads ``noise.every``.
    """

    name: str
    silent: bool = False
    follows_state: bool = False


NOISE_MODELS: Final = {
    model.name: model
    for model in (
        NoiseModel("isotropic"),
        NoiseModel("matched", follows_state=True),
        NoiseModel("none", silent=True),
    )
}
"""All noise models by name, in the order in which messages list them."""
