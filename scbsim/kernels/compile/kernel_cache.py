"""The cache of compiled kernels on disk: one file per kernel and types, verified before use.

numba's own cache has an index and numbered files. It trusts their content, and raises where they
cannot be read or written. Here the name of a file is a digest of all that determines its content,
and it begins with a digest of the rest. A file that is empty, cut or changed counts as missing: the
kernel is compiled, and the file replaced. No fault of a file ends a run.
"""

from __future__ import annotations

import hashlib
import pickle
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from scbsim.errors import RunWarning, warn_caller
from scbsim.kernels.compile.cache_lock import SUFFIX, KernelLock
from scbsim.kernels.compile.numba_import import import_without_blas
from scbsim.kernels.compile.trust import make_private
from scbsim.util.atomic import atomic_write

_DIGEST = hashlib.sha256().digest_size
_warned: set[str] = set()


class KernelCache(NullCache):  # type: ignore[misc]
    """The cache of one kernel, in place of numba's, which calls these methods.

    Parameters
    ----------
    function : function
        The Python function of the kernel.
    folder : Path or None
        Folder of the cache, or None for no cache.
    why_not : str
        Reason for no cache, if the user is to be warned.
    lock : KernelLock, optional
        Acquired before compiling; the caller releases it.
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
        """The folder, for numba's statistics."""
        return str(self._folder)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the compiled code for some types, or None if it has to be compiled."""
        import_without_blas()
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
            # Another process may have compiled it while this one waited.
            found = self._read(path, context)
        return found

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write the code that was compiled for some types, if possible."""
        if self._folder is None:
            if self._why_not:
                warn_not_cached(self._why_not)
            return
        if result.library.has_dynamic_globals:
            return
        path = self._path(self._folder, signature, result.codegen)
        try:
            make_private(self._folder)
            _write(path, seal(dumps(result._reduce())))
        except OSError as error:
            warn_not_cached(f"in {self._folder} ({error.strerror})")
            return
        if path in self._damaged:
            self._damaged.remove(path)
            _warn_once(
                "damaged", f"{path} was damaged: its kernel was recompiled, the file replaced"
            )

    def _read(self, path: Path, context: Any) -> Any:
        try:
            content = unseal(path.read_bytes())
            return CompileResult._rebuild(context, *pickle.loads(content))
        except FileNotFoundError:
            return None
        except Exception:
            # Damaged bytes can raise anything. The kernel can be compiled instead.
            self._damaged.add(path)
            return None

    def _path(self, folder: Path, signature: Any, codegen: Any) -> Path:
        code = self._function.__code__
        # The magic tuple of the code generator has the processor and its features.
        decides = (str(signature), codegen.magic_tuple(), _source(code.co_filename), code.co_code)
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()[:24]
        module = self._function.__module__.rpartition(".")[2]
        name = self._function.__qualname__.replace("<", "").replace(">", "")
        return folder / f"{module}.{name}-{digest}.nbc"


def seal(content: bytes) -> bytes:
    """Return content with its digest in front."""
    return hashlib.sha256(content).digest() + content


def unseal(sealed: bytes) -> bytes:
    """Return content that was sealed; ``ValueError`` if the digest does not match."""
    digest, content = sealed[:_DIGEST], sealed[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("damaged")
    return content


def warn_not_cached(where: str) -> None:
    """Warn that kernels are compiled for this process alone; ``where`` has place and reason."""
    _warn_once(
        "not cached",
        f"compiled kernels cannot be cached {where}: each process compiles what is missing there. "
        "Set SCBSIM_CACHE_DIR to a folder that can be written",
    )


def _warn_once(topic: str, message: str) -> None:
    """Warn once per process and topic."""
    if topic not in _warned:
        _warned.add(topic)
        warn_caller(message, RunWarning)


@cache
def _source(path: str) -> str:
    """Return a digest of a source file."""
    with suppress(OSError):
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return ""


def _write(path: Path, content: bytes) -> None:
    if path.is_dir() and not path.is_symlink():
        # Its owner may need it.
        path.rename(path.with_name(f"{path.name}.aside.{uuid.uuid4().hex[:16]}"))
    # A file that its group can write would not be trusted.
    with atomic_write(path, mode=0o644) as file:
        file.write(content)
