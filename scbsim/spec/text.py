"""A spec as text: TOML read and written, and JSON."""

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
    # tomli-w would write the stages as tables within lines, ahead of all others.
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
