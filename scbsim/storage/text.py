"""Text in attributes: of fixed length, so that it stands in the header of its object.

Strings of variable length, h5py's own choice, go to HDF5's global heap. That alone has no
checksum, and reading one that is damaged may never end.
"""

from __future__ import annotations

import h5py
import numpy as np


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
