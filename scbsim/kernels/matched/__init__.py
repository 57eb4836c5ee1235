"""The noise levels of matched noise: `docs/model.md`, section 5b."""
