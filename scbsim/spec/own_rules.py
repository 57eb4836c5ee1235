"""Update rules of a user's own: the decorator, and their names in a spec.

A rule is a function of numbers in Python, which is compiled into the kernels when a run begins
(`scbsim.rules`). Here it is described only: no code runs to check a spec or to open a file.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from scbsim.errors import InputError
from scbsim.spec.notebook_cells import imports_of_other_cells
from scbsim.spec.rule_source import MODULES, RuleSource, source_in
from scbsim.spec.rules import RULES, OwnName, own_name
from scbsim.spec.types import Checker, nearest
from scbsim.util.text import show
from scbsim.util.user_code import absolute, is_reference

_KNOWN: dict[str, OwnRule] = {}


class OwnRule:
    """A function that is an update rule; made by the decorator :func:`scbsim.rule`.

    It can be called, and given as ``rule`` of a spec.

    Attributes
    ----------
    function : function
    source : str
        Its source text, with what it uses of the same file.
    name : str
        As in a spec and in the file of a run: its file, its properties, the digest of its source.
    """

    def __init__(self, function: Callable[..., Any], where: str, source: RuleSource) -> None:
        self.function, self.source = function, source.text
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self.name = str(OwnName(where, function.__name__, source.flags, source.digest))

    def __call__(self, *numbers: Any) -> Any:
        """Call the function itself, in Python."""
        return self.function(*numbers)

    def __repr__(self) -> str:
        return f"<update rule {self.name}>"


def rule(
    function: Callable[..., Any] | None = None,
    *,
    threshold: bool = False,
    keeps_zeros: bool = False,
    memory: bool | None = None,
) -> Any:
    """Make an update rule of A from a function: ``@scbsim.rule(threshold=True)``.

    The function takes numbers ``(s, gradient, rate, threshold)`` and returns the next ``s``; with
    one number of memory for each entry it takes ``(s, gradient, rate, threshold, memory)`` and
    returns ``(s, memory)``. It is compiled by numba (docs/extending.md).

    Parameters
    ----------
    function : function
    threshold : bool
        Whether it reads a threshold.
    keeps_zeros : bool
        Whether an entry at zero stays there while the gradient is within the threshold. Then the
        engine ``sparse`` takes the rule.
    memory : bool, optional
        Whether it has memory; by default as its arguments say.

    Returns
    -------
    OwnRule
        As ``rule`` in a spec.

    Raises
    ------
    InputError
        If the function is no rule, or its source cannot be read.
    """
    # The source has these words too, and is what is read: a spec names a rule without running it.
    del threshold, keeps_zeros, memory
    return _made if function is None else _made(function)


def _made(function: Callable[..., Any]) -> OwnRule:
    code = getattr(function, "__code__", None)
    if code is None:
        raise InputError(
            f"@scbsim.rule: {show(function)} is no plain function; it compiles the function itself"
        )
    path = code.co_filename
    linecache.checkcache(path)
    text = "".join(linecache.getlines(path))
    if not text:
        raise InputError(
            f"@scbsim.rule: the source of {function.__name__} cannot be read, and each run keeps "
            "it: define the function in a file, or in a cell of a notebook"
        )
    in_file = os.path.isfile(path)
    where = os.path.abspath(path) if in_file else path
    imports = "" if in_file else imports_of_other_cells(text, function, MODULES)
    line = code.co_firstlineno + imports.count("\n")
    try:
        if code.co_freevars:
            raise ValueError(
                f"it uses {', '.join(code.co_freevars)} of the function around it; make that a "
                "constant of the file"
            )
        source = source_in(imports + text, function.__name__, line)
        source = _with_globals(source, function)
    except ValueError as error:
        raise InputError(f"@scbsim.rule: {where}: {error}") from None
    return OwnRule(function, where, source)


def _with_globals(source: RuleSource, function: Callable[..., Any]) -> RuleSource:
    """Return the source with what the function uses of other cells of a notebook."""
    more = []
    for name in source.unknown:
        value = function.__globals__.get(name, function)
        inner = getattr(value, "py_func", value)
        if isinstance(value, bool | int | float):
            more.append(f"{name} = {value!r}\n")
        elif inner is not function and hasattr(inner, "__code__"):
            lines = linecache.getlines(inner.__code__.co_filename)
            more.append("".join(lines) or f"{name} = {value!r}\n")
    return source._replace(text="".join(more) + source.text)


def known(name: str) -> OwnRule | None:
    """Return a rule that was given as an object to a spec of this process, or None."""
    return _KNOWN.get(name)


def rule_name(given: Any, folder: str | os.PathLike[str] = ".") -> Any:
    """Return the name, in the form that specs hold, of a rule that a user gives.

    Parameters
    ----------
    given : str or OwnRule
        The name of a rule of scbsim, ``FILE.py:NAME``, an object, or a name of that form already.
    folder : path
        The folder to which the file is relative.

    Raises
    ------
    ValueError
        If it is none of these, or not a rule; in words for a user.
    """
    if isinstance(given, OwnRule):
        _KNOWN[given.name] = given
        return given.name
    if isinstance(given, str):
        if given in RULES or own_name(given) is not None:
            return given
        if is_reference(given):
            path, _, name = absolute(given, folder).rpartition(":")
            return _named(path, name)
    like = nearest(given, tuple(RULES)) if isinstance(given, str) else None
    hint = f'; did you mean "{like}"?' if like else ""
    raise ValueError(f"{show(given)} is not allowed; it takes {TAKES}{hint}")


def _named(path: str, name: str) -> str:
    text = read_rules(path)
    try:
        source = _source(text, name)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return str(OwnName(path, name, source.flags, source.digest))


def read_rules(path: str) -> str:
    """Return the text of a file of rules; raise ValueError, in words for a user."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None


_source = lru_cache(maxsize=64)(source_in)


TAKES = f"{', '.join(RULES)}, or FILE.py:NAME, a rule of your own"

CHECKER = Checker(TAKES, rule_name)


def with_rule(table: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> dict[str, Any]:
    """Return a table with the name of its rule as specs hold it; a fault is left for the check."""
    changed = dict(table)
    if changed.get("rule") is not None:
        try:
            changed["rule"] = rule_name(changed["rule"], folder)
        except ValueError:
            if is_reference(changed["rule"]):
                changed["rule"] = absolute(changed["rule"], folder)
    return changed


def named_rule(key: str, value: Any, folder: str | os.PathLike[str] = ".") -> Any:
    """Return a value of a key; if that is a rule, its name as specs hold it."""
    if key.rpartition(".")[2] != "rule":
        return value
    return with_rule({"rule": value}, folder)["rule"]


def with_rules(tables: Mapping[str, Any], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the tables of a spec or a sweep with the names of their rules as specs hold them."""
    changed = dict(tables)
    if isinstance(changed.get("dynamics"), Mapping):
        changed["dynamics"] = with_rule(changed["dynamics"], folder)
    if isinstance(changed.get("stage"), list | tuple):
        changed["stage"] = [
            with_rule(each, folder) if isinstance(each, Mapping) else each
            for each in changed["stage"]
        ]
    if isinstance(changed.get("sweep"), Mapping):
        changed["sweep"] = {
            how: _with_varying(table, folder) if isinstance(table, Mapping) else table
            for how, table in changed["sweep"].items()
        }
    return changed


def _with_varying(table: Mapping[str, Any], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a table of keys that vary with the names of rules among their values."""
    return {
        key: [named_rule(str(key), each, folder) for each in values]
        if isinstance(values, list)
        else values
        for key, values in table.items()
    }
