"""Loops and instructions that vectorise: sums, gathers, products, the exponential."""
