"""Names and contents of files that are made to deceive, or were not made for us.

None is an internal error, and control characters in them are shown written out.
"""

import json
import os
import shutil

import h5py
import pytest
from scbsim_testing.warm_cli import warm_cli

import scbsim as package
from scbsim.errors import OutputError

ODD = "\x1b[31m\x07\x9b\u202e"
DEEP = "[" * 1500 + "]" * 1500


def clean(result):
    for text in (result.stdout, result.stderr):
        assert text.replace("\n", "").isprintable()
        assert "internal error" not in text
    return result


@pytest.fixture
def odd(done, tmp_path):
    """Make a copy of a finished run with other attributes."""

    def make(**attributes):
        path = tmp_path / "odd.h5"
        shutil.copy(done, path)
        with h5py.File(path, "r+", locking=False) as file:
            for name, value in attributes.items():
                if value is None:
                    del file.attrs[name]
                else:
                    file.attrs[name] = value
        return path

    return make


def with_texts(done):
    """Attributes with control characters wherever there is text."""
    with h5py.File(done, "r", locking=False) as file:
        spec = json.loads(file.attrs["spec"])
        provenance = json.loads(file.attrs["provenance"])
    spec["task"]["mu"] = spec["dynamics"][f"key{ODD}"] = ODD
    provenance |= {"engine": f"dense{ODD}", "engine_why": ODD, f"key{ODD}": {"a": [ODD]}}
    texts = dict.fromkeys(("created_utc", "code_version", "run_uuid"), f"some{ODD}")
    return {"spec": json.dumps(spec), "provenance": json.dumps(provenance), **texts}


@pytest.mark.slow
@pytest.mark.parametrize("words", ["info", "info --json", "watch", "plot -o odd.png"])
def test_texts_of_a_file_are_written_out(words, odd, done, scbsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *options = words.split()
    result = clean(scbsim(command, odd(**with_texts(done)), *options))
    assert result.exit_code == 0
    if words == "info":
        assert r"some\x1b[31m\x07\x9b\u202e" in result.stdout


@pytest.mark.slow
def test_names_of_files_are_written_out(done, spec, scbsim, tmp_path):
    path = tmp_path / f"run{ODD}.h5"
    shutil.copy(done, path)
    shown = r"run\x1b[31m\x07\x9b\u202e"
    for words in (
        ["info", path],
        ["plot", path],
        ["watch", path],
        ["run", spec, "-o", path, "--resume"],
        ["run", spec, "-o", path],
        ["run", path, "-o", tmp_path / "other.h5"],
        ["status", path],
    ):
        result = clean(scbsim(*words))
        if words[0] != "watch":
            # Long lines are folded.
            assert shown in (result.stdout + result.stderr).replace("\n", "")


@pytest.mark.parametrize("name", ["spec", "provenance"])
@pytest.mark.parametrize("content", [None, "", "[]", "null", "{", DEEP, "[" * 800 + "]" * 800, 1.5])
def test_a_table_that_is_none(name, content, odd, scbsim, fails):
    path = odd(**{name: content})
    for words in (["info", path], ["plot", path], ["watch", path]):
        assert "cannot be read" in fails(scbsim(*words), 2)
    with pytest.raises(OutputError, match="cannot be read"):
        package.load(path)


@pytest.mark.parametrize("provenance", ["{}", '{"engine": 1}'])
def test_a_start_from_a_file_of_no_engine(provenance, odd, spec, scbsim, fails, tmp_path):
    start = ["--set", f"init.from={odd(provenance=provenance)}"]
    said = fails(scbsim("run", spec, "-o", tmp_path / "run.h5", *start), 2)
    assert "names no engine" in said
    assert not (tmp_path / "run.h5").exists()


@pytest.mark.parametrize("content", ["{}", '{"dynamics": {}, "stage": []}'])
def test_a_spec_that_is_none(content, odd, scbsim, fails):
    assert "is no spec of a run" in fails(scbsim("plot", odd(spec=content)), 2)


def test_observables_that_are_no_numbers(odd, scbsim, fails):
    path = odd()
    with h5py.File(path, "r+", locking=False) as file:
        del file["normalized/sim_V"]
        file["normalized/sim_V"] = [b"much"]
    assert "cannot be read" in fails(scbsim("info", path), 2)


DOTS = ".".join("a" * 1500)
SPECS = {
    "lists": f"x = {DEEP}",
    "tables": "x = " + "{a = " * 1500 + "1" + "}" * 1500,
    "dotted": f"{DOTS} = 1",
    "heading": f"[{DOTS}]\na = 1",
    "task": f"[task.{'.'.join('a' * 400)}]\na = 1",
    "sweep": f"[sweep.{'.'.join('a' * 400)}]\na = 1",
}


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("command", ["run", "sweep", "phase"])
def test_a_spec_that_is_nested_too_deep(kind, command, scbsim, fails, tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text(SPECS[kind] + "\n")
    axes = ["--x", "task.T=10,20", "--y", "seed=0:2"] if command == "phase" else []
    said = fails(scbsim(command, path, "-o", tmp_path / "made", *axes), 2)
    assert "nested too deep" in said


@pytest.mark.parametrize("words", [f"{DOTS}=1", f"task.{DOTS}=1", f"task.N={DEEP}", f"seed={ODD}"])
def test_a_key_that_is_nested_too_deep(words, spec, scbsim, fails, tmp_path):
    result = clean(scbsim("run", spec, "-o", tmp_path / "made", "--set", words))
    assert len(fails(result, 2)) < 400


@pytest.mark.parametrize("content", [DEEP, "[" * 800 + "]" * 800, '{"a":' * 800 + "1" + "}" * 800])
def test_a_spec_as_json_that_is_nested_too_deep(content):
    with pytest.raises(package.errors.SpecError):
        package.RunSpec.from_json(content)


@pytest.mark.parametrize("path", [".", "..", "/"])
def test_a_folder_is_no_run(path, scbsim, fails):
    for command in ("plot", "watch"):
        assert "is a folder" in fails(scbsim(command, path), 2)


@pytest.mark.slow
def test_names_that_are_not_utf_8(spec, tmp_path):
    name, folder = os.fsdecode(b"caf\xe9"), os.fsdecode(b"r\xe9s")
    (tmp_path / "sweep.toml").write_text(spec.read_text() + '[sweep]\nproduct = {"seed" = "0:2"}\n')
    for words, said in (
        (f"run {spec} -o {name}.h5", r"caf\xe9.h5"),
        (f"info {name}.h5", r"caf\xe9.h5"),
        (f"plot {name}.h5", r"caf\xe9.png"),
        (f"sweep sweep.toml -o {folder} --jobs 2", r"r\xe9s"),
        (f"status {folder}", r"r\xe9s"),
        (f"collect {folder} -o {name}-all.h5", r"caf\xe9-all.h5"),
    ):
        result = warm_cli()(*words.split(), cwd=tmp_path)
        assert result.status == 0, result.err
        assert said in result.out
    assert (tmp_path / f"{name}.png").exists()


@pytest.mark.slow
def test_pictures_of_names_with_points(done, scbsim, tmp_path):
    for name in ("rate=0.1", "rate=0.2", "some.h5", "noend"):
        shutil.copy(done, tmp_path / name)
        assert scbsim("plot", tmp_path / name).exit_code == 0
    made = sorted(path.name for path in tmp_path.glob("*.png"))
    assert made == ["noend.png", "rate=0.1.png", "rate=0.2.png", "some.png"]
