"""Paths of plots: names, formats, and the check that they can be written."""

import os
from pathlib import Path

import pytest

from scbsim.errors import OutputError
from scbsim.plotting.picture_paths import (
    check_caption,
    check_picture,
    labels,
    picture_beside,
    pictures_in,
)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a/x.h5", "b/y.h5"], ["x", "y"]),
        (["a/x.h5", "b/x.h5"], ["a/x.h5", "b/x.h5"]),
        (["x.h5", "x.h5"], ["x.h5", "x.h5 (1)"]),
        (["lr=0.1", "lr=0.2"], ["lr=0.1", "lr=0.2"]),
        (["lr=0.1.h5"], ["lr=0.1"]),
    ],
)
def test_labels_tell_files_apart(paths, expected):
    assert labels([Path(path) for path in paths]) == expected


@pytest.mark.parametrize(
    ("path", "picture"),
    [("a/run.h5", "a/run.png"), ("lr=0.1", "lr=0.1.png"), ("lr=0.1/run.nc", "lr=0.1/run.png")],
)
def test_the_picture_beside_a_file(path, picture):
    assert picture_beside(Path(path)) == Path(picture)


@pytest.mark.parametrize("name", ["x.foo", "x", "lr=0.1", "x.h5"])
def test_a_format_that_is_not_known(tmp_path, name):
    with pytest.raises(OutputError, match=r"a picture ends in \.png, \.pdf, \.svg"):
        check_picture(tmp_path / name)


def test_what_stands_in_the_way(tmp_path):
    (tmp_path / "figure.png").mkdir()
    with pytest.raises(OutputError, match=r"figure\.png is a folder"):
        pictures_in(tmp_path, "figure")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file is a file, not a folder"):
        check_picture(tmp_path / "file" / "new" / "x.png")
    (tmp_path / "x.png").write_text("mine")
    with pytest.raises(OutputError, match="exists; overwrite=True"):
        check_picture(tmp_path / "x.png", overwrite=False)


def test_what_stands_in_the_way_of_a_caption(tmp_path):
    (tmp_path / "figure.txt").mkdir()
    with pytest.raises(OutputError, match=r"figure\.txt is a folder"):
        pictures_in(tmp_path, "figure")
    (tmp_path / "x.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"x\.txt exists; overwrite=True"):
        check_caption(tmp_path / "x.pdf", overwrite=False)


def test_a_format_that_is_given_twice_is_one_picture(tmp_path):
    assert pictures_in(tmp_path, "x", ["svg", "png", "svg"]) == (
        tmp_path / "x.svg",
        tmp_path / "x.png",
    )


def test_a_folder_that_takes_no_files(tmp_path):
    # Not even root can create a file there.
    with pytest.raises(OutputError, match=r"x\.png cannot be written"):
        check_picture(Path("/proc/x.png"))
    check_picture(tmp_path / "new" / "folder" / "x.svg")
    assert os.listdir(tmp_path) == []
