"""The kernels' only import of LLVM instructions, or of their numba equivalents where LLVM's fail.

Both sets have the same names and give the same bits; ``compile.plain_kernels`` chooses.
"""

from scbsim.kernels.compile.plain_kernels import PLAIN
from scbsim.kernels.simd.plain import LANES, Strided

if PLAIN:
    from scbsim.kernels.simd.plain import (
        add_blocks,
        add_to_tables,
        are_within,
        are_zeros,
        eight_rows,
        eight_rows_wide,
        four_rows,
        four_rows_less,
        one_row,
        pick_blocks,
        prefetch_at,
        stack_array,
        sum_halves,
    )
else:
    from scbsim.kernels.simd.llvm_instructions import (
        are_within,
        are_zeros,
        eight_rows,
        eight_rows_wide,
        four_rows,
        four_rows_less,
        one_row,
        prefetch_at,
        sum_halves,
    )
    from scbsim.kernels.simd.llvm_lookup import add_blocks, pick_blocks
    from scbsim.kernels.simd.llvm_scatter import add_to_tables
    from scbsim.kernels.simd.llvm_stack import stack_array

__all__ = [
    "LANES",
    "Strided",
    "add_blocks",
    "add_to_tables",
    "are_within",
    "are_zeros",
    "eight_rows",
    "eight_rows_wide",
    "four_rows",
    "four_rows_less",
    "one_row",
    "pick_blocks",
    "prefetch_at",
    "stack_array",
    "sum_halves",
]
