"""What a run returns: an `xarray.Dataset`, of one replica or of many."""
