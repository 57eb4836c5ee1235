"""Values in place of stack slots, where numba writes LLVM's intermediate form of a kernel.

numba gives most variables and every array that it looks into a slot on the stack, which it fills
with zeros, stores to, and loads from. LLVM turns all of them into values again, at a price: a
tuple of arrays has a hundred parts. Here they are values from the start. What LLVM makes of both is
the same. This is for functions in which references are not counted: there, nothing depends on when
a variable is deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.analysis import compute_cfg_from_blocks, compute_use_defs, must_use_alloca
from numba.core.ir import Assign
from numba.core.lowering import BaseLower, Lower
from numba.np import arrayobj

_extract_value = ir.IRBuilder.extract_value


def _extract(self: Any, agg: Any, idx: Any, name: str = "") -> Any:
    """Return a part of a tuple: where the tuple was put together here, what was put there."""
    rest = list(idx) if isinstance(idx, tuple | list) else [idx]
    while rest:
        node = agg
        while type(node) is ir.instructions.InsertValue and len(node.indices) == 1:
            if node.indices[0] == rest[0]:
                break
            node = node.aggregate
        else:
            return _extract_value(self, node, rest, name)
        agg, rest = node.value, rest[1:]
    return agg


_find_variables = Lower._find_singly_assigned_variable
_store_variable = Lower.storevar
_delete_variable = Lower.delvar


def _is_plain(lower: Any) -> bool:
    return not (lower.context.enable_nrt or lower._disable_sroa_like_opt or lower.generator_info)


def _find(self: Any) -> None:
    """Find the variables that need no slot: those of one assignment, which is before every use."""
    _find_variables(self)
    if not _is_plain(self):
        return
    blocks = self.blocks
    found = compute_use_defs(blocks)
    before = compute_cfg_from_blocks(blocks).dominators()
    assignments: defaultdict[str, int] = defaultdict(int)
    for block in blocks.values():
        for assign in block.find_insts(Assign):
            assignments[assign.target.name] += 1
    of: defaultdict[str, set[int]] = defaultdict(set)
    uses: defaultdict[str, set[int]] = defaultdict(set)
    for known, per_block in ((of, found.defmap), (uses, found.usemap)):
        for offset, names in per_block.items():
            for name in names:
                known[name].add(offset)
    on_stack = must_use_alloca(blocks)
    for name, where in of.items():
        if len(where) == 1 and assignments[name] == 1 and name not in on_stack:
            (place,) = where
            # Blocks are lowered in the order of their offsets.
            if all(place in before[use] and place < use for use in uses[name]):
                self._singly_assigned_vars.add(name)


def _store(self: Any, value: Any, name: str, argidx: Any = None) -> None:
    """Store a variable, without a look at its value before."""
    if not _is_plain(self) or name in self._singly_assigned_vars:
        _store_variable(self, value, name, argidx)
        return
    self._alloca_var(name, self.typeof(name))
    slot = self.getvar(name)
    if value.type != slot.type.pointee:
        raise AssertionError(f"{name}: {value.type} for {slot.type.pointee}")
    self.builder.store(value, slot)


def _delete(self: Any, name: str) -> None:
    if not _is_plain(self):
        _delete_variable(self, name)


_Proxy = cgutils._StructProxy
_init, _get, _set = _Proxy.__init__, _Proxy.__getitem__, _Proxy.__setitem__
_getattr = _Proxy.__getattr__
_get_value, _set_value = _Proxy._getvalue, _Proxy._setvalue


def _begin(self: Any, context: Any, builder: Any, value: Any = None, ref: Any = None) -> None:
    """Begin with a value; a slot is made of it when something asks for the slot."""
    model = context.data_model_manager[self._fe_type]
    kind = model.get_value_type() if isinstance(self, cgutils.ValueStructProxy) else None
    if ref is not None or kind is None or (value is not None and value.type != kind):
        # A wrong type is numba's to report.
        _init(self, context, builder, value, ref)
        return
    self._context, self._builder, self._datamodel, self._be_type = context, builder, model, kind
    self._known = kind(None) if value is None else value
    _note_place(self)


def _note_place(proxy: Any) -> None:
    builder = proxy._builder
    at = builder._anchor
    proxy._place = builder.block, builder.block.instructions[at - 1] if at else None


def _known(proxy: Any) -> Any:
    return proxy.__dict__.get("_known")


def _make_slot(proxy: Any) -> None:
    """Make the slot of a value, as if it had been made where the value was last set."""
    builder, value, (block, last) = proxy._builder, proxy._known, proxy._place
    slot = _insert(builder, builder.function.entry_basic_block, 0, "alloca", value.type)
    at = block.instructions.index(last) + 1 if last is not None else 0
    if last is None and block is builder.function.entry_basic_block:
        at = 1
    _insert(builder, block, at, "store", value, slot)
    proxy._known = None
    proxy._value = proxy._outer_ref = slot


def _insert(builder: Any, block: Any, at: int, what: str, *operands: Any) -> Any:
    other = ir.IRBuilder(block)
    other._anchor = at
    made = getattr(other, what)(*operands)
    if builder.block is block and builder._anchor >= at:
        builder._anchor += 1
    return made


def _attribute(self: Any, field: str) -> Any:
    if field in ("_value", "_outer_ref") and _known(self) is not None:
        _make_slot(self)
        return self.__dict__[field]
    return _getattr(self, field)


def _part(self: Any, index: int) -> Any:
    known = _known(self)
    return _get(self, index) if known is None else self._builder.extract_value(known, index)


def _set_part(self: Any, index: int, value: Any) -> None:
    known = _known(self)
    # In another block it may be one of several branches, or be taken again.
    if known is None or self._place[0] is not self._builder.block:
        _set(self, index, value)
        return
    if value.type != self._be_type.elements[index]:
        _set(self, index, value)
        return
    self._known = self._builder.insert_value(known, value, index)
    _note_place(self)


def _whole(self: Any) -> Any:
    known = _known(self)
    return _get_value(self) if known is None else known


def _set_whole(self: Any, value: Any) -> None:
    if _known(self) is None or self._place[0] is not self._builder.block:
        _set_value(self, value)
        return
    self._known = value
    _note_place(self)


_make_array = arrayobj.make_array


def _arrays() -> Callable[[Any], Any]:
    """Return numba's `make_array`, whose arrays read their shape from a value."""
    made: dict[Any, Any] = {}

    def make_array(array_type: Any) -> Any:
        if type(array_type) is not types.Array:
            return _make_array(array_type)
        if array_type not in made:
            base = _make_array(array_type)

            class _ArrayStruct(base):  # type: ignore[misc, valid-type]
                @property
                def shape(self) -> Any:
                    if _known(self) is None:
                        return base.shape.fget(self)
                    return self[self._datamodel.get_field_position("shape")]

            made[array_type] = _ArrayStruct
        return made[array_type]

    return make_array


_python_wrapper, _c_wrapper = Lower.create_cpython_wrapper, Lower.create_cfunc_wrapper


def _make_python_wrapper(self: Any, release_gil: bool = False) -> None:
    """Make a function for Python to call, unless there will be no machine code."""
    if not getattr(self.library, "is_linked", False):
        _python_wrapper(self, release_gil)


def _make_c_wrapper(self: Any) -> None:
    if not getattr(self.library, "is_linked", False):
        _c_wrapper(self)


def replacements() -> list[tuple[Any, str, Any]]:
    """Return the replacements of the parts of numba that make slots, and wrappers."""
    return [
        (ir.IRBuilder, "extract_value", _extract),
        (Lower, "_find_singly_assigned_variable", _find),
        (Lower, "storevar", _store),
        (Lower, "delvar", _delete),
        (BaseLower, "create_cpython_wrapper", _make_python_wrapper),
        (BaseLower, "create_cfunc_wrapper", _make_c_wrapper),
        (_Proxy, "__init__", _begin),
        (_Proxy, "__getitem__", _part),
        (_Proxy, "__setitem__", _set_part),
        (_Proxy, "__getattr__", _attribute),
        (_Proxy, "_getvalue", _whole),
        (_Proxy, "_setvalue", _set_whole),
        (arrayobj, "make_array", _arrays()),
    ]
