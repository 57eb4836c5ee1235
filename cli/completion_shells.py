"""How shells talk to scbsim for a completion; click has the rest.

After a key, which ends in ``=``, no space is added. Bash takes ``=`` for the end of a word, and
gives and expects the parts; click's own script does not know that.
"""

from __future__ import annotations

import os

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from scbsim.cli.completion import KEY

_BASH_KEY = f"""elif [[ $type == '{KEY}' ]]; then
            COMPREPLY+=($value)
            compopt -o nospace
        elif [[ $type == 'plain' ]]; then"""
_ZSH_KEY = f"""if [[ "$type" == "{KEY}" ]]; then
            compadd -U -S '' -V keys -- "$key"
        elif [[ "$type" == "plain" ]]; then"""


class Bash(BashComplete):
    """Words with ``=`` are put together for click, and cut again for bash."""

    name = "bash"
    source_template = BashComplete.source_template.replace(
        "elif [[ $type == 'plain' ]]; then", _BASH_KEY
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the arguments before the word that is completed, and the word so far."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        at = int(os.environ["COMP_CWORD"])
        joined: list[str] = []
        for word in [*words[:at], words[at] if at < len(words) else ""]:
            follows = word and joined and joined[-1].endswith("=")
            if joined and (word == "=" or follows):
                joined[-1] += word
            else:
                joined.append(word)
        *args, incomplete = joined
        last = words[at] if at < len(words) else ""
        last = "" if last == "=" else last
        self._before = incomplete[: len(incomplete) - len(last)]
        return args[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line for the script: the type, and what bash puts in place of its last word."""
        before = self._before
        if not item.value.startswith(before):
            # Of --set=KEY, click completes what follows on --set=.
            before = before.partition("=")[2]
        value = item.value[len(before) :] if item.value.startswith(before) else item.value
        return f"{item.type},{value}"


class Zsh(ZshComplete):
    """As click's, with keys."""

    name = "zsh"
    source_template = ZshComplete.source_template.replace(
        'if [[ "$type" == "plain" ]]; then', _ZSH_KEY
    )


class Fish(FishComplete):
    """As click's: fish itself adds no space after ``=``."""

    name = "fish"

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line for the script."""
        plain = item.type == KEY
        return super().format_completion(CompletionItem(item.value) if plain else item)


def register() -> None:
    """Have click use these."""
    add_completion_class(Fish)
    add_completion_class(Bash)
    add_completion_class(Zsh)
