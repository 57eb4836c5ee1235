"""Real batches of SGD at a cost that does not grow with T: `docs/model.md`, section 8b."""
