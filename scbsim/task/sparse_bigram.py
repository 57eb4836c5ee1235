"""The task: which sparse contextual bigram is to be learned (docs/model.md, section 1)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scbsim.errors import Fault, TaskError, TaskWarning
from scbsim.task.checks import check_arrays
from scbsim.task.random import check_random, dirichlet, draw_mu, draw_P, draw_positions, streams

if TYPE_CHECKING:
    from scbsim.spec import TaskSpec

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Task:
    r"""A sparse contextual bigram: who follows whom, and which positions matter.

    A sample is a context :math:`x_1, \dots, x_T` and a query :math:`k`, all i.i.d. from
    :math:`\mu`; a position :math:`t` drawn from :math:`q_k`; and an output drawn from the column
    :math:`x_t` of :math:`P`. The attention target :math:`q_k` has at most ``Q`` nonzeros and is
    kept sparse, so that nothing here grows with ``T``.

    Make one with :meth:`random`, :meth:`from_arrays` or :meth:`from_spec`, which check; the
    constructor does not. The arrays are copies and read-only.

    Attributes
    ----------
    mu : numpy.ndarray
        (N,) float64, above 0, sums to 1: distribution of tokens, and of queries.
    P : numpy.ndarray
        (N, N) float64: ``P[n, m]`` is the probability of output ``n`` given source token ``m``.
        Columns sum to 1, and ``P mu = mu``.
    q_positions : numpy.ndarray
        (N, Q) int64, in [0, T): the support of ``q_k`` in row ``k``, sorted and distinct.
    q_weights : numpy.ndarray
        (N, Q) float64, at least 0: the weights there; rows sum to 1.
    T : int
        Length of the context.
    N : int
        Size of the vocabulary.
    Q : int
        Sparsity: positions in the support of each column.
    K : numpy.ndarray
        (N,) float64: :math:`K_k = |q_k|^2 - 1/T`.
    K_P : float
        :math:`\|P\|_\mu^2 - |\mu|^2`, what the transitions say beyond the token frequencies.
    K_Q : float
        :math:`\sum_k \mu_k K_k = \|Q\|_\mu^2 - 1/T`.

    Notes
    -----
    Section 1 of docs/model.md. The task is that of Ren, Wang and Lee (arXiv 2410.23438).
    """

    mu: Array
    P: Array
    q_positions: NDArray[np.int64]
    q_weights: Array
    T: int
    N: int = field(init=False)
    Q: int = field(init=False)
    K: Array = field(init=False)
    K_P: float = field(init=False)
    K_Q: float = field(init=False)

    def __post_init__(self) -> None:
        N, Q = self.q_positions.shape
        # Both from centred entries: |q|^2 - 1/T and |P|^2 - |mu|^2 would cancel near uniform.
        outside = (self.T - Q) / self.T / self.T
        K = ((self.q_weights - 1.0 / self.T) ** 2).sum(axis=1) + outside
        K_P = float((((self.P - self.mu[:, None]) ** 2).sum(axis=0) * self.mu).sum())
        derived = {"N": N, "Q": Q, "K": K, "K_P": K_P, "K_Q": float((self.mu * K).sum())}
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        for name in ("mu", "P", "q_positions", "q_weights", "K"):
            array = np.array(getattr(self, name), order="C")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        sizes = f"N={self.N}, T={self.T}, Q={self.Q}"
        return f"Task({sizes}, K_P={self.K_P:.4g}, K_Q={self.K_Q:.4g})"

    @property
    def P_tilde(self) -> Array:
        r""":math:`\tilde P = (P - \mu 1') \operatorname{diag}(\sqrt\mu)`, shape (N, N)."""
        return np.asarray((self.P - self.mu[:, None]) * np.sqrt(self.mu))

    def to_arrays(self) -> dict[str, Any]:
        """Give the arguments of :meth:`from_arrays` that make this task again, bit for bit."""
        return {
            "mu": self.mu,
            "P": self.P,
            "q_positions": self.q_positions,
            "q_weights": self.q_weights,
            "T": self.T,
        }

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
    ) -> Task:
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
        q_concentration : float
            Concentration of the Dirichlet weights on the support; ``inf`` makes them even.
        seed : int
            At least 0. ``mu``, ``P``, positions and weights have a stream each: changing ``T``,
            ``Q`` or ``q_concentration`` changes neither ``mu`` nor ``P``.

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
        check_random(N, T, Q, mu, concentrations, seed)
        of_mu, of_P, of_positions, of_weights = streams(seed)
        mu_ = draw_mu(of_mu, N, mu, mu_concentration)
        task = cls(
            mu=mu_,
            P=draw_P(of_P, mu_, P_concentration),
            q_positions=draw_positions(of_positions, N, T, Q),
            q_weights=dirichlet(of_weights, q_concentration, (N, Q)),
            T=int(T),
        )
        task._warn_if_weak("lower P_concentration")
        return task

    @classmethod
    def from_arrays(
        cls,
        mu: ArrayLike,
        P: ArrayLike,
        q_positions: ArrayLike,
        q_weights: ArrayLike,
        T: int,
    ) -> Task:
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
        task._warn_if_weak("take a sharper P")
        return task

    @classmethod
    def from_spec(cls, spec: TaskSpec) -> Task:
        """Make the task that a spec asks for: drawn at random, or read from its ``from`` file.

        Parameters
        ----------
        spec : scbsim.spec.TaskSpec
            The table ``[task]`` of a run's spec. A file is a task file (``mu``, ``P``,
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

            return cls.from_arrays(**read_arrays(spec.from_))
        if spec.N is None or spec.T is None or spec.Q is None:
            missing = [name for name in ("N", "T", "Q") if getattr(spec, name) is None]
            raise TaskError([Fault(f"task.{name}", "is needed") for name in missing])
        return cls.random(
            N=spec.N,
            T=spec.T,
            Q=spec.Q,
            mu=spec.mu,
            mu_concentration=spec.mu_concentration,
            P_concentration=spec.P_concentration,
            q_concentration=spec.q_concentration,
            seed=spec.seed,
        )

    def _warn_if_weak(self, remedy: str) -> None:
        mu_squared = float((self.mu**2).sum())
        # A little slack: permutations of even tokens reach the bound itself at N = 2.
        if self.K_P - mu_squared >= -1e-12:
            return
        if mu_squared > 0.5 - 1e-12:
            remedy = "with this mu no P can reach that: take a more even mu or a larger N"
        warnings.warn(
            f"||P||_mu^2 is {self.K_P + mu_squared:.4g}, below 2 ||mu||^2 = {2 * mu_squared:.4g}: "
            f"the transitions say little beyond the token frequencies, and the theory promises "
            f"nothing; {remedy}",
            TaskWarning,
            stacklevel=3,
        )
