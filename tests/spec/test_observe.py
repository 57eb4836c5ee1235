"""The key output.observe."""

import pytest
from scbsim_testing.small_specs import faults, small

from scbsim.spec import RunSpec


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("mine.py:top1", ("/base/mine.py:top1",)),
        (["mine.py:top1", "/other/two.py:mass"], ("/base/mine.py:top1", "/other/two.py:mass")),
        ([], ()),
    ],
)
def test_paths_are_relative_to_the_spec(given, found):
    tables = small(output__observe=given)
    spec = RunSpec.from_dict(tables, base_dir="/base")
    assert spec.output.observe == found
    assert RunSpec.from_json(spec.to_json()) == spec
    assert spec.replace() == spec


def test_in_toml_and_set(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(RunSpec.from_dict(small()).to_toml())
    words = 'output.observe=["mine.py:top1", "mine.py:mass"]'
    spec = RunSpec.from_toml(path, overrides=[words])
    assert spec.output.observe == (f"{tmp_path}/mine.py:top1", f"{tmp_path}/mine.py:mass")
    path.write_text(spec.to_toml())
    assert RunSpec.from_toml(path) == spec
    one = RunSpec.from_toml(path, overrides=["output.observe=mine.py:top1"])
    assert one.output.observe == (f"{tmp_path}/mine.py:top1",)


def test_without_it_a_spec_is_as_before():
    assert "observe" not in RunSpec.from_dict(small()).to_dict()["output"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("mine.py", '"mine.py" is not allowed; it takes FILE.py:NAME, or a list of these'),
        (["mine.py:f", 3], "3 is not allowed; it takes FILE.py:NAME"),
        (["a.py:f", "b.py:f"], "two functions have the name f; each needs one of its own"),
        ("a.py:loss", "loss is an observable that every run has; take another name"),
        ("a.py:step_3", "step_3 is a name that files need for something else"),
        ("a.py:x_axis1", "x_axis1 is a name that files need for something else"),
    ],
)
def test_faults(given, problem):
    found = faults(small(output__observe=given))
    assert list(found) == ["output.observe"]
    assert problem in found["output.observe"]
