from scbsim_testing.drawn import made_up, pixels, share  # noqa: F401
