"""The noise models, one record each. `scbsim.engines.noise` computes their levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class NoiseModel:
    """The properties of a noise model (`docs/model.md`, section 5)."""

    name: str  # as in noise.model
    silent: bool = False  # whether it adds no noise; then thresholds in sigmas have no unit
    follows_state: bool = False  # whether levels follow A and V; then it reads noise.every
    samples: bool = False  # whether each sample is drawn; then there are no levels

    @property
    def needs_matrix_V(self) -> bool:
        """Whether the noise depends on V as a matrix."""
        return self.follows_state or self.samples


NOISE_MODELS: Final = {
    model.name: model
    for model in (
        NoiseModel("isotropic"),
        NoiseModel("matched", follows_state=True),
        NoiseModel("sampled", samples=True),
        NoiseModel("none", silent=True),
    )
}
"""All noise models by name, in the order in which messages list them."""
