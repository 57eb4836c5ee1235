"""numba's library of arrays, imported without SciPy's linear algebra.

numba imports `scipy.linalg` when it first compiles or loads a function, only to see whether a BLAS
is there. That takes an eighth of the start of a process. SciPy is among the requirements of this
package, so that the answer is known; what calls the BLAS imports it then.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_BLAS = "scipy.linalg.cython_blas"
_ASKS = "numba.np.arraymath"


def import_without_blas() -> None:
    """Import numba's module that asks for the BLAS, if it has not been imported."""
    if _ASKS in sys.modules or _BLAS in sys.modules:
        return
    stand_in = ModuleType(_BLAS)
    sys.modules[_BLAS] = stand_in
    try:
        importlib.import_module(_ASKS)
    finally:
        if sys.modules.get(_BLAS) is stand_in:
            del sys.modules[_BLAS]
