"""The file of a phase diagram: always whole, written anew as points come in.

It is small, so nothing is added to it in place: its bytes are made in memory, written beside it,
and moved over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from scbsim.errors import OutputError, RunFailed
from scbsim.observables import NAMES, OBSERVABLES
from scbsim.storage.hdf5.attributes import put_text, text
from scbsim.storage.hdf5.formats import PHASE
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.reading import fail_if_unread
from scbsim.storage.hdf5.write import LIBVER
from scbsim.studies.phase.grid import Grid
from scbsim.studies.phase.results import COUNTS, DIMS, Results, median_of
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import reason

SCHEMA_VERSION = "1.0"


def write(path: Path, grid: Grid, results: Results, attributes: dict[str, str]) -> None:
    """Put a diagram in place: afterwards it is there, or the one before still is.

    Raises
    ------
    RunFailed
        If it could not be written.
    """
    content = _bytes(grid, results, attributes)
    try:
        with atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise RunFailed(
            f"{path} could not be written ({error.strerror}): what it had before is whole; once "
            "the cause is mended, the same line again goes on"
        ) from error


def read(path: Path, grid: Grid) -> tuple[Results, dict[str, str]]:
    """Return what a file knows of a grid, and its attributes.

    Raises
    ------
    OutputError
        If it is no such file, is damaged, or is of another grid.
    RunFailed
        If the system could not read it.
    """
    try:
        with _opened(path) as file:
            found = {name: text(file.attrs, name) for name in file.attrs if name in _TEXTS}
            if found.get("format") != PHASE:
                raise OutputError(f"{path} is no phase diagram; --overwrite replaces it")
            identity = {"spec": json.loads(found["spec"]), **json.loads(found["grid"])}
            if unlike := grid.unlike(identity):
                raise OutputError(
                    f"{path} holds another diagram: {'; '.join(map(_short, unlike))}. "
                    "--overwrite replaces it, -o goes elsewhere"
                )
            results = Results(
                counts={name: file[name][()] for name in COUNTS},
                medians=np.stack([file[f"median_{name}"][()] for name in NAMES]),
                done=file["done"][()].astype(bool),
                engines=json.loads(found["engines"]),
            )
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        if isinstance(error, OutputError):
            raise
        fail_if_unread(path, error)
        raise OutputError(
            f"{path} cannot be read ({reason(error)}); --overwrite replaces it"
        ) from error
    return results, found


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    with ExitStack() as held:
        try:
            file = held.enter_context(opened_hdf5(path, _READ))
        except OutputError as error:
            raise OutputError(f"{error}; --overwrite replaces it") from None
        yield file


_READ = (*COUNTS, *(f"median_{name}" for name in NAMES), "done")
_TEXTS = frozenset(
    {"format", "schema_version", "status", "created_utc", "spec", "grid", "engines", "provenance"}
)


def _bytes(grid: Grid, results: Results, attributes: dict[str, str]) -> bytes:
    image = BytesIO()
    identity = grid.identity()
    with h5py.File(image, "w", libver=LIBVER) as file:
        put_text(
            file.attrs,
            format=PHASE,
            schema_version=SCHEMA_VERSION,
            **attributes,
            spec=json.dumps(identity.pop("spec")),
            grid=json.dumps(identity),
            engines=results.engines_json(),
        )
        # Of variable length: of a fixed one, xarray would make bytes.
        rules = np.array(grid.rules, h5py.string_dtype())
        _scale(file, "rule", rules, long_name="rule: plain SGD, or an l1 rule")
        for name, axis in (("y", grid.y), ("x", grid.x)):
            values = np.array(axis.values)
            _scale(file, name, values, key=axis.key, long_name=axis.key, spacing=axis.spacing)
        for name, array in results.counts.items():
            _field(file, name, array, COUNTS[name])
        for o, median in zip(OBSERVABLES, results.medians, strict=True):
            _field(file, f"median_{o.name}", median, median_of(o.long_name))
        # NetCDF has no truth values; xarray makes them of these.
        done = _field(file, "done", results.done.astype(np.int8), "whether the point is done")
        put_text(done.attrs, dtype="bool")
    return image.getvalue()


def _scale(file: h5py.File, name: str, values: Any, **said: str) -> None:
    dataset = file.create_dataset(name, data=values)
    put_text(dataset.attrs, **said)
    dataset.make_scale(name)


def _field(file: h5py.File, name: str, values: Any, long_name: str) -> h5py.Dataset:
    dataset = file.create_dataset(name, data=values, fletcher32=True, chunks=values.shape)
    put_text(dataset.attrs, long_name=long_name)
    for axis, dimension in enumerate(DIMS):
        dataset.dims[axis].attach_scale(file[dimension])
    return dataset


def _short(words: str) -> str:
    """Shorten the values of an axis, which may be many."""
    return " ".join(
        f"{word[:24]}...{word[-12:]}" if len(word) > 48 else word for word in words.split(" ")
    )
