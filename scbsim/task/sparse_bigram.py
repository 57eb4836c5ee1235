"""The arrays and scalars of a sparse contextual bigram (docs/model.md, section 1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scbsim.errors import InputError
from scbsim.task.checks import check_tokens
from scbsim.util.numbers import check_int

Array = NDArray[np.float64]

WITHOUT_P = (
    "this task is known by mu, K_P and the columns of Q, without its P: there is no matrix V "
    '(dynamics.value = "matrix", snapshots), no real batches, no matched noise, and no start on '
    "another P. Take a task with a P, or settings that need none"
)


WITHOUT_TRUTH = (
    "the truth is unknown: this task has mu and T alone, for a run on samples that are given "
    "(data.from, or simulate(..., batches=...))"
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SparseBigram:
    r"""A sparse contextual bigram: transitions of tokens, and the positions that matter.

    A sample is a context :math:`x_1, \dots, x_T` and a query :math:`k`, all i.i.d. from
    :math:`\mu`; a position :math:`t` drawn from :math:`q_k`; and an output drawn from the column
    :math:`x_t` of :math:`P`. The attention target :math:`q_k` has at most ``Q`` nonzeros and is
    stored sparsely, so that no array grows with ``T``. The dynamics of signals and norms need only
    ``K_P`` of :math:`P`; a task may have that alone, and then has the size ``N Q``. With samples
    from elsewhere the truth may be unknown: then ``Q`` is 0, and every K is NaN.

    The constructor does not check its arguments; the classmethods do. The
    arrays are read-only copies.

    Attributes
    ----------
    mu : numpy.ndarray
        (N,) float64, above 0, sums to 1: distribution of tokens, and of queries.
    P : numpy.ndarray or None
        (N, N) float64: ``P[n, m]`` is the probability of output ``n`` given source token ``m``.
        Columns sum to 1, and ``P mu = mu``. None where only ``K_P`` is known.
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
        :math:`\|P\|_\mu^2 - |\mu|^2`, how much the transitions say beyond the token frequencies.
        The constructor takes it if ``P`` is None, and computes it otherwise.
    K_Q : float
        :math:`\sum_k \mu_k K_k = \|Q\|_\mu^2 - 1/T`.

    Notes
    -----
    Section 1 of docs/model.md. The task is that of Ren, Wang and Lee (arXiv 2410.23438).
    """

    mu: Array
    P: Array | None
    q_positions: NDArray[np.int64]
    q_weights: Array
    T: int
    N: int = field(init=False)
    Q: int = field(init=False)
    K: Array = field(init=False)
    K_P: float = np.nan
    K_Q: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", check_int("T", self.T))
        N, Q = self.q_positions.shape
        # From centred entries: |q|^2 - 1/T and |P|^2 - |mu|^2 cancel near uniform.
        outside = (self.T - Q) / self.T / self.T
        K = ((self.q_weights - 1.0 / self.T) ** 2).sum(axis=1) + outside
        K = K if Q else np.full(N, np.nan)
        derived = {"N": N, "Q": Q, "K": K, "K_Q": float((self.mu * K).sum())}
        if self.P is not None:
            squares = ((self.P - self.mu[:, None]) ** 2).sum(axis=0)
            derived["K_P"] = float((squares * self.mu).sum())
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        for name in ("mu", "P", "q_positions", "q_weights", "K"):
            if getattr(self, name) is None:
                continue
            array = np.array(getattr(self, name), order="C")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def without_truth(cls, mu: ArrayLike, T: int) -> Self:
        """Make the task of a run on samples whose truth is unknown.

        Such a run needs ``mu`` for its preconditioner alone. Its population observables are NaN.

        Parameters
        ----------
        mu : array_like
            (N,), N at least 2, above 0, sums to 1: frequencies of the tokens, as of
            :func:`scbsim.token_frequencies`.
        T : int
            Length of the context, at least 2.

        Returns
        -------
        Task
            With ``Q = 0``, no ``P``, and NaN for every ``K``.

        Raises
        ------
        TaskError
            With everything that is wrong.
        """
        checked, length = check_tokens(mu, T)
        empty = np.zeros((len(checked), 0))
        return cls(
            mu=checked, P=None, q_positions=empty.astype(np.int64), q_weights=empty, T=length
        )

    @property
    def truth_known(self) -> bool:
        """Whether the task has attention targets, and ``P`` or ``K_P``."""
        return self.Q > 0

    def __repr__(self) -> str:
        if not self.truth_known:
            return f"{type(self).__name__}(N={self.N}, T={self.T}, truth unknown)"
        sizes = f"N={self.N}, T={self.T}, Q={self.Q}"
        return f"{type(self).__name__}({sizes}, K_P={self.K_P:.4g}, K_Q={self.K_Q:.4g})"

    def _repr_html_(self) -> str:
        """Return the task for a cell of a notebook."""
        known = "P, its transitions" if self.P is not None else "only K_P of its transitions"
        known = known if self.truth_known else "truth unknown"
        rows = (
            ("vocabulary N", self.N),
            ("context T", self.T),
            ("attended positions Q", self.Q),
            ("mu", f"{self.mu.min():.3g} to {self.mu.max():.3g}"),
            ("K_P", f"{self.K_P:.4g}, {known}"),
            ("K_Q", f"{self.K_Q:.4g}"),
        )
        cells = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
        return f"<table><caption>{type(self).__name__}</caption>{cells}</table>"

    @property
    def P_tilde(self) -> Array:
        r""":math:`\tilde P = (P - \mu 1') \operatorname{diag}(\sqrt\mu)`, shape (N, N).

        Raises
        ------
        InputError
            If the task has no ``P``.
        """
        if self.P is None:
            raise InputError(WITHOUT_P if self.truth_known else WITHOUT_TRUTH)
        return np.asarray((self.P - self.mu[:, None]) * np.sqrt(self.mu))

    @property
    def target_of_V(self) -> Array:
        """``P_tilde``, which W is to learn, (N, N); 0 if the truth is unknown."""
        return self.P_tilde if self.truth_known else np.zeros((self.N, self.N))

    def to_arrays(self) -> dict[str, Any]:
        """Return the arguments that make this task again, bit for bit.

        Returns
        -------
        dict
            Arguments of :meth:`scbsim.Task.from_arrays`, or, with ``K_P`` in place of ``P``, of
            :meth:`scbsim.Task.from_scalars`. If the truth is unknown, ``mu`` and ``T``, the
            arguments of :meth:`scbsim.Task.without_truth`.
        """
        if not self.truth_known:
            return {"mu": self.mu, "T": self.T}
        known = {"K_P": self.K_P} if self.P is None else {"P": self.P}
        return {
            "mu": self.mu,
            **known,
            "q_positions": self.q_positions,
            "q_weights": self.q_weights,
            "T": self.T,
        }
