"""The source of a function in a cell of a notebook, whose imports may be in other cells."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any


def imports_of_other_cells(
    text: str, function: Callable[..., Any], modules: Collection[str]
) -> str:
    """Return the imports that the text of a cell relies on, one a line.

    Parameters
    ----------
    text : str
        The cell.
    function : function
        Defined in it; its globals are those of the notebook.
    modules : collection of str
        Only these modules, and what is in them, are looked for.
    """
    try:
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    except SyntaxError:
        return ""
    bound = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    lines = []
    for name in sorted(names - bound):
        value = function.__globals__.get(name)
        source, found = _home(value)
        if (source or found).partition(".")[0] in modules:
            renamed = "" if found == name else f" as {name}"
            lines.append(f"{f'from {source} ' if source else ''}import {found}{renamed}\n")
    return "".join(lines)


def _home(value: Any) -> tuple[str, str]:
    """Return the module that has a value, and its name there; of a module only its name."""
    if isinstance(value, ModuleType):
        return "", value.__name__
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if not (isinstance(module, str) and isinstance(name, str)):
        return "", ""
    return (module, name) if getattr(sys.modules.get(module), name, None) is value else ("", "")
