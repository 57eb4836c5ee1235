"""The command ``scbsim``. Each subcommand is imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from scbsim._version import __version__
from scbsim.cli.exits import fit_lines, report_errors
from scbsim.cli.options import debug_option
from scbsim.util.arguments import as_options

_GROUPS = (
    ("run", "estimate", "figure", "transfer", "phase", "boundary", "compare"),
    ("sweep", "submit", "status", "resubmit", "cancel", "collect"),
    ("info", "plot", "report", "watch", "presets", "keys", "sample"),
    ("verify", "warmup", "benchmark"),
)
_COMMANDS = tuple(name for group in _GROUPS for name in group)
_MODULES = {"resubmit": "submit", "cancel": "submit"}
"""The module in ``scbsim.cli`` of a command, if it does not have the command's name."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"scbsim.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.ClickException as error:
            fit_lines(error)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        with as_options(), report_errors(ctx):
            return super().invoke(ctx)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done, 1 the run failed, 2 the command line, the spec or a file is "
    "wrong, 75 stopped on a signal. Documentation: the folder docs of the sources, "
    "and the site that is built from it.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@debug_option
def cli() -> None:
    """Simulate how linear transformers learn sparse contextual bigrams."""
