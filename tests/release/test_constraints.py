"""The oldest and newest supported release of each dependency."""

import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from scbsim_testing.licences import FOR_USERS, ROOT, installed, plain, requirements, used
from scbsim_testing.needs import lacking

WANTED = {plain(each.name): each for name in ("", *FOR_USERS) for each in requirements()[name]}


def pins(age):
    """The version of each package in a file of constraints."""
    lines = (ROOT / "constraints" / f"{age}.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    for each in found:
        assert [part.operator for part in each.specifier] == ["=="], each
    return {plain(each.name): Version(next(iter(each.specifier)).version) for each in found}


def test_the_oldest_are_the_lower_bounds():
    """Those that are tested are those that are promised."""
    oldest = pins("oldest")
    for name, each in WANTED.items():
        (least,) = (part.version for part in each.specifier if part.operator == ">=")
        assert oldest[name] == Version(least), name


def test_the_newest_are_allowed_and_newer():
    newest, oldest = pins("newest"), pins("oldest")
    for name, each in WANTED.items():
        assert each.specifier.contains(newest[name]), name
        assert newest[name] >= oldest[name], name


def test_the_newest_have_all_that_is_installed_with_the_package():
    assert used().keys() - pins("newest").keys() == set()


def test_tests_run_with_the_newest():
    other = {
        name: installed(name).version
        for name, pin in pins("newest").items()
        if installed(name) and Version(installed(name).version) != pin
    }
    if other:
        lacking(f"not with constraints/newest.txt: {other}")


def test_extras_of_tests_ask_for_what_the_users_extras_ask_for():
    for extra in FOR_USERS:
        for each in requirements()[extra]:
            assert str(each) in {str(other) for other in requirements()["test"]}


def test_every_python_is_one_that_can_be_had():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    head = "Programming Language :: Python :: 3."
    minors = [int(line.removeprefix(head)) for line in project["classifiers"] if head in line]
    assert minors == list(range(11, 11 + len(minors)))
    assert project["requires-python"] == ">=3.11"


@pytest.mark.parametrize("script", ["run", "packages"])
def test_scripts_can_be_read_by_the_shell(script):
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / script], check=False).returncode == 0
