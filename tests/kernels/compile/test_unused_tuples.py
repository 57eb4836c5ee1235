"""Tuples that nothing uses are left out of the code, and no others."""

from llvmlite import ir

from scbsim.kernels.compile.unused_tuples import remove_unused_tuples

REAL = ir.DoubleType()
PAIR = ir.LiteralStructType([REAL, REAL])


def test_only_what_nothing_uses_is_removed():
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(PAIR, [REAL, REAL]), "f")
    x, y = function.args
    first, second = function.append_basic_block("a"), function.append_basic_block("b")
    builder = ir.IRBuilder(first)
    half = builder.insert_value(PAIR(ir.Undefined), x, 0)
    builder.insert_value(builder.insert_value(half, x, 1), y, 0)
    in_phi = builder.insert_value(half, y, 1)
    builder.branch(second)
    builder.position_at_end(second)
    phi = builder.phi(PAIR)
    phi.add_incoming(in_phi, first)
    returned = builder.insert_value(phi, x, 1)
    builder.ret(returned)
    remove_unused_tuples(module)
    assert first.instructions[:2] == [half, in_phi]
    assert len(first.instructions) == 3
    assert second.instructions[:2] == [phi, returned]
