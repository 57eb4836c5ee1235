"""What an engine's whole state is to those who keep it: arrays with names."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

State: TypeAlias = dict[str, NDArray[Any]]
