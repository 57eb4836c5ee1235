"""A spec as text: reading and writing TOML, and writing JSON."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scbsim.errors import Fault, OutputError, SpecError
from scbsim.util.text import MOST_NESTED, is_nested_within, show

TOO_DEEP = "not a spec: nested too deep"


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read.
    SpecError
        If it is not TOML.
    """
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise OutputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise OutputError(f"{path}: a folder; a spec is a TOML file") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise OutputError(f"{show(str(path))} is not the path of a file") from None
    try:
        # Some editors start a file with a byte order mark, which is not TOML.
        tables = tomllib.loads(raw.decode("utf-8-sig"))
        if is_nested_within(tables, MOST_NESTED):
            return tables
        problem = TOO_DEEP
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 text (byte {error.start})"
    except ValueError as error:
        problem = f"not TOML: {error}"
    except RecursionError:
        problem = TOO_DEEP
    raise SpecError([Fault("", problem)], str(path))


def toml_value(text: str) -> Any:
    """Read a value of TOML; a text that is not one, or is nested too deep, stays a string."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = parsed["value"] if len(parsed) == 1 else text
    return value if is_nested_within(value, MOST_NESTED) else text


def write_toml(tables: Mapping[str, Any]) -> str:
    """Write the plain form of a spec: values first, then ``[table]`` and ``[[table]]``."""
    # tomli-w would write the stages first, as inline tables.
    lines = [
        f"{key} = {toml_text(v)}" for key, v in tables.items() if not isinstance(v, dict | list)
    ]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *_rows(table)]
        elif isinstance(table, list):
            for one in table:
                lines += ["", f"[[{name}]]", *_rows(one)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _rows(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {toml_text(value)}" for key, value in table.items()]


def toml_text(value: Any) -> str:
    """Return a value as it is written in TOML: a text, a truth, a number, or a list of these."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def strict_json(tables: Mapping[str, Any]) -> str:
    """Write the plain form as strict JSON, with infinity as the string "inf"."""

    def encodable(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: encodable(v) for key, v in value.items()}
        if isinstance(value, list):
            return [encodable(v) for v in value]
        return "inf" if value == math.inf else value

    return json.dumps(encodable(tables), allow_nan=False)
