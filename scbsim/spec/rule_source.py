"""The source text of a user's own rule: its function, and what that uses of the same file.

It is found in the syntax of the file. No code is run, so a spec can be checked, and a file opened,
where the code is not to be trusted.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from scbsim.spec.rule_limits import require_plain
from scbsim.spec.rules import KEEPS_ZEROS, MEMORY, THRESHOLD
from scbsim.util.text import counted

MOST_CHARACTERS = 20_000
"""Most characters of the source of a rule; the file of a run has room for it."""

MODULES = ("math", "cmath", "numpy", "numba", "scbsim", "typing", "__future__")
_KEYWORDS = {"threshold": THRESHOLD, "keeps_zeros": KEEPS_ZEROS, "memory": MEMORY}
_TAKES = (
    "it has to take (s, gradient, rate, threshold), or with memory (s, gradient, rate, threshold, "
    "memory)"
)

Definition = ast.FunctionDef


class RuleSource(NamedTuple):
    """The source of a rule; ``unknown`` are the names that it uses and the file does not define."""

    text: str
    flags: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the source's SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def source_in(text: str, name: str, line: int | None = None) -> RuleSource:
    """Return the source of the rule ``name`` in the text of a file.

    ``line`` is that of the function, if several have the name or it is inside another one.

    Raises
    ------
    ValueError
        If there is none, or it is not a rule; in words for a user.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"the file is not Python: {error}") from None
    bound = _bound(tree)
    node = _function(tree, name, line)
    flags = _flags(node, bound)
    used = _used(node, bound)
    require_plain(node.name, [node, *used.nodes], partial(_root, bound))
    parts = [node, *(each for each in used.nodes if each is not node)]
    parts.sort(key=lambda each: each.lineno)
    lines = text.splitlines()
    source = "\n".join(_lines_of(part, lines) for part in parts) + "\n"
    if len(source) > MOST_CHARACTERS:
        raise ValueError(
            f"{name} and what it uses have {len(source)} characters; up to {MOST_CHARACTERS} are "
            "allowed, as each run keeps them in its file"
        )
    return RuleSource(source, flags, tuple(sorted(used.unknown)))


def _function(tree: ast.Module, name: str, line: int | None) -> Definition:
    inside = ast.walk(tree) if line is not None else iter(tree.body)
    found = [
        node
        for node in inside
        if isinstance(node, Definition)
        and node.name == name
        and (line is None or line in (node.lineno, _first_line(node)))
    ]
    if not found:
        others = ", ".join(n.name for n in tree.body if isinstance(n, Definition))
        there = f"it has {others}" if others else "it has none"
        raise ValueError(f"there is no function {name} at the top of the file; {there}")
    return found[-1]


def _flags(node: Definition, bound: dict[str, list[ast.stmt]]) -> tuple[str, ...]:
    """Return the properties that the decorator and the arguments say."""
    given = next((call for call in node.decorator_list if _is_rule(call, bound)), None)
    if given is None:
        raise ValueError(f"{node.name} has no decorator @scbsim.rule(...), which says what it does")
    arguments = node.args
    simple = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults)
    count = len(arguments.posonlyargs) + len(arguments.args)
    if not simple or count not in (4, 5):
        words = (
            counted(count, "argument") if simple else "defaults or arguments with * or a keyword"
        )
        raise ValueError(f"{node.name} has {words}; {_TAKES}")
    told: dict[str, bool | None] = {}
    for keyword in given.keywords if isinstance(given, ast.Call) else []:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        if keyword.arg not in _KEYWORDS or value not in (True, False, None):
            words = ast.unparse(keyword)
            raise ValueError(
                f"the decorator of {node.name} has {words}; it takes threshold, keeps_zeros and "
                "memory, each written as True or False"
            )
        told[keyword.arg] = value  # type: ignore[assignment]
    fourth = [*arguments.posonlyargs, *arguments.args][3].arg
    reads = any(
        isinstance(x, ast.Name) and x.id == fourth for part in node.body for x in ast.walk(part)
    )
    if reads and not told.get("threshold"):
        raise ValueError(
            f"{node.name} uses its {fourth}, and without threshold=True that is 0: write "
            "@scbsim.rule(threshold=True)"
        )
    return flags_of(node.name, count, told.get("memory"), told)


def flags_of(
    name: str, count: int, memory: bool | None, told: dict[str, bool | None]
) -> tuple[str, ...]:
    """Return the properties of a function with so many arguments; ValueError if they clash."""
    if memory is not None and memory != (count == 5):
        raise ValueError(
            f"{name} says memory = {memory} and has {counted(count, 'argument')}; {_TAKES}"
        )
    threshold, keeps = bool(told.get("threshold")), bool(told.get("keeps_zeros"))
    if keeps and not threshold:
        raise ValueError(
            f"{name} says keeps_zeros without threshold; zeros are kept below a threshold: "
            "@scbsim.rule(threshold=True, keeps_zeros=True)"
        )
    if keeps and count == 5:
        raise ValueError(
            f"{name} says keeps_zeros and has memory; an entry at zero has a memory that changes, "
            "so it cannot be left out: remove keeps_zeros"
        )
    there = {THRESHOLD: threshold, KEEPS_ZEROS: keeps, MEMORY: count == 5}
    return tuple(flag for flag, holds in there.items() if holds)


def _is_rule(decorator: ast.expr, bound: dict[str, list[ast.stmt]]) -> bool:
    """Return whether a decorator is :func:`scbsim.rule`, under whatever name it was imported."""
    written = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    first, dot, rest = written.partition(".")
    wholes = {_imported(each, first) for each in bound.get(first, ())} - {""}
    return any(
        whole.startswith("scbsim") and f"{whole}{dot}{rest}".endswith(".rule") for whole in wholes
    )


def _imported(node: ast.stmt, name: str) -> str:
    """Return what an import binds a name to, with dots, or an empty text."""
    for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
        if (alias.asname or alias.name.partition(".")[0]) != name:
            continue
        if isinstance(node, ast.ImportFrom):
            return f"{'.' * node.level}{node.module or ''}.{alias.name}"
        return alias.name if alias.asname else name
    return ""


def _root(bound: dict[str, list[ast.stmt]], name: str) -> str:
    """Return what imports at the top of a file bind a name to, with dots, or an empty text."""
    return next(filter(None, (_imported(each, name) for each in bound.get(name, ()))), "")


def _bound(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Return the statements at the top of a file that bind each name."""
    found: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        for name in _names_bound(node):
            found.setdefault(name, []).append(node)
    return found


def _names_bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
        elif isinstance(each, Definition | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in each.names)


class _Used(NamedTuple):
    nodes: list[ast.stmt]
    unknown: set[str]


def _used(node: Definition, bound: dict[str, list[ast.stmt]]) -> _Used:
    """Return the statements that a function uses, also by way of others, and unknown names.

    Raise ValueError if it uses another module than those of numbers: its source is not kept.
    """
    used = _Used([], set())
    todo, seen = [node], set()
    while todo:
        part = todo.pop()
        local = {each.arg for each in ast.walk(part) if isinstance(each, ast.arg)}
        local |= {
            each.id
            for each in ast.walk(part)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        for each in ast.walk(part):
            if not isinstance(each, ast.Name) or each.id in seen:
                continue
            if each.id in local and isinstance(part, Definition):
                continue
            seen.add(each.id)
            if each.id not in bound:
                if not hasattr(builtins, each.id):
                    used.unknown.add(each.id)
                continue
            for there in bound[each.id]:
                whole = _imported(there, each.id)
                if whole and whole.partition(".")[0] not in MODULES:
                    raise ValueError(
                        f"{node.name} uses {each.id} of {whole}; a rule may use math, numpy, numba "
                        "and what its own file defines, which the file of a run keeps: put it there"
                    )
                if there not in used.nodes:
                    used.nodes.append(there)
                    todo.append(there)  # type: ignore[arg-type]
    return used


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _lines_of(node: ast.stmt, lines: list[str]) -> str:
    """Return the lines of a statement, its decorators included, without their indentation."""
    found = lines[_first_line(node) - 1 : node.end_lineno]
    indent = len(found[0]) - len(found[0].lstrip())
    return "\n".join(line[indent:] if not line[:indent].strip() else line for line in found)
