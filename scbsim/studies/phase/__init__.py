"""Phase diagrams: how often a run recovers the truth, over a grid of two keys of its spec."""

from scbsim.studies.phase.diagram import phase_diagram

__all__ = ["phase_diagram"]
