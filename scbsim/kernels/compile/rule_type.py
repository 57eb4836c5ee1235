"""Update rules that are functions in Python, as arguments of kernels.

A rule has a numba type of its own, whose name has the digest of its source. So a kernel is compiled
for each rule, with the rule's function as part of its loops, and the cache on disk finds it again.
Of a value of the type nothing but the type is read.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import ir
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.untyped_passes import IRProcessing
from numba.extending import (
    NativeValue,
    models,
    overload,
    register_model,
    typeof_impl,
    unbox,
)

from scbsim.kernels.compile.jit import INNER, OPTIONS

_FUNCTIONS: dict[str, Any] = {}
"""The compiled functions, by the key of their type."""


class KernelRule:
    """A rule as kernels take it, in place of the code of a built-in rule.

    Parameters
    ----------
    name : str
    digest : str
        Of the source: rules of one name and digest must be the same.
    memory : bool
        Whether the function takes and returns a number of memory.
    function : function
        A plain function of four or five numbers.
    """

    def __init__(self, name: str, digest: str, memory: bool, function: Callable[..., Any]) -> None:
        self.numba_type = RuleType(name, digest, memory)
        if self.numba_type.key not in _FUNCTIONS:
            inline = numba.njit(forceinline=True, pipeline_class=_RuleCompiler, **INNER)
            _FUNCTIONS[self.numba_type.key] = inline(_importable(function, f"{name}_{digest}"))


def _importable(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the function under a unique name in a module that every process can import.

    A process that takes kernels from the cache imports the modules of all functions in them; that
    of a user's file is unknown to it, and not needed.
    """
    own = FunctionType(function.__code__, function.__globals__, name)
    own.__module__, own.__qualname__ = __name__, name
    return own


class RuleType(types.Type):  # type: ignore[misc]
    """The type of a rule."""

    def __init__(self, name: str, digest: str, memory: bool) -> None:
        self.memory = memory
        super().__init__(name=f"Rule({name}, {digest}, {'with' if memory else 'without'} memory)")


register_model(RuleType)(models.OpaqueModel)


@typeof_impl.register(KernelRule)
def _typeof(value: KernelRule, context: Any) -> RuleType:
    return value.numba_type


@unbox(RuleType)
def _unbox(typ: RuleType, value: Any, c: Any) -> NativeValue:
    return NativeValue(c.context.get_dummy_value())


@register_pass(mutates_CFG=False, analysis_only=False)
class _SingleConstants(FunctionPass):  # type: ignore[misc]
    """Make floats in the source float32 where the entries are: else all would become float64."""

    _name = "scbsim_single_constants"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Change the constants, and globals that are floats."""
        if not state.args or state.args[0] != types.float32:
            return False
        changed = False
        for block in state.func_ir.blocks.values():
            for assign in block.find_insts(ir.Assign):
                value = assign.value
                if not isinstance(value, ir.Const | ir.Global | ir.FreeVar):
                    continue
                if type(value.value) is float:
                    assign.value = ir.Const(np.float32(value.value), value.loc)
                    changed = True
        return changed


class _RuleCompiler(CompilerBase):  # type: ignore[misc]
    """numba's compiler, with one more pass."""

    def define_pipelines(self) -> list[Any]:
        """Return the passes."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_SingleConstants, IRProcessing)
        passes.finalize()
        return [passes]


def by_rule(built_in: Any, own: Any, with_memory: Any) -> Any:
    """Return a function for compiled code, chosen by the type of its first argument, a rule.

    ``built_in`` is for the code of a rule, ``own`` for a function, ``with_memory`` for a function
    that has memory. All arguments are positional.
    """

    def either(*arguments: Any) -> Any:
        raise TypeError(f"{built_in.__name__} is for compiled code only")

    @overload(either, jit_options=_INLINE, strict=False)
    def choose(rule: Any, *others: Any) -> Any:
        if not isinstance(rule, RuleType):
            return built_in
        return with_memory if rule.memory else own

    return either


_INLINE = {**OPTIONS, "_nrt": False, "forceinline": True}


def _compiled_only(*arguments: Any) -> Any:
    raise TypeError("for compiled code only")


def call_own(rule: Any, s: Any, gradient: Any, rate: Any, threshold: Any) -> Any:
    """Return the next value of an entry, in its type, under a rule without memory."""
    _compiled_only()


def call_own_with_memory(
    rule: Any, s: Any, gradient: Any, rate: Any, threshold: Any, memory: Any
) -> Any:
    """Return the next value of an entry and its memory, in its type."""
    _compiled_only()


def _real(s: Any) -> Any:
    return np.float32 if s == types.float32 else np.float64


@overload(call_own, jit_options=_INLINE, strict=False)
def _call_own(rule: Any, s: Any, gradient: Any, rate: Any, threshold: Any) -> Any:
    function, real = _FUNCTIONS[rule.key], _real(s)

    def called(rule: Any, s: Any, gradient: Any, rate: Any, threshold: Any) -> Any:
        return real(function(s, real(gradient), real(rate), real(threshold)))

    return called


@overload(call_own_with_memory, jit_options=_INLINE, strict=False)
def _call_own_with_memory(
    rule: Any, s: Any, gradient: Any, rate: Any, threshold: Any, memory: Any
) -> Any:
    function, real = _FUNCTIONS[rule.key], _real(s)

    def called(rule: Any, s: Any, gradient: Any, rate: Any, threshold: Any, memory: Any) -> Any:
        x, m = function(s, real(gradient), real(rate), real(threshold), real(memory))
        return real(x), real(m)

    return called
