"""Pages of the documentation by their titles."""

from pathlib import Path

import pytest

from scbsim.util.pages import TITLES, by_title

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", TITLES)
def test_titles_are_those_of_the_pages(name):
    head = (ROOT / "docs" / f"{name}.md").read_text().partition("\n")[0]
    assert head == f"# {TITLES[name]}"


def test_a_text():
    assert by_title("See (docs/mpi.md, 2).") == (
        'See ("One run on many machines" in the documentation, 2).'
    )
