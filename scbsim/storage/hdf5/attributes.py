"""Text in HDF5 attributes, with fixed length, so that it is stored in the object header.

h5py's default, strings of variable length, goes to HDF5's global heap. The heap has no checksum,
and reading a damaged one may never return.
"""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np

from scbsim.util.numbers import as_float, as_int
from scbsim.util.text import MOST_NESTED, is_nested_within


def put_text(attributes: h5py.AttributeManager, **texts: str) -> None:
    """Set attributes to texts; none of them may be empty."""
    for name, text in texts.items():
        content = text.encode()
        attributes.create(name, content, dtype=h5py.string_dtype("utf-8", len(content)))


def reserve_text(attributes: h5py.AttributeManager, name: str, size: int) -> None:
    """Create an empty attribute of ``size`` bytes; it can be filled while others read the file."""
    attributes.create(name, b"", dtype=h5py.string_dtype("utf-8", size))


def fill_text(attributes: h5py.AttributeManager, name: str, content: str) -> None:
    """Set an attribute made by :func:`reserve_text`; text that is too long is cut."""
    encoded = content.encode()[: attributes.get_id(name).dtype.itemsize]
    attributes.modify(name, np.bytes_(encoded or b"\0"))


def text(attributes: h5py.AttributeManager, name: str) -> str:
    """Return a text attribute, of fixed or variable length."""
    value = attributes[name]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def table(attributes: h5py.AttributeManager, name: str) -> dict[str, Any]:
    """Return an attribute that holds a JSON object.

    Raise ValueError if it is not a JSON object, or is nested deeper than scbsim writes.
    """
    try:
        found = json.loads(text(attributes, name))
    except RecursionError:
        found = None
    if not isinstance(found, dict) or not is_nested_within(found, MOST_NESTED):
        raise ValueError(f"its attribute {name} is no table")
    return found


def spec_table(attributes: h5py.AttributeManager) -> dict[str, Any]:
    """Return the attribute ``spec``, and check the keys that every reader uses.

    It is not parsed as a `RunSpec`: a newer version may have written keys unknown here. Raise
    ValueError if it is not the spec of a run.
    """
    spec = table(attributes, "spec")
    dynamics, stages = spec.get("dynamics"), spec.get("stage")
    if not (
        isinstance(dynamics, dict)
        and isinstance(dynamics.get("rule"), str)
        and as_float(dynamics.get("batch_size")) is not None
        and isinstance(stages, list)
        and all(isinstance(each, dict) and as_int(each.get("steps")) for each in stages)
    ):
        raise ValueError("its attribute spec is no spec of a run")
    return spec
