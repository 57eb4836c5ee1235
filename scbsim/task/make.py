"""Making a task: by a random draw, from arrays or scalars, or from a spec."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from scbsim.errors import Fault, TaskError
from scbsim.task.checks import (
    check_columns,
    check_K_P,
    check_target,
    check_task,
)
from scbsim.task.given import dense, of_target, stationary_of, target_of
from scbsim.task.labels import check_labels
from scbsim.task.random import check_random, dirichlet, draw_mu, draw_P, draw_positions, streams
from scbsim.task.sparse_bigram import SparseBigram
from scbsim.task.target_faults import faults_of_target
from scbsim.task.weak import warn_if_weak

if TYPE_CHECKING:
    from scbsim.spec import TaskSpec

_RANDOM_KEYS = (
    *("N", "T", "Q", "mu", "mu_concentration", "P_concentration", "q_concentration", "seed"),
    "K_P",
)


class Task(SparseBigram):
    """A sparse contextual bigram, made and checked.

    Its attributes are those of :class:`scbsim.task.sparse_bigram.SparseBigram`. Make a task with
    :meth:`random`, :meth:`from_arrays`, :meth:`from_scalars`, :meth:`without_truth` or
    :meth:`from_spec`.
    """

    __slots__ = ()

    @classmethod
    def random(
        cls,
        N: int,
        T: int,
        Q: int,
        mu: str = "uniform",
        mu_concentration: float = 20.0,
        P_concentration: float = 0.02,
        q_concentration: float = 5.0,
        seed: int = 0,
        K_P: float | None = None,
    ) -> Self:
        """Draw a task.

        Parameters
        ----------
        N, T, Q : int
            Vocabulary size (at least 2), context length (at least 2) and sparsity (1 to T).
        mu : {"uniform", "dirichlet"}
            Law of the token distribution.
        mu_concentration : float
            Concentration of that Dirichlet law.
        P_concentration : float
            Shape of the gamma entries of the transition matrix before it is balanced. A small shape
            gives a sharp matrix. Ignored if ``K_P`` is given.
        q_concentration : float
            Concentration of the Dirichlet weights on the support; ``inf`` makes them equal.
        seed : int
            At least 0. ``mu``, ``P``, positions and weights each have a random stream: changing
            ``T``, ``Q`` or ``q_concentration`` changes neither ``mu`` nor ``P``.
        K_P : float, optional
            ``||P||_mu^2 - |mu|^2``, 0 to ``1 - |mu|^2``. If given, no ``P`` is drawn, and memory
            is of order ``N Q``. ``mu``, positions and weights do not depend on this.

        Returns
        -------
        Task
            ``P mu = mu`` within 1e-15. Memory and time do not depend on ``T``.

        Raises
        ------
        TaskError
            With every argument that is out of range.

        Warns
        -----
        TaskWarning
            If ``||P||_mu^2 < 2 ||mu||^2``: the transitions are too weak for the theory.

        Notes
        -----
        Section 1 of docs/model.md. The draws are by :class:`numpy.random.Generator`, which may
        change with NumPy's version. Output files have the task itself.
        """
        concentrations = {
            "mu_concentration": mu_concentration,
            "P_concentration": P_concentration,
            "q_concentration": q_concentration,
        }
        counts, reals = check_random(N, T, Q, mu, concentrations, seed, K_P)
        N, T, Q = counts["N"], counts["T"], counts["Q"]
        of_mu, of_P, of_positions, of_weights = streams(counts["seed"])
        mu_ = draw_mu(of_mu, N, mu, reals["mu_concentration"])
        faults: list[Fault] = []
        known = np.nan if K_P is None else check_K_P(K_P, mu_, faults)
        if known is None:
            raise TaskError(faults)
        P = draw_P(of_P, mu_, reals["P_concentration"]) if K_P is None else None
        task = cls(
            mu=mu_,
            P=P,
            K_P=known,
            q_positions=draw_positions(of_positions, N, T, Q),
            q_weights=dirichlet(of_weights, reals["q_concentration"], (N, Q)),
            T=T,
        )
        warn_if_weak(task, "lower P_concentration" if K_P is None else "take a larger K_P")
        return task

    @classmethod
    def from_arrays(
        cls,
        mu: ArrayLike,
        P: Any,
        q_positions: ArrayLike | None = None,
        q_weights: ArrayLike | None = None,
        T: int | None = None,
        *,
        Q: Any = None,
    ) -> Self:
        """Make a task from arrays, after checking them.

        Positions are sorted, and the weights with them. Sums and stationarity must hold within
        1e-9. Arrays for which they hold to rounding are kept, bit for bit. Otherwise ``mu`` and the
        weights are divided by their sums, and ``P`` is replaced by a matrix that keeps ``mu`` and
        differs from it by no more than its error.

        Parameters
        ----------
        mu : array_like or "stationary"
            (N,), N at least 2, above 0, sums to 1; or the distribution that ``P`` keeps.
        P : array_like or scipy.sparse array
            (N, N), at least 0, columns sum to 1, ``P mu = mu``.
        q_positions : array_like
            (N, Q) integers in [0, T), distinct in each row.
        q_weights : array_like
            (N, Q), at least 0, rows sum to 1.
        T : int
            Length of the context, at least 2 and at least Q.
        Q : array_like or scipy.sparse array
            In place of the three before: the attention target as a matrix, (T, N).

        Returns
        -------
        Task
            With copies of the arrays.

        Raises
        ------
        TaskError
            If the arrays are not a task; ``faults`` has everything that is wrong.

        Warns
        -----
        TaskWarning
            If ``||P||_mu^2 < 2 ||mu||^2``: the transitions are too weak for the theory.
        """
        columns: dict[str, Any] = {"q_positions": q_positions, "q_weights": q_weights, "T": T}
        check_target(Q, columns)
        check_labels(mu, P, Q)
        P = dense(P)
        if isinstance(mu, str):
            try:
                mu = stationary_of(check_columns(mu, P))
            except TaskError as error:
                raise TaskError([*error.faults, *faults_of_target(P, Q, columns)]) from None
        if Q is not None:
            columns = dict(zip(columns, target_of(Q, np.shape(mu)), strict=True))
        try:
            task = cls(**check_task("P", P, mu, **columns))
        except TaskError as error:
            raise error if Q is None else of_target(error) from None
        warn_if_weak(task, "take a sharper P")
        return task

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a task from a file of :meth:`save`, or from the output of a run.

        Raises
        ------
        OutputError
            If there is no such file, or it cannot be read.
        TaskError
            If it has no task.
        """
        from scbsim.task.file import read_arrays

        return cls.from_known(read_arrays(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the task to an HDF5 file; ``task.from`` in a spec can name it.

        An existing file is replaced. :meth:`load` returns the same task, bit for bit.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        from scbsim.task.file import write_arrays

        write_arrays(path, self)

    @classmethod
    def from_scalars(
        cls,
        mu: ArrayLike,
        K_P: float,
        q_positions: ArrayLike,
        q_weights: ArrayLike,
        T: int,
    ) -> Self:
        """Make a task with ``K_P`` in place of ``P``.

        The law of signals, norms and the loss is the same for every ``P`` with this ``K_P``.
        Anything that needs the matrix itself raises an error, as :attr:`scbsim.Task.P_tilde` does.

        Parameters
        ----------
        mu, q_positions, q_weights, T
            As in :meth:`from_arrays`.
        K_P : float
            ``||P||_mu^2 - |mu|^2``, from 0 to ``1 - |mu|^2``, the value of a permutation.

        Returns
        -------
        Task
            With copies of the arrays; its ``P`` is None.

        Raises
        ------
        TaskError
            If this is not a task; ``faults`` has everything that is wrong.

        Warns
        -----
        TaskWarning
            As :meth:`from_arrays`.
        """
        task = cls(**check_task("K_P", K_P, mu, q_positions, q_weights, T))
        warn_if_weak(task, "take a larger K_P")
        return task

    @classmethod
    def from_spec(cls, spec: TaskSpec) -> Self:
        """Make the task of a spec: draw it at random, or read it from its ``from`` file.

        Parameters
        ----------
        spec : scbsim.spec.TaskSpec
            The table ``[task]`` of a run's spec. A file is a task file (``mu``, ``P`` or ``K_P``,
            ``q_positions``, ``q_weights``, ``T`` as datasets) or the output of another run.

        Raises
        ------
        OutputError
            If the file is missing or cannot be read.
        TaskError
            If the spec or the file does not describe a task.

        Warns
        -----
        TaskWarning
            As :meth:`random` and :meth:`from_arrays`.
        """
        if spec.from_ is not None:
            return cls.load(spec.from_)
        missing = [name for name in ("N", "T", "Q") if getattr(spec, name) is None]
        if missing:
            raise TaskError([Fault(f"task.{name}", "is needed") for name in missing])
        return cls.random(**{name: getattr(spec, name) for name in _RANDOM_KEYS})

    @classmethod
    def from_known(cls, known: Mapping[str, Any]) -> Self:
        """Make a task from the dict of :meth:`to_arrays`: with ``P``, ``K_P`` or neither."""
        if "q_positions" not in known:
            return cls.without_truth(**known)
        return cls.from_scalars(**known) if "K_P" in known else cls.from_arrays(**known)
