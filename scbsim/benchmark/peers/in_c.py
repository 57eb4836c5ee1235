"""The arithmetic of the dense step as a loop in C: the bound that the engine is measured against.

It is compiled where there is a compiler, for the processor of the machine.
"""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from scbsim.benchmark.peers import AMPLITUDE, DECAY, LEVEL

RULES = {"sgd": 0, "prox": 1, "denoise": 2}
BLOCK = 2048
ON_X86 = platform.machine() in ("x86_64", "AMD64")
FLAGS = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]


@cache
def compiled(precision, *more):
    """The function of the loop, or None where nothing compiles it; ``more`` are options."""
    source = Path(__file__).with_name(f"dense_step_{precision}.c")
    compiler = shutil.which(os.environ.get("CC", "gcc"))
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dense_step.so"
        flags = [*FLAGS, *more]
        if ON_X86 and os.environ.get("SCBSIM_VECTOR_BITS") != "256":
            flags.append("-mprefer-vector-width=512")
        done = subprocess.run([compiler, *flags, source, "-o", path], capture_output=True)
        if done.returncode:
            return None
        take = ctypes.CDLL(str(path)).take
    real = ctypes.c_float if precision == "float32" else ctypes.c_double
    sizes, reals = [ctypes.c_size_t] * 4, [real] * 3
    take.argtypes = [ctypes.c_int, ctypes.c_void_p, *sizes, *reals, ctypes.c_void_p]
    return take


class Loop:
    """`call(function, rows)` runs ``function(thread, first, last)`` on equal shares of the rows.

    Columns are cut to whole blocks: ``entries`` says how many are stepped.
    """

    def __init__(self, rule, shape, precision, call, *options):
        N, T = shape
        self.rule, self.call, self.blocks = RULES[rule], call, max(1, T // BLOCK)
        self.take = compiled(precision, *options)
        # What is asked for ahead of the last block lies behind it.
        self.s = np.zeros((N, self.blocks * BLOCK), precision)
        self.sums = np.zeros((N, 2))
        self.entries = self.s.size

    def step(self, steps=1):
        """Take steps, each share of the rows by itself."""

        def rows(_thread, first, last):
            numbers = self.blocks, steps, DECAY, AMPLITUDE, LEVEL
            self.take(self.rule, self.s.ctypes.data, first, last, *numbers, self.sums.ctypes.data)

        self.call(rows, len(self.s))
