"""Kernels in numba's own terms give the bits of those in LLVM's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import scbsim_testing
from numba.core import cgutils

from scbsim.errors import InputError
from scbsim.kernels.compile import plain_kernels

PROGRAM = Path(scbsim_testing.__file__).with_name("lookups_and_products.py")


def said(asked):
    environment = {**os.environ, "SCBSIM_PLAIN_KERNELS": asked}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


@pytest.mark.slow
def test_the_same_to_the_bit():
    (fast, of_fast), (plain, of_plain) = said("0"), said("1")
    assert (fast, plain) == ("False", "True")
    assert of_fast == of_plain


def test_only_0_and_1_are_allowed(monkeypatch):
    monkeypatch.setenv("SCBSIM_PLAIN_KERNELS", "yes")
    with pytest.raises(InputError, match="SCBSIM_PLAIN_KERNELS is 'yes'; 0 and 1 are allowed"):
        plain_kernels._asked()


def test_what_llvmlite_lacks_is_noticed(monkeypatch):
    assert not plain_kernels._lacking()
    monkeypatch.delattr(cgutils, "get_or_insert_function")
    assert plain_kernels._lacking()
