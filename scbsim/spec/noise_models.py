"""The noise models, one record each. `scbsim.engines.noise` computes their levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class NoiseModel:
    """The properties of a noise model (`docs/model.md`, section 5)."""

    name: str  # as in noise.model
    # The function of a spec and a task that returns `scbsim.engines.noise.NoiseLevels`, or
    # "module:name" of it. Where levels follow the state, or there are none, it is an estimate with
    # which costs are computed.
    levels: str | Callable[..., Any]
    silent: bool = False  # whether it adds no noise; then thresholds in sigmas have no unit
    follows_state: bool = False  # whether levels follow A and V; then it reads noise.every
    samples: bool = False  # whether each sample is drawn; then there are no levels

    @property
    def needs_matrix_V(self) -> bool:
        """Whether the noise depends on V as a matrix."""
        return self.follows_state or self.samples

    @property
    def is_constant(self) -> bool:
        """Whether it has levels, and no step changes them."""
        return not (self.silent or self.follows_state or self.samples)


_LEVELS = "scbsim.engines.noise:"

NOISE_MODELS: Final = {
    model.name: model
    for model in (
        NoiseModel("isotropic", f"{_LEVELS}isotropic_levels"),
        NoiseModel("matched", f"{_LEVELS}largest_levels", follows_state=True),
        NoiseModel("sampled", f"{_LEVELS}largest_levels", samples=True),
        NoiseModel("none", f"{_LEVELS}no_levels", silent=True),
    )
}
"""All noise models by name, in the order in which messages list them."""


def register_noise_model(model: NoiseModel) -> None:
    """Add a noise model of constant levels to those of this process (docs/extending.md).

    Raises
    ------
    ValueError
        If its name is taken, or its levels are not constant.
    """
    if NOISE_MODELS.get(model.name, model) != model:
        raise ValueError(f"there is a noise model {model.name!r} already: choose another name")
    if not model.is_constant:
        raise ValueError(f"the noise model {model.name!r} must have constant levels")
    NOISE_MODELS[model.name] = model
