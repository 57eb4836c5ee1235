"""The figures of the paper: their runs and their plots."""
