"""What a run returns: an `xarray.Dataset`; a run of one replica has no dimension for it."""
