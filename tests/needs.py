"""What tests need of a machine, and what becomes of them where it is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip what cannot be tested here, with the reason; where CI runs, that is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
