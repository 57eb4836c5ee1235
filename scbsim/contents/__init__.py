"""Loading and describing any file or folder that scbsim wrote."""

from scbsim.contents.datasets import load
from scbsim.contents.facts import describe

__all__ = ["describe", "load"]
