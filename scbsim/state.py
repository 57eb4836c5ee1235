"""The type of an engine's state: named arrays."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

State: TypeAlias = dict[str, NDArray[Any]]
