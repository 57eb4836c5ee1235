"""Numbers in a page: compressed, in base64, and JSON that no script can break out of."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def packed(values: ArrayLike) -> dict[str, Any]:
    """Return an array for the page: its shape, its type, and its bytes, compressed, in base64.

    Whole numbers become int32 if they fit, other numbers float32; steps beyond int32 are float64.
    """
    array = _narrow(np.asarray(values))
    # Without a time, the same numbers give the same text.
    raw = gzip.compress(array.tobytes(), 6, mtime=0)
    shape = list(array.shape)
    return {"type": array.dtype.name, "shape": shape, "gzip": b64encode(raw).decode()}


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind in "iub":
        small = not array.size or bool(np.abs(array).max() < 2**31)
        return np.ascontiguousarray(array, "<i4" if small else "<f8")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, "<f4")


def as_json(content: Any) -> str:
    """Return content as JSON that may stand in an element ``script``."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
