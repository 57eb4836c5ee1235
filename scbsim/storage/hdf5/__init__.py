"""HDF5 files: how they are written, opened, locked and checked."""
