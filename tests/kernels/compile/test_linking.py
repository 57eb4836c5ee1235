"""Machine code is made of kernels alone, and of each for as few types as there are."""

import gc
import json
import os
import re
import subprocess
import sys

import numba
import numpy as np
import pytest
from numba import prange
from numba.core.compiler import Compiler

from scbsim.kernels.compile import jit, linking


@jit.internal_jit
def squared(x):
    return x * x


@jit.internal_jit
def cubed(x):
    return x * squared(x)


@jit.parallel_jit
def fill(x):
    for i in prange(x.size):
        x[i] = squared(x[i]) + max(i, 1)


@jit.kernel
def root(x):
    fill(x)
    return np.sqrt(squared(x.sum()))


@jit.kernel
def cube(x):
    return cubed(x)


@numba.njit
def of_another(x):
    return squared(x) + cubed(x) + 1.0


@jit.inline_jit
def power(x, n):
    return x**n


@jit.kernel
def powers(x):
    return power(x, 1) + power(x, 2) + power(x, x)


def has_machine_code(function):
    (compiled,) = function.overloads.values()
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) != 0


def test_only_what_python_calls_has_machine_code(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", tmp_path)
    kernel = jit.kernel(root.py_func)
    assert kernel(np.arange(4.0)) == 14.0 + 7.0
    assert has_machine_code(kernel)
    assert not has_machine_code(squared)
    assert not has_machine_code(fill)
    # Others may link what was compiled for a kernel, and what that calls.
    assert jit.kernel(cube.py_func)(2.0) == 8.0
    assert of_another(3.0) == 37.0
    assert has_machine_code(of_another)
    # And a kernel that was kept runs without its pieces.
    again = jit.kernel(root.py_func)
    assert again(np.arange(4.0)) == 14.0 + 7.0
    assert sum(again.stats.cache_hits.values()) == 1


def test_only_what_runs_once_a_call_is_not_optimised(monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    kernel = jit.kernel(powers.py_func)
    kernel(3)
    (code,) = kernel.inspect_llvm().values()
    attributes = dict(re.findall(r"^attributes (#\d+) = (.*)", code, re.MULTILINE))
    defined = re.findall(r"^define .*@(\w+)\(.*(#\d+)", code, re.MULTILINE)
    not_optimised = [name for name, number in defined if "optnone" in attributes[number]]
    assert len(not_optimised) == 1
    assert not_optimised[0].startswith("_ZN7cpython")
    assert "_ZN7cpython" not in "".join({name for name, _ in defined} - {*not_optimised})


def test_what_is_inlined_is_compiled_once_for_all_constants(monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    assert jit.kernel(powers.py_func)(3) == 3 + 9 + 27
    assert len(power.signatures) == 1


@pytest.mark.parametrize("before", [(700, 10, 10), (0, 10, 10), (90_000, 5, 5)])
def test_garbage_is_collected_seldom_while_kernels_compile(before):
    usual = gc.get_threshold()
    gc.set_threshold(*before)
    try:
        with linking._rare_collection():
            assert gc.get_threshold() == ((50_000, *before[1:]) if before[0] == 700 else before)
        assert gc.get_threshold() == before
    finally:
        gc.set_threshold(*usual)


def test_numbas_own_compiler_where_numba_has_changed(monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    monkeypatch.setattr(linking, "_Library", type("Changed", (), {}))
    assert "_get_module_for_linking" in linking._missing()
    kernel = jit.kernel(root.py_func)
    assert kernel._compiler.pipeline_class is Compiler
    assert kernel(np.arange(4.0)) == 14.0 + 7.0


WITHOUT_A_CLASS = """
import numba.core.codegen
del numba.core.codegen.JITCodeLibrary
from scbsim.kernels.compile import jit, linking

assert linking._missing()
double = jit.kernel(lambda x: x + x)
assert double(2.5) == 5.0
"""


def test_a_numba_without_the_class_of_libraries(tmp_path):
    environment = {**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", WITHOUT_A_CLASS], env=environment, check=True)


COUNT = """
import json, sys
from scbsim.run.warmup import warmup
from scbsim.kernels.compile.kernel_cache import KernelCache
warmup()
found = {}
for name, module in list(sys.modules.items()):
    if name.startswith("scbsim.kernels."):
        for value in vars(module).values():
            if isinstance(getattr(value, "_cache", None), KernelCache) and value.signatures:
                found[value.py_func.__name__] = len(value.signatures)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_each_is_compiled_for_the_types_that_it_reads():
    line = [sys.executable, "-c", COUNT]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=900)
    of_precision = dict.fromkeys(("advance_batch", "prepare", "powers_of_bulk", "sum_bulk"), 2)
    of_precision |= dict.fromkeys(("add_samples", "end_round", "step_on_sums"), 2)
    # Of noise that is isotropic, follows the state, or has covariances as well.
    of_levels = {"advance_sparse": 3, "advance": 2, "advance_columns": 2, "advance_approximate": 2}
    # The rules `hard` and `momentum`, and the memory of the latter.
    of_levels["advance_sparse"] += 1
    of_levels |= {
        "advance": 4,
        "advance_matched": 4,
        "advance_dense_sampled": 2,
        "normalize_columns": 3,
        "try_rule": 2,
    }
    of_levels |= {"begin_step": 3, "finish_step": 3, "sum_stepped": 2, "list_stepped": 2}
    once = ("advance_collapsed", "observe_collapsed", "observe", "observe_unconstrained", "draw")
    of_nothing = ("make_tables", "moments", "powers_of_active_set", "set_levels", "advance_sampled")
    entries = (
        "sum_products",
        "sum_draw",
        "sum_directions",
        "sum_kept",
        "directions_at_support",
        "draw_ones",
        "draw_rows",
    )
    joint = ("square_of_target", "set_covariances")
    shares = ("draw_groups", "order_groups", "step_share", "close_gaps", "couple_again")
    of_none = dict.fromkeys((*of_nothing, *once, *joint, *entries, *shares), 1)
    assert json.loads(done.stdout) == {**of_precision, **of_levels, **of_none}
