"""Compiled kernels on disk: a file for each kernel and types, checked before it is used.

numba's own cache has an index and numbered files, believes what they say, and ends the process
where they cannot be read or written. A file here is named by all that decides what is in it, and
begins with a digest of the rest. One that is empty, cut or changed is as good as missing: the
kernel is compiled, and the file replaced. Nothing that is wrong with a file ends a run.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from scbsim.errors import RunWarning, warn_caller
from scbsim.kernels.compile.cache_lock import SUFFIX, KernelLock
from scbsim.kernels.compile.trust import make_private

_DIGEST = hashlib.sha256().digest_size
_said: set[str] = set()


class KernelCache:
    """What a kernel asks for its compiled code before it is compiled, and gives it to afterwards.

    numba calls these methods, by the names that its own caches have.

    Parameters
    ----------
    function : function
        The kernel as it is written.
    folder : Path or None
        Where compiled code is kept; None for nowhere.
    why_not : str
        Why it is kept nowhere, if this is to be said.
    lock : KernelLock, optional
        Acquired to compile; the caller releases it.
    """

    def __init__(
        self, function: Any, folder: Path | None, why_not: str = "", lock: KernelLock | None = None
    ) -> None:
        self._function = function
        self._folder = folder
        self._why_not = why_not
        self._lock = lock
        self._damaged: set[Path] = set()

    @property
    def cache_path(self) -> str:
        """Say where code is kept, as numba's statistics show it."""
        return str(self._folder)

    def enable(self) -> None:
        """Do nothing: it always is."""

    def disable(self) -> None:
        """Do nothing: it always is enabled."""

    def flush(self) -> None:
        """Do nothing: what is written next replaces what was there."""

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the compiled code for some types; None where it has to be compiled."""
        context.refresh()
        if self._folder is None:
            return None
        path = self._path(self._folder, signature, context.codegen())
        found = self._read(path, context)
        if (
            found is None
            and self._lock is not None
            and self._lock.acquire(path.with_suffix(SUFFIX), self._function.__name__)
        ):
            # Another may have compiled it while this one waited.
            found = self._read(path, context)
        return found

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep what was compiled for some types, if that can be."""
        if self._folder is None:
            if self._why_not:
                say_not_kept(self._why_not)
            return
        if result.library.has_dynamic_globals:
            return
        path = self._path(self._folder, signature, result.codegen)
        try:
            make_private(self._folder)
            _write(path, seal(dumps(result._reduce())))
        except OSError as error:
            say_not_kept(f"in {self._folder} ({error.strerror})")
            return
        if path in self._damaged:
            self._damaged.remove(path)
            _say_once(
                "damaged",
                f"{path} was damaged: its kernel was compiled anew, and the file replaced",
            )

    def _read(self, path: Path, context: Any) -> Any:
        try:
            content = unseal(path.read_bytes())
            return CompileResult._rebuild(context, *pickle.loads(content))
        except FileNotFoundError:
            return None
        except Exception:
            # Whatever it is: it cannot be used, and the kernel can be compiled.
            self._damaged.add(path)
            return None

    def _path(self, folder: Path, signature: Any, codegen: Any) -> Path:
        code = self._function.__code__
        # The processor is in what the code generator says of itself.
        decides = (str(signature), codegen.magic_tuple(), _source(code.co_filename), code.co_code)
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()[:24]
        module = self._function.__module__.rpartition(".")[2]
        name = self._function.__qualname__.replace("<", "").replace(">", "")
        return folder / f"{module}.{name}-{digest}.nbc"


def seal(content: bytes) -> bytes:
    """Return the content of a file that says whether it is whole."""
    return hashlib.sha256(content).digest() + content


def unseal(sealed: bytes) -> bytes:
    """Return what was sealed.

    Raises
    ------
    ValueError
        If it is not what was sealed.
    """
    digest, content = sealed[:_DIGEST], sealed[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("damaged")
    return content


def say_not_kept(where: str) -> None:
    """Warn that kernels are compiled for this process alone; ``where`` has the reason."""
    _say_once(
        "not kept",
        f"compiled kernels cannot be kept {where}: each process compiles what is missing there. "
        "Name a folder that can be written in SCBSIM_CACHE_DIR",
    )


def _say_once(what: str, message: str) -> None:
    """Warn, but once in a process of each kind of thing."""
    if what not in _said:
        _said.add(what)
        warn_caller(message, RunWarning)


@cache
def _source(path: str) -> str:
    """Return a digest of the file that a kernel is written in."""
    with suppress(OSError):
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return ""


def _write(path: Path, content: bytes) -> None:
    """Put a whole file in its place, for its owner alone to write."""
    unfinished = path.with_name(f"{path.name}.tmp.{uuid.uuid4().hex[:16]}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with open(descriptor, "wb") as file:
            file.write(content)
        if path.is_dir() and not path.is_symlink():
            # Whoever made it may want it back.
            path.rename(path.with_name(f"{path.name}.aside.{uuid.uuid4().hex[:16]}"))
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
