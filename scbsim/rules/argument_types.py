"""The types of kernels' arguments that have a rule in them, found quickly.

At each call numba looks up the types of all arguments by what they are made of. Where one has a
value of a type that numba does not know, as a :class:`KernelRule`, it makes the type anew, item by
item: a tenth of a millisecond for each such argument. Here it is made once for each kind of items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import typeof_impl

from scbsim.kernels.compile.rule_type import KernelRule
from scbsim.kernels.gaussian.activations import ActivationRates
from scbsim.kernels.gaussian.state import StepParams

_TYPES: dict[tuple[Any, ...], Any] = {}

_of_tuple = typeof_impl.dispatch(tuple)


def _typeof(value: StepParams | ActivationRates, context: Any) -> Any:
    kinds = (type(value), *map(_kind, value))
    found = _TYPES.get(kinds)
    if found is None:
        found = _TYPES[kinds] = _of_tuple(value, context)
    return found


def _kind(item: Any) -> Any:
    """Return what the type of an item depends on."""
    if isinstance(item, np.ndarray):
        return item.dtype, item.ndim, item.flags.num
    if isinstance(item, KernelRule):
        return item.numba_type
    # Integers of more than 63 bits are unsigned.
    return (int, item.bit_length() > 63) if type(item) is int else type(item)


for _of in (StepParams, ActivationRates):
    typeof_impl.register(_of, _typeof)
