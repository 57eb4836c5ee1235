"""The base class of the engines; they differ in how they store A and V."""

from __future__ import annotations

from math import fsum
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from scbsim.engines.base import Block, Row
from scbsim.engines.constants import constants_of
from scbsim.engines.matched_levels import MatchedLevels
from scbsim.engines.noise import Noise, NoiseLevels, SampledNoise
from scbsim.engines.plan_hooks import Planned
from scbsim.engines.rule_memory import forget_memory, memory_of, with_memory
from scbsim.engines.stages import Stage
from scbsim.engines.step_params import step_params
from scbsim.engines.warm_start import adopt_value, same_tokens
from scbsim.errors import InputError
from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, advance
from scbsim.kernels.gaussian.normalize import NormalizedColumns, make_normalized, normalize_columns
from scbsim.kernels.gaussian.observe import observe
from scbsim.kernels.gaussian.state import (
    Attention,
    Model,
    StepParams,
    Value,
    make_scratch,
    without_bulk,
)
from scbsim.kernels.gaussian.value import GROUPS
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.power_sums import powers_of_bulk
from scbsim.kernels.random.normal import BLOCK
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task

END = {STEPS_DONE: "steps", SIGNAL_REACHED: "signal", DIVERGED: "diverged"}


class GaussianEngine(Planned):
    """The exact gradient plus Gaussian noise: `docs/model.md`, sections 3 to 5.

    Parameters
    ----------
    task : Task
    noise : NoiseLevels or MatchedNoise
        Matched noise needs V as a matrix.
    alpha_A, alpha_V : float
        Signals of the start: ``s_k = alpha_A q_k`` and ``W = alpha_V P~`` exactly.
    seed, replica : int
        Of the noise.
    dtype : numpy dtype
        Of the entries of A off the support.
    threads : int
        The bits of the results do not depend on it.
    bulk : bool
        Whether all entries of A off the support are stored, as (N, T).
    value : bool
        Whether V is stored as a matrix, (N, N), or only its scalars.
    first_step : int
        Steps of the random stream that earlier runs have used (`scbsim.engines.random_stream`).

    Raises
    ------
    InputError
        If the noise is matched and V is not stored as a matrix.
    """

    name = "gaussian"
    keeps_column_sums = False  # whether columns of A may have sums other than 1
    _batch = 1  # samples of a step on real batches

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        alpha_A: float,
        alpha_V: float,
        seed: int = 0,
        replica: int = 0,
        dtype: DTypeLike = np.float32,
        threads: int = 1,
        bulk: bool,
        value: bool,
        first_step: int = 0,
    ) -> None:
        N, Q = task.N, task.Q
        length = task.T if bulk else 0
        blocks = -(-length // BLOCK)
        self.step, self._first_step = 0, first_step
        self.task = task
        self.A = Attention(
            bulk=aligned_zeros((N, length), dtype),
            support=alpha_A * task.q_weights,
            positions=np.array(task.q_positions),
            weights=np.array(task.q_weights),
            off_sums=np.zeros((N, 2)),
            block_sums=aligned_zeros((N, blocks, 4)),
            noise=np.zeros((N, Q)),
        )
        self.sums = np.ones(N)
        self.constants = constants_of(task, seed, replica)
        target = task.target_of_V if value else np.zeros((0, 0))
        self.V = Value(
            W=alpha_V * target,
            target=target,
            root_mu=np.sqrt(task.mu),
            scalars=np.array([alpha_V if self.constants.K_P > 0 else 0.0, 0.0]),
            column_sums=aligned_zeros((min(len(target), GROUPS), N)),
            row_dots=aligned_zeros((len(target), 2)),
        )
        self.mean = np.array(task.mu)
        self.scratch = make_scratch(max(1, min(threads, N * blocks)), N, dtype)
        self._matched: MatchedLevels | None = None
        self._powers_at = -1  # the address after the last step that took the sums of powers
        self._joint: JointNoise | None = None
        if isinstance(noise, NoiseLevels):
            self._constant = noise
        elif isinstance(noise, SampledNoise):
            raise InputError(f"the {self.name} engine draws no samples")
        elif value:
            self._matched = MatchedLevels(noise, task, blocks, len(self.scratch.z))
            self._joint = self._matched.joint
        else:
            raise InputError(
                f"the {self.name} engine with V by its scalars: matched noise follows the matrix V"
            )

    def share(self, other: Self) -> None:
        """Use the constant arrays of another engine of the same kind and task."""
        self.A = self.A._replace(positions=other.A.positions, weights=other.A.weights)
        self.V = self.V._replace(target=other.V.target, root_mu=other.V.root_mu)
        self.constants = self.constants._replace(mu=other.constants.mu)

    @property
    def noise(self) -> NoiseLevels:
        """The levels in use; under matched noise those of entries at zero."""
        return self._constant if self._matched is None else self._matched.now()

    @property
    def _address(self) -> int:
        """The next step's address in the random stream."""
        return self._first_step + self.step

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        return self._observables(without_bulk(self.A), self.V, self.sums)

    def _observables(self, A: Attention, V: Value, sums: Row) -> Row:
        """Return the observables of a state, without constraints if the engine has none."""
        row = np.empty(len(NAMES))
        observe(A, V, self.constants, row)
        return row

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        rows = np.empty((steps, len(NAMES)))
        done, end = 0, "steps"
        while done < steps and end == "steps":
            upto = steps
            if self._matched is not None:
                if self._matched.due(self.step):
                    self._update_levels()
                upto = min(steps, done + self._matched.hold(self.step))
            taken, end = self._take(stage, rows[done:upto], before + done)
            done += taken
        return Block(rows[:done], end)

    def _take(self, stage: Stage, rows: Row, before: int) -> tuple[int, str]:
        """Take a step for each row at the current levels; return their number, and the end."""
        state = (self._model, self._step_params(stage, (before, len(rows))), self._address)
        taken, reason = advance(*state, rows, self.scratch, self._joint)
        self.step += taken
        self._powers_at = state[1].powers_step + 1
        return taken, END[reason]

    @property
    def _model(self) -> Model:
        return Model(self.A, self.V, self.constants)

    def _step_params(self, stage: Stage, span: tuple[int, int] = (0, 1)) -> StepParams:
        """Return the parameters of steps; ``span`` as in `step_params`."""
        matched, of_A, powers_step = self._matched, None, -1
        if matched is not None:
            of_A, powers_step = matched.levels.of_A, self._address + matched.hold(self.step) - 1
        return step_params(stage, self.noise, of_A, powers_step, self._batch, span)

    def _update_levels(self) -> None:
        """Compute the levels of matched noise for the current state."""
        assert self._matched is not None
        taken = self._address == self._powers_at
        powers_of_bulk(self.A, self.scratch, taken, self._matched.powers)
        self._matched.update(self._model)

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables of a normalised copy of the state; see :class:`Engine`."""
        row, count, *_ = self._normalized(threshold, in_place=False)
        return row, count

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        row, count, columns, mass = self._normalized(threshold, in_place=True)
        self.A.support[:] = columns.support
        self.A.off_sums[:] = columns.off_sums
        self.sums[:] = columns.sums
        self.V.W[:] *= mass
        self.V.scalars[:] *= (mass, mass * mass)
        self._bulk_was_set()
        if self._matched is not None:
            self._update_levels()
        return row, count

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {
            "support": self.A.support,
            "off_sums": self.A.off_sums,
            **self._state_of_V(),
            **(self._matched.state() if self._matched is not None else {}),
            **memory_of(self.A),
        }

    def keep_memory(self) -> None:
        """Make room for the memory of a rule that has it: one number for each entry, at 0."""
        self.A = with_memory(self.A)

    def forget_memory(self) -> None:
        """Set the memory to 0."""
        forget_memory(self.A)

    def _state_of_V(self) -> State:
        return {"W": self.V.W, "scalars": self.V.scalars, "mean": self.mean}

    def snapshot(self) -> State:
        """Return the state in the form written to files: all of it."""
        return self.state()

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        self.step = step
        for name, array in self.state().items():
            array[...] = state[name]
        self._bulk_was_set()
        self._set_mean()

    def _bulk_was_set(self) -> None:
        """Compute what follows from the bulk and is not part of the state."""
        self._powers_at = -1

    def _adopt_value(self, state: State, old: Task) -> None:
        if not self.keeps_column_sums and (state.get("column_sums", np.ones(1)) != 1.0).any():
            raise InputError(
                "init.from: under the rule vanilla that run's columns of A came to sums other than "
                '1, which only dynamics.engine = "batch" can hold; normalise them in that run '
                "(stage.N.normalize_level)"
            )
        if self._matched is not None and not same_tokens(old, self.task):
            raise InputError(
                "init.from: that run's mu is another one, and levels of matched noise are known "
                'for a V with V mu = mu only; take noise.model = "isotropic"'
            )
        adopt_value(self.V, self.constants.K_P, self.mean, state, old, self.task)
        self._set_mean()

    def _set_mean(self) -> None:
        """Update the constants that depend on ``V mu``."""
        off = self.mean - self.constants.mu
        self.constants = self.constants._replace(
            mean_square=float(self.mean @ self.mean),
            mean_dot=float(self.mean @ self.constants.mu),
            mean_off=float(off @ off),
        )

    def _normalized(
        self, threshold: float, *, in_place: bool
    ) -> tuple[Row, int, NormalizedColumns, float]:
        """Return the observables, the count, the columns, and the factor of V."""
        columns, count = self._normalized_columns(float(threshold), in_place)
        # fsum rounds once, so the order in which processes contribute columns does not matter.
        mass = fsum(self.constants.mu * columns.masses)
        A = without_bulk(self.A)._replace(support=columns.support, off_sums=columns.off_sums)
        V = self.V._replace(scalars=self.V.scalars * (mass, mass * mass))
        return self._observables(A, V, columns.sums), count, columns, mass

    def _normalized_columns(
        self, threshold: float, in_place: bool
    ) -> tuple[NormalizedColumns, int]:
        """Return all columns normalised, and in how many nothing stands out."""
        columns = make_normalized(self.A, self.sums)
        count = normalize_columns(self.A, self.constants, threshold, in_place, columns)
        return columns, int(count)
