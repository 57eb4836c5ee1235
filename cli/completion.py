"""What the shell completes: presets, files, keys of a spec and their words, observables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from scbsim.cli.completion_words import WORDS

KEY: Final = "key"
"""The type of an item that ends in =, after which the shell must not add a space."""


def preset(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of presets."""
    from scbsim import presets

    return _begin(presets.names(), incomplete)


def spec(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str] | list[CompletionItem]:
    """Return presets, and the specs in this folder; or have the shell complete any file."""
    there = sorted(path.name for path in Path().glob("*.toml"))
    # The shell splits other names at their spaces.
    plain = [name for name in there if shlex.quote(name) == name]
    found = [*_begin(plain, incomplete), *preset(ctx, param, incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def figure(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the numbers of figures."""
    return _begin(map(str, range(1, 6)), incomplete)


def engine(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of engines."""
    return _begin(WORDS["dynamics.engine"], incomplete)


def observable(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the observables that every run has, and the loss of batches."""
    from scbsim.observables import BATCH_LOSS, NAMES

    return _begin((*NAMES, BATCH_LOSS.name), incomplete)


def key_or_table(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return tables, keys with their tables, and keys alone."""
    keys = [each.replace("stage.0.", "stage.") for each in WORDS]
    tables = dict.fromkeys(each.partition(".")[0] for each in keys if "." in each)
    names = dict.fromkeys(each.rpartition(".")[2] for each in keys)
    return _begin(dict.fromkeys((*tables, *names, *keys)), incomplete)


def key(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the keys of a spec, each followed by ``=``; of any stage once its number is typed."""
    stage = re.match(r"stage\.\d+\.", incomplete)
    keys = (each.replace("stage.0.", stage[0] if stage else "stage.0.") for each in WORDS)
    return [CompletionItem(each, type=KEY) for each in _begin((f"{k}=" for k in keys), incomplete)]


def setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return keys, or after ``key=`` the words that it takes."""
    name, equals, begun = incomplete.partition("=")
    if not equals:
        return key(ctx, param, incomplete)
    words = WORDS.get(re.sub(r"^stage\.\d+\.", "stage.0.", name), ())
    return [CompletionItem(f"{name}={word}") for word in _begin(words, begun)]


def _begin(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
