"""A spec as text: TOML read and written, and the ``key=value`` words that change one."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scbsim.errors import Fault, OutputError, SpecError
from scbsim.text import MOST_NESTED, is_nested_within, show

TOO_DEEP = "not a spec: nested too deep"


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    OutputError
        Where there is no such file, or it cannot be read.
    SpecError
        Where it is not TOML.
    """
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise OutputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise OutputError(f"{path}: a folder, where the file of a spec is wanted") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise OutputError(f"{show(str(path))} is not the path of a file") from None
    try:
        # Some editors start a file with a byte order mark, of which TOML knows nothing.
        tables = tomllib.loads(raw.decode("utf-8-sig"))
        if is_nested_within(tables, MOST_NESTED):
            return tables
        problem = TOO_DEEP
    except UnicodeDecodeError as error:
        problem = f"not a text in UTF-8 (byte {error.start})"
    except ValueError as error:
        problem = f"not TOML: {error}"
    except RecursionError:
        problem = TOO_DEEP
    raise SpecError([Fault("", problem)], str(path))


def write_toml(tables: Mapping[str, Any]) -> str:
    """Write the plain form of a spec: values first, then ``[table]`` and ``[[table]]``."""
    lines = [f"{key} = {_value(v)}" for key, v in tables.items() if not isinstance(v, dict | list)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *_rows(table)]
        elif isinstance(table, list):
            for one in table:
                lines += ["", f"[[{name}]]", *_rows(one)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _rows(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value: str | bool | int | float) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def strict_json(tables: Mapping[str, Any]) -> str:
    """Write the plain form as JSON that any reader takes, with inf as the text "inf"."""

    def worded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: worded(v) for key, v in value.items()}
        if isinstance(value, list):
            return [worded(v) for v in value]
        return "inf" if value == math.inf else value

    return json.dumps(worded(tables), allow_nan=False)


def override(tables: dict[str, Any], words: str) -> Fault | None:
    """Change one key of a plain spec in place, as ``--set key=value`` does.

    The value is TOML, or else a string. What the key may hold is left to the spec's own checks.
    """
    key, equals, text = words.partition("=")
    key = key.strip()
    if not equals:
        return Fault(key, "no value; write key=value, such as stage.0.rate_A=0.05")
    try:
        parsed = tomllib.loads(f"value = {text}")
        value = parsed["value"] if len(parsed) == 1 else text
        if not is_nested_within(value, MOST_NESTED):
            value = text
    except (ValueError, RecursionError):
        value = text
    return assign(tables, key, value)


def assign(tables: dict[str, Any], key: str, value: Any) -> Fault | None:
    """Set a dotted key of a plain spec in place; ``stage.n.`` of n stages makes a new one."""
    path = key.split(".")
    if len(path) > MOST_NESTED:
        return Fault(show(key), TOO_DEEP)
    if not all(path):
        return Fault(key, f"{show(key)} is not a key; write it as stage.0.rate_A")
    here: Any = tables
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(here, list) and path[:depth] == ["stage"]:
            index = int(part) if part.isascii() and part.isdigit() and len(part) < 9 else -1
            if not 0 <= index <= len(here):
                n = len(here)
                return Fault(
                    key, f"{show(part)} is no stage: there are {n}, from 0, and {n} adds one"
                )
            if index == len(here):
                here.append({})
            at: int | str = index
        elif isinstance(here, dict):
            at = part
            if not last:
                here.setdefault(part, [] if key.startswith("stage.") and depth == 0 else {})
        else:
            return Fault(key, f"`{'.'.join(path[:depth])}` is a value, and has no keys")
        if last:
            here[at] = value
        here = here[at]
    return None
