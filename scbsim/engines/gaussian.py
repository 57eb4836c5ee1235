"""What engines of the Gaussian dynamics share; they differ in what they keep of A and V."""

from __future__ import annotations

from math import fsum
from typing import Any

import numpy as np

from scbsim.engines.base import Block, Row
from scbsim.engines.matched import levels_under
from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.planned import Planned
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import adopt_value, same_tokens
from scbsim.errors import InputError
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, advance
from scbsim.kernels.gaussian.normalize import normalize_columns
from scbsim.kernels.gaussian.observe import observe
from scbsim.kernels.gaussian.rules import RULES
from scbsim.kernels.gaussian.state import (
    Attention,
    ProblemConstants,
    StepParams,
    Value,
    make_scratch,
    without_bulk,
)
from scbsim.kernels.gaussian.value import GROUPS
from scbsim.kernels.matched.power_sums import powers_of_bulk
from scbsim.kernels.random.normal import BLOCK
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task

# Below this K_P is what rounding left of a P whose columns all equal mu.
_NO_SIGNAL = 1e-28

END = {STEPS_DONE: "steps", SIGNAL_REACHED: "signal", DIVERGED: "diverged"}


class GaussianEngine(Planned):
    """The gradient's mean plus Gaussian noise: `docs/model.md`, sections 3 to 5.

    Parameters
    ----------
    task : Task
    noise : NoiseLevels or MatchedNoise
        Constant levels, or that they follow the state, which needs V as a matrix.
    alpha_A, alpha_V : float
        Signals of the start: ``s_k = alpha_A q_k`` and ``W = alpha_V P~`` exactly.
    seed, replica : int
        Of the noise.
    dtype : numpy dtype
        Of what is kept off the support.
    threads : int
        The same seed gives the same bits for any number.
    bulk : bool
        Whether A is kept off the support, as (N, T).
    value : bool
        Whether V is kept as a matrix, (N, N).
    first_step : int
        Steps of the random stream that earlier runs have used (`scbsim.engines.random_stream`).

    Raises
    ------
    InputError
        If levels are to follow a V that is known by its scalars.
    """

    name = "gaussian"

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        alpha_A: float,
        alpha_V: float,
        seed: int = 0,
        replica: int = 0,
        dtype: Any = np.float32,
        threads: int = 1,
        bulk: bool,
        value: bool,
        first_step: int = 0,
    ) -> None:
        N, Q = task.N, task.Q
        length = task.T if bulk else 0
        blocks = -(-length // BLOCK)
        self.step = 0
        self._first_step = first_step
        self.task = task
        self.A = Attention(
            bulk=np.zeros((N, length), dtype),
            support=alpha_A * task.q_weights,
            positions=np.array(task.q_positions),
            weights=np.array(task.q_weights),
            off_sums=np.zeros((N, 2)),
            block_sums=np.zeros((N, blocks, 2)),
            noise=np.zeros((N, Q)),
        )
        K_P = task.K_P if task.K_P > _NO_SIGNAL else 0.0
        target = task.P_tilde if value else np.zeros((0, 0))
        self.V = Value(
            W=alpha_V * target,
            target=target,
            root_mu=np.sqrt(task.mu),
            scalars=np.array([alpha_V if K_P > 0 else 0.0, 0.0]),
            column_sums=np.zeros((min(len(target), GROUPS), N)),
            row_dots=np.zeros((len(target), 2)),
        )
        self.constants = ProblemConstants(
            mu=np.array(task.mu),
            T=float(task.T),
            K_P=float(K_P),
            K_Q=float(task.K_Q),
            mu_square=float(task.mu @ task.mu),
            mean_square=float(task.mu @ task.mu),
            mean_dot=float(task.mu @ task.mu),
            mean_off=0.0,
            D_V=float((N - 1) ** 2),
            seed=np.uint64(seed),
            replica=np.uint64(replica),
        )
        self.mean = np.array(task.mu)
        self.scratch = make_scratch(max(1, min(threads, N * blocks)), N, dtype)
        self._matched = levels_under(noise, N, len(self.scratch.z))
        self._constant = noise
        if self._matched and not value:
            raise InputError(
                f"the {self.name} engine with V by its scalars: matched noise follows the matrix V"
            )

    def share(self, other: Any) -> None:
        """Have what no step changes in common with another engine of this kind and task."""
        self.A = self.A._replace(positions=other.A.positions, weights=other.A.weights)
        self.V = self.V._replace(target=other.V.target, root_mu=other.V.root_mu)
        self.constants = self.constants._replace(mu=other.constants.mu)

    @property
    def noise(self) -> NoiseLevels:
        """The levels in force; under matched noise those of entries at zero."""
        if self._matched is not None:
            return self._matched.now()
        assert isinstance(self._constant, NoiseLevels)
        return self._constant

    @property
    def _address(self) -> int:
        """The next step's place in the random stream."""
        return self._first_step + self.step

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        row = np.empty(len(NAMES))
        observe(without_bulk(self.A), self.V, self.constants, row)
        return row

    def advance(self, stage: Stage, steps: int) -> Block:
        """Take up to ``steps`` steps under a stage."""
        rows = np.empty((steps, len(NAMES)))
        done, end = 0, "steps"
        while done < steps and end == "steps":
            upto = steps
            if self._matched is not None:
                if self._matched.due(self.step):
                    self._renew_levels()
                upto = min(steps, done + self._matched.hold(self.step))
            taken, end = self._take(stage, rows[done:upto])
            done += taken
        return Block(rows[:done], end)

    def _take(self, stage: Stage, rows: Any) -> tuple[int, str]:
        """Take steps under the levels in force, a row each; return how many, and what ended it."""
        taken, reason = advance(
            self.A,
            self.V,
            self.constants,
            self._step_params(stage),
            self._address,
            rows,
            self.scratch,
        )
        self.step += taken
        return taken, END[reason]

    def _step_params(self, stage: Stage) -> StepParams:
        noise, follows = self.noise, self._matched
        return StepParams(
            rule=RULES[stage.rule],
            rate_A=float(stage.rate_A),
            rate_V=float(stage.rate_V),
            sigma_A=noise.sigma_A,
            threshold=stage.threshold,
            sigma_V=float(noise.sigma_V),
            until_signal=float(stage.until_signal),
            matched=None if follows is None else follows.levels.of_A,
        )

    def _renew_levels(self) -> None:
        """Have the levels of matched noise be those of the state."""
        assert self._matched is not None
        powers_of_bulk(self.A, self.scratch, self._matched.powers)
        self._matched.renew(self.A, self.V, self.constants)

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables that normalising would give, and change nothing."""
        row, count, *_ = self._normalized(threshold, in_place=False)
        return row, count

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        row, count, mass, support, off_sums = self._normalized(threshold, in_place=True)
        self.A.support[:] = support
        self.A.off_sums[:] = off_sums
        self.V.W[:] *= mass
        self.V.scalars[:] *= (mass, mass * mass)
        if self._matched is not None:
            # The state has jumped, and its noise with it.
            self._renew_levels()
        return row, count

    def state(self) -> State:
        """Return the arrays that, with ``step``, are the whole state; views, not copies."""
        return {
            "support": self.A.support,
            "off_sums": self.A.off_sums,
            "W": self.V.W,
            "scalars": self.V.scalars,
            "mean": self.mean,
            **(self._matched.state() if self._matched is not None else {}),
        }

    def snapshot(self) -> State:
        """Return what a reader wants of the state: all of it."""
        return self.state()

    def restore(self, step: int, state: State) -> None:
        """Go to a state that :meth:`state` gave, to the bit."""
        self.step = step
        for name, array in self.state().items():
            array[...] = state[name]
        self._set_mean()

    def _adopt_value(self, state: State, old: Task) -> None:
        if self._matched is not None and not same_tokens(old, self.task):
            raise InputError(
                "init.from: that run's mu is another one, and levels of matched noise are known "
                'for a V with V mu = mu only; take noise.model = "isotropic"'
            )
        adopt_value(self.V, self.constants.K_P, self.mean, state, old, self.task)
        self._set_mean()

    def _set_mean(self) -> None:
        """Renew what the observables know of ``V mu``."""
        off = self.mean - self.constants.mu
        self.constants = self.constants._replace(
            mean_square=float(self.mean @ self.mean),
            mean_dot=float(self.mean @ self.constants.mu),
            mean_off=float(off @ off),
        )

    def _normalized(self, threshold: float, *, in_place: bool) -> tuple[Row, int, float, Any, Any]:
        support, off_sums, masses, count = self._normalized_columns(float(threshold), in_place)
        # Rounded once, so that it is the same however the columns were come by.
        mass = fsum(self.constants.mu * masses)
        row = np.empty(len(NAMES))
        observe(
            without_bulk(self.A)._replace(support=support, off_sums=off_sums),
            self.V._replace(scalars=self.V.scalars * (mass, mass * mass)),
            self.constants,
            row,
        )
        return row, count, mass, support, off_sums

    def _normalized_columns(self, threshold: float, in_place: bool) -> tuple[Any, Any, Any, int]:
        """Return of every column its support, sums and mass, and in how many nothing stands out."""
        support, off_sums = np.empty_like(self.A.support), np.empty_like(self.A.off_sums)
        masses, sums = np.empty(len(support)), np.ones(len(support))
        count = normalize_columns(
            self.A, self.constants, threshold, in_place, support, off_sums, masses, sums
        )
        return support, off_sums, masses, int(count)
