"""Damaged files: every command ends with 0, 1 or 2 and words, and no resume is silently wrong."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
from scbsim_testing.forks import Forks
from scbsim_testing.mangling import MANGLES, SPEC, boundaries, make, raw
from scbsim_testing.small_runs import rows, run_spec

from scbsim import RunSpec, load, simulate
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.superblock import repair

pytestmark = pytest.mark.slow

HOWS = ("complete", "stopped", "killed")
WITHIN = 60.0
SIDES = (".ckpt", ".ckpt.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mangled")


@pytest.fixture(scope="module")
def files(folder):
    (folder / "spec.toml").write_text(RunSpec.from_dict(SPEC).to_toml())
    return {how: make(folder, how) for how in HOWS}


@pytest.fixture(scope="module")
def whole(files):
    run = load(files["complete"])
    return run["step"].values, rows(run)


@pytest.fixture(scope="module")
def numbers(files, folder):
    """Where each file has numbers, which nothing watches over; everything else has a checksum."""
    found = {}
    for how, path in files.items():
        copy = shutil.copy(path, folder / "copy.h5")
        repair(copy)
        found[how] = np.zeros(copy.stat().st_size, bool)
        for begin, end in raw(copy):
            found[how][begin:end] = True
    return found


@pytest.fixture(scope="module")
def ask(folder):
    """Run a command line, and see that it ends as it should."""
    forks = Forks(folder)

    def run(*words, among=(0, 1, 2), **how):
        status, said = forks(*words, seconds=WITHIN, **how)
        assert status in among, (words, status, said)
        assert "Traceback" not in said, (words, said)
        assert "internal error" not in said, (words, said)
        if status:
            assert 1 <= len(said.strip().splitlines()) <= 4, (words, said)
        return status, said

    yield run
    forks.close()


@pytest.fixture
def trial(files, whole, numbers, ask, folder):
    """Put a spoilt file in a folder of its own and try everything on it."""

    def run(how, spoilt, sides=lambda path: None, **check):
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        path = work / "out.h5"
        path.write_bytes(spoilt)
        for side in SIDES:
            beside = files[how].with_name(files[how].name + side)
            if beside.exists():
                sides(shutil.copy(beside, work / f"out.h5{side}"))
        for command in ("load", "info", "watch"):
            ask(command, path)
        status, said = ask("run", folder / "spec.toml", "-o", path, "--resume", "-q", **check)
        if status:
            assert path.read_bytes() == spoilt, said
            return "refused"
        run = load(path)
        assert run.attrs["status"] == "complete"
        there, exact = run["step"].values, rows(run)
        if aside := list(work.glob("*.corrupt")):
            assert aside[0].read_bytes() == spoilt
            assert f"kept as {aside[0]}" in said
            assert f"begins at step {there[0] - 1}" in said
        else:
            np.testing.assert_array_equal(there, whole[0])
        content = files[how].read_bytes()
        changed = [i for i, (a, b) in enumerate(zip(content, spoilt, strict=False)) if a != b]
        if aside or not numbers[how][changed].any():
            np.testing.assert_array_equal(exact, whole[1][np.isin(whole[0], there)])
        return "part" if aside else "whole"

    return run


def spoil(rng, how, kind, files, numbers):
    content = files[how].read_bytes()
    where = np.flatnonzero(~numbers[how][: len(content)]) if kind == "metadata" else None
    return MANGLES[kind](rng, content, where)


@pytest.mark.parametrize("kind", MANGLES)
@pytest.mark.parametrize("how", HOWS)
def test_a_few(trial, files, numbers, how, kind):
    """With the check as it is outside of tests."""
    for seed in range(2):
        spoilt = spoil(np.random.default_rng(seed), how, kind, files, numbers)
        trial(how, spoilt, cold_check=True)


@pytest.mark.parametrize("kind", MANGLES)
@pytest.mark.parametrize("how", HOWS)
def test_many(trial, files, numbers, how, kind):
    for seed in range(100, 108):
        trial(how, spoil(np.random.default_rng(seed), how, kind, files, numbers))


@pytest.mark.parametrize("how", HOWS)
def test_cut_where_a_structure_begins(trial, files, how):
    content = files[how].read_bytes()
    cuts = boundaries(content)[1:]
    assert len(cuts) > 100
    for cut in cuts[:: len(cuts) // 16]:
        trial(how, content[:cut])


@pytest.mark.parametrize("kind", MANGLES)
def test_spoilt_checkpoints(trial, files, kind):
    """The one before is taken, or the run begins again: the end is the same."""
    for seed in range(4):
        rng = np.random.default_rng(seed)

        def sides(path, rng=rng):
            path.write_bytes(MANGLES[kind](rng, path.read_bytes(), None))

        assert trial("killed", files["killed"].read_bytes(), sides) == "whole"


@pytest.mark.parametrize("name", ["mu", "P", "q_positions", "q_weights"])
def test_a_bit_of_the_task(trial, files, name):
    """A run that went on with another task would be silently wrong."""
    with h5py.File(files["complete"]) as file:
        at = file["task"][name].id.get_chunk_info(0).byte_offset
    content = bytearray(files["stopped"].read_bytes())
    content[at + 6] ^= 1
    assert trial("stopped", bytes(content)) == "part"


def test_a_file_cut_short_is_said_to_be(ask, files, folder, tmp_path):
    for how in HOWS:
        path = tmp_path / f"{how}.h5"
        content = files[how].read_bytes()
        path.write_bytes(content[: len(content) // 2])
        before = path.read_bytes()
        said = ask("run", folder / "spec.toml", "-o", path, "--resume", among=(2,))[1]
        assert f"cannot be resumed (it is cut short: {len(before)} bytes are left of " in said
        assert path.read_bytes() == before


def test_what_is_good_goes_on(trial, files):
    assert [trial(how, files[how].read_bytes()) for how in HOWS] == ["whole"] * 3


def test_no_checkpoint_of_a_good_file(trial, files):
    for how in ("stopped", "killed"):
        whole = trial(how, files[how].read_bytes(), sides=lambda path: path.unlink())
        assert whole == "whole"


def foreign(path):
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(5.0)
        file.attrs["format"] = "another"


def a_task(path):
    task = {"mu": [0.5, 0.5], "P": np.eye(2), "q_positions": [[0], [1]], "q_weights": [[1.0], [1]]}
    with h5py.File(path, "w") as file:
        for name, value in task.items():
            file[name] = value
        file["T"] = 4


FOREIGN = {
    "text": (lambda path: path.write_text("[task]\nN = 5\n"), "not an HDF5 file"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "a signature": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"), "cut short"),
    "zeros": (lambda path: path.write_bytes(bytes(10_000)), "not an HDF5 file"),
    "HDF5": (foreign, "not an output of scbsim"),
    "a task": (a_task, "is a file of a task"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_other_files(ask, files, folder, tmp_path, kind):
    path = tmp_path / "out.h5"
    write, words = FOREIGN[kind]
    write(path)
    content = path.read_bytes()
    # A task is no output, but it can be loaded, and is described.
    for command in ("plot", "watch") if kind == "a task" else ("load", "info", "plot", "watch"):
        said = ask(command, path, among=(2,))[1]
        assert words in said
        assert str(path) in said
    said = ask("run", folder / "spec.toml", "-o", path, "--resume", among=(2,))[1]
    assert "no checkpoint of this run is beside it" in said
    assert "--overwrite starts again" in said
    assert path.read_bytes() == content
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_checkpoint_is_no_output(ask, files, folder, tmp_path):
    path = shutil.copy(files["stopped"].with_name("stopped.h5.ckpt"), tmp_path / "out.h5")
    for command in ("load", "watch"):
        assert "a checkpoint" in ask(command, path, among=(2,))[1]
    assert "a checkpoint" in ask("info", path, among=(0,))[1]
    ask("run", folder / "spec.toml", "-o", path, "--resume", among=(2,))


def with_schema(files, path, version):
    shutil.copy(files["complete"], path)
    with h5py.File(path, "r+") as file:
        put_text(file.attrs, schema_version=version)
    return path


def test_a_newer_major_schema_is_not_read(ask, files, folder, tmp_path):
    path = with_schema(files, tmp_path / "new.h5", "2.0")
    for command in ("load", "info", "plot", "watch"):
        said = ask(command, path, among=(2,))[1]
        assert "has schema 2.0, and this scbsim reads 1.x: use a newer one" in said
    assert "schema 2.0" in ask("run", folder / "spec.toml", "-o", path, "--resume", among=(2,))[1]


def test_a_newer_minor_schema_is_read_with_a_warning(ask, files, folder, tmp_path):
    path = with_schema(files, tmp_path / "new.h5", "1.7")
    for command in ("load", "info", "plot", "watch"):
        assert "schema 1.7, newer than the 1.0 of this scbsim" in ask(command, path, among=(0,))[1]
    assert ask("run", folder / "spec.toml", "-o", path, "--resume", among=(0,))


def test_text_that_is_damaged_does_not_hang(tmp_path):
    """Text of variable length goes to HDF5's global heap, which has no checksum: there is none."""
    path = tmp_path / "run.h5"
    simulate(run_spec(), output=path)
    with h5py.File(path) as file:
        kinds = [
            group.attrs.get_id(name).dtype.kind
            for group in (file, *file.values(), *file["trajectory"].values())
            for name in group.attrs
            if name not in ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST")
        ]
    assert kinds
    assert "O" not in kinds
