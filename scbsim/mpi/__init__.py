"""One dense run over the ranks of MPI: `docs/mpi.md`."""
