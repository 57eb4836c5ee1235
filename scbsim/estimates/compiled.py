"""Which kernels of a run are not in the cache yet."""

from __future__ import annotations

from collections.abc import Sequence


def not_compiled(kernels: Sequence[str]) -> list[str]:
    """Return the kernels of a run that no run here has compiled, whatever its types were."""
    from scbsim.kernels.compile.jit import CACHE_FOLDER

    if CACHE_FOLDER is None:
        return list(kernels)
    # `scbsim.kernels.compile.kernel_cache` has the names of files: module.kernel-digest.nbc.
    there = {path.name.partition(".")[2].partition("-")[0] for path in CACHE_FOLDER.glob("*.nbc")}
    return [name for name in kernels if name not in there]
