"""Kernels do without SciPy's linear algebra, and numba's functions still have its BLAS."""

import os
import subprocess
import sys

PROGRAM = """
import sys
import numba
import numpy as np
from scbsim.kernels.compile import jit

triple = jit.kernel(lambda x: 3 * x)
assert triple(2) == 6
assert not [name for name in sys.modules if name.startswith("scipy.linalg")]
product = numba.njit(lambda x: np.dot(x, x))
assert product(np.arange(3.0)) == 5.0
assert sys.modules["scipy.linalg.cython_blas"].__file__
"""


def test_the_blas_is_imported_by_what_calls_it(tmp_path):
    environment = {**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True)
