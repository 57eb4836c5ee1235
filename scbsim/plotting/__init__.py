"""Pictures: how they look, and the overview of one run or of several."""
