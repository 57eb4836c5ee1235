"""Compiled code: one concept a file; arrays and scalars in, arrays and scalars out."""
