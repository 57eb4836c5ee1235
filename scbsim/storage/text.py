"""Text in attributes: of fixed length, so that it stands in the header of its object.

Strings of variable length, h5py's own choice, go to HDF5's global heap. That alone has no
checksum, and reading one that is damaged may never end.
"""

from __future__ import annotations

import h5py


def put_text(attributes: h5py.AttributeManager, **texts: str) -> None:
    """Set attributes to texts, none of them empty."""
    for name, text in texts.items():
        content = text.encode()
        attributes.create(name, content, dtype=h5py.string_dtype("utf-8", len(content)))


def text(attributes: h5py.AttributeManager, name: str) -> str:
    """Return an attribute, however its text is kept."""
    value = attributes[name]
    return value.decode() if isinstance(value, bytes) else str(value)
