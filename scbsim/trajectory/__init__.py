"""The `xarray.Dataset` of a run. A single run has no dimension ``replica``."""
