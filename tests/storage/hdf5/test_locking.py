"""HDF5's own lock, which some network file systems refuse, is never asked for."""

import ast
import fcntl
from pathlib import Path

import scbsim
from scbsim.spec import RunSpec

OPENS = ("h5py.File", "WrittenFile")
IN_MEMORY = ("image", "content")
WITHOUT = "_opened(path, h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ)"


def test_a_file_that_another_has_locked_is_read(tmp_path):
    path = tmp_path / "run.h5"
    task = {"N": 4, "T": 30, "Q": 2}
    spec = RunSpec.from_dict({"task": task, "stage": [{"steps": 3}]})
    run = scbsim.simulate(spec, output=path)
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert scbsim.load(path).identical(run)
        again = RunSpec.from_dict({**spec.to_dict(), "task": {"from": str(path)}})
        assert scbsim.Task.from_spec(again.task).N == 4


def test_no_file_is_opened_with_it():
    found = []
    for source in Path(scbsim.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(source.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in OPENS:
                what = ast.unparse(call)
                in_memory = ast.unparse(call.args[0]) in (*IN_MEMORY, WITHOUT)
                found.append((what, in_memory or "locking=False" in what))
    assert len(found) >= 5
    assert [what for what, right in found if not right] == []
