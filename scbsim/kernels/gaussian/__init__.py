"""Steps of the dynamics under Gaussian noise: `docs/model.md`, sections 3, 4 and 6."""
