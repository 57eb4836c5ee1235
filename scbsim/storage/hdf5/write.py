"""How files of HDF5 are written, and how an error ends that.

HDF5 survives a write that fails, but not while it closes something: what it has half closed it
closes again when Python exits, and crashes. So nothing is closed while a file is written, and
closing writes nothing.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import RunFailed
from scbsim.storage.hdf5.superblock import finish
from scbsim.util.disk_space import make_room, reason

LIBVER = ("v110", "v110")
"""The HDF5 format: every installed HDF5 reads it, and it can be read while it grows."""


class WrittenFile(h5py.File):  # type: ignore[misc]  # h5py has no types
    """A file that is written. Parameters as :class:`h5py.File`.

    All datasets stay open until the file is closed, and only a flush takes metadata out of memory.
    So a write can fail when something is written or flushed, and at no other time.

    Attributes
    ----------
    handle : int
        The descriptor of the file.
    """

    def __init__(self, *name: Any, **options: Any) -> None:
        super().__init__(*name, **options)
        self.handle = int(self.id.get_vfd_handle())
        self._held: list[Any] = []
        self.visititems(lambda _name, node: self._held.append(node))
        config = self.id.get_mdc_config()
        config.evictions_enabled = False
        # HDF5 asks that these be off then.
        config.incr_mode = config.decr_mode = config.flash_incr_mode = 0
        self.id.set_mdc_config(config)

    def create_dataset(self, *args: Any, **options: Any) -> h5py.Dataset:
        """Make a dataset of the file, as h5py does."""
        return self._hold(super().create_dataset(*args, **options))

    def create_virtual_dataset(self, *args: Any, **options: Any) -> h5py.Dataset:
        """Make a virtual dataset of the file, as h5py does."""
        return self._hold(super().create_virtual_dataset(*args, **options))

    def _hold(self, data: h5py.Dataset) -> h5py.Dataset:
        self._held.append(data)
        return data

    def finish(self) -> None:
        """Flush and close the file, and see it onto the disk.

        What HDF5 writes at the end, that no one has the file open and how long it is, is ours.
        """
        self.flush()
        own = os.dup(self.handle)
        try:
            if h5py.h5f.get_obj_count(self.id, h5py.h5f.OBJ_FILE) > 1:
                # This process reads it, too, by the same descriptor: HDF5 does not close it yet.
                super().close()
            else:
                self.close()
            finish(own)
        except ValueError as error:
            raise OSError(str(error)) from None
        finally:
            os.close(own)

    def close(self) -> None:
        """Close the file; what is not flushed is lost."""
        if not self.id.valid:
            return
        nowhere = _nowhere()
        os.dup2(nowhere, self.handle)
        os.close(nowhere)
        # A file that stays open HDF5 takes for another one that gets its place on the disk.
        with suppress(OSError, RuntimeError):
            super().close()
        self._held = []


class GrowingFile(WrittenFile):
    """A file that is written while others may read it.

    In single-writer mode from the first moment: `h5py.File` opens for a writer alone, and turns the
    mode on later; a file whose writer died in between can be read by no one. Without HDF5's own
    lock, by which a reader that holds the file open would keep us out; ours is held.

    Parameters
    ----------
    path : Path
        Of a file that is there.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(_opened(path, h5py.h5f.ACC_RDWR | h5py.h5f.ACC_SWMR_WRITE))
        self._path = path
        self._least = 0

    def check(self) -> None:
        """See that the file still has its path, and all of its bytes.

        Raises
        ------
        RunFailed
            If another program took it away, put another file in its place, or cut it short.
        """
        here = os.fstat(self.handle)
        try:
            same = os.path.samestat(here, os.stat(self._path))
        except FileNotFoundError:
            raise RunFailed(_gone(self._path, "removed or moved")) from None
        if not same:
            raise RunFailed(_gone(self._path, "replaced by another file"))
        if here.st_size < self._least:
            raise RunFailed(_gone(self._path, "cut short"))
        self._least = here.st_size


def following(path: Path) -> h5py.File:
    """Open a file to read what another program, or this process itself, writes meanwhile."""
    return h5py.File(_opened(path, h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ))


def _opened(path: Path, flags: int) -> h5py.h5f.FileID:
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # HDF5 shares a file among all of a process who open it by one driver, and refuses those who ask
    # for other options. This driver is as the usual one, and no notebook has a file open by it.
    access.set_fapl_log(b"", 0, 0)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_file_locking(False, False)
    return h5py.h5f.open(os.fsencode(path), flags, access)


def _gone(path: Path, what: str) -> str:
    return (
        f"{path} was {what} while it was being written: the run ends here, and what is at that "
        "path now is left as it is"
    )


@contextmanager
def written(path: str | Path, room: int, mode: str = "w") -> Iterator[WrittenFile]:
    """Write a file that no one reads before it is whole.

    Datasets are to be made by the file itself, not by its groups.

    Parameters
    ----------
    path : path
    room : int
        Bytes that it will need; they are asked for first.
    mode : {"w", "r+"}
        Whether it is made, or changed.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    file = WrittenFile(path, mode, libver=LIBVER, locking=False)
    try:
        make_room(Path(path), file.handle, room)
        yield file
        file.finish()
    except RuntimeError as error:
        # So HDF5 calls a flush that failed.
        raise OSError(errno.EIO, reason(error)) from error
    finally:
        file.close()


@contextmanager
def failing_plainly(path: Path) -> Iterator[None]:
    """Turn an error of the system or of HDF5 into :class:`RunFailed`, with what to do."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise RunFailed(
            f"{path} could not be written ({reason(error)}): what was committed is whole; once "
            "the cause is mended, run the same line with --resume"
        ) from error


@contextmanager
def failing_whole(path: Path, file: WrittenFile) -> Iterator[None]:
    """Turn an error of HDF5 into :class:`RunFailed`, and let nothing more reach the file.

    As it stands the file is like that of a writer that was killed, which loses nothing that was
    committed.
    """
    with failing_plainly(path):
        try:
            yield
        except (OSError, RuntimeError, RunFailed):
            file.close()
            raise


def _nowhere() -> int:
    """Return a descriptor that takes what is written, and any length."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("nowhere")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
