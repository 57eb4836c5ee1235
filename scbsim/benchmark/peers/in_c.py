"""The arithmetic of the dense step as a loop in C: the bound that the engine is measured against.

It is compiled where there is a compiler, for the processor of the machine.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from scbsim.benchmark.peers import AMPLITUDE, DECAY, LEVEL

RULES = {"sgd": 0, "prox": 1, "denoise": 2}
BLOCK = 2048
SOURCE = Path(__file__).with_name("dense_step.c")
FLAGS = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]


@cache
def compiled():
    """The function of the loop, or None where nothing compiles it."""
    compiler = shutil.which(os.environ.get("CC", "gcc"))
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dense_step.so"
        wide = [] if os.environ.get("SCBSIM_VECTOR_BITS") == "256" else ["512"]
        flags = [*FLAGS, *(f"-mprefer-vector-width={bits}" for bits in wide)]
        done = subprocess.run([compiler, *flags, SOURCE, "-o", path], capture_output=True)
        if done.returncode:
            return None
        take = ctypes.CDLL(str(path)).take
    sizes, floats = [ctypes.c_size_t] * 4, [ctypes.c_float] * 3
    take.argtypes = [ctypes.c_int, ctypes.c_void_p, *sizes, *floats, ctypes.c_void_p]
    return take


class Loop:
    """`call(function, rows)` runs ``function(thread, first, last)`` on equal shares of the rows.

    Columns are cut to whole blocks: ``entries`` says how many are stepped.
    """

    def __init__(self, rule, shape, call):
        N, T = shape
        self.rule, self.call, self.blocks = RULES[rule], call, max(1, T // BLOCK)
        # What is asked for ahead of the last block lies behind it.
        self.s = np.zeros((N, self.blocks * BLOCK), np.float32)
        self.sums = np.zeros((N, 2))
        self.entries = self.s.size

    def step(self, steps=1):
        """Take steps, each share of the rows by itself."""

        def rows(_thread, first, last):
            numbers = self.blocks, steps, DECAY, AMPLITUDE, LEVEL
            compiled()(self.rule, self.s.ctypes.data, first, last, *numbers, self.sums.ctypes.data)

        self.call(rows, len(self.s))
