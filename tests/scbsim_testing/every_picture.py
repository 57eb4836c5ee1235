"""Make all plots in the current folder, in a process of their own; report matplotlib's state.

With an argument, the process has an open figure and changed settings before that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from click.testing import CliRunner

from scbsim.cli.main import cli
from scbsim.studies.transfer import run as transfer
from scbsim_testing.replacing import replace
from scbsim_testing.transfer_runs import SMALL

FEW = "--set task.T=60 --set dynamics.batch_size=8 --set stage.0.steps=4"
LINES = (
    *(f"figure {number} --quick {FEW}" for number in (1, 2, 3, 4)),
    "figure 5 --quick --set task.T=600 --set stage.0.steps=8",
    "transfer --quick --threads 1",
    "phase phase -o phase --replicas 2 --set task.N=5 --set stage.0.steps=4 "
    "--x task.T=60,80 --y dynamics.batch_size=1e4,1e5",
    f"compare compare -o compare --replicas 2 --set task.N=3 --set stage.1.steps=4 {FEW}",
    "plot figure2/linear.h5",
    "plot figure2/linear.h5 figure2/softmax.h5 -o two.svg",
)


def main(with_user: bool) -> None:
    """Make the pictures; print a table as JSON."""
    replace(transfer, settings=lambda *, quick: SMALL)
    before = {}
    if with_user:
        import matplotlib

        matplotlib.use("agg")
        import matplotlib.pyplot as plt

        plt.figure()
        matplotlib.rcParams.update({"text.usetex": True, "font.size": 30})
        before = dict(matplotlib.rcParams)
    failed = []
    for line in LINES:
        words = line.split() + ([] if line.startswith("plot") else ["-q"])
        result = CliRunner().invoke(cli, words)
        if result.exit_code:
            failed.append([line, result.output])
    said = {
        "failed": failed,
        "pyplot": "matplotlib.pyplot" in sys.modules,
        "pictures": len([*Path().glob("*/*.png"), *Path().glob("*/*.pdf"), *Path().glob("*.svg")]),
    }
    if with_user:
        said["figures"] = plt.get_fignums()
        said["changed"] = [k for k, v in matplotlib.rcParams.items() if before[k] != v]
    print(json.dumps(said))


main(len(sys.argv) > 1)
