"""Code in LLVM's intermediate form without tuples that nothing uses.

numba puts every argument that is a tuple together again, part by part, and then reads the parts.
"""

from __future__ import annotations

from typing import Any

from llvmlite.ir.instructions import InsertValue, PhiInstr


def remove_unused_tuples(module: Any) -> None:
    """Remove the instructions that put together tuples that no other instruction uses."""
    for function in module.functions:
        used: set[int] = set()
        ask = []
        for block in function.blocks:
            for made in block.instructions:
                if type(made) is PhiInstr:
                    ask += [value for value, _ in made.incomings]
                elif type(made) is not InsertValue:
                    ask += made.operands
        while ask:
            value = ask.pop()
            if type(value) is InsertValue and id(value) not in used:
                used.add(id(value))
                ask += value.operands
        for block in function.blocks:
            kept = [m for m in block.instructions if type(m) is not InsertValue or id(m) in used]
            block.instructions[:] = kept
