"""Steps on real batches: `docs/model.md`, section 8."""
