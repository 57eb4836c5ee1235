"""The check of the source distribution and of the wheel finds what is wrong with them.

`.ci/packages` makes both and holds this check against them.
"""

import io
import re
import tarfile
import zipfile

import pytest
from scbsim_testing.distributions import (
    ALONE,
    MADE,
    ROOT,
    documentation,
    main,
    package_files,
    sdist_faults,
)

NAME = "scbsim-0.1.0"
SDIST = package_files() | documentation() | ALONE["sdist"] | MADE["sdist"]
WHEEL = package_files() | {f"{NAME}.dist-info/{name}" for name in MADE["wheel"]}


def pack(folder, sdist=SDIST, wheel=WHEEL):
    with tarfile.open(folder / f"{NAME}.tar.gz", "w:gz") as archive:
        for name in sorted(sdist):
            archive.addfile(tarfile.TarInfo(f"{NAME}/{name}"), io.BytesIO())
    with zipfile.ZipFile(folder / f"{NAME}-py3-none-any.whl", "w") as archive:
        for name in sorted(wheel):
            archive.writestr(name, "")


def test_data_and_commands_are_in_the_package():
    names = package_files()
    assert {"scbsim/estimates/rates.json", "scbsim/report/page.js", "scbsim/py.typed"} <= names
    assert {"scbsim/presets/quickstart.toml", "scbsim/cli/entry.py"} <= names
    assert {
        "scbsim/benchmark/peers/dense_step_float64.c",
        "scbsim/benchmark/peers/dense_rules.h",
        "scbsim/benchmark/peers/dense_words.h",
        "scbsim/kernels/simd/sums.py",
    } <= names


def test_the_pages_that_the_readme_links_to_are_beside_it():
    text = (ROOT / "README.md").read_text()
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text))
    assert len(linked) > 15
    assert {each for each in linked if (ROOT / each).is_file()} <= SDIST
    assert {each for each in linked if not (ROOT / each).exists()} == set()


def test_those_that_are_whole_pass(tmp_path, capsys):
    pack(tmp_path)
    assert main(tmp_path) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("lost", "word"),
    [
        ("scbsim/estimates/rates.json", "is missing"),
        ("scbsim/cli/entry.py", "is missing"),
        ("tests/test_package.py", "should not be there"),
        ("bench/conftest.py", "should not be there"),
        ("scbsim/__pycache__/state.cpython-311.pyc", "should not be there"),
    ],
)
def test_what_is_lost_or_too_much_is_named(tmp_path, capsys, lost, word):
    pack(tmp_path, SDIST ^ {lost}, WHEEL ^ {lost})
    assert main(tmp_path) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2] for line in said] == [f"{lost} {word}"] * 2


def test_the_commands_are_files_and_no_link(tmp_path):
    with tarfile.open(tmp_path / f"{NAME}.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo(f"{NAME}/scbsim/cli")
        link.type, link.linkname = tarfile.SYMTYPE, "../cli"
        archive.addfile(link)
    assert f"{NAME}/scbsim/cli is a link" in sdist_faults(tmp_path / f"{NAME}.tar.gz")


def test_a_folder_with_one_of_them_alone(tmp_path):
    pack(tmp_path)
    (tmp_path / f"{NAME}.tar.gz").unlink()
    assert main(tmp_path) == 1
