"""A rule's file on the command line: runs, sweeps, submissions, and what is said of them."""

import json

import pytest
from scbsim_testing.own_rules import PLAIN, SOFT, rule_file

import scbsim as package
from scbsim.spec.rules import own_name

SPEC = """
[task]
N = 4
T = 30
Q = 1
P_concentration = 0.1
[dynamics]
rule = "rules.py:own"
engine = "sparse"
batch_size = 1e5
[[stage]]
steps = 10
threshold = 0.02
"""
SWEEP = SPEC + '[sweep]\nproduct = {"seed" = [0, 1]}\n'


@pytest.fixture
def spec(tmp_path):
    rule_file(tmp_path, SOFT)
    path = tmp_path / "run.toml"
    path.write_text(SPEC)
    return path


def rule_of(path):
    return own_name(json.loads(package.load(path).attrs["spec"])["dynamics"]["rule"])


def test_a_fault_of_a_file_is_a_fault_of_the_spec(scbsim, spec, tmp_path):
    rule_file(tmp_path, PLAIN)
    result = scbsim("run", str(spec), "-o", str(tmp_path / "run.h5"))
    assert result.exit_code == 2
    assert "dynamics.rule: " in result.stderr
    assert "does not say keeps_zeros = True" in result.stderr
    assert not (tmp_path / "run.h5").exists()


def test_a_submission_reads_the_file_and_runs_no_code(scbsim, spec, tmp_path):
    rule_file(tmp_path, "raise RuntimeError\n" + SOFT)
    spec.write_text(SWEEP)
    folder = tmp_path / "jobs"
    result = scbsim("submit", str(spec), "-o", str(folder), "--dry-run")
    assert result.exit_code == 0, result.stderr


@pytest.mark.slow
def test_runs_and_sweeps_have_the_rule_of_the_file(scbsim, spec, tmp_path):
    path = tmp_path / "run.h5"
    assert scbsim("run", str(spec), "-o", str(path)).exit_code == 0
    own = rule_of(path)
    assert (own.name, own.where) == ("own", str(tmp_path / "rules.py"))
    assert scbsim("run", str(spec), "-o", str(path), "--resume").exit_code == 0
    spec.write_text(SWEEP)
    folder = tmp_path / "sweep"
    result = scbsim("sweep", str(spec), "-o", str(folder), "--jobs", "1")
    assert result.exit_code == 0, result.stderr
    assert {rule_of(each) for each in folder.glob("*/run.h5")} == {own}
    # The sweep keeps its source: with another one its folder is not taken for the same sweep.
    rule_file(tmp_path, SOFT.replace("max(", "1.0 * max("))
    result = scbsim("sweep", str(spec), "-o", str(folder), "--jobs", "1")
    assert result.exit_code == 2
    assert "the source of own in" in result.stderr


@pytest.mark.slow
def test_info_prints_the_source_as_it_is_written(scbsim, spec, tmp_path):
    path = str(tmp_path / "run.h5")
    assert scbsim("run", str(spec), "-o", path, "-q").exit_code == 0
    said = scbsim("info", path).output
    assert (
        "\n  def own(s, gradient, rate, threshold):\n      x, limit = s - rate * gradient" in said
    )
    assert "\\x0a" not in said
