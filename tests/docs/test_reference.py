"""The reference has every public name, and each says what it takes, returns and raises."""

import inspect
import re

import pytest
from scbsim_testing.pages import DOCS, PAGES, blocks_of, commands_of

import scbsim

PYTHON = (DOCS / "reference" / "python.rst").read_text()
FUNCTIONS = [name for name in scbsim.__all__ if inspect.isfunction(getattr(scbsim, name))]


def test_every_public_name_is_on_the_page():
    shown = re.findall(r":: scbsim\.(\w+)$", PYTHON, re.MULTILINE)
    assert sorted(shown) == sorted(scbsim.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_returns_and_raises(name):
    function = getattr(scbsim, name)
    text = inspect.getdoc(function)
    _, _, taken = text.partition("Parameters\n----------\n")
    heads = re.findall(r"^(\S.*?)(?: :.*)?$", taken.split("\n\n")[0], re.MULTILINE)
    told = {each.strip("*") for head in heads for each in head.split(", ")}
    assert told == set(inspect.signature(function).parameters)
    assert "Raises\n------\n" in text
    returns = inspect.signature(function).return_annotation not in (None, "None")
    assert returns == ("Returns\n-------\n" in text)


def test_the_gallery_has_every_picture_under_its_command():
    text = PAGES["gallery"].read_text()
    shown = re.findall(r"\(images/(\S+)\)\n\n    scbsim", text)
    kept = {path.name for path in (DOCS / "images").glob("*.png")}
    assert sorted(shown) == sorted(kept - set(re.findall(r"images/(tutorial-\S+)\)", TUTORIAL)))
    assert all(commands_of(block) for block in blocks_of(text))


TUTORIAL = PAGES["tutorial"].read_text()


def test_every_page_is_in_the_index():
    index = PAGES["index"].read_text()
    listed = {
        line
        for block in blocks_of(index)
        if block.kind == "{toctree}"
        for line in block.text.splitlines()
        if line and not line.startswith(":")
    }
    pages = [path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md")]
    pages += [path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.ipynb")]
    pages += [path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.rst")]
    assert listed == {str(page) for page in pages} - {"index"}
    examples = (DOCS / "reference" / "examples.rst").read_text()
    assert set(re.findall(r"\.\./examples/(\S+)", examples)) == {
        path.name for path in (DOCS / "examples").iterdir() if path.suffix in (".py", ".toml")
    }
