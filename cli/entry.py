"""Entry point: signals and streams are set up before anything else is imported."""

from __future__ import annotations

import os

from scbsim.cli.signals import after_work, until_work
from scbsim.util.streams import secure


def main() -> None:
    """Run the command line and exit with its status."""
    until_work()
    secure()
    from scbsim.cli.main import cli

    if "_SCBSIM_COMPLETE" in os.environ:
        from scbsim.cli.completion_shells import register

        register()
    try:
        cli(prog_name="scbsim")
    finally:
        after_work()
