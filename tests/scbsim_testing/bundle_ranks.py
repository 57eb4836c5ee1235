"""All runs of a sweep in a folder on the ranks of one world; rank 0 prints those that failed."""

import json
import sys

from mpi4py import MPI

from scbsim.cluster.bundle import run_bundle
from scbsim.cluster.team import Ranks
from scbsim.mpi.world import World
from scbsim.sweep.folder import SweepFolder

if __name__ == "__main__":
    team, names = Ranks(World(MPI.COMM_WORLD)), list(SweepFolder.open(sys.argv[1]).by_name)
    said = []
    failed = run_bundle(sys.argv[1], names, job="1", stop=lambda: False, say=said.append, team=team)
    everywhere = MPI.COMM_WORLD.gather((failed, len(said)))
    if team.leads:
        print(json.dumps(everywhere), file=sys.stderr)
