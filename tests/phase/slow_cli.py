"""The command line in a process of its own, with points that take a while and are saved at once."""

import time

import scbsim.phase.diagram
import scbsim.phase.points
from scbsim.cli.main import main

POINT_SECONDS = 0.15

if __name__ == "__main__":
    scbsim.phase.diagram.SAVE_SECONDS = 0.0
    last_rows = scbsim.phase.points.last_rows

    def slowly(*arguments):
        time.sleep(POINT_SECONDS)
        return last_rows(*arguments)

    scbsim.phase.points.last_rows = slowly
    main()
