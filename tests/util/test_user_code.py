from dataclasses import is_dataclass
from pathlib import Path

import pytest

from scbsim.errors import InputError, OutputError
from scbsim.util.user_code import absolute, given_function, is_reference, load_function

TEXT = "import math\n\n\ndef half(x):\n    return x / 2\n\n\nnumber = 3\n"


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(TEXT)
    return path


def test_a_function_comes_with_the_text_of_its_file(mine):
    found = load_function("mine.py:half", mine.parent)
    assert found.function(3) == 1.5
    assert found.reference == f"{mine}:half"
    assert found.source == TEXT
    assert found == load_function(f"{mine}:half")


def test_another_text_is_run_again_and_has_another_digest(mine):
    before = load_function("mine.py:half", mine.parent)
    mine.write_text(TEXT.replace("x / 2", "x / 4"))
    after = load_function("mine.py:half", mine.parent)
    assert (before.function(4), after.function(4)) == (2.0, 1.0)
    assert before.digest != after.digest


def test_a_file_can_have_classes_that_look_up_their_module(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Pair:\n    a: int\n"
    )
    assert is_dataclass(load_function("mine.py:Pair", tmp_path).function)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("mine.py", "is not a function in a file of Python, FILE.py:NAME"),
        ("mine.txt:half", "FILE.py:NAME"),
        ("mine.py:two words", "FILE.py:NAME"),
        (3, "3 is not a function"),
        ("mine.py:hlaf", "has no function hlaf; did you mean half?"),
        ("mine.py:third", "has no function third; it has half"),
        ("mine.py:number", "number is 3, and not a function"),
    ],
)
def test_what_is_no_function_is_refused(mine, reference, message):
    with pytest.raises(InputError) as caught:
        load_function(reference, mine.parent)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", "fails: SyntaxError in line 1: "),
        ("\nx = 1 / 0\n", "fails: ZeroDivisionError in line 2: division by zero"),
        ("import nowhere\n", "fails: ModuleNotFoundError in line 1: No module named 'nowhere'"),
        ("import sys\nsys.exit(0)\n", "fails: SystemExit in line 2: 0"),
    ],
)
def test_a_file_that_fails_is_refused_with_the_line(mine, text, message):
    mine.write_text(text)
    with pytest.raises(InputError) as caught:
        load_function("mine.py:half", mine.parent)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(mine):
    with pytest.raises(OutputError, match=r"no\.py does not exist"):
        load_function("no.py:f", mine.parent)
    mine.write_bytes(b"x = '\xff\xfe'\n")
    with pytest.raises(InputError, match="cannot be read"):
        load_function("mine.py:half", mine.parent)


def test_a_function_given_in_python_comes_with_its_own_text():
    def twice(x):
        return 2 * x

    found = given_function(twice)
    assert found.source.startswith("def twice(x):")
    assert found.reference == ""


def test_without_a_text_the_code_itself_is_compared():
    made = [eval(text) for text in ("lambda x: x + 1", "lambda x: x + 1", "lambda x: x + 2")]
    one, same, other = map(given_function, made)
    assert one.source == ""
    assert one.digest == same.digest != other.digest


def test_references():
    assert is_reference("a/b.py:f")
    assert not is_reference(".py:f")
    assert absolute("a.py:f", "/x") == "/x/a.py:f"
    assert absolute("/y/a.py:f", "/x") == str(Path("/y/a.py")) + ":f"
