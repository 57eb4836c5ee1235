"""Comparison of Gaussian noise with real batches, observable by observable."""

from scbsim.studies.compare.comparison import compare

__all__ = ["compare"]
