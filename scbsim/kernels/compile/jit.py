"""How kernels are compiled and where the compiled code is kept: the one place that says so.

Compiled code goes to a folder that the environment names, never beside the sources:
``SCBSIM_CACHE_DIR``, else ``NUMBA_CACHE_DIR``, else the user's cache folder. Inside it a folder of
its own is used for every state of the kernels' sources, because numba's cache does not see an edit
in a function that another file inlines.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

from scbsim.errors import InputError, RunWarning
from scbsim.kernels.compile.cache_lock import KernelLock, compile_under_lock, in_compilation
from scbsim.kernels.compile.kernel_cache import KernelCache, say_not_kept
from scbsim.kernels.compile.linking import KernelCompiler
from scbsim.kernels.compile.openmp_spin import wait_briefly
from scbsim.kernels.compile.plain_kernels import PLAIN
from scbsim.kernels.compile.simd_width import choose_width
from scbsim.kernels.compile.trust import distrust, make_private

F = TypeVar("F", bound=Callable[..., Any])

# FMA is the only liberty the compiler gets: sums keep the order in which they are written, so
# that the same seed gives the same bits whatever the vector width.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}


def _sources() -> str:
    """Return a digest of everything that decides what the compiled code does."""
    digest = hashlib.sha256()
    kernels = Path(__file__).parents[1]
    for path in sorted(kernels.rglob("*.py")):
        digest.update(path.relative_to(kernels).as_posix().encode())
        digest.update(path.read_bytes())
    versions = f"{numba.__version__} {platform.python_version()} {sys.platform}"
    digest.update(f"{versions} {PLAIN}".encode())
    return digest.hexdigest()[:16]


def cache_base() -> Path:
    """Return the folder under which compiled kernels are kept, by the environment."""
    for name in ("SCBSIM_CACHE_DIR", "NUMBA_CACHE_DIR"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "scbsim"


def _cache_folder() -> Path | None:
    """Return the folder for this state of the sources, or None where there is none to use.

    It may be one that cannot be written: what is in it is used all the same. If it cannot be made,
    this is said once a kernel has to be compiled.

    Warns
    -----
    RunWarning
        If others could have put code of theirs there; it is None then, too.
    """
    global _why_not
    base: Path | str = "the user's cache folder"
    try:
        base = cache_base()
        folder = base / f"kernels-{_sources()}"
        make_private(folder)
        # What is checked and what is used are the same, whatever becomes of a link.
        folder = folder.resolve(strict=True)
        why = distrust(folder)
    except (OSError, RuntimeError) as error:
        _why_not = f"in {base} ({getattr(error, 'strerror', None) or error})"
        return None
    if why is not None:
        warnings.warn(
            f"compiled kernels are not kept: {why}, and so could have code run here. Name a folder "
            "that only you can write in SCBSIM_CACHE_DIR",
            RunWarning,
            stacklevel=2,
        )
        return None
    return folder


def kernel_in_compilation() -> str | None:
    """Return the kernel that some process compiles for the folder; None if there is none."""
    return in_compilation(CACHE_FOLDER) if CACHE_FOLDER is not None else None


def say_if_none_can_be_kept() -> None:
    """Warn, once, where every process has to compile all of its kernels."""
    if CACHE_FOLDER is None:
        if _why_not:
            say_not_kept(_why_not)
    elif not os.access(CACHE_FOLDER, os.W_OK | os.X_OK) and not any(CACHE_FOLDER.glob("*.nbc")):
        say_not_kept(f"in {CACHE_FOLDER} (it cannot be written)")


if numba.config.DISABLE_JIT:
    raise InputError(
        "NUMBA_DISABLE_JIT is set; nothing can be computed without the compiler: unset it"
    )

_why_not = ""
CACHE_FOLDER = _cache_folder()

choose_width()
wait_briefly()


def kernel(function: F) -> F:
    """Compile an entry point, called from Python: on its first call, kept on disk afterwards."""
    # Nothing in C calls it.
    compiled: F = numba.njit(pipeline_class=KernelCompiler, no_cfunc_wrapper=True, **OPTIONS)(
        function
    )
    lock = None if CACHE_FOLDER is None else KernelLock()
    compiled._cache = KernelCache(function, CACHE_FOLDER, _why_not, lock)  # type: ignore[attr-defined]
    if lock is not None:
        compile_under_lock(compiled, lock)
    return compiled


# What only kernels call is kept inside the entry points' machine code, and needs neither a file
# of its own nor a way in from Python: both would double the time to compile.
_INNER: dict[str, Any] = {
    **OPTIONS,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}


def internal_jit(function: F) -> F:
    """Compile a function that only kernels call."""
    compiled: F = numba.njit(**_INNER)(function)
    return compiled


def inline_jit(function: F) -> F:
    """Compile a function into the kernels that call it, so that their loops vectorise over it."""
    compiled: F = numba.njit(forceinline=True, **_INNER)(function)
    return compiled


def parallel_jit(function: F) -> F:
    """Compile a function that only kernels call, with `numba.prange` over threads."""
    compiled: F = numba.njit(parallel=True, **{**_INNER, "_nrt": True})(function)
    return compiled
