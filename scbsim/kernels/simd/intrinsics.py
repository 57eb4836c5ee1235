"""The one way to what is written in LLVM's terms, and to the same in numba's where that must do."""

from scbsim.kernels.compile.plain_kernels import PLAIN
from scbsim.kernels.simd.plain import LANES

if PLAIN:
    from scbsim.kernels.simd.plain import (
        add_blocks,
        bits_of,
        float_of,
        four_rows,
        one_row,
        pick_blocks,
        prefetch_at,
    )
else:
    from scbsim.kernels.simd.llvm_instructions import (
        bits_of,
        float_of,
        four_rows,
        one_row,
        prefetch_at,
    )
    from scbsim.kernels.simd.llvm_lookup import add_blocks, pick_blocks

__all__ = [
    "LANES",
    "add_blocks",
    "bits_of",
    "float_of",
    "four_rows",
    "one_row",
    "pick_blocks",
    "prefetch_at",
]
