"""What a user's own rule cannot do, as it runs inside compiled loops on several threads."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

_WAY_OUT = (
    "which cannot end a run from inside its loops; return math.nan there, and the run ends as "
    "diverged"
)
_NO_PYTHON = "loops run without Python, and would wait for it for ever"
_UNSEEDED = (
    "random numbers, which would not be the same in the next run or after a resume; the noise of a "
    "run is in the gradient"
)


def require_plain(name: str, parts: Iterable[ast.stmt], root: Callable[[str], str]) -> None:
    """Refuse what would stop or change a run without a trace.

    Parameters
    ----------
    name : str
        The rule.
    parts : iterable of statements
        The rule, and what it uses of its file.
    root : callable
        Returns what an import binds a name to, with dots, or an empty text.

    Raises
    ------
    ValueError
        If the rule, or a function that it uses, raises, prints, goes back to Python or draws random
        numbers; in words for a user.
    """
    for part in parts:
        if isinstance(part, ast.FunctionDef):
            for node in ast.walk(part):
                if problem := _problem(node, root):
                    raise ValueError(f"{name} {problem}")


def _problem(node: ast.AST, root: Callable[[str], str]) -> str:
    if isinstance(node, ast.Raise | ast.Assert):
        word = "raise" if isinstance(node, ast.Raise) else "assert"
        return f"has {word} in line {node.lineno}, {_WAY_OUT}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        return f"calls print in line {node.lineno}: {_NO_PYTHON}"
    whole = _whole(node, root)
    if whole.startswith("numba.objmode"):
        return f"uses {whole}: {_NO_PYTHON}"
    if whole.startswith("numpy.random"):
        return f"uses {whole}: {_UNSEEDED}"
    return ""


def _whole(node: ast.AST, root: Callable[[str], str]) -> str:
    """Return the imported name that an expression of names and dots stands for."""
    dots: list[str] = []
    while isinstance(node, ast.Attribute):
        dots.insert(0, node.attr)
        node = node.value
    found = root(node.id) if isinstance(node, ast.Name) else ""
    return ".".join([found, *dots]) if found else ""
