"""Statistical check that reduced engines have the law of the dense one: docs/exactness.md."""
