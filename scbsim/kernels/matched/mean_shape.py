"""In how many dimensions the noise of W is, for its size: `docs/model.md`, section 6c."""

from __future__ import annotations

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.matched.mean_moments import TargetSums
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.matched.products import PairMoments
from scbsim.kernels.matched.value_shape import Means


@internal_jit
def effective_dimensions(
    sums: Means, of_V: tuple[Moments, PairMoments], target: TargetSums
) -> float:
    """Return ``(tr S)^2 / tr S^2`` for the covariance S of the noise of W, without its target.

    Its squared norm has the mean and about the variance of a chi-square with as many degrees of
    freedom (Satterthwaite, 1946). It is an integer, 0 to ``(N - 1)^2``. Columns count by ``mu_m``.

    Parameters
    ----------
    sums : six float64
        See `value_shape`.
    """
    m, p = of_V
    c_1, c_2, c_3, s_4, s_3, s_2 = sums
    of_C = 1.0 - target.mu_square
    both = (c_1 + s_4) * m.kappa - 2.0 * (c_2 + s_3) * m.kappa_prime + (c_3 + s_2) * of_C
    # The common part X squared, and twice its product with the mean of the columns' own parts.
    square = (
        c_1 * (c_1 + 2.0 * s_4) * m.M2
        - 4.0 * (c_1 * c_2 + c_1 * s_3 + c_2 * s_4) * m.KM
        + 2.0 * c_2 * (c_2 + 2.0 * s_3) * (p.K2 + p.KK)
        + 2.0 * (c_1 * c_3 + c_1 * s_2 + c_3 * s_4) * m.CM
        - 4.0 * (c_2 * c_3 + c_2 * s_2 + c_3 * s_3) * p.CK
        + c_3 * (c_3 + 2.0 * s_2) * target.C2
    )
    # Their own parts squared.
    square += (
        s_2 * s_2 * target.output_square
        + s_4 * s_4 * m.F4
        + 2.0 * s_3 * s_3 * (p.F22 + p.F22x)
        + 2.0 * s_2 * s_4 * m.FZ
        - 4.0 * s_2 * s_3 * p.FZP
        - 4.0 * s_3 * s_4 * m.F3
    )
    if not square > 0.0:
        return 0.0
    # Projected from the right a column keeps (N - 1)/N of its variance.
    found = target.n * both * both / square - (1.0 if target.K > 0.0 else 0.0)
    most = target.n * target.n - (1.0 if target.K > 0.0 else 0.0)
    return float(round(min(max(found, 1.0), most)))
