"""What is in a file or a folder that scbsim wrote, whichever kind it is."""

from scbsim.contents.datasets import load
from scbsim.contents.facts import describe

__all__ = ["describe", "load"]
