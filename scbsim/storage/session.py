"""The output of a run while it runs: lock, file, checkpoints, cleanup."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from scbsim.engines.random_stream import LAYOUT
from scbsim.errors import OutputError, RunFailed
from scbsim.observables import STATUS_CODE
from scbsim.spec import RunSpec
from scbsim.state import State
from scbsim.storage.checkpoint.damage import quarantine
from scbsim.storage.checkpoint.file import Checkpoint, remove_checkpoints, write_checkpoint
from scbsim.storage.checkpoint.position import Position
from scbsim.storage.checkpoint.resume import resume_point_of
from scbsim.storage.checkpoint.resume_point import Reading, ResumePoint
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.lock import WriterLock
from scbsim.storage.hdf5.write import (
    GrowingFile,
    WrittenFile,
    closing_on_failure,
    raising_run_failed,
    written,
)
from scbsim.storage.runfile.create import empty_file
from scbsim.storage.runfile.integrity import Stop
from scbsim.storage.runfile.observed import put_failed_observable, replace_texts
from scbsim.storage.runfile.row_writer import FileRecorder, forget_end
from scbsim.storage.runfile.schema import LACKS, TRAJECTORY
from scbsim.storage.runfile.sources import start_of
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.task import Task
from scbsim.trajectory.diagnosis import diagnosis
from scbsim.trajectory.header import RunHeader
from scbsim.util.arguments import switch
from scbsim.util.atomic import atomic_write, remove_stale, unshare
from scbsim.util.disk_space import LEAST_ROOM, make_room, sync
from scbsim.util.paths import resolved


class Session:
    """An output, locked by this process until the ``with`` block ends.

    Parameters
    ----------
    path : path
    spec : RunSpec
    overwrite : bool
        Replace an existing file, once the new one is complete.
    resume : bool
        Resume the run in the file.
    task : Task, optional
        The task to resume with; by default the file's own.
    stop : callable, optional
        Called several times a second while the file is checked.

    Raises
    ------
    OutputError
        If the file exists and is neither to be replaced nor resumed, or holds another run.
    RunFailed
        If another process writes it, or it could not be checked.
    Stopped
        If ``stop`` returned True while the file was checked; nothing is changed then.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        spec: RunSpec,
        *,
        overwrite: bool,
        resume: bool,
        task: Task | None = None,
        stop: Stop | None = None,
    ) -> None:
        self.path = resolved(path)
        self._task = task
        self._stop = stop or (lambda: False)
        self._spec = spec
        self._overwrite = overwrite
        self._seconds = spec.output.checkpoint_seconds
        self._saved_at = monotonic()
        if self.path.is_dir():
            raise OutputError(f"{self.path} is a folder: give the path of a file in it")
        if self.path.exists() and not self.path.is_file():
            raise OutputError(f"{self.path} is no regular file: choose another path")
        if self.path.exists() and not (overwrite or resume):
            raise OutputError(
                f"{self.path} exists: give another path, {switch('resume')} to continue its "
                f"run, or {switch('overwrite')} to replace it"
            )
        self._lock, self._made = _locked(self.path)
        try:
            remove_stale(self.path)
            existed = resume and self.path.exists()
            self.point: ResumePoint | None = self._resume_point() if resume else None
            self.finished = existed and self.point is None
            if self.finished:
                # The run may have been killed just before it did this itself.
                self.tidy()
        except BaseException:
            self._release()
            raise

    def _resume_point(self, reading: Reading | None = None) -> ResumePoint | None:
        return resume_point_of(self.path, self._spec, reading, task=self._task, stop=self._stop)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self._release()

    def _release(self) -> None:
        self._lock.release()
        for folder in self._made:
            # A folder that was made for the output is still empty if the run failed early.
            with suppress(OSError):
                folder.rmdir()

    @property
    def position(self) -> Position | None:
        """Where the run resumes; None for the start."""
        return self.point.position if self.point else None

    def recorder(self, header: RunHeader, state: State, snapshot: State) -> FileRecorder:
        """Create the file, or open the one to resume, and return its recorder."""
        self._header = header
        if self.point is None or not self.point.in_place:
            if self.point is None:
                # They belong to another run; if this process died now, they would be taken for
                # checkpoints of this one.
                remove_checkpoints(self.path)
            start = start_of(self._spec) if self.point is None else None
            image = empty_file(header, state, snapshot, start)
            if self.point is not None:
                quarantine(self.path, self.point)
            self._write_image(image)
            self._recorder = self._open_recorder(Cursors())
        else:
            if self.point.replaces_spec:
                self._replace_spec(self.point)
            self._replace_texts(self.point)
            self._recorder = self._open_recorder(self.point.cursors)
        return self._recorder

    def _open_recorder(self, at: Cursors) -> FileRecorder:
        header = self._header
        return FileRecorder(
            self.path,
            self._open_file(),
            at,
            keeps_final=header.keeps_final,
            diagnose=partial(diagnosis, header.plan),
        )

    def _write_image(self, image: bytes) -> None:
        """Write the file atomically: after a kill there is either the new file or the old one."""
        replace = self._overwrite or self.point is not None
        try:
            with atomic_write(self.path, replace=replace) as file:
                file.write(image)
        except FileExistsError:
            raise OutputError(f"{self.path} exists now; it did not when the run began") from None
        except OSError as error:
            raise RunFailed(f"{self.path} could not be written: {error.strerror}") from None

    def _open_file(self) -> GrowingFile:
        if not os.access(self.path, os.W_OK):
            raise OutputError(f"{self.path} cannot be written: {os.strerror(errno.EACCES)}")
        with raising_run_failed(self.path):
            unshare(self.path)
            file = GrowingFile(self.path)
        with closing_on_failure(self.path, file):
            make_room(self.path, file.handle, LEAST_ROOM)
            file[TRAJECTORY]["status"][()] = STATUS_CODE["running"]
            put_failed_observable(file, "")
            file.flush()
        return file

    def _replace_spec(self, point: ResumePoint) -> None:
        """Write the new spec to a copy of the file, which then replaces the file.

        The complete run becomes a stopped one, so a checkpoint is written first. What the file has
        only because the run ended there is removed.
        """
        if point.position:
            write_checkpoint(self.path, self._checkpoint(point.position, point.cursors))
        with self._changing() as file:
            put_text(file.attrs, spec=self._spec.to_json())
            forget_end(file, point.cursors, self._spec.output.every)

    def _replace_texts(self, point: ResumePoint) -> None:
        """Write the texts of a user's functions that have changed since one of them failed."""
        before = [each.digest for each in point.observed]
        if before == [each.digest for each in self._header.observed]:
            return
        with self._changing() as file:
            replace_texts(file, self._header.observed, point.position.step if point.position else 0)

    @contextmanager
    def _changing(self) -> Iterator[WrittenFile]:
        """Change a copy of the file, which then replaces the file."""
        with raising_run_failed(self.path), atomic_write(self.path) as copy:
            make_room(self.path, copy.fileno(), self.path.stat().st_size)
            with self.path.open("rb") as original:
                shutil.copyfileobj(original, copy)
            copy.flush()
            with written(copy.name, LEAST_ROOM, "r+") as file:
                yield file

    def due(self) -> bool:
        """Return whether it is time for a checkpoint."""
        return monotonic() - self._saved_at >= self._seconds

    def save(self, position: Position) -> None:
        """Write a checkpoint, after all rows that it refers to are on the disk."""
        self._recorder.flush()
        with raising_run_failed(self.path):
            sync(self.path)
        write_checkpoint(self.path, self._checkpoint(position, self._recorder.cursors()))
        self._saved_at = monotonic()

    def _checkpoint(self, position: Position, cursors: Cursors) -> Checkpoint:
        facts: dict[str, Any] = {
            **position.facts(),
            "stages": len(self._spec.stage),
            "cursors": cursors.facts(),
            "created_utc": self._header.created_utc,
            "stream": vars(self._header.stream),
            "stream_layout": LAYOUT,
            "task": self._header.task_parts,
            LACKS: self._header.lacks_steps_before,
        }
        if self._header.observed:
            facts["observed"] = [each.facts() for each in self._header.observed]
        spec, arrays = self._spec.to_json(), position.arrays()
        return Checkpoint(self._header.run_uuid, spec, facts, arrays)

    def tidy(self) -> None:
        """Remove the checkpoints; the run has ended, and its file is closed and synced."""
        with raising_run_failed(self.path):
            sync(self.path.parent)
            remove_checkpoints(self.path)


def _locked(path: Path) -> tuple[WriterLock, list[Path]]:
    """Lock the output; return the lock and the folders made for it, the innermost first."""
    try:
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        return WriterLock(path), made
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
