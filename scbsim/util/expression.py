"""Arithmetic of a few names and functions, read from text. It is never executed as code.

The text is cut into numbers, names and operators first; then Python's parser orders them, and what
is not arithmetic of known names is refused.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeAlias

from scbsim.util.text import counted

MOST_CHARACTERS: Final = 400
MOST_NESTED: Final = 40

_TOKEN: Final = re.compile(
    r"\s*(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[A-Za-z_]\w*|\*\*|//|[-+*/%(),])",
    re.ASCII,
)
_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}

Node: TypeAlias = tuple[Any, ...]
"""``("number", float)``, ``("name", str)``, ``("call", str, *nodes)`` or ``(operator, *nodes)``."""


class Expression:
    """An expression that was read.

    Parameters
    ----------
    text : str
        Numbers, ``+ - * / // % **``, parentheses, names and calls of functions.
    names : collection of str
        The names that it may have.
    functions : mapping
        The functions that it may call, each with the least and the largest number of arguments.

    Attributes
    ----------
    used : set of str
        Its names and functions.

    Raises
    ------
    ValueError
        If it is anything else; the text says what is wrong.
    """

    def __init__(
        self, text: str, names: Collection[str], functions: Mapping[str, tuple[int, int]]
    ) -> None:
        self.text, self.used = text, set[str]()
        self._names, self._functions = names, functions
        _require_tokens(text)
        try:
            parsed = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise ValueError("not arithmetic that can be read") from None
        self._tree = self._node(parsed.body, MOST_NESTED)

    def __call__(
        self,
        values: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        number: Callable[[float], Any] = float,
    ) -> Any:
        """Return the value, given those of the names; ``number`` is called with each constant."""

        def value(node: Node) -> Any:
            what, *parts = node
            if what == "number":
                return number(parts[0])
            if what == "name":
                return values[parts[0]]
            if what == "call":
                return functions[parts[0]](*map(value, parts[1:]))
            return what(*map(value, parts))

        return value(self._tree)

    def _node(self, node: ast.AST, depth: int) -> Node:
        if depth == 0:
            raise ValueError(f"nested deeper than {MOST_NESTED}")

        def inner(*nodes: ast.AST) -> list[Node]:
            return [self._node(each, depth - 1) for each in nodes]

        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return "number", _as_float(number)
            case ast.Name(id=name):
                if name not in self._names:
                    raise ValueError(f"{name} is unknown; {self._known()}")
                self.used.add(name)
                return "name", name
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)], *inner(left, right)
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
                return _UNARY[type(sign)], *inner(operand)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                if name not in self._functions:
                    raise ValueError(f"{name} is unknown; {self._known()}")
                least, most = self._functions[name]
                if not least <= len(arguments) <= most:
                    takes = str(least) if least == most else f"{least} or more"
                    raise ValueError(f"{name} takes {takes} numbers, not {len(arguments)}")
                self.used.add(name)
                return "call", name, *inner(*arguments)
        raise ValueError(f"not arithmetic; {self._known()}")

    def _known(self) -> str:
        names, functions = ", ".join(self._names), ", ".join(self._functions)
        return f"there are numbers, + - * / // % **, {names}, and the functions {functions}"


def _require_tokens(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{counted(len(text), 'character')}; up to {MOST_CHARACTERS} are read")
    at, end = 0, len(text.rstrip())
    if not end:
        raise ValueError("it is empty")
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            rest = text[at:].lstrip()
            hint = "; powers are written **" if rest.startswith("^") else ""
            raise ValueError(f"not arithmetic from {rest[:12]!r} on{hint}")
        at = found.end()


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        raise ValueError("a number in it is too large") from None
