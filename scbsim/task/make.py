"""The ways to come by a task: a draw, arrays or scalars of one's own, a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from scbsim.errors import Fault, TaskError
from scbsim.task.checks import check_arrays, check_scalars
from scbsim.task.random import (
    K_P_of,
    checked_random,
    dirichlet,
    draw_mu,
    draw_P,
    draw_positions,
    streams,
)
from scbsim.task.sparse_bigram import SparseBigram
from scbsim.task.weak import warn_if_weak

if TYPE_CHECKING:
    from scbsim.spec import TaskSpec

_OF_A_DRAW = (
    *("N", "T", "Q", "mu", "mu_concentration", "P_concentration", "q_concentration", "seed"),
    "K_P",
)


class Task(SparseBigram):
    """A sparse contextual bigram, made and checked.

    What it holds is said in :class:`scbsim.task.sparse_bigram.SparseBigram`: ``mu``, ``P``,
    ``q_positions``, ``q_weights``, their sizes and what follows from them. Make one with
    :meth:`random`, :meth:`from_arrays`, :meth:`from_scalars` or :meth:`from_spec`.
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
            Vocabulary (at least 2), length of the context (at least 2) and sparsity (1 to T).
        mu : {"uniform", "dirichlet"}
            Law of the token distribution.
        mu_concentration : float
            Concentration of that Dirichlet law.
        P_concentration : float
            Shape of the gamma entries from which the transitions are balanced. Small is sharp.
            Not looked at where ``K_P`` is given.
        q_concentration : float
            Concentration of the Dirichlet weights on the support; ``inf`` makes them even.
        seed : int
            At least 0. ``mu``, ``P``, positions and weights have a stream each: changing ``T``,
            ``Q`` or ``q_concentration`` changes neither ``mu`` nor ``P``.
        K_P : float, optional
            0 to ``1 - |mu|^2``: draw no ``P``, and know of it only this. ``mu``, positions and
            weights are those of the same seed with a ``P``; memory is of order ``N Q``.

        Returns
        -------
        Task
            ``P mu = mu`` within 1e-15. Memory and time do not depend on ``T``.

        Raises
        ------
        TaskError
            If an argument is out of range; all that are, are named.

        Warns
        -----
        TaskWarning
            If the transitions say too little for the theory, ``||P||_mu^2 < 2 ||mu||^2``.

        Notes
        -----
        Section 1 of docs/model.md. The draws are those of :class:`numpy.random.Generator`, which
        may change with NumPy's version; output files hold the task itself.
        """
        concentrations = {
            "mu_concentration": mu_concentration,
            "P_concentration": P_concentration,
            "q_concentration": q_concentration,
        }
        counts, reals = checked_random(N, T, Q, mu, concentrations, seed, K_P)
        N, T, Q = counts["N"], counts["T"], counts["Q"]
        of_mu, of_P, of_positions, of_weights = streams(counts["seed"])
        mu_ = draw_mu(of_mu, N, mu, reals["mu_concentration"])
        P = draw_P(of_P, mu_, reals["P_concentration"]) if K_P is None else None
        task = cls(
            mu=mu_,
            P=P,
            K_P=np.nan if K_P is None else K_P_of(mu_, K_P),
            q_positions=draw_positions(of_positions, N, T, Q),
            q_weights=dirichlet(of_weights, reals["q_concentration"], (N, Q)),
            T=T,
        )
        remedy = "lower P_concentration" if K_P is None else "take a larger K_P"
        warn_if_weak(task.mu, task.K_P, remedy)
        return task

    @classmethod
    def from_arrays(
        cls,
        mu: ArrayLike,
        P: ArrayLike,
        q_positions: ArrayLike,
        q_weights: ArrayLike,
        T: int,
    ) -> Self:
        """Make a task of arrays of one's own, after checking them.

        Positions are sorted, weights along with them. Sums and stationarity must hold within 1e-9.
        Where they hold to rounding the numbers are taken as they are, bit for bit; where they are
        between, ``mu`` and the weights are divided by their sums, and ``P`` is moved, by no more
        than it was off, onto the matrices that keep ``mu``.

        Parameters
        ----------
        mu : array_like
            (N,), N at least 2, above 0, sums to 1.
        P : array_like
            (N, N), at least 0, columns sum to 1, ``P mu = mu``.
        q_positions : array_like
            (N, Q) integers in [0, T), distinct in each row.
        q_weights : array_like
            (N, Q), at least 0, rows sum to 1.
        T : int
            Length of the context, at least 2 and at least Q.

        Returns
        -------
        Task
            With copies of the arrays.

        Raises
        ------
        TaskError
            If these arrays are not a task; its ``faults`` has everything that is wrong.

        Warns
        -----
        TaskWarning
            If the transitions say too little for the theory, ``||P||_mu^2 < 2 ||mu||^2``.
        """
        mu_, P_, positions, weights, length = check_arrays(mu, P, q_positions, q_weights, T)
        task = cls(mu=mu_, P=P_, q_positions=positions, q_weights=weights, T=length)
        warn_if_weak(task.mu, task.K_P, "take a sharper P")
        return task

    @classmethod
    def from_scalars(
        cls,
        mu: ArrayLike,
        K_P: float,
        q_positions: ArrayLike,
        q_weights: ArrayLike,
        T: int,
    ) -> Self:
        """Make a task of which ``P`` is known by ``K_P`` alone.

        Signals, norms and the loss follow the law that they have under any ``P`` of this ``K_P``.
        What needs the matrix itself is refused; see :attr:`SparseBigram.P_tilde`.

        Parameters
        ----------
        mu, q_positions, q_weights, T
            As in :meth:`from_arrays`.
        K_P : float
            ``||P||_mu^2 - |mu|^2``: 0 to ``1 - |mu|^2``, which is that of a permutation.

        Returns
        -------
        Task
            With copies of the arrays; its ``P`` is None.

        Raises
        ------
        TaskError
            If this is not a task; its ``faults`` has everything that is wrong.

        Warns
        -----
        TaskWarning
            As :meth:`from_arrays`.
        """
        mu_, known, positions, weights, length = check_scalars(mu, K_P, q_positions, q_weights, T)
        task = cls(mu=mu_, P=None, K_P=known, q_positions=positions, q_weights=weights, T=length)
        warn_if_weak(task.mu, task.K_P, "take a larger K_P")
        return task

    @classmethod
    def from_spec(cls, spec: TaskSpec) -> Self:
        """Make the task that a spec asks for: drawn at random, or read from its ``from`` file.

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
            If what the spec or the file says is not a task.

        Warns
        -----
        TaskWarning
            As :meth:`random` and :meth:`from_arrays`.
        """
        if spec.from_ is not None:
            from scbsim.task.file import read_arrays

            return cls.from_known(read_arrays(spec.from_))
        missing = [name for name in ("N", "T", "Q") if getattr(spec, name) is None]
        if missing:
            raise TaskError([Fault(f"task.{name}", "is needed") for name in missing])
        return cls.random(**{name: getattr(spec, name) for name in _OF_A_DRAW})

    @classmethod
    def from_known(cls, known: Mapping[str, Any]) -> Self:
        """Make a task of what :meth:`to_arrays` gives: with its ``P``, or with ``K_P`` for it."""
        return cls.from_scalars(**known) if "K_P" in known else cls.from_arrays(**known)
