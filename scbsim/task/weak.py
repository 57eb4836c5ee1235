"""The warning about transitions that say too little for the theory (docs/model.md, section 1)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import TaskWarning


def warn_if_weak(mu: NDArray[np.float64], K_P: float, remedy: str) -> None:
    """Warn whoever called the caller if ``||P||_mu^2 < 2 |mu|^2``.

    Parameters
    ----------
    mu : (N,) float64
    K_P : float
        ``||P||_mu^2 - |mu|^2``.
    remedy : str
        What to do about it, where anything can be done with this ``mu``.
    """
    mu_squared = float((mu**2).sum())
    # A little slack: permutations of even tokens reach the bound itself at N = 2.
    if K_P - mu_squared >= -1e-12:
        return
    if mu_squared > 0.5 - 1e-12:
        remedy = "with this mu no P can reach that: take a more even mu or a larger N"
    warnings.warn(
        f"||P||_mu^2 is {K_P + mu_squared:.4g}, below 2 ||mu||^2 = {2 * mu_squared:.4g}: "
        f"the transitions say little beyond the token frequencies, and the theory promises "
        f"nothing; {remedy}",
        TaskWarning,
        stacklevel=3,
    )
