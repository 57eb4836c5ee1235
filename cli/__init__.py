"""The command line: one command a file, each options plus one library call."""
