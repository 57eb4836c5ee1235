"""`python -m scbsim` is the command `scbsim`."""

from scbsim.cli.main import main

if __name__ == "__main__":
    main()
