"""The figures: what is run, and the picture that is drawn from the files."""
