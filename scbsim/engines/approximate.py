"""The approximate engine: SGD under matched noise, with V by two scalars, for large N."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.engines.cost import approximate_seconds
from scbsim.engines.matched_levels import MatchedLevels
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.off_support import OffSupportEngine
from scbsim.engines.plan import RunPlan
from scbsim.kernels.gaussian.approximate import ScalarNoise, advance_approximate
from scbsim.kernels.gaussian.columns import OFF_NORMALS
from scbsim.kernels.matched.mean_moments import TargetSums
from scbsim.kernels.random.short_blocks import normals_of
from scbsim.state import State
from scbsim.task import Task


def target_sums(task: Task, *, covariances: bool) -> TargetSums:
    """Return the sums over the target of V that its mean moments need.

    Parameters
    ----------
    task : Task
    covariances : bool
        Whether the noise has them. If so the rows of the rest of W have the covariance of outputs,
        ``C``, which most of the noise has; and if not they are isotropic, as the noise is.

    Raises
    ------
    InputError
        If the task has no ``P``.
    """
    target, mu, n = task.P_tilde, task.mu, task.N - 1.0
    C = np.diag(mu) - np.outer(mu, mu)
    A = C * (n / np.trace(C)) if covariances else np.eye(task.N) - 1.0 / task.N
    squares, free, mu_square = np.einsum("nm,nm->m", target, target), 1.0 - mu, float(mu @ mu)
    A_target = A @ target
    along = np.einsum("nm,nm->m", target, A_target)
    spread = target - mu @ target
    CH = float(mu @ np.square(spread).sum(axis=1))
    A_mu = A @ mu
    of_outputs = np.diag(A) - 2.0 * A_mu + mu @ A_mu  # (e_n - mu)' A (e_n - mu)
    AC = float(np.sum(A * C))
    return TargetSums(
        K=float(squares.sum()),
        n=n,
        H2=float(np.square(target @ target.T).sum()),
        CH=CH,
        fourth=float((squares**2 / mu).sum()),
        second=float((squares / mu).sum()),
        free_second=float((free * squares / mu).sum()),
        free_along=float((free * along / mu).sum()),
        free=float((free / mu).sum()),
        free_square=float((free**2 / mu).sum()),
        FPP=CH + float(((target * spread**2).sum(axis=0) / np.sqrt(mu)).sum()),
        free_outputs=n * AC + float(free / np.sqrt(mu) @ (of_outputs @ target)),
        AH=float(along.sum()),
        AC=AC,
        A2=float(np.square(A).sum()),
        outputs=float(mu @ target @ (1.0 / np.sqrt(mu))) + task.N * mu_square,
        mu_square=mu_square,
        C2=float(np.square(C).sum()),
        output_square=_output_square(task),
    )


def _output_square(task: Task) -> float:
    """Return the mean of ``tr E^2``, with E the second moments of ``e_o - mu`` given a source."""
    P, mu = task.P, task.mu
    assert P is not None
    mu_square, dots, squares = mu @ mu, mu @ P, np.einsum("nm,nm->m", P, P)
    of_rank = mu_square**2 + 2.0 * (dots**2 + squares * mu_square) - 4.0 * mu_square * dots
    mixed = 2.0 * (mu**2 @ P - 2.0 * (mu @ P**2))
    return float(mu @ (squares + of_rank + mixed))


class ApproximateEngine(OffSupportEngine):
    """SGD on Q + 2 numbers a column and two of V (`docs/model.md`, section 6c).

    Its law is not that of the dense engine: moments of V are means over the direction of its rest.
    Parameters as :class:`OffSupportEngine`.
    """

    name = "approximate"
    _advance = staticmethod(advance_approximate)

    def __init__(self, task: Task, noise: MatchedNoise, **options: Any) -> None:
        options["value"] = False
        super().__init__(task, NoiseLevels.none(task), **options)
        sums = target_sums(task, covariances=noise.covariances)
        self._matched = MatchedLevels(noise, task, 0, 1, matrix_V=False)
        self._rest = np.zeros(3)
        N, Q = task.N, task.Q
        shape = (N, Q) if self._matched.joint is None else self._matched.joint.y.shape
        normals, (off, of_A) = normals_of((N, OFF_NORMALS), shape)
        if self._matched.joint is None:
            self.A = self.A._replace(noise=of_A)
        else:
            self._joint = self._matched.joint = self._matched.joint._replace(y=of_A)
        self._normals = ScalarNoise(
            normals=normals,
            off=off,
            every=noise.every,
            first=self._first_step,
            batch=float(noise.batch_size),
            levels=self._matched.levels,
            powers=self._matched.powers,
            target=sums,
            rest=self._rest,
        )

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return approximate_seconds(plan.task)

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        return ("observe", "advance_approximate", *cls.entry_kernels(plan))

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {**super().state(), "noise_rest": self._rest}
