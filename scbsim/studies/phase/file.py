"""The file of a phase diagram.

It is small. Each time, the new content is made in memory, written to another file, and moved over
the old one, so the file is always complete.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from scbsim.errors import OutputError
from scbsim.spec.stored import stored_tables
from scbsim.storage.hdf5.attributes import put_text, text
from scbsim.storage.hdf5.formats import PHASE
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.write import LIBVER
from scbsim.studies.phase.grid import Grid
from scbsim.studies.phase.results import DIMS, LONG_NAMES, Results
from scbsim.studies.study_file import reading_study, replace_file
from scbsim.util.arguments import given

if TYPE_CHECKING:
    import xarray as xr

SCHEMA_VERSION = "1.0"

_TEXTS = frozenset(
    {"format", "schema_version", "status", "created_utc", "spec", "grid", "engines", "provenance"}
)


def write(path: Path, diagram: xr.Dataset) -> None:
    """Replace the file by one with a diagram. If that fails, the old file stays.

    Raises
    ------
    RunFailed
        If it could not be written.
    """
    replace_file(path, _bytes(diagram))


def read(path: Path, grid: Grid) -> tuple[Results, dict[str, str]]:
    """Return the results in a file for a grid, and the file's attributes.

    Raises
    ------
    OutputError
        If it is not a phase diagram, is damaged, or has another grid.
    RunFailed
        If the system could not read it.
    """
    with reading_study(path), opened_hdf5(path, tuple(LONG_NAMES)) as file:
        found = {name: text(file.attrs, name) for name in file.attrs if name in _TEXTS}
        if found.get("format") != PHASE:
            raise OutputError(f"{path} is no phase diagram")
        identity = {"spec": stored_tables(found["spec"]), **json.loads(found["grid"])}
        if unlike := grid.unlike(identity):
            differences = "; ".join(map(_short, unlike))
            raise OutputError(
                f"{path} holds another diagram: {differences}. {given('output')} writes elsewhere"
            )
        arrays = {name: file[name][()] for name in LONG_NAMES}
        arrays["done"] = arrays["done"].astype(bool)
        results = Results(arrays, json.loads(found["engines"]))
    return results, found


def _bytes(diagram: xr.Dataset) -> bytes:
    """Return the content of the file."""
    image = BytesIO()
    with h5py.File(image, "w", libver=LIBVER) as file:
        put_text(file.attrs, format=PHASE, schema_version=SCHEMA_VERSION, **diagram.attrs)
        # Strings of variable length, since xarray reads those of fixed length as bytes.
        rules = np.array(diagram["rule"].values, h5py.string_dtype())
        _coordinate(file, "rule", rules, long_name="rule: sgd, or an l1 rule")
        for name in ("y", "x"):
            key, spacing = (diagram[name].attrs[attribute] for attribute in ("key", "spacing"))
            labels = {"key": key, "long_name": key, "spacing": spacing}
            _coordinate(file, name, diagram[name].values, **labels)
        for name in map(str, diagram.data_vars):
            values, labels = diagram[name].values, diagram[name].attrs
            if name == "done":
                # NetCDF has no booleans; xarray converts integers with this `dtype` attribute.
                values, labels = values.astype(np.int8), {**labels, "dtype": "bool"}
            data = file.create_dataset(name, data=values, fletcher32=True, chunks=values.shape)
            put_text(data.attrs, **labels)
            for axis, dimension in enumerate(DIMS):
                data.dims[axis].attach_scale(file[dimension])
    return image.getvalue()


def _coordinate(file: h5py.File, name: str, values: Any, **attributes: str) -> None:
    dataset = file.create_dataset(name, data=values)
    put_text(dataset.attrs, **attributes)
    dataset.make_scale(name)


def _short(words: str) -> str:
    """Shorten long values, such as those of an axis with many points."""
    return " ".join(
        f"{word[:24]}...{word[-12:]}" if len(word) > 48 else word for word in words.split(" ")
    )
