"""Where compiled code goes, and that it is found again."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scbsim.kernels
from scbsim.kernels.compile import jit

PACKAGE = Path(scbsim.kernels.__file__).parent

# Compiles a small kernel and says what was in the cache.
PROGRAM = """
import numba
before = numba.config.CACHE_DIR
import numpy as np
from scbsim.kernels.compile import jit
from scbsim.kernels.gaussian.observe import observe
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Value

zeros = np.zeros
A = Attention(
    zeros((2, 9), np.{dtype}), zeros((2, 1)), zeros((2, 1), np.int64), np.ones((2, 1)),
    zeros((2, 2)), zeros((2, 1, 2)), zeros((2, 1)),
)
square = zeros((2, 2))
V = Value(square, square, np.full(2, 0.5**0.5), zeros(2), square, square)
mu = np.full(2, 0.5)
seed = replica = np.uint64(0)
constants = ProblemConstants(mu, 9.0, 0.5, 8 / 9, 0.5, 0.5, 0.5, 0.0, 1.0, seed, replica)
row = np.full(9, np.nan)
observe(A, V, constants, row)
assert np.isfinite(row).all() and row[4] == (8 / 9) ** 0.5, row
assert before == numba.config.CACHE_DIR
stats = observe.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), jit.CACHE_FOLDER)
"""


def start(folder, dtype="float32", program=PROGRAM, **environment):
    names = {"SCBSIM_CACHE_DIR": str(folder), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", program.format(dtype=dtype)],
        env={**os.environ, **names},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-2000:]
    hits, misses, folder = out.split()
    return int(hits), int(misses), folder


def compiled_files(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.suffix in (".nbi", ".nbc"))


@pytest.mark.slow
def test_compiled_once_and_kept_where_the_environment_says(tmp_path):
    before = compiled_files(PACKAGE.parent)
    hits, misses, folder = finish(start(tmp_path))
    assert (hits, misses) == (0, 1)
    assert Path(folder).parent == tmp_path
    kept = compiled_files(tmp_path)
    # What is inlined has no file of its own.
    assert [path.name.split("-")[0] for path in kept] == ["observe.observe"]
    assert all(Path(folder) in path.parents for path in kept)
    assert compiled_files(PACKAGE.parent) == before == []
    stamps = [path.stat().st_mtime_ns for path in kept]
    assert finish(start(tmp_path))[:2] == (1, 0)
    assert [path.stat().st_mtime_ns for path in compiled_files(tmp_path)] == stamps
    # Another type is compiled beside it.
    assert finish(start(tmp_path, "float64"))[:2] == (0, 1)
    assert finish(start(tmp_path, "float64"))[:2] == (1, 0)
    assert finish(start(tmp_path))[:2] == (1, 0)


@pytest.mark.slow
def test_works_without_a_folder_to_write_to(tmp_path):
    a_file = tmp_path / "file"
    a_file.write_text("in the way")
    assert finish(start(a_file / "below")) == (0, 1, "None")
    assert compiled_files(tmp_path) == []


@pytest.mark.slow
def test_numbas_own_folder_serves_too(tmp_path):
    _, misses, folder = finish(start("", NUMBA_CACHE_DIR=str(tmp_path)))
    assert misses == 1
    assert Path(folder).parent == tmp_path


@pytest.mark.parametrize(
    ("names", "base"),
    [
        ({"SCBSIM_CACHE_DIR": "/a", "NUMBA_CACHE_DIR": "/b", "XDG_CACHE_HOME": "/c"}, "/a"),
        ({"NUMBA_CACHE_DIR": "/b", "XDG_CACHE_HOME": "/c"}, "/b"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/d"}, "/c/scbsim"),
        ({"HOME": "/d"}, "/d/.cache/scbsim"),
        ({"SCBSIM_CACHE_DIR": "~/kept", "HOME": "/d"}, "/d/kept"),
        ({"SCBSIM_CACHE_DIR": "", "HOME": "/d"}, "/d/.cache/scbsim"),
    ],
)
def test_the_base_folder(names, base, monkeypatch):
    for name in ("SCBSIM_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert jit.cache_base() == Path(base)


def test_a_relative_folder_is_that_of_the_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCBSIM_CACHE_DIR", "kept")
    assert jit.cache_base() == tmp_path / "kept"


def test_every_source_decides_the_folder(tmp_path, monkeypatch):
    for path in PACKAGE.rglob("*.py"):
        copy = tmp_path / path.relative_to(PACKAGE)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(jit, "__file__", str(tmp_path / "compile" / "jit.py"))
    whole = jit._sources()
    paths = sorted(tmp_path.rglob("*.py"))
    assert {"gaussian", "matched", "batch", "random"} <= {path.parent.name for path in paths}
    for path in paths:
        text = path.read_bytes()
        path.write_bytes(text + b"# edited\n")
        assert jit._sources() != whole, path.name
        path.write_bytes(text)
        assert jit._sources() == whole
    dense = tmp_path / "gaussian" / "dense.py"
    dense.rename(tmp_path / "matched" / "dense.py")
    assert jit._sources() != whole


def test_references_are_counted_only_where_a_kernel_makes_an_array(monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)

    @jit.kernel
    def made(x):
        new = np.empty(x.size)
        for i in range(x.size):
            new[i] = x[i] + 1.0
        return new.sum()

    @jit.kernel
    def read(x):
        return x[0] + x[1]

    x = np.arange(2.0)
    assert (made(x), read(x)) == (3.0, 1.0)
    before = sys.getrefcount(x)
    read(x)
    assert sys.getrefcount(x) == before
    (code,) = made.inspect_llvm().values()
    assert "NRT_MemInfo_alloc" in code
    (code,) = read.inspect_llvm().values()
    assert "NRT" not in code.replace("declare", "")
