"""One dense run shared out over the ranks of MPI: `docs/mpi.md`."""
