"""What tests need of a machine, and what becomes of them where it is not there."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import NoReturn

import pytest


def needed(module: str) -> ModuleType:
    """Import a module that not everyone has."""
    try:
        return import_module(module)
    except ImportError as error:
        lacking(f"{module} is not installed: {error}")


def lacking(reason: str) -> NoReturn:
    """Skip what cannot be tested here, with the reason; a failure where all is to be tested."""
    (pytest.fail if os.environ.get("SCBSIM_TEST_ALL") else pytest.skip)(reason)
