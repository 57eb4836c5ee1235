"""The options of numba for kernels, and the folder of their cache.

The cache is in ``SCBSIM_CACHE_DIR``, else ``NUMBA_CACHE_DIR``, else the user's cache folder, never
beside the sources. Each state of the kernels' sources has its own folder there, because numba does
not notice an edit of an inlined function in another file.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.extending import overload

from scbsim.errors import InputError, RunWarning
from scbsim.kernels.compile.cache_lock import KernelLock, compile_under_lock, in_compilation
from scbsim.kernels.compile.kernel_cache import KernelCache, warn_not_cached
from scbsim.kernels.compile.linking import compiler_class
from scbsim.kernels.compile.openmp_spin import wait_briefly
from scbsim.kernels.compile.plain_kernels import PLAIN
from scbsim.kernels.compile.simd_width import choose_width
from scbsim.kernels.compile.trust import distrust, make_private
from scbsim.kernels.compile.typeof_rules import remember_types

F = TypeVar("F", bound=Callable[..., Any])

# Fused multiply-add is the only reordering allowed. Sums stay in the order of the source, so that
# a seed gives the same bits at any vector width.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}


def _sources() -> str:
    """Return a digest of all that determines the compiled code."""
    digest = hashlib.sha256()
    kernels = Path(__file__).parents[1]
    for path in sorted(kernels.rglob("*.py")):
        digest.update(path.relative_to(kernels).as_posix().encode())
        digest.update(path.read_bytes())
    versions = f"{numba.__version__} {platform.python_version()} {sys.platform}"
    digest.update(f"{versions} {PLAIN}".encode())
    return digest.hexdigest()[:16]


def cache_base() -> Path:
    """Return the folder of all caches, from the environment."""
    for name in ("SCBSIM_CACHE_DIR", "NUMBA_CACHE_DIR"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "scbsim"


def _cache_folder() -> Path | None:
    """Return the folder for this state of the sources, or None if it cannot be used.

    A folder that cannot be written is still read. If it cannot be made, the warning comes when a
    kernel is compiled.

    Warns
    -----
    RunWarning
        If other users could have put code there; the result is None.
    """
    global _why_not
    base: Path | str = "the user's cache folder"
    try:
        base = cache_base()
        folder = base / f"kernels-{_sources()}"
        make_private(folder)
        # Resolved, so that the folder that is checked is the folder that is used.
        folder = folder.resolve(strict=True)
        why = distrust(folder)
    except (OSError, RuntimeError) as error:
        _why_not = f"in {base} ({getattr(error, 'strerror', None) or error})"
        return None
    if why is not None:
        warnings.warn(
            f"compiled kernels are not cached: {why}, so other users could run code here. Set "
            "SCBSIM_CACHE_DIR to a folder that only you can write",
            RunWarning,
            stacklevel=2,
        )
        return None
    return folder


def kernel_in_compilation() -> str | None:
    """Return the name of a kernel that some process is compiling for the cache, or None."""
    return in_compilation(CACHE_FOLDER) if CACHE_FOLDER is not None else None


def say_if_none_can_be_kept() -> None:
    """Warn, once, if every process has to compile all its kernels."""
    if CACHE_FOLDER is None:
        if _why_not:
            warn_not_cached(_why_not)
    elif not os.access(CACHE_FOLDER, os.W_OK | os.X_OK) and not any(CACHE_FOLDER.glob("*.nbc")):
        warn_not_cached(f"in {CACHE_FOLDER} (it cannot be written)")


if numba.config.DISABLE_JIT:
    raise InputError(
        "NUMBA_DISABLE_JIT is set; nothing can be computed without the compiler: unset it"
    )

_why_not = ""
CACHE_FOLDER = _cache_folder()

choose_width()
wait_briefly()


def kernel(function: F) -> F:
    """Compile an entry point, which Python calls: on its first call, and cached on disk.

    Its arguments are held by the caller, so that numba need not count references to them, which
    would be a fifth of the time to compile. It does so in a kernel that makes an array.
    """
    # No wrapper for callers in C, as there are none.
    options = {**OPTIONS, "no_cfunc_wrapper": True, "_nrt": PLAIN or _makes_array(function)}
    compiled: F = numba.njit(pipeline_class=compiler_class(), **options)(function)
    compiled.typeof_pyval = remember_types(compiled.typeof_pyval)  # type: ignore[attr-defined]
    lock = None if CACHE_FOLDER is None else KernelLock()
    compiled._cache = KernelCache(function, CACHE_FOLDER, _why_not, lock)  # type: ignore[attr-defined]
    if lock is not None:
        compile_under_lock(compiled, lock)
    return compiled


def _makes_array(function: Callable[..., Any]) -> bool:
    return "empty" in function.__code__.co_names


# Functions that only kernels call are part of the entry points' machine code. A cache file or a
# Python wrapper of their own would double the time to compile.
INNER: dict[str, Any] = {
    **OPTIONS,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}


internal_jit: Callable[[F], F] = numba.njit(**INNER)
"""Compile a function that only kernels call."""


def inline_jit(function: F) -> F:
    """Compile a function that is inlined into the kernels, so that their loops vectorise.

    It is compiled for integers, not once more for each constant that it is called with. Where it is
    inlined, LLVM knows the constant.
    """
    compiled: Any = numba.njit(forceinline=True, **INNER)(function)
    find = compiled.get_call_template

    def without_constants(args: Any, kws: Any) -> Any:
        args = tuple(map(types.unliteral, args))
        return find(args, {name: types.unliteral(value) for name, value in kws.items()})

    compiled.get_call_template = without_constants
    return cast(F, compiled)


inner_inline: Callable[[F], F] = numba.njit(inline="always", **INNER)
"""Put the source of a function into those that call it. So it may return arrays, which otherwise
only functions that count references to them can."""

parallel_jit: Callable[[F], F] = numba.njit(parallel=True, **{**INNER, "_nrt": True})
"""Compile a function that only kernels call, with `numba.prange` over threads."""


def by_precision(single: Any, double: Any, **options: Any) -> Any:
    """Return a function for compiled code that is ``single`` for float32, else ``double``.

    The type of the first argument, or of its entries, decides. All arguments are positional.
    """

    def pick(x: Any) -> Any:
        return single if getattr(x, "dtype", x) == types.float32 else double

    return by_type(pick, f"{single.__name__} and {double.__name__} are", options)


def by_presence(absent: Any, present: Any, **options: Any) -> Any:
    """Return a function for compiled code that is ``absent`` if its first argument is None.

    All arguments are positional. A branch on ``is None`` does not do where the other branch would
    have another type: numba removes it only if the argument is None.
    """

    def pick(x: Any) -> Any:
        return absent if isinstance(x, types.NoneType) else present

    return by_type(pick, f"{absent.__name__} and {present.__name__} are", options)


def by_type(pick: Callable[[Any], Any], names: str, options: dict[str, Any]) -> Any:
    """Return a function for compiled code that is what ``pick`` returns for its first argument.

    All arguments are positional. ``names``, with a verb, are for the message where Python calls it.
    """

    def either(*arguments: Any) -> Any:
        raise TypeError(f"{names} for compiled code only")

    @overload(either, jit_options={**OPTIONS, "_nrt": False, **options}, strict=False)
    def choose(x: Any, *others: Any) -> Any:
        return pick(x)

    return either
