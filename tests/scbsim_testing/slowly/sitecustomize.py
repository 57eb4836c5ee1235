"""Slow steps, for runs that last without work; where Python finds this, it imports it by itself."""

from scbsim_testing.patched_ranks import slowly

from scbsim.engines.dense import DenseEngine
from scbsim.mpi.engine import SharedEngine

for engine in (DenseEngine, SharedEngine):
    slowly(0.01, engine)
