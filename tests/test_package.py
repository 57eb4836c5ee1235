import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import scbsim

PACKAGE = Path(scbsim.__file__).parent
ROOT = Path(__file__).resolve().parents[1]
SOURCES = {
    ".".join(("scbsim", *path.relative_to(PACKAGE).with_suffix("").parts)): path
    for folder in (PACKAGE, PACKAGE / "cli")
    for path in sorted(folder.rglob("*.py"))
}

NUMERIC = ("h5netcdf", "h5py", "matplotlib", "numba", "numpy", "pandas", "scipy", "xarray")

# Who may import whom: a room imports from those on lower floors, and from itself.
FLOOR = {
    name: floor
    for floor, names in enumerate(
        [
            ["_version", "errors", "observables", "state"],
            ["kernels.allocate", "kernels.types", "presets", "util"],
            ["kernels.compile", "spec", "storage.hdf5"],
            ["kernels.simd", "task"],
            ["kernels.random"],
            ["kernels.matched"],
            ["kernels.gaussian"],
            ["kernels.batch"],
            ["kernels.sampled"],
            ["rules", "sampling"],
            ["engines"],
            ["studies.verify", "trajectory"],
            ["plotting", "storage.runfile"],
            ["storage.checkpoint"],
            ["storage"],
            ["run"],
            ["mpi", "studies"],
            ["studies.figures.figure5", "studies.figures.figures134", "sweep"],
            ["studies.compare", "studies.phase", "studies.transfer"],
            ["studies.boundary"],
            ["estimates"],
            ["benchmark", "cluster", "contents", "studies.figures.figure2"],
            ["report"],
            ["cli"],
            ["__main__"],
        ]
    )
    for name in names
}
ROOMS = sorted(FLOOR, key=len, reverse=True)


def room(module):
    """`scbsim.kernels.simd.sums` is in `kernels.simd`, `scbsim.storage.session` in `storage`."""
    inside = module.removeprefix("scbsim.")
    return next((name for name in ROOMS if f"{inside}.".startswith(f"{name}.")), None)


def imported(path, types=False):
    """Every scbsim module that a file imports, in functions too; for types alone if asked to."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING")
        for line in block.body
        for node in ast.walk(line)
    }
    for node in ast.walk(tree):
        if id(node) in for_types and not types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("scbsim"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import absolutely"
            if node.module and node.module.split(".")[0] == "scbsim":
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    known = whole in SOURCES or f"{whole}.__init__" in SOURCES
                    yield whole if known or node.module == "scbsim" else node.module


def test_imports_point_one_way():
    wrong = []
    for module, path in SOURCES.items():
        if path.name == "__init__.py" and module.count(".") < 3:
            continue
        here = room(module)
        assert here is not None, f"{module} has no floor: add it to FLOOR"
        for other in imported(path):
            there = room(other)
            assert there is not None, f"{module} imports {other}, which has no floor"
            if here != there and FLOOR[there] >= FLOOR[here]:
                wrong.append(f"{module} -> {other}")
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others():
    """For types neither."""
    imports = {
        module: {name for name in imported(path, types=True) if name in SOURCES}
        for module, path in SOURCES.items()
        if path.name != "__init__.py"
    }
    while free := [module for module, names in imports.items() if not names & set(imports)]:
        for module in free:
            del imports[module]
    assert imports == {}


def test_the_walk_sees_imports_in_functions_and_passes_by_those_for_types(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from scbsim.run.simulate import simulate\n"
        "def f():\n    from scbsim.engines import dense\n    import scbsim.spec\n"
    )
    assert set(imported(path)) == {"scbsim.engines.dense", "scbsim.spec"}


def test_what_numba_and_llvmlite_may_change_is_used_in_two_rooms_alone():
    unstable = ("llvmlite", "numba.core", "numba.extending")
    used = set()
    for module, path in SOURCES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            if any(f"{name}.".startswith(f"{each}.") for name in names for each in unstable):
                used.add(room(module))
    assert used == {"kernels.compile", "kernels.simd"}


def test_the_package_list_is_that_of_the_tree():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent for path in SOURCES.values()}
    here = {".".join(("scbsim", *folder.relative_to(PACKAGE).parts)) for folder in folders}
    assert set(listed) == here
    assert listed == sorted(listed)


def test_every_folder_is_a_package():
    for path in SOURCES.values():
        assert (path.parent / "__init__.py").exists()


@pytest.mark.parametrize("folder", ["scbsim", "cli", "tests", "bench"])
def test_no_file_is_long(folder):
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def _many_arguments(text):
    """The functions of a source that take more than seven arguments."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
            # numba gives an intrinsic the context of its types.
            if len([name for name in names if name != "typing_context"]) > 7:
                yield node.name


def test_no_kernel_takes_many_arguments():
    sources = (PACKAGE / "kernels").rglob("*.py")
    many = [(path.name, name) for path in sources for name in _many_arguments(path.read_text())]
    assert many == []
    assert list(_many_arguments("def f(a, b, c, d, e, f, g, h): pass")) == ["f"]


def loaded_by(code):
    """The packages in sys.modules after `code` in a fresh interpreter."""
    report = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


HELP = "from scbsim.cli.main import cli\ncli({words}, prog_name='scbsim', standalone_mode=False)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "besides"),
    [
        ("import scbsim", ("click", "pydantic", "rich")),
        (HELP.format(words=["--help"]), ("pydantic", "rich")),
        (HELP.format(words=["--version"]), ("pydantic", "rich")),
        (HELP.format(words=["run", "--help"]), ("pydantic", "rich")),
        (HELP.format(words=["figure", "--help"]), ("pydantic", "rich")),
        (HELP.format(words=["transfer", "--help"]), ("pydantic", "rich")),
        (HELP.format(words=["verify", "--help"]), ("pydantic", "rich")),
        (HELP.format(words=["compare", "--help"]), ("pydantic", "rich")),
        (HELP.format(words=["sweep", "--help"]), ("pydantic", "rich", "submitit")),
        (HELP.format(words=["submit", "--help"]), ("pydantic", "rich", "submitit")),
        (HELP.format(words=["sample", "--help"]), ("pydantic", "rich")),
        (HELP.format(words=["presets"]), ("pydantic", "rich")),
        ("from scbsim import RunSpec", ("click", "rich")),
        ("import scbsim.run.progress", ("rich",)),
    ],
)
def test_nothing_numeric_is_loaded_before_it_is_needed(code, besides):
    assert loaded_by(code) & {*NUMERIC, *besides} == set()


def test_loaded_by_would_see_numpy():
    assert "numpy" in loaded_by("import numpy")


def test_public_names_are_there_and_an_unknown_one_is_not():
    assert {name for name in scbsim.__all__ if getattr(scbsim, name) is None} == set()
    assert set(dir(scbsim)) == set(scbsim.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'simulator'"):
        _ = scbsim.simulator
