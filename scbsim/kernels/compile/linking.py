"""A numba compiler that makes machine code of kernels only, not of the functions they call.

numba optimises every function, and again all that it calls, at every level of calls, and makes
machine code of each. A kernel contains copies of all it calls, and only those copies run. Here the
functions stay in LLVM's intermediate form, and the kernel is optimised as a whole, once. Each of
them is linked to the kernel alone, not at every level of calls. That takes half off the time to
compile.

This relies on private parts of numba, listed in :func:`_missing`: the class of code libraries that
the code generator makes, and the steps in which a library is finalised. Where a version of numba
lacks one of them, kernels are compiled by numba's own compiler: to the same numbers, more slowly.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from numba.core import codegen as numba_codegen
from numba.core.compiler import Compiler
from numba.core.targetconfig import ConfigStack

from scbsim.kernels.compile.shortcuts import shortcuts
from scbsim.kernels.compile.unused_tuples import remove_unused_tuples

_Library: Any = getattr(numba_codegen, "JITCodeLibrary", object)


def _missing() -> list[str]:
    """Return the private parts of numba that are used here and that this version lacks."""
    codegen = getattr(numba_codegen, "JITCPUCodegen", object)
    needed = {
        _Library: (
            *("_ensure_finalized", "_get_module_for_linking", "add_ir_module", "finalize"),
            "_optimize_functions",
            *("codegen", "get_pointer_to_function"),
        ),
        codegen: ("_library_class", "create_library", "set_env"),
    }
    return [name for owner, names in needed.items() for name in names if not hasattr(owner, name)]


def compiler_class() -> type:
    """Return the compiler for kernels: :class:`KernelCompiler`, or numba's own as the fallback."""
    return Compiler if _missing() else KernelCompiler


class _TidyLibrary(_Library):  # type: ignore[misc]
    def add_ir_module(self, ir_module: Any) -> None:
        """Add code, without the tuples in it that nothing uses."""
        remove_unused_tuples(ir_module)
        super().add_ir_module(ir_module)


class _LinkedLibrary(_TidyLibrary):
    """Code in LLVM's intermediate form, ready to be linked: of its own functions alone."""

    is_linked = True

    @property
    def codegen(self) -> Any:
        return _WithoutEnvironment(self._codegen)

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0, numba's value for a function without machine code."""
        self._ensure_finalized()
        return 0

    def finalize(self) -> None:
        """Let every kernel have a copy of the functions; what they call is linked there."""
        for library in self._linking_libraries:
            library._ensure_finalized()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == llvm.Linkage.external:
                function.linkage = "linkonce_odr"
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """Return the code with all that it calls, for a library that is none of a kernel."""
        self._ensure_finalized()
        module = self._final_module.clone()
        for part in _in_order(self)[1:]:
            module.link_in(part._get_module_for_linking(), preserve=True)
        return module


class _KernelLibrary(_TidyLibrary):
    """Code of a kernel, with which all functions that it calls are linked, each once."""

    def add_ir_module(self, ir_module: Any) -> None:
        """Add code. The function that hands Python's arguments to the kernel is not optimised.

        It runs once a call, and would take a tenth of the time to compile, for a microsecond.
        """
        if _is_wrapper(ir_module):
            for function in ir_module.functions:
                if not function.is_declaration:
                    function.attributes.add("noinline")
                    function.attributes.add("optnone")
        super().add_ir_module(ir_module)

    def _optimize_functions(self, ll_module: Any) -> None:
        if _is_wrapper(ll_module):
            ll_module.data_layout = self._codegen._data_layout
        else:
            super()._optimize_functions(ll_module)

    def finalize(self) -> None:
        """Link, optimise and make machine code."""
        self._linking_libraries = _in_order(self)[1:]
        super().finalize()


def _is_wrapper(module: Any) -> bool:
    return bool(module.name.endswith("wrapper"))


class _Own:
    """The functions of a library without those that they call."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._reload_init = library._reload_init

    def _get_module_for_linking(self) -> Any:
        return self._library._final_module


def _in_order(library: Any) -> list[Any]:
    """Return a library and all that it needs, each after those that need it.

    The linker leaves out what nothing has asked for so far.
    """
    order: list[Any] = []
    seen = set()

    def visit(each: Any) -> None:
        if each in seen:
            return
        seen.add(each)
        linked = isinstance(each, _LinkedLibrary)
        if each is not library:
            each._ensure_finalized()
        if linked or each is library:
            for needed in each._linking_libraries:
                visit(needed)
        order.append(_Own(each) if linked else each)

    visit(library)
    return order[::-1]


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
        library = _KernelLibrary(codegen, func.__qualname__)
        library.enable_object_caching()
        self.state.library = library
        with _linked_libraries(codegen), _rare_collection(), shortcuts():
            return super().compile_extra(func)


def _library_for(codegen: Any, name: str, **options: Any) -> Any:
    """Return a new library for a function that a kernel calls.

    A function of a user, which an own rule calls, is compiled for Python as well, and once for all:
    it gets machine code of its own.
    """
    flags = ConfigStack.top_or_none()
    of_user = flags is not None and not (flags.no_cpython_wrapper or flags.no_cfunc_wrapper)
    return (_Library if of_user else _LinkedLibrary)(codegen, name, **options)


@contextmanager
def _linked_libraries(codegen: Any) -> Iterator[None]:
    """Make new libraries in the body linked ones; the caller holds numba's lock."""
    before = codegen._library_class
    codegen._library_class = _library_for
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
