"""Proof by experiment that reduced engines have the dense engine's law: `docs/exactness.md`."""
