"""From the name of a rule in a spec to what kernels take. Here, and only here, its code runs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from scbsim.errors import InputError
from scbsim.kernels.compile.rule_type import KernelRule
from scbsim.kernels.gaussian.rules import RULES
from scbsim.spec.own_rules import OwnRule, known, rule_name
from scbsim.spec.rules import OwnName, own_name
from scbsim.util.user_code import is_reference, load_function

_LOADED: dict[str, tuple[OwnRule, KernelRule]] = {}


def kernel_rule(name: str) -> int | KernelRule:
    """Return the rule of a stage as kernels take it.

    Raises
    ------
    InputError
        If it is a function whose file cannot be read, has changed since the spec was made, or
        cannot be run.
    """
    return RULES[name] if name in RULES else _loaded(name)[1]


def source_of(name: str) -> str | None:
    """Return the source text of a user's own rule; None for a rule of scbsim."""
    return None if own_name(name) is None else _loaded(name)[0].source


def function_of(name: str) -> Callable[..., Any]:
    """Return the function of a rule, in Python."""
    return _loaded(name)[0].function


def _loaded(name: str) -> tuple[OwnRule, KernelRule]:
    if name not in _LOADED:
        told = own_name(name)
        found = _of_scbsim(name) if told is None else known(name) or _of_file(name, told)
        _LOADED[name] = found, _for_kernels(found)
    return _LOADED[name]


def _for_kernels(found: OwnRule) -> KernelRule:
    told = own_name(found.name)
    assert told is not None
    return KernelRule(told.name, told.digest, "memory" in told.flags, found.function)


def _of_scbsim(name: str) -> OwnRule:
    found: OwnRule = getattr(import_module(f"scbsim.rules.{name}"), name)
    return found


def _of_file(name: str, told: OwnName) -> OwnRule:
    """Run a file and return its rule, if its source is the one that the spec names."""
    if not is_reference(f"{told.where}:{told.name}"):
        raise InputError(
            f"the rule {told.name} was defined in {told.where}, which another process cannot read: "
            "define it in a file, and name it FILE.py:NAME"
        )
    try:
        now = own_name(rule_name(f"{told.where}:{told.name}"))
    except ValueError as error:
        raise InputError(f"the rule {told.name}: {error}") from None
    assert now is not None
    if now.digest != told.digest:
        raise InputError(
            f"the rule {told.name}: its source in {told.where} has changed: its sha256 was "
            f"{told.digest} when the spec was made, and is {now.digest} now. Put the old text back "
            "(`scbsim info` shows it of a run's file), or begin a new run with the new one"
        )
    try:
        found = load_function(f"{told.where}:{told.name}").function
    except InputError as error:
        if isinstance(error.__cause__, InputError):
            # Of another rule of the file: this one was read before.
            raise InputError(f"{error.__cause__}") from None
        raise InputError(f"the rule {told.name}: {error}") from None
    if not isinstance(found, OwnRule) or found.name != name:
        raise InputError(
            f"the rule {told.name}: {told.where} defines it in one way and changes it in another; "
            "define it once, with @scbsim.rule"
        )
    return found
