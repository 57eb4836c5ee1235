"""The command line in a process of its own, with points that take a while and are saved at once."""

import time

import scbsim.studies.phase.points
import scbsim.studies.running_study
from scbsim.cli.entry import main

POINT_SECONDS = 0.15

if __name__ == "__main__":
    from replacing import replace

    replace(scbsim.studies.running_study, SAVE_SECONDS=0.0)
    final_rows = scbsim.studies.phase.points.final_rows

    def slowly(*arguments, **options):
        time.sleep(POINT_SECONDS)
        return final_rows(*arguments, **options)

    replace(scbsim.studies.phase.points, final_rows=slowly)
    main()
