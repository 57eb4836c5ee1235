"""Many runs on the ranks of one world: a JSON file of specs by name, and a folder for outputs."""

import json
import sys
from pathlib import Path

from mpi4py import MPI

from scbsim.mpi.run import simulate_shared
from scbsim.mpi.world import World
from scbsim.spec import RunSpec

if __name__ == "__main__":
    specs, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    world = World(MPI.COMM_WORLD)
    assert world.size == int(sys.argv[3])
    for name, tables in specs.items():
        simulate_shared(world, RunSpec.from_dict(tables), output=folder / f"{name}.h5")
