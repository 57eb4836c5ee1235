"""Checks that arrays are a task: the conditions of section 1 of docs/model.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scbsim.errors import Fault, TaskError
from scbsim.task.balance import round_to_stationary
from scbsim.util.masks import masked
from scbsim.util.numbers import as_float, as_int
from scbsim.util.text import by_count, counted

Array = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest error of sums and stationarity that is not a fault."""

ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Largest error that counts as exact."""

_ROUNDED = 0.01  # Errors of sums below this may be those of float32, or of few decimals.

EXACT = 2**53
"""Positions and lengths stay below this, so that each is exact in float64."""


def check_task(
    transitions: str,
    value: Any,
    mu: ArrayLike,
    q_positions: ArrayLike,
    q_weights: ArrayLike,
    T: Any,
) -> dict[str, Any]:
    """Return the checked fields of a task, with sorted positions and normalised sums.

    Parameters
    ----------
    transitions : {"P", "K_P"}
        What ``value`` is.
    value, mu, q_positions, q_weights, T
        As for :meth:`scbsim.Task.from_arrays` and :meth:`scbsim.Task.from_scalars`.

    Raises
    ------
    TaskError
        With everything that is wrong.
    """
    faults: list[Fault] = []
    length = check_integer("T", T, 2, EXACT, faults)
    mu_ = _numbers("mu", mu, 1, faults)
    if mu_ is not None:
        _check_mu(mu_, faults)
    N = None if mu_ is None else mu_.size
    P, K_P = None, None
    if transitions == "K_P":
        K_P = check_K_P(value, mu_, faults)
    elif (P := _numbers("P", value, 2, faults)) is not None:
        N = P.shape[1] if N is None else N
        if _has_shape("P", P, (N, N), faults):
            _check_P(P, mu_, faults)
    positions = _array("q_positions", q_positions, 2, "iu", "integers", faults)
    if positions is not None and _has_shape("q_positions", positions, (N, None), faults):
        _check_positions(positions, length, faults)
    Q = None if positions is None else positions.shape[1]
    weights = _numbers("q_weights", q_weights, 2, faults)
    if weights is not None and _has_shape("q_weights", weights, (N, Q), faults):
        _check_weights(weights, faults)
    if faults:
        raise TaskError(faults)
    assert mu_ is not None and positions is not None and weights is not None  # noqa: PT018
    order = np.argsort(positions, axis=1)
    mu_ = _sum_to_one(mu_)
    return {
        "mu": mu_,
        "P": None if P is None else _stationary(P, mu_),
        "K_P": np.nan if K_P is None else K_P,
        "q_positions": np.take_along_axis(positions, order, axis=1).astype(np.int64),
        "q_weights": _sum_to_one(np.take_along_axis(weights, order, axis=1)),
        "T": length,
    }


def check_tokens(mu: ArrayLike, T: Any) -> tuple[Array, int]:
    """Return ``mu`` and ``T`` of a task without truth, checked."""
    faults: list[Fault] = []
    length = check_integer("T", T, 2, EXACT, faults)
    mu_ = _numbers("mu", mu, 1, faults)
    if mu_ is not None:
        _check_mu(mu_, faults)
    if faults:
        raise TaskError(faults)
    assert mu_ is not None and length is not None  # noqa: PT018
    return _sum_to_one(mu_), length


def check_target(Q: Any, columns: Mapping[str, Any]) -> None:
    """Raise TaskError unless either ``Q`` or all of the ``columns`` are given."""
    given = [name for name, value in columns.items() if value is not None]
    if Q is not None and given:
        raise TaskError([Fault("Q", f"cannot be given beside {', '.join(given)}")])
    if Q is None and len(given) < len(columns):
        missing = [name for name in columns if name not in given]
        raise TaskError([Fault(name, "missing; give it, or Q as a matrix") for name in missing])


def check_columns(mu: str, P: Any) -> Array:
    """Return ``P`` checked but for its ``mu``, which must be the word "stationary"."""
    faults: list[Fault] = []
    if mu != "stationary":
        faults.append(Fault("mu", f'{mu!r} is not allowed; it takes numbers, or "stationary"'))
    matrix = _numbers("P", P, 2, faults)
    if matrix is not None and _has_shape("P", matrix, (matrix.shape[1],) * 2, faults):
        _check_P(matrix, None, faults)
    if faults:
        raise TaskError(faults)
    assert matrix is not None
    return matrix


def check_K_P(K_P: Any, mu: Array | None, faults: list[Fault]) -> float | None:
    """Return ``K_P`` if some P that keeps ``mu`` has it; or None, and append a fault.

    For every number from 0 to ``1 - |mu|^2`` some mixture of ``mu 1'`` and the identity has it.
    """
    number = as_float(K_P)
    if number is None or not np.isfinite(number) or number < 0.0:
        faults.append(Fault("K_P", f"{K_P!r} is not a finite number of at least 0"))
        return None
    most = np.inf if mu is None else 1.0 - float(mu @ mu)
    # A permutation reaches the bound, up to rounding.
    if number > most + TOLERANCE:
        problem = f"{number:.6g} is more than 1 - |mu|^2 = {most:.6g}, the most that a P can have"
        faults.append(Fault("K_P", problem))
        return None
    return number


def _stationary(P: Array, mu: Array) -> Array:
    """Return ``P`` itself if it is exact to rounding, else a nearby matrix that keeps ``mu``."""
    exact = np.abs(P.sum(axis=0) - 1.0).max() <= ROUNDING and _drift(P, mu) <= ROUNDING
    return P if exact else round_to_stationary(P, mu)


def _sum_to_one(x: Array) -> Array:
    """Divide by the sums along the last axis; values whose sum is 1 stay the same, bit for bit."""
    total = x.sum(axis=-1, keepdims=True)
    return np.where(np.abs(total - 1.0) <= ROUNDING, x, x / total)


def _drift(P: Array, mu: Array) -> float:
    # Numbers so large that this overflows are faults of the sums already.
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.abs(P @ mu - mu).sum())


def check_integer(key: str, value: Any, least: int, below: int, faults: list[Fault]) -> int | None:
    """Return an integer with ``least <= value < below``; or None, and append a fault."""
    number = as_int(value)
    if number is None or not least <= number < below:
        power = below.bit_length() - 1
        bound = f"below 2**{power}" if below == 2**power and power > 20 else f"at most {below - 1}"
        faults.append(Fault(key, f"{value!r} is not an integer of at least {least} and {bound}"))
        return None
    return number


def check_above_0(key: str, value: Any, faults: list[Fault]) -> float:
    """Return a number above 0, possibly infinite; or NaN, and append a fault."""
    number = as_float(value)
    if number is None or not number > 0.0:
        faults.append(Fault(key, f"{value!r} is not a number above 0"))
        return np.nan
    return number


def _numbers(key: str, value: ArrayLike, ndim: int, faults: list[Fault]) -> Array | None:
    array = _array(key, value, ndim, "iuf", "real numbers", faults)
    if array is None:
        return None
    array = array.astype(np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        where = ", ".join(str(int(i)) for i in np.argwhere(~finite)[0])
        count = int((~finite).sum())
        what = f"{counted(count, 'entry')} {by_count(count, 'is', 'are')}"
        faults.append(Fault(key, f"{what} not finite, the first at [{where}]"))
        return None
    return array


def _array(
    key: str, value: ArrayLike, ndim: int, kinds: str, what: str, faults: list[Fault]
) -> NDArray[Any] | None:
    """Return an array of dtype kinds in ``kinds``; or None, and append a fault."""
    if problem := masked(value):
        faults.append(Fault(key, problem))
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind not in kinds:
            hint = "; convert it first, with astype" if array.dtype.kind in "OUS" else ""
            raise TypeError(f"{array.dtype} given{hint}")
    except (TypeError, ValueError) as error:
        faults.append(Fault(key, f"not an array of {what} ({error})"))
        return None
    if array.ndim != ndim or array.size == 0:
        problem = f"has shape {array.shape}; it must have {ndim} dimension(s), and not be empty"
        faults.append(Fault(key, problem))
        return None
    return array


def _has_shape(
    key: str, array: NDArray[Any], shape: tuple[int | None, ...], faults: list[Fault]
) -> bool:
    names = ("N", "N") if key == "P" else ("N", "Q")
    if all(want in (None, have) for have, want in zip(array.shape, shape, strict=True)):
        return True
    wanted = ", ".join(
        name if want is None else f"{name} = {want}"
        for name, want in zip(names, shape, strict=True)
    )
    faults.append(Fault(key, f"has shape {array.shape}; it must be ({wanted})"))
    return False


def _columns(numbers: Sequence[int] | NDArray[Any]) -> str:
    """Return `column 3`, or `columns 3, 5, 8 and 12 more`."""
    shown = ", ".join(str(int(k)) for k in numbers[:3])
    more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
    return f"column{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _check_sums(key: str, sums: Array, faults: list[Fault]) -> bool:
    """Return whether sums of columns are not 1; then a fault says which."""
    bad = np.flatnonzero(np.abs(sums - 1.0) > TOLERANCE)
    if bad.size:
        worst = bad[np.argmax(np.abs(sums[bad] - 1.0))]
        problem = f"column {worst} sums to {sums[worst]:.12g}, not 1"
        if bad.size > 1:
            problem += f"; {_columns(bad)} are off"
        if abs(sums[worst] - 1.0) < _ROUNDED:
            problem += "; if that is rounding, divide by the sums in float64"
        faults.append(Fault(key, problem))
    return bool(bad.size)


def _check_mu(mu: Array, faults: list[Fault]) -> None:
    if mu.size < 2:
        faults.append(Fault("mu", "has 1 token; it must have at least 2"))
    bad = np.flatnonzero(mu <= 0.0)
    if bad.size:
        faults.append(Fault("mu", f"mu[{bad[0]}] is {mu[bad[0]]:g}; every entry must be above 0"))
    if abs(mu.sum() - 1.0) > TOLERANCE:
        faults.append(Fault("mu", f"sums to {mu.sum():.12g}, not 1"))


def _check_P(P: Array, mu: Array | None, faults: list[Fault]) -> None:
    negative = np.argwhere(P < 0.0)
    if len(negative):
        n, m = (int(i) for i in negative[0])
        faults.append(Fault("P", f"P[{n}, {m}] is {P[n, m]:g}; no entry may be below 0"))
    if _check_sums("P", P.sum(axis=0), faults) and np.allclose(P.sum(axis=1), 1.0, atol=TOLERANCE):
        faults.append(Fault("P", "its rows sum to 1; columns must: is it the transpose?"))
    if mu is not None and _drift(P, mu) > TOLERANCE:
        problem = (
            f"mu is not stationary: |P mu - mu|_1 is {_drift(P, mu):.3g}, at most 1e-9 allowed"
        )
        faults.append(Fault("P", problem))


def _check_positions(positions: NDArray[Any], T: int | None, faults: list[Fault]) -> None:
    Q = positions.shape[1]
    if T is not None:
        if Q > T:
            problem = f"{counted(Q, 'position')} a column, more than T = {T}"
            faults.append(Fault("q_positions", problem))
        outside = np.argwhere((positions < 0) | (positions >= T))
        if len(outside):
            k, j = (int(i) for i in outside[0])
            problem = f"{positions[k, j]} in column {k} is not a position in [0, T = {T})"
            faults.append(Fault("q_positions", problem))
    ordered = np.sort(positions, axis=1)
    twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    if twice.size:
        faults.append(Fault("q_positions", f"{_columns(twice)}: a position is there twice"))


def _check_weights(weights: Array, faults: list[Fault]) -> None:
    bad = np.flatnonzero((weights < 0.0).any(axis=1))
    if bad.size:
        problem = f"{_columns(bad)}: no weight may be below 0, the least is {weights.min():g}"
        faults.append(Fault("q_weights", problem))
    _check_sums("q_weights", weights.sum(axis=1), faults)
