"""The command line in a process of its own, with points that take a while and are saved at once."""

import time

import scbsim.phase.diagram
import scbsim.phase.points
from scbsim.cli.main import main

POINT_SECONDS = 0.15

if __name__ == "__main__":
    scbsim.phase.diagram.SAVE_SECONDS = 0.0
    endings = scbsim.phase.points.endings

    def slowly(*arguments, **options):
        time.sleep(POINT_SECONDS)
        return endings(*arguments, **options)

    scbsim.phase.points.endings = slowly
    main()
