"""Collecting many runs, large runs and damaged ones, onto disks of any size."""

import os
import shutil
import subprocess
import sys
from collections import Counter

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.needs import lacking
from scbsim_testing.small_sweeps import collected, ended_here, ran

from scbsim import load
from scbsim.errors import InputError, OutputError, RunFailed
from scbsim.observables import NAMES
from scbsim.sweep import collect as collecting
from scbsim.sweep import members, netcdf
from scbsim.sweep.collect import collect
from scbsim.sweep.netcdf import chunks

SEEDS = 'product = {"seed" = "0:4"}'


@pytest.mark.slow
def test_a_copy_is_made_unless_links_are_asked_for(tmp_path):
    folder = ran(tmp_path, SEEDS)
    shapes = {}
    for name, words in {
        "plain": (),
        "copy": ("--copy",),
        "link": ("--link",),
    }.items():
        assert ended_here("collect", "d", "-o", f"{name}.h5", *words, cwd=tmp_path)[0] == 0
    collect(folder, tmp_path / "python copy.h5", copy=True)
    collect(folder, tmp_path / "python link.h5", copy=False)
    for path in tmp_path.glob("*.h5"):
        with h5py.File(path) as file:
            shapes[path.stem] = file["loss"].is_virtual
    assert shapes == {
        "plain": False,
        "copy": False,
        "link": True,
        "python copy": False,
        "python link": True,
    }
    with pytest.raises(InputError, match="exclude each other"):
        collect(folder, tmp_path / "no.h5", copy=True, link=True)


def test_more_links_than_readers_may_open_are_refused(tmp_path, monkeypatch):
    folder = ran(tmp_path, SEEDS)
    monkeypatch.setattr(collecting, "MOST_LINKED", 3)
    with pytest.raises(InputError, match=r"4 runs cannot be linked, 3 at the most: .*are copied"):
        collect(folder, tmp_path / "all.h5", link=True)
    assert not (tmp_path / "all.h5").exists()
    collect(folder, tmp_path / "all.h5")


@pytest.mark.parametrize(("kept", "times"), [(2**23, [1] * 4), (0, [2] * 4), (300, [1, 2, 2, 2])])
def test_a_file_is_opened_once_or_twice_if_it_is_large(tmp_path, monkeypatch, kept, times):
    monkeypatch.setattr(members, "_KEPT", kept)
    folder = ran(tmp_path, SEEDS)
    opened: Counter[str] = Counter()
    original = h5py.File.__init__

    def count(self, name, *args, **options):
        opened[str(getattr(name, "name", name))] += 1
        original(self, name, *args, **options)

    monkeypatch.setattr(h5py.File, "__init__", count)
    collect(folder, tmp_path / "all.h5")
    assert [opened[str(folder.output(run))] for run in folder.sweep.runs] == times


@pytest.mark.slow
@pytest.mark.parametrize(
    "table",
    [
        'product = {"stage.0.steps" = [40, 10, 33], "seed" = "0:3"}',
        'product = {"dynamics.replicas" = [4, 1], "output.every" = [1, 7]}',
    ],
)
@pytest.mark.parametrize(("block", "chunk"), [(7, 5), (2**20, 100), (3, 2**16), (1, 1)])
def test_blocks_and_chunks_of_any_size_give_the_same(tmp_path, monkeypatch, table, block, chunk):
    folder = ran(tmp_path, table)
    collect(folder, tmp_path / "at once.h5")
    monkeypatch.setattr(members, "_KEPT", 0)
    monkeypatch.setattr(members, "_BLOCK", block)
    monkeypatch.setattr(netcdf, "_CHUNK", chunk)
    collect(folder, tmp_path / "all.h5")
    xr.testing.assert_identical(collected(tmp_path / "all.h5"), collected(tmp_path / "at once.h5"))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1200, 11), (1200, 11)),
        ((20, 100_000), (1, 50_000)),
        ((3, 5, 11, 4), (3, 5, 11, 4)),
        ((4, 40_000, 30), (1, 2_106, 30)),
        ((7, 1000, 100), (1, 500, 100)),
        ((5, 0), None),
        ((), None),
    ],
)
def test_chunks_are_of_values_that_follow_one_another(shape, expected):
    assert chunks(shape) == expected


@pytest.mark.parametrize("chunk", [2**16, 100, 7])
@pytest.mark.parametrize(
    "table",
    [
        'product = {"stage.0.steps" = [3000, 10], "seed" = "0:3"}',
        'product = {"dynamics.replicas" = [4, 1]}',
    ],
)
def test_as_much_space_is_reserved_as_the_columns_take(tmp_path, monkeypatch, table, chunk):
    monkeypatch.setattr(netcdf, "_CHUNK", chunk)
    folder = ran(tmp_path, table)
    collect(folder, tmp_path / "all.h5")
    _, survey = collecting._survey(folder, link=False)
    copied, _ = collecting._columns(survey, link=False)
    assert len(copied) == 22
    shape = tuple(len(each.values) for each in folder.sweep.dimensions)
    with h5py.File(tmp_path / "all.h5") as file:
        for column in copied:
            data = file[column.name]
            checksums = 4 * data.id.get_num_chunks()
            assert (
                column.bytes_needed(shape, survey.members) == data.id.get_storage_size() - checksums
            )


def without_a_column(output):
    with h5py.File(output, "r+") as file:
        del file["normalized/loss"]


def without_numbers(output):
    with h5py.File(output, "r+") as file:
        del file["trajectory/dist_V"]
        file["trajectory/dist_V"] = np.array([b"no"] * 21)


def without_a_task(output):
    with h5py.File(output, "r+") as file:
        del file["task"]


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [2**16, 5])
@pytest.mark.parametrize("kept", [2**23, 0])
@pytest.mark.parametrize("damage", [without_a_column, without_numbers, without_a_task])
def test_a_run_that_cannot_be_read_to_its_end_is_left_out(
    tmp_path, damage, kept, chunk, monkeypatch
):
    monkeypatch.setattr(members, "_KEPT", kept)
    monkeypatch.setattr(netcdf, "_CHUNK", chunk)
    folder = ran(tmp_path, SEEDS)
    damage(folder.output(folder.sweep.runs[1]))
    with pytest.raises(OutputError, match=r"1 of 4 runs is not finished: seed=1 \(failed\)"):
        collect(folder, tmp_path / "all.h5")
    assert sorted(os.listdir(tmp_path)) == ["d", "s.toml"]
    [left_out] = collect(folder, tmp_path / "all.h5", partial=True)
    assert left_out.run.name == "seed=1"
    assert "seed=1/run.h5 cannot be read" in left_out.note
    found = collected(tmp_path / "all.h5")
    assert found["status"].values.tolist() == [1, 3, 1, 1]
    for name in NAMES:
        assert found[name].notnull().any("step").values.tolist() == [True, False, True, True]
    assert (found["stage"].sel(seed=1) == -1).all()
    code, said = ended_here("collect", "d", "-o", "more.h5", "--partial", cwd=tmp_path)
    assert code == 0
    assert f"left out: seed=1 (failed): {left_out.note}" in said


def test_a_run_that_is_replaced_meanwhile_is_left_out(tmp_path, monkeypatch):
    folder = ran(tmp_path, SEEDS)
    monkeypatch.setattr(members, "_KEPT", 0)
    paths = [folder.output(run) for run in folder.sweep.runs]
    original = collecting.Copies.add

    def add(self, member):
        shutil.copyfile(paths[2], paths[1])
        original(self, member)

    monkeypatch.setattr(collecting.Copies, "add", add)
    [left_out] = collect(folder, tmp_path / "all.h5", partial=True)
    assert left_out.note == f"{paths[1]} was replaced by another run meanwhile"


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 60 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        lacking("mounting a small disk takes Linux and root")
    if subprocess.run(line, check=False, capture_output=True).returncode:
        lacking("no disk may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_without_room_is_named_before_anything_is_written(tmp_path, tiny_disk):
    folder = ran(tmp_path, SEEDS)
    code, said = ended_here("collect", "d", "-o", "disk/all.h5", cwd=tmp_path)
    assert code == 1
    assert said.startswith(f"Error: {tiny_disk}/all.h5")
    assert os.listdir(tiny_disk) == []
    with pytest.raises(RunFailed):
        collect(folder, tiny_disk / "all.h5", link=True)


def test_a_folder_is_no_file_to_write(tmp_path):
    folder = ran(tmp_path, SEEDS)
    with pytest.raises(OutputError, match="d is a folder"):
        collect(folder, folder.path, overwrite=True)


@pytest.mark.slow
def test_a_folder_whose_name_is_no_text_is_copied_and_not_linked(tmp_path):
    odd = tmp_path / os.fsdecode(b"r\xe9s")
    odd.mkdir()
    folder = ran(odd, SEEDS)
    collect(folder, tmp_path / "all.h5")
    found = load(tmp_path / "all.h5")
    assert found["file"].values[0] == r"r\xe9s/d/seed=0/run.h5"
    assert found["alpha_A"].notnull().all()
    with pytest.raises(InputError, match="cannot be linked to: names of files are kept as UTF-8"):
        collect(folder, tmp_path / "view.h5", link=True)
    collect(folder, odd / "view.h5", link=True)
    assert load(odd / "view.h5")["alpha_A"].equals(found["alpha_A"])
