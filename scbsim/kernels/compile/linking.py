"""Functions that only kernels call are compiled to be linked, and never run by themselves.

numba makes machine code of every function, and of all that it calls once more, at every level of
calls. A kernel has its own copy of all it calls, and the machine code of that copy alone is run:
here no other is made. That takes a quarter off the time to compile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _Linked(JITCodeLibrary):  # type: ignore[misc]
    """Code in LLVM's intermediate form, optimised and ready to be linked."""

    @property
    def codegen(self) -> Any:
        return _WithoutEnvironment(self._codegen)

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0, as for a function that is not there; numba asks before it links."""
        self._ensure_finalized()
        return 0

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


class _WithoutEnvironment:
    """The code generator, but for the place in memory of what is not there."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing."""


class KernelCompiler(Compiler):  # type: ignore[misc]
    """numba's compiler, of which only what is called from Python gets machine code."""

    def compile_extra(self, func: Any) -> Any:
        """Compile a kernel, and with it what it calls."""
        codegen = self.state.targetctx.codegen()
        library = codegen.create_library(func.__qualname__)
        library.enable_object_caching()
        self.state.library = library
        with _linked(codegen):
            return super().compile_extra(func)


@contextmanager
def _linked(codegen: Any) -> Iterator[None]:
    """Have libraries that are made in the body be for linking; numba's lock is held."""
    before = codegen._library_class
    codegen._library_class = _Linked
    try:
        yield
    finally:
        codegen._library_class = before
