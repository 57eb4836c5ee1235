import tomllib

import pytest

from scbsim import RunSpec, presets


def test_lists_every_preset_with_what_it_is(scbsim):
    lines = scbsim("presets").stdout.splitlines()
    assert [line.split()[0] for line in lines] == presets.names()
    assert all(
        presets.describe(name) in line for name, line in zip(presets.names(), lines, strict=True)
    )


@pytest.mark.parametrize("name", presets.names())
def test_prints_a_preset_to_start_from(scbsim, tmp_path, name):
    result = scbsim("presets", name)
    assert result.stdout == presets.text(name)
    mine = tmp_path / "mine.toml"
    mine.write_text(result.stdout)
    assert RunSpec.from_toml(mine) == RunSpec.from_dict(tomllib.loads(presets.text(name)))


def test_an_unknown_name_is_wrong_input(scbsim, fails):
    assert "figure5-n100-l1" in fails(scbsim("presets", "figure5-n100-l2"), 2)
