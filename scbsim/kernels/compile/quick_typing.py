"""Shortcuts of numba's inference of types, and of its bookkeeping between its passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event, ir, postproc, targetconfig, transforms
from numba.core.types.functions import BaseFunction, Function

_Config = targetconfig.TargetConfig
_hash_of_config, _equal_configs = _Config.__hash__, _Config.__eq__
_hashes: dict[type, int] = {}


def _hash(self: Any) -> int:
    """Return the hash of a configuration, which depends on its type alone: numba hashes names."""
    kind = type(self)
    if kind not in _hashes:
        _hashes[kind] = _hash_of_config(self)
    return _hashes[kind]


def _equal(self: Any, other: Any) -> Any:
    """Compare configurations; those with the same values set need no look at all the others."""
    if self is other or (type(self) is type(other) and self._values == other._values):
        return True
    return _equal_configs(self, other)


_call_type = BaseFunction.get_call_type


_known: dict[Any, Any] = {}


def _remembered_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
    """Return the type of a call from memory, or find it.

    numba tries every implementation of ``+``, from lists to dates, at each ``+`` of two floats.
    Where an implementation is added later, the function is another object. A search also notes
    which implementation is to be called; others may have noted theirs, compiled with other options.
    """
    if kws or type(self) is not Function:
        return _call_type(self, context, args, kws)
    implementations: dict[Any, Any] = vars(self)["_impl_keys"]
    key = id(self), context, tuple(args), targetconfig.ConfigStack.top_or_none()
    if key in _known:
        _, signature, implementation = _known[key]
        implementations[signature.args] = implementation
        return signature
    signature = _call_type(self, context, args, kws)
    if signature is not None and all(each.is_precise() for each in args):
        # With the function itself, so that no other one has its id.
        _known[key] = self, signature, implementations[signature.args]
    return signature


_list_of_vars = ir.Inst._rec_list_vars
_ATOMS = {str, int, float, bool, type(None), ir.Loc}
_BOXES = {dict, tuple, list}


def _list_vars(self: Any, value: Any) -> list[Any]:
    """Return the variables in a statement: numba's function without a call for each part."""
    kind = type(value)
    if kind is ir.Var:
        return [value]
    if kind not in _BOXES:
        found: list[Any] = _list_of_vars(self, value)
        return found
    found = []
    for each in value.values() if kind is dict else value:
        kind = type(each)
        if kind is ir.Var:
            found.append(each)
        elif kind not in _ATOMS:
            found += _list_vars(self, each)
    return found


_post_process = postproc.PostProcessor.run


def _find_lifetimes(self: Any, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
    """Note the code's state after a pass; when variables are in use is found when asked for."""
    code = self.func_ir
    if code.is_generator:
        _post_process(self, emit_dels, extend_lifetimes)
        return
    code.blocks = transforms.canonicalize_cfg(code.blocks)
    code.variable_lifetime = postproc.VariableLifetime(code.blocks)
    code.generator_info = None
    if emit_dels:
        self._insert_var_dels(extend_lifetimes=extend_lifetimes)


@contextmanager
def _no_timer(kind: str, callback: Any) -> Iterator[None]:
    """Measure nothing: each function would be timed by those that call it, and they by theirs."""
    yield None


_start_event, _end_event = event.start_event, event.end_event


def _start(kind: str, data: Any = None) -> None:
    """Tell of an event if anyone listens."""
    if event._registered[kind]:
        _start_event(kind, data)


def _end(kind: str, data: Any = None, exc_details: Any = None) -> None:
    if event._registered[kind]:
        _end_event(kind, data, exc_details)


def replacements() -> list[tuple[Any, str, Any]]:
    """Return the replacements."""
    return [
        (_Config, "__hash__", _hash),
        (_Config, "__eq__", _equal),
        (BaseFunction, "get_call_type", _remembered_call_type),
        (ir.Inst, "_rec_list_vars", _list_vars),
        (postproc.PostProcessor, "run", _find_lifetimes),
        (event, "install_timer", _no_timer),
        (event, "start_event", _start),
        (event, "end_event", _end),
        # Only asked for, so that a numba without it gets no shortcuts.
        (event, "_registered", event._registered),
    ]
