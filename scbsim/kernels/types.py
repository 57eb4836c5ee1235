"""Type names for the arguments of kernels, for mypy and readers; numba ignores them."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

F64: TypeAlias = NDArray[np.float64]
I64: TypeAlias = NDArray[np.int64]
U32: TypeAlias = NDArray[np.uint32]
U64: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float32 | np.float64]
"""In the precision of a run."""

Tokens: TypeAlias = NDArray[np.uint8 | np.uint16 | np.uint32]

Bool: TypeAlias = bool | np.bool_
Int: TypeAlias = int | np.int64 | np.uint64

Real: TypeAlias = float | np.float32
Entry = TypeVar("Entry", bound=np.float32 | np.float64)

Counter: TypeAlias = tuple[np.uint64, np.uint64, np.uint64]
"""Words 1, 2 and 3 of a counter of Philox."""

Key: TypeAlias = tuple[np.uint64, np.uint64]
Lane: TypeAlias = tuple[np.uint32, np.uint32, np.uint32, np.uint32]
"""The state of a lane of xoshiro128++."""

Part: TypeAlias = tuple[Int, Int]
"""A share of some work, and into how many shares it is divided."""

Address: TypeAlias = tuple[np.uint64, np.uint64, np.uint64]
"""A step's place in the random stream: step, seed, replica."""

Stream: TypeAlias = tuple[np.uint64, np.uint64, np.uint64]
"""The two words of a key, and the replica."""

Factors: TypeAlias = tuple[float, float, float]
"""``keep``, ``pull`` and ``amplitude`` of a step ``x <- keep x + pull target + amplitude z``."""

Couplings: TypeAlias = tuple[float, float, float, float]
"""``nA``, ``qA``, ``kappa`` and ``kappa_prime``: see `gaussian.observe`."""

Curve: TypeAlias = tuple[Real, Real, Real] | None
"""See `matched.coefficients.curve_of`."""
