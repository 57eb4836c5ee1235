"""Random words and variates, each at an address of its own: `docs/model.md`, section 7."""
