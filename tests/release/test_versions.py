"""The version stands in several places, and is the same in each."""

import re
from datetime import date
from importlib.metadata import version

import yaml
from scbsim_testing.licences import ROOT

import scbsim

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
SECTIONS = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)


def test_the_version_is_the_same_everywhere():
    unreleased, newest = SECTIONS[:2]
    assert unreleased == "Unreleased"
    found = re.fullmatch(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)", newest)
    assert found, newest
    assert scbsim.__version__ == found[1]
    assert CITATION["version"] == found[1]
    assert CITATION["date-released"] == date.fromisoformat(found[2])


def test_what_is_installed_is_of_this_version():
    assert version("scbsim") == scbsim.__version__


def test_the_citation_names_the_paper_and_the_licence():
    """`.ci/packages` checks the file against the schema of the format."""
    assert CITATION["license"] == "MIT"
    assert CITATION["authors"]
    identifiers = [each["value"] for each in CITATION["references"][0]["identifiers"]]
    assert identifiers == ["arXiv:2410.23438"]
