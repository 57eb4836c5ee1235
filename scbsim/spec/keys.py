"""Every key of a spec, described: read from the models of its tables and their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import PlainValidator
from pydantic.fields import FieldInfo

from scbsim.errors import InputError
from scbsim.spec.base import Table
from scbsim.spec.data_table import DataSpec
from scbsim.spec.exclusions import excluded
from scbsim.spec.init_table import InitSpec
from scbsim.spec.run import RunSpec
from scbsim.spec.stage_table import StageSpec
from scbsim.spec.tables import DynamicsSpec, NoiseSpec, OutputSpec, TaskSpec
from scbsim.spec.text import toml_text
from scbsim.spec.types import Checker, nearest
from scbsim.util.pages import by_title

TABLES: dict[str, type[Table]] = {
    "": RunSpec,
    "task": TaskSpec,
    "dynamics": DynamicsSpec,
    "noise": NoiseSpec,
    "init": InitSpec,
    "data": DataSpec,
    "stage": StageSpec,
    "output": OutputSpec,
}
"""The tables of a spec by name; "" is the top, before the first heading."""


_HEAD = """# Keys of a spec

Every key, with its default and what it takes. `scbsim keys` prints them in a terminal, `scbsim keys
WORD` finds those that have a word in their name or description, and
`scbsim keys --markdown` made this page. On the command line `--set task.N=100` sets a key, and
`--set stage.0.rate_A=0.05` one of the first stage. The table `[sweep]` is in
[cluster.md](cluster.md)."""


@dataclass(frozen=True)
class Key:
    """A key of a spec.

    Attributes
    ----------
    table : str
        Name of its table, "" at the top.
    name : str
        As in TOML.
    default : str or None
        As in TOML; None if the key is optional and has no default.
    required : bool
    takes : str
        The allowed values, in words.
    excludes : tuple of str
        Keys of the same table that cannot be given beside it.
    description : str
    """

    table: str
    name: str
    default: str | None
    required: bool
    takes: str
    excludes: tuple[str, ...]
    description: str

    @property
    def dotted(self) -> str:
        """The key as after ``--set``."""
        place = "stage.0" if self.table == "stage" else self.table
        return f"{place}.{self.name}" if place else self.name


def keys_of(table: str) -> tuple[Key, ...]:
    """Return the keys of a table.

    Raises
    ------
    InputError
        If there is no such table.
    """
    if table not in TABLES:
        like = nearest(table, tuple(TABLES))
        hint = f"did you mean {like}?" if like else f"there are {', '.join(filter(None, TABLES))}"
        raise InputError(f"a spec has no table {table!r}; {hint}")
    model = TABLES[table]
    texts, names = dict(_descriptions(model)), model.key_names()
    return tuple(
        Key(
            table,
            field.alias or name,
            None if field.is_required() or field.default is None else toml_text(field.default),
            field.is_required(),
            checker.takes,
            # A rule excludes thresholds only if it has none: its description says so.
            () if name == "rule" else excluded(table, field.alias or name, None, names),
            texts[name],
        )
        for name, field in model.model_fields.items()
        if (checker := _checker(field)) is not None
    )


def _checker(field: FieldInfo) -> Checker | None:
    """Return the function that checks a key; None if the key is a table."""
    found = [*field.metadata, *_within(field.annotation)]
    checkers = (each.func for each in found if isinstance(each, PlainValidator))
    return next((each for each in checkers if isinstance(each, Checker)), None)


def _within(annotation: Any) -> Iterator[Any]:
    for part in get_args(annotation):
        yield part
        yield from _within(part)
    yield from getattr(annotation, "__metadata__", ())


def _descriptions(model: type[Table]) -> Iterator[tuple[str, str]]:
    """Yield the attributes that the docstring of a model describes, each with its text."""
    if model.__doc__ is None:
        raise InputError(
            "keys are described by docstrings, which python -OO leaves out: run it without -OO; "
            "docs/keys.md is the same text"
        )
    text = inspect.getdoc(model) or ""
    _, _, attributes = text.partition("Attributes\n----------\n")
    for head, body in re.findall(r"^(\S.*) : .*\n((?:[ ]+.*\n?)+)", attributes, re.MULTILINE):
        for name in head.split(", "):
            yield name, " ".join(body.split())


_PAGES = {"sweep": "docs/cluster.md", "boundary": "docs/boundary.md"}
"""Tables of studies of several runs, whose keys are not those of a run."""


def matching(word: str) -> tuple[Key, ...]:
    """Return the keys of the table that is called ``word``, or else the keys of that name.

    There may be none.

    Raises
    ------
    InputError
        If it is a table of several runs, which has a page of its own.
    """
    if word in TABLES:
        return keys_of(word)
    everything = [key for table in TABLES for key in keys_of(table)]
    wanted = re.sub(r"^stage\.\d+\.", "stage.", word)
    names = {key: (key.name, f"{key.table}.{key.name}") for key in everything}
    if found := tuple(key for key in everything if wanted in names[key]):
        return found
    if (page := _PAGES.get(table := word.partition(".")[0])) is not None:
        raise InputError(f"the table [{table}] is described in {by_title(page)}")
    return ()


def holding(text: str) -> tuple[Key, ...]:
    """Return the keys with all words of a text in their name, values or description, in any case.

    Raises
    ------
    InputError
        If there are none.
    """
    everything = [key for table in TABLES for key in keys_of(table)]
    words = text.casefold().split()
    found = tuple(key for key in everything if all(word in _searched(key) for word in words))
    if found and words:
        return found
    names = [name for key in everything for name in (key.name, f"{key.table}.{key.name}")]
    known = tuple(dict.fromkeys((*filter(None, TABLES), *names)))
    like = nearest(re.sub(r"^stage\.\d+\.", "stage.", text), known)
    hint = f"did you mean {like}?" if like else "`scbsim keys` lists them"
    raise InputError(
        f"a spec has no table and no key {text!r}, and no key has it in its values or its "
        f"description; {hint}"
    )


def _searched(key: Key) -> str:
    text = by_title(key.description).replace("`", "")
    return f"{key.table}.{key.name}\n{key.takes}\n{text}".casefold()


def as_markdown() -> str:
    """Return the reference page of all keys."""
    lines = [_HEAD]
    for table, model in TABLES.items():
        lines += [f"\n## {model.place if table else 'At the top'}\n"]
        lines += [_linked((inspect.getdoc(model) or "").partition("\n")[0]) + "\n"] if table else []
        lines += ["| key | default | takes | |", "|---|---|---|---|"]
        lines += [
            f"| `{key.name}` | {_default(key)} | {key.takes} | {_text(key)} |"
            for key in keys_of(table)
        ]
    return "\n".join(lines) + "\n"


def _default(key: Key) -> str:
    return "required" if key.required else f"`{key.default}`" if key.default is not None else ""


def _text(key: Key) -> str:
    """Return the description in Markdown, with what the key excludes."""
    text = _linked(key.description.replace("``", "`").replace("|", "\\|"))
    names = ", ".join(f"`{name}`" for name in key.excludes)
    return f"{text} Not together with {names}." if names and "xcludes" not in text else text


def _linked(text: str) -> str:
    """Return text of a docstring with links to pages, and names of functions as code."""
    text = re.sub(r":\w+:(`[\w.]+`)", r"\1", text)
    return re.sub(r"docs/(\w+\.md)", r"[\1](\1)", text)
