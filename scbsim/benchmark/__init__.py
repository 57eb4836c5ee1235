"""What this machine does in a second: the measurements of ``scbsim benchmark``."""
