"""Plots: the common style, and the overview of one run or several."""
