"""The figures of the paper: what is run, and the picture that is drawn from the files."""
