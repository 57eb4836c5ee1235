"""Engines: one a file, all with the small contract of `base`."""
