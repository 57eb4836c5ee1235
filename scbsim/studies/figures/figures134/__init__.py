"""Figures 1, 3 and 4: SGD and the l1 method on real batches."""
