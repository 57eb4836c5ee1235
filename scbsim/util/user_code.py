"""Functions that users write: named as ``FILE.py:NAME`` in a spec, or given in Python."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from scbsim.errors import InputError
from scbsim.util.paths import require_regular
from scbsim.util.text import show

FAILURES = (Exception, SystemExit, GeneratorExit)
"""What code of a user's may end with: all of it but the Ctrl-C of a user."""

TAKES = "a function in a file of Python, FILE.py:NAME"


@dataclass(frozen=True)
class UserFunction:
    """A function that a user wrote.

    Attributes
    ----------
    function : callable
    reference : str
        ``/absolute/FILE.py:NAME``, or "" if it was given in Python.
    source : str
        The text of the whole file, or of the function alone if it was given in Python; "" if
        Python does not know it.
    digest : str
        SHA-256 of the source; of the compiled code where there is no source. In hexadecimal.
    """

    function: Callable[..., Any]
    reference: str
    source: str
    digest: str


def is_reference(value: Any) -> bool:
    """Return whether a value has the form ``FILE.py:NAME``."""
    if not isinstance(value, str) or not value.isprintable():
        return False
    path, colon, name = value.rpartition(":")
    return bool(colon) and Path(path).suffix == ".py" and name.isidentifier()


def absolute(reference: str, folder: str | os.PathLike[str]) -> str:
    """Return a reference with the absolute path of its file, which is relative to ``folder``."""
    path, _, name = reference.rpartition(":")
    return f"{os.path.abspath(os.path.join(folder, path))}:{name}"


def name_in(reference: str) -> str:
    """Return the name of the function in a reference."""
    return reference.rpartition(":")[2]


def load_function(reference: str, folder: str | os.PathLike[str] = ".") -> UserFunction:
    """Run a file of Python and return one of its functions.

    The file can import what is installed, and no file beside it, so that its text is all of it. A
    file of the same text is run once in a process.

    Parameters
    ----------
    reference : str
        ``FILE.py:NAME``.
    folder : path
        The folder to which the path is relative.

    Raises
    ------
    InputError
        If it has another form, the file cannot be read or fails, or has no such function.
    """
    if not is_reference(reference):
        raise InputError(f"{show(reference)} is not {TAKES}")
    reference = absolute(reference, folder)
    path, name = reference.removesuffix(f":{name_in(reference)}"), name_in(reference)
    source, digest = _read(Path(path))
    module = _module(Path(path), source, digest)
    function = getattr(module, name, None)
    if function is None:
        there = [each for each, value in vars(module).items() if inspect.isfunction(value)]
        near = get_close_matches(name, there, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(there) or 'none'}"
        raise InputError(f"{path} has no function {name}; {hint}")
    if not callable(function):
        raise InputError(f"{path}: {name} is {show(function)}, and not a function")
    return UserFunction(function, reference, source, digest)


def given_function(function: Callable[..., Any]) -> UserFunction:
    """Return a function that was given in Python, with the source that Python has of it."""
    plain = inspect.unwrap(function)
    try:
        source = textwrap.dedent(inspect.getsource(plain))
    except (OSError, TypeError):
        # Typed at a prompt, or no function of Python but an object that can be called.
        code = getattr(plain, "__code__", None)
        return UserFunction(function, "", "", _digest(_fingerprint(code) if code else ""))
    return UserFunction(function, "", source, _digest(source))


def _read(path: Path) -> tuple[str, str]:
    """Return the text of a file of Python, and its digest."""
    require_regular(path)
    try:
        source = importlib.util.decode_source(path.read_bytes())
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from None
    return source, _digest(source)


def _module(path: Path, source: str, digest: str) -> ModuleType:
    """Return the module of a file, run now unless the same text at this path was run before."""
    # In sys.modules, as dataclasses and pickle look for a class's module there.
    name = f"_scbsim_user_{_digest(f'{path}:{digest}')[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
    except FAILURES as error:
        del sys.modules[name]
        raise InputError(f"{path} fails: {_where(error, path)}") from error
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _where(error: BaseException, path: Path) -> str:
    """Return an error and the last line of the file that led to it."""
    line = error.lineno if isinstance(error, SyntaxError) else line_in(error, path)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}{f' in line {line}' if line else ''}: {text}"


def line_in(error: BaseException, path: str | Path) -> int | None:
    """Return the last line of a file that an error came through, or None."""
    line, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == str(path):
            line = at.tb_lineno
        at = at.tb_next
    return line


def _fingerprint(code: CodeType) -> str:
    """Return a text that changes with what code does, and not with where it stands."""
    constants = [
        _fingerprint(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts
    ]
    return repr((code.co_code.hex(), code.co_names, code.co_varnames, constants))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
