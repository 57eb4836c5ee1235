"""Comparison of models of noise with real batches, observable by observable."""

from scbsim.studies.compare.comparison import compare

__all__ = ["compare"]
