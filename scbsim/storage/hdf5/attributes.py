"""Text in attributes: of fixed length, so that it stands in the header of its object.

Strings of variable length, h5py's own choice, go to HDF5's global heap. That alone has no
checksum, and reading one that is damaged may never end.
"""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np

from scbsim.util.numbers import as_real, as_whole
from scbsim.util.text import MOST_NESTED, is_nested_within


def put_text(attributes: h5py.AttributeManager, **texts: str) -> None:
    """Set attributes to texts, none of them empty."""
    for name, text in texts.items():
        content = text.encode()
        attributes.create(name, content, dtype=h5py.string_dtype("utf-8", len(content)))


def put_room(attributes: h5py.AttributeManager, name: str, size: int) -> None:
    """Set an attribute to no text, with room for some bytes: it can be filled while others read."""
    attributes.create(name, b"", dtype=h5py.string_dtype("utf-8", size))


def fill_room(attributes: h5py.AttributeManager, name: str, content: str) -> None:
    """Put a text, or none, into the room that an attribute has; what is too long is cut."""
    encoded = content.encode()[: attributes.get_id(name).dtype.itemsize]
    attributes.modify(name, np.bytes_(encoded or b"\0"))


def text(attributes: h5py.AttributeManager, name: str) -> str:
    """Return an attribute, however its text is kept."""
    value = attributes[name]
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def table(attributes: h5py.AttributeManager, name: str) -> dict[str, Any]:
    """Return an attribute that is a table as JSON.

    Raises
    ------
    ValueError
        If it is not one, or nested deeper than any of ours.
    """
    try:
        found = json.loads(text(attributes, name))
    except RecursionError:
        found = None
    if not isinstance(found, dict) or not is_nested_within(found, MOST_NESTED):
        raise ValueError(f"its attribute {name} is no table")
    return found


def spec_table(attributes: h5py.AttributeManager) -> dict[str, Any]:
    """Return the attribute ``spec``, with what every reader takes for granted of it.

    It is not made a spec of today: the file may be of a newer version, and have more keys.

    Raises
    ------
    ValueError
        If it is no spec of a run.
    """
    spec = table(attributes, "spec")
    dynamics, stages = spec.get("dynamics"), spec.get("stage")
    if not (
        isinstance(dynamics, dict)
        and isinstance(dynamics.get("rule"), str)
        and as_real(dynamics.get("batch_size")) is not None
        and isinstance(stages, list)
        and all(isinstance(each, dict) and as_whole(each.get("steps")) for each in stages)
    ):
        raise ValueError("its attribute spec is no spec of a run")
    return spec
