"""The file of the hosted CI: it can be read, and what it runs is there."""

import os
import re
import tomllib

import yaml
from scbsim_testing.licences import ROOT, requirements

FILE = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
JOBS = FILE["jobs"]
PYTHONS = JOBS["other-pythons"]["strategy"]["matrix"]["python"]


def commands(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_it_runs_on_pushes_and_requests():
    # YAML reads the key `on` as true.
    assert FILE[True].keys() == {"push", "pull_request"}
    assert FILE["permissions"] == {"contents": "read"}


def test_everything_is_run_once_where_slurm_can_be_started():
    job = JOBS["everything"]
    assert commands(job) == ["bash .ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert job["container"]["image"] == "debian:12"
    assert job["container"]["options"] == "--shm-size=2g"


def test_the_pythons_are_those_of_the_classifiers_but_for_the_first():
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    head = "Programming Language :: Python :: 3."
    minors = [line.removeprefix(head) for line in lines if head in line]
    assert ["3.11", *PYTHONS] == [f"3.{minor}" for minor in minors]


def test_the_quick_tests_are_run_as_in_ci():
    install, test = commands(JOBS["other-pythons"])
    extras = re.fullmatch(r"python -m pip install -e '\.\[(\w+)\]'", install)
    assert extras[1] in requirements()
    assert test in (ROOT / ".ci" / "run").read_text()


def test_every_step_is_a_command_or_an_action_of_a_version():
    for job in JOBS.values():
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            assert "run" in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]), step


def test_the_packages_are_a_step_of_everything():
    assert re.search(r"^\.ci/packages ", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert os.access(ROOT / ".ci" / "packages", os.X_OK)
