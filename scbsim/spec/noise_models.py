"""The noise models, one record each; `scbsim.engines.noise` works out their levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class NoiseModel:
    """What the rest of the program asks of a noise model (`docs/model.md`, section 5).

    Attributes
    ----------
    name : str
        As in ``noise.model``.
    silent : bool
        Whether it adds nothing. Thresholds in sigmas have no unit then.
    follows_state : bool
        Whether its levels follow A and V. It reads ``noise.every`` then.
    samples : bool
        Whether it is that of samples, each of which is drawn, and has no levels.
    """

    name: str
    silent: bool = False
    follows_state: bool = False
    samples: bool = False

    @property
    def needs_matrix_V(self) -> bool:
        """Whether it depends on V as a matrix."""
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
