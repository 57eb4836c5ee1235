"""Gaussian noise beside real batches: how good a stand-in it is, observable by observable."""

from scbsim.studies.compare.comparison import compare

__all__ = ["compare"]
