import tomllib

import pytest
from scbsim_testing.small_specs import small

from scbsim import RunSpec, presets
from scbsim.errors import InputError, SpecError
from scbsim.spec.source import read_spec, spec_of


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RunSpec.from_dict(small()).to_toml())
    return path


def test_a_file_is_read(spec):
    assert read_spec(str(spec), ["seed=9"]) == RunSpec.from_toml(spec, overrides=["seed=9"])


def test_a_preset_is_read_where_there_is_no_such_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    of_preset = RunSpec.from_dict(tomllib.loads(presets.text("quickstart")))
    assert read_spec("quickstart") == of_preset
    assert read_spec("quickstart", ["stage.0.steps=7"]).stage[0].steps == 7
    (tmp_path / "quickstart").write_text(presets.text("two-stage"))
    assert len(read_spec("quickstart").stage) == 2


def test_a_relative_task_file_is_beside_the_spec(tmp_path):
    (tmp_path / "run.toml").write_text('task.from = "TASK.h5"\n[[stage]]\nsteps = 1\n')
    assert read_spec(str(tmp_path / "run.toml")).task.from_ == str(tmp_path / "TASK.h5")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("quikstart", "did you mean quickstart?"),
        ("nothing.like", "scbsim presets"),
        (".", "folder"),
    ],
)
def test_neither_is_an_error_that_says_what_to_do(source, said):
    with pytest.raises(InputError, match=r"no file|folder") as caught:
        read_spec(source)
    assert said in str(caught.value)


def test_faults_of_overrides_come_together(spec):
    with pytest.raises(SpecError) as caught:
        read_spec(str(spec), ["stage.0.rate_A=-1", "task.N=one"])
    assert {fault.key for fault in caught.value.faults} == {"stage.0.rate_A", "task.N"}


def test_whatever_a_user_has_becomes_a_spec(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    right = RunSpec.from_toml(spec)
    assert spec_of(right) is right
    assert spec_of(right.to_dict()) == right
    assert spec_of(spec) == spec_of(str(spec)) == right
    assert spec_of("quickstart") == RunSpec.preset("quickstart")
    with pytest.raises(InputError, match="42 is not a spec; it takes a RunSpec, a dict"):
        spec_of(42)


def test_a_preset_with_changes():
    spec = RunSpec.preset("quickstart", ["seed=3", "stage.0.steps=7"])
    assert (spec.seed, spec.stage[0].steps) == (3, 7)
    assert spec.replace(**{"seed": 0}).seed == 0
    with pytest.raises(InputError, match="did you mean quickstart"):
        RunSpec.preset("quikstart")
