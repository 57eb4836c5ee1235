"""Reading files that are good, bad, and not ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import h5py
import pytest
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.errors import OutputError
from scbsim.observables import NAMES
from scbsim.storage.description import describe
from scbsim.storage.hdf5 import open as opening
from scbsim.storage.hdf5.superblock import superblock
from scbsim.storage.runfile.reader import progress


def test_load_gives_what_simulate_gave(done, spec, monkeypatch):
    run = simulate(spec)
    assert_same(load(done), run)
    assert_same(load(str(done)), run)
    monkeypatch.chdir(done.parent)
    assert_same(load(done.name), run)


def test_describe(done, spec):
    said = describe(done)
    assert json.loads(json.dumps(said)) == said
    run = load(done)
    assert said["path"] == str(done)
    assert said["bytes"] == done.stat().st_size
    assert (said["format"], said["schema_version"]) == ("scbsim", "1.0")
    for name in ("run_uuid", "created_utc", "status"):
        assert said[name] == run.attrs[name]
    assert said["rows"] == run.sizes["step"]
    assert said["step"] == int(run["step"][-1])
    assert said["last"] == {name: float(run[name][-1]) for name in NAMES}
    last = {name: float(run[f"normalized_{name}"][-1]) for name in ("step", "count", *NAMES)}
    assert said["normalized"] == {"stage": 1, **last}
    assert [end["reason"] for end in said["stages"]] == ["signal", "steps"]
    assert [end["step"] for end in said["stages"]] == run["stage_end"].values.tolist()
    assert said["spec"] == json.loads(spec.to_json())
    assert said["provenance"]["engine"] == "dense"


def test_describe_before_there_are_rows(copy):
    with h5py.File(copy, "r+") as file:
        file["trajectory/n_committed"][()] = 0
        for group in ("normalized", "stages"):
            for column in file[group].values():
                column.resize((0,))
    said = describe(copy)
    assert (said["rows"], said["step"], said["last"], said["normalized"]) == (0, 0, {}, None)
    assert said["stages"] == []
    assert dict(load(copy).sizes) == {"step": 0, "normalization": 0, "stage_index": 0}


def test_rows_beyond_the_count_are_not_read(copy):
    whole = load(copy)
    with h5py.File(copy, "r+") as file:
        file["trajectory/n_committed"][()] = 5
        file["trajectory/status"][()] = 0
        file["trajectory/loss"].resize((7,))
        file["trajectory/stage"].resize((100,))
    assert_same(load(copy), whole.isel(step=slice(5)).assign_attrs(status="running"))
    assert describe(copy)["rows"] == 5


def test_a_run_that_ends_while_it_is_read_is_not_complete_without_its_rows():
    class Ending(dict):
        def __getitem__(self, name):
            value = super().__getitem__(name)
            self.update(status={(): 1}, n_committed={(): 100})
            return value

    status, count = progress(Ending(status={(): 0}, n_committed={(): 60}))
    assert status == "running" or count == 100


@pytest.mark.parametrize("name", ["step", "alpha_V", "loss"])
def test_a_normalised_row_that_is_being_written_is_not_read(copy, name):
    whole = load(copy)
    with h5py.File(copy, "r+") as file:
        file["normalized"][name].resize((1,))
    assert_same(load(copy), whole.isel(normalization=slice(1)))


def test_a_stage_that_is_being_written_is_not_read(copy):
    whole = load(copy)
    with h5py.File(copy, "r+") as file:
        file["stages/reason"].resize((1,))
    assert_same(load(copy), whole.isel(stage_index=slice(1)))


# Bad files, each with its own plain message.


def refuses(path, match):
    for read in (load, describe):
        with pytest.raises(OutputError, match=match) as caught:
            read(path)
        assert caught.value.exit_status == 2
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_missing_or_a_folder(tmp_path):
    refuses(tmp_path / "none.h5", "does not exist")
    refuses(tmp_path, "is a folder")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"step,alpha_A\n0,0.1\n" * 10, "is not an HDF5 file"),
        (b"\x03" * 100, "is not an HDF5 file"),
        (b"\x89HDF\r\n\x1a\n", "is cut short"),
        (b"\x89HDF\r\n\x1a\nnothing that HDF5 would know of follows", "cannot be read"),
    ],
    ids=["empty", "text", "bytes", "signature", "nonsense"],
)
def test_not_hdf5(content, match, tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(content)
    refuses(path, match)


@pytest.mark.parametrize("libver", ["earliest", ("v110", "v110"), "latest"])
@pytest.mark.parametrize("userblock", [0, 512])
def test_hdf5_of_someone_else(libver, userblock, tmp_path):
    path = tmp_path / "run.h5"
    with h5py.File(path, "w", libver=libver, userblock_size=userblock) as file:
        file["trajectory"] = 1.0
    refuses(path, "is an HDF5 file, but not an output of scbsim")


@pytest.mark.parametrize(("version", "match"), [("2.0", "use a newer one"), ("0.9", "an older")])
def test_another_major_schema(copy, version, match):
    with h5py.File(copy, "r+") as file:
        file.attrs["schema_version"] = version
    refuses(copy, rf"has schema {version}, and this scbsim reads 1\.x: .*{match}")


def test_a_newer_minor_schema_is_read_with_a_warning(copy):
    whole = load(copy)
    with h5py.File(copy, "r+") as file:
        file.attrs["schema_version"] = "1.1"
    with pytest.warns(UserWarning, match="newer than the 1.0 of this scbsim") as caught:
        assert_same(load(copy), whole)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("key", ["trajectory", "trajectory/loss", "task", "stages", "normalized"])
def test_a_part_is_missing(copy, key):
    with h5py.File(copy, "r+") as file:
        del file[key]
    with pytest.raises(OutputError, match="cannot be read"):
        load(copy)


@pytest.mark.parametrize("name", ["schema_version", "spec", "provenance", "run_uuid"])
def test_an_attribute_is_missing(copy, name):
    with h5py.File(copy, "r+") as file:
        del file.attrs[name]
    refuses(copy, "cannot be read")


def test_a_count_that_is_not_kept(copy):
    with h5py.File(copy, "r+") as file:
        file["trajectory/n_committed"][()] = 10**6
    with pytest.raises(OutputError, match="cannot be read"):
        load(copy)


LEFT_BEHIND = """
import os, signal, sys
from scbsim_testing.small_runs import run_spec
from scbsim import simulate
from scbsim.storage.runfile import row_writer as writer
writer._FLUSH_SECONDS = -1.0
blocks = []
def killed():
    blocks.append(1)
    if len(blocks) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
simulate(run_spec(steps=3000), output=sys.argv[1], stop=killed)
"""

READ_ALL = """
import sys
from scbsim import errors, load
for path in sys.argv[1:]:
    try:
        run = load(path)
        print(run.attrs["status"], run.sizes["step"])
    except errors.OutputError as error:
        print(error)
"""


def process(code, *words, **options):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(line, env=environment, capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The file of a writer that was killed."""
    path = tmp_path_factory.mktemp("killed") / "run.h5"
    assert process(LEFT_BEHIND, path).returncode == -9
    return path


@pytest.mark.slow
def test_the_file_of_a_writer_that_was_killed(killed):
    run = load(killed)
    assert run.attrs["status"] == "running"
    n = run.sizes["step"]
    assert n > 10
    assert_same(
        run,
        simulate(run_spec(steps=n - 1))
        .isel(normalization=slice(0), stage_index=slice(0))
        .assign_attrs(status="running"),
    )


@pytest.mark.slow
def test_a_file_that_was_cut_short(done, killed, tmp_path):
    """HDF5 hangs on some of these, or reads zeros, when asked to read along."""
    paths = []
    # Of a writer that was killed, the last page may be short as it is.
    page = killed.parent / "page.h5"
    page.write_bytes(killed.read_bytes()[:-1])
    assert_same(load(page), load(killed))
    for source in (done, killed):
        content = source.read_bytes()
        sizes = (20, 40, 100, 2048, 15000, len(content) // 2, len(content) - 4096, len(content) - 1)
        for size in sizes[:-1] if source == killed else sizes:
            paths.append(tmp_path / f"{source.parent.name}-{size}.h5")
            paths[-1].write_bytes(content[:size])
    ended = process(READ_ALL, *paths, timeout=60)
    assert ended.stderr == ""
    said = ended.stdout.splitlines()
    assert len(said) == len(paths)
    for path, line in zip(paths, said, strict=True):
        assert line.startswith(f"{path} is cut short: {path.stat().st_size} bytes"), line


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_one_may_not_read(copy):
    copy.chmod(0)
    refuses(copy, "Permission denied")


def test_a_writer_that_begins_while_a_file_is_opened_to_be_read(copy, monkeypatch):
    right, before, first = load(copy), superblock(copy), True
    program = "import os, sys; from scbsim.storage.hdf5.write import GrowingFile; "
    program += "file = GrowingFile(sys.argv[1]); os._exit(0)"
    subprocess.run([sys.executable, "-c", program, copy], check=True)
    assert superblock(copy).writing

    def at_first_as_before(path):
        nonlocal first
        was_first, first = first, False
        return before if was_first else superblock(path)

    monkeypatch.setattr(opening, "superblock", at_first_as_before)
    assert load(copy)["alpha_A"].equals(right["alpha_A"])
    assert not first
