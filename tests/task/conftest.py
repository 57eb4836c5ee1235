from scbsim_testing.kill_runs import memory  # noqa: F401
