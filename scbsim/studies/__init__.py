"""What is made of many runs: figures, transfer, phase diagrams, comparisons, verification."""
