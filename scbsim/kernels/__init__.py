"""Compiled code: one concept a file; arrays and scalars in, arrays and scalars out."""

from scbsim.kernels.compile.threads import require_sound_environment

# numba reads the environment as it is imported, which every module here does.
require_sound_environment()
