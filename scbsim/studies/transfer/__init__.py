"""Transfer from a pretrained pair."""
