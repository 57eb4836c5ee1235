"""The command line, whose first call of a function waits for other processes to come there too.

meeting_cli.py FOLDER COUNT MODULE:FUNCTION WORDS...: the words are a command line's. Where others
never come, since they are kept out, it waits for 2 seconds.
"""

import sys
from importlib import import_module
from os import getpid
from pathlib import Path
from time import monotonic, sleep

from scbsim.cli.main import cli


def main():
    folder, count, place, *words = sys.argv[1:]
    module, function = place.split(":")
    home = import_module(module)
    original = getattr(home, function)
    there = Path(folder)

    def met(*args, **options):
        setattr(home, function, original)
        (there / str(getpid())).touch()
        until = monotonic() + 2.0
        while len(list(there.iterdir())) < int(count) and monotonic() < until:
            sleep(0.01)
        return original(*args, **options)

    setattr(home, function, met)
    cli(words, prog_name="scbsim")


if __name__ == "__main__":
    main()
