"""A numba compiler that makes machine code of kernels only, not of the functions they call.

numba optimises every function, and again all that it calls, at every level of calls, and makes
machine code of each. A kernel contains copies of all it calls, and only those copies run. Here the
functions stay in LLVM's intermediate form, to be linked; the kernel is optimised as a whole, once.
That takes half off the time to compile.

This relies on private parts of numba, listed in :func:`_missing`: the class of code libraries that
the code generator makes, and the steps in which a library is finalised. Where a version of numba
lacks one of them, kernels are compiled by numba's own compiler: to the same numbers, more slowly.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import codegen as numba_codegen
from numba.core.compiler import Compiler

_Library: Any = getattr(numba_codegen, "JITCodeLibrary", object)


def _missing() -> list[str]:
    """Return the private parts of numba that are used here and that this version lacks."""
    codegen = getattr(numba_codegen, "JITCPUCodegen", object)
    needed = {
        _Library: (
            *("_ensure_finalized", "_finalize_final_module", "_finalize_dynamic_globals"),
            *("_optimize_final_module", "_verify_declare_only_symbols"),
            *("codegen", "get_pointer_to_function"),
        ),
        codegen: ("_library_class", "create_library", "set_env"),
    }
    return [name for owner, names in needed.items() for name in names if not hasattr(owner, name)]


def compiler_class() -> type:
    """Return the compiler for kernels: :class:`KernelCompiler`, or numba's own as the fallback."""
    return Compiler if _missing() else KernelCompiler


class _LinkedLibrary(_Library):  # type: ignore[misc]
    """Code in LLVM's intermediate form, ready to be linked."""

    @property
    def codegen(self) -> Any:
        return _WithoutEnvironment(self._codegen)

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0, numba's value for a function without machine code."""
        self._ensure_finalized()
        return 0

    def _optimize_final_module(self) -> None:
        """Do nothing: the kernel's library optimises the copy that it contains."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


class _WithoutEnvironment:
    """The code generator, without the addresses of environments, which need machine code."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing."""


class KernelCompiler(Compiler):  # type: ignore[misc]
    """numba's compiler, but machine code is made only of functions called from Python."""

    def compile_extra(self, func: Any) -> Any:
        """Compile a kernel, and with it the functions that it calls."""
        codegen = self.state.targetctx.codegen()
        library = codegen.create_library(func.__qualname__)
        library.enable_object_caching()
        self.state.library = library
        with _linked_libraries(codegen), _rare_collection():
            return super().compile_extra(func)


@contextmanager
def _linked_libraries(codegen: Any) -> Iterator[None]:
    """Make new libraries in the body linked ones; the caller holds numba's lock."""
    before = codegen._library_class
    codegen._library_class = _LinkedLibrary
    try:
        yield
    finally:
        codegen._library_class = before


_OBJECTS = 50_000


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Collect garbage less often in the body.

    The compiler makes many objects that live as long as itself. With Python's thresholds, a tenth
    of the time to compile goes into looking through them again and again.
    """
    before = gc.get_threshold()
    # 0 is off, as in processes that collect by hand.
    if 0 < before[0] < _OBJECTS:
        gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
