"""The engines, one in each file. All have the interface in `base`."""
