"""The dense step as others would write it, each at its best: the engine is measured against these.

Each peer holds the state off the support, ``s`` of shape (N, T), and in a step draws a normal for
each entry, decays, adds, thresholds, and sums every row and its squares. The few support entries
and V are left out, in the peers' favour.
"""

DECAY, AMPLITUDE, LEVEL = 1e-4, 1e-3, 4e-3
"""What a step takes off an entry, how much noise it adds, and where it cuts."""
