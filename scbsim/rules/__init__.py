"""Update rules that are functions in Python: those of scbsim, and loading a user's own."""
