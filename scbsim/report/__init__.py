"""A page of a file or folder: curves, maps, spec and provenance, in one file without a network."""

from scbsim.report.page import report

__all__ = ["report"]
