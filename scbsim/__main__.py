"""`python -m scbsim` is the command `scbsim`."""

from scbsim.cli.entry import main

if __name__ == "__main__":
    main()
