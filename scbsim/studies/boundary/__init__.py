"""Boundaries of learning: the least value of a key at which enough runs recover the truth."""

from scbsim.studies.boundary.find import find_boundaries

__all__ = ["find_boundaries"]
