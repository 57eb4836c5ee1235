"""The command ``scbsim``: the list of its commands, each imported when it is asked for."""

from __future__ import annotations

import click

from scbsim._version import __version__
from scbsim.cli.group import LazyGroup
from scbsim.cli.options import debug_option


@click.group(
    cls=LazyGroup,
    lazy={
        "run": "scbsim.cli.run:run",
        "figure": "scbsim.cli.figure:figure",
        "transfer": "scbsim.cli.transfer:transfer",
        "phase": "scbsim.cli.phase:phase",
        "compare": "scbsim.cli.compare:compare",
        "sweep": "scbsim.cli.sweep:sweep",
        "submit": "scbsim.cli.submit:submit",
        "status": "scbsim.cli.status:status",
        "resubmit": "scbsim.cli.submit:resubmit",
        "cancel": "scbsim.cli.cancel:cancel",
        "collect": "scbsim.cli.collect:collect",
        "info": "scbsim.cli.info:info",
        "plot": "scbsim.cli.plot:plot",
        "watch": "scbsim.cli.watch:watch",
        "presets": "scbsim.cli.presets:presets",
        "sample": "scbsim.cli.sample:sample",
        "verify": "scbsim.cli.verify:verify",
        "warmup": "scbsim.cli.warmup:warmup",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done, 1 the run failed, 2 the words, the spec or a file are wrong, "
    "75 stopped on a signal.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@debug_option
def cli() -> None:
    """Simulate how linear transformers learn sparse contextual bigrams."""
