"""Keys that are taken away, and keys that take the place of others."""

import pytest
from scbsim_testing.small_specs import SMALL, faults, small
from scbsim_testing.small_sweeps import sweep_text

from scbsim import presets
from scbsim.errors import SpecError
from scbsim.spec import RunSpec
from scbsim.spec.source import read_spec, without_threshold
from scbsim.spec.sweep import Sweep

NOISE = {"model": "isotropic", "sigma_A": 1.0, "sigma_V": 1.0}
FROM_TASK = {"task": {"from": "/t.h5"}, "stage": [{"steps": 5}]}


def made(tables, *overrides):
    return RunSpec.from_dict(tables, overrides=overrides)


def held(spec, key):
    """What a spec has of a dotted key; None if nothing."""
    here = spec.to_dict()
    for part in key.split("."):
        here = here[int(part)] if isinstance(here, list) else here.get(part)
    return here


@pytest.mark.parametrize(
    ("tables", "words", "default"),
    [
        (small(seed=4), "seed=", 0),
        (small(task__seed=4), "task.seed=", 0),
        (small(dynamics__rule="sgd"), "dynamics.rule = ", "prox"),
        (small(init__alpha_A=0.5), "init.alpha_A=", 0.1),
        (small(noise={"model": "none"}, stage=[{"steps": 5, "rule": "sgd"}]), "noise=", NOISE),
        (small(stage__0__rule="sgd"), "stage.0.rule=", None),
        (small(stage__0__until_signal=0.5), "stage.0.until_signal=", None),
        (small(stage__0__threshold=0.5), "stage.0.threshold=", None),
        (small(stage__0__threshold_sigmas=2.0), "stage.00.threshold_sigmas=", 4.0),
        (small(output__every=7), "output.every=", 1),
        (small(sweep={"product": {"seed": [1]}}), "sweep=", None),
    ],
)
def test_an_optional_key_is_taken_away_and_has_its_default(tables, words, default):
    key = words.partition("=")[0].strip().replace("00", "0")
    spec = made(tables, words)
    assert held(spec, key) == default


def test_a_key_that_is_not_there_is_taken_away_without_a_word():
    for words in ("seed=", "stage.0.threshold=", "init.from=", "noise.every=", "output="):
        assert made(SMALL, words) == RunSpec.from_dict(SMALL)


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        ("stage.0.steps=", "stage.0.steps", "missing; [[stage]] needs it"),
        ("task.N=", "task.N", "missing; a random task needs N, T and Q"),
        ("stage=", "stage", "missing; a run needs at least one"),
        ("stage.0=", "stage.0", "a stage cannot be removed"),
        ("stage.1.rate_A=", "stage.1.rate_A", 'there is no stage "1"'),
        ("stage.last.rate_A=", "stage.last.rate_A", 'there is no stage "last"'),
        ("stage.0.rate_a=", "stage.0.rate_a", "did you mean `rate_A`?"),
        ("tsak=", "tsak", "did you mean `task`?"),
        ("nosie.every=", "nosie", "did you mean `noise`?"),
        ("task..N=", "task..N", "is not a key"),
        ("=", "", "is not a key"),
    ],
)
def test_what_cannot_be_taken_away_is_a_plain_fault(words, key, said):
    found = faults(SMALL, words)
    assert list(found) == [key]
    assert said in found[key]


def test_a_table_can_be_begun_anew_after_it_was_taken_away():
    tables = small(noise={"sigma_A": 3.0})
    assert made(tables, "noise=", "noise.sigma_V=2").noise.to_dict()["sigma_A"] == 1.0


PAIRS = [
    (small(stage__0__threshold_sigmas=2.0), "stage.0.threshold=0.5", ["stage.0.threshold_sigmas"]),
    (small(stage__0__threshold=2.0), "stage.0.threshold_sigmas=3.0", ["stage.0.threshold"]),
    (small(stage__0__threshold=2.0), 'stage.0.threshold_sigmas="auto"', ["stage.0.threshold"]),
    (small(), "stage.0.threshold=0.5", ["stage.0.threshold_sigmas"]),
    (small(stage__0__threshold=2.0), "stage.0.rule=sgd", ["stage.0.threshold"]),
    (small(stage__0__threshold_sigmas=2.0), "stage.0.rule=sgd", ["stage.0.threshold_sigmas"]),
    (small(task__P_concentration=0.5), "task.K_P=0.25", ["task.P_concentration"]),
    (small(task__K_P=0.25), "task.P_concentration=0.5", ["task.K_P"]),
    (small(init__alpha_A=1.0, init__alpha_V=1.0), "init.from=/a.h5", ["init.alpha_A"]),
    (small(init={"from": "/a.h5"}), "init.alpha_A=0.5", ["init.from"]),
    (small(init={"from": "/a.h5"}), "init.alpha_V=0.5", ["init.from"]),
    (small(task__seed=3, task__mu="dirichlet"), "task.from=/t.h5", ["task.N", "task.mu"]),
]


@pytest.mark.parametrize(("tables", "words", "gone"), PAIRS)
def test_a_key_takes_the_place_of_those_of_the_file_that_it_excludes(tables, words, gone):
    spec = made(tables, words)
    key, _, value = words.partition("=")
    assert str(held(spec, key)) == value.strip('"')
    assert [held(spec, each) for each in gone] == [None] * len(gone)


def test_sizes_take_the_place_of_a_task_from_a_file():
    spec = made(FROM_TASK, "task.N=5", "task.T=50", "task.Q=2")
    assert (spec.task.N, spec.task.from_) == (5, None)
    assert "a random task needs N, T and Q" in faults(FROM_TASK, "task.N=5")["task.T"]
    assert "not together with `from`" in faults(FROM_TASK, "task.seed=5")["task.seed"]


def test_a_threshold_does_not_take_the_place_of_a_rule():
    tables = small(stage__0__rule="sgd")
    said = faults(tables, "stage.0.threshold=0.5")["stage.0.threshold"]
    assert "has no effect under this stage's own rule" in said


TWO = [
    ("stage.0.threshold=0.5", "stage.0.threshold_sigmas=4", "stage.0.threshold"),
    ("stage.0.threshold=0.5", "stage.00.threshold_sigmas=4", "stage.0.threshold"),
    ("stage.0.threshold=0.5", "stage.0.rule=sgd", "stage.0.threshold"),
    ("task.K_P=0.25", "task.P_concentration=0.5", "task.K_P"),
    ("init.from=/a.h5", "init.alpha_V=0.5", "init.alpha_V"),
    ("task.from=/t.h5", "task.T=100", "task.T"),
]


@pytest.mark.parametrize(("one", "other", "key"), TWO)
def test_two_in_one_place_are_a_fault(one, other, key):
    for overrides in ((one, other), (other, one)):
        assert key in faults(SMALL, *overrides)


def test_two_in_the_file_are_a_fault():
    tables = small(stage__0__threshold=0.5, stage__0__threshold_sigmas=4.0)
    assert "together with threshold_sigmas" in faults(tables)["stage.0.threshold"]
    assert "together with" in faults(tables, "seed=3")["stage.0.threshold"]
    assert made(tables, "stage.0.threshold_sigmas=").stage[0].threshold == 0.5


@pytest.mark.parametrize(("tables", "words", "gone"), PAIRS)
def test_replace_does_the_same(tables, words, gone):
    key, _, value = words.partition("=")
    spec = RunSpec.from_dict(tables).replace(**{key: _number(value)})
    assert spec == made(tables, words)


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text.strip('"')


def test_replace_takes_keys_away():
    spec = RunSpec.from_dict(small(seed=3, stage__0__until_signal=0.5))
    changed = spec.replace(**{"seed": None, "stage.0.until_signal": None})
    assert changed == RunSpec.from_dict(SMALL)
    with pytest.raises(SpecError, match=r"stage\.0\.steps: missing"):
        spec.replace(**{"stage.0.steps": None})


@pytest.mark.parametrize(
    "name", [n for n in presets.names() if n != "sweep" and "boundary" not in n]
)
def test_an_explicit_threshold_replaces_that_of_any_preset(name):
    given = read_spec(name)
    words = [f"stage.{i}.threshold=0.25" for i in range(len(given.stage))]
    words += [f"stage.{i}.rule=prox" for i in range(len(given.stage))]
    if given.dynamics.engine != "softmax":
        spec = read_spec(name, words)
        assert {stage.threshold for stage in spec.stage} == {0.25}
        assert {stage.threshold_sigmas for stage in spec.stage} == {None}


def test_a_phase_diagram_chooses_a_threshold_for_a_stage_whose_own_was_taken_away(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[task]\nN=5\nT=9\nQ=1\n[[stage]]\nsteps=3\nthreshold_sigmas=2.0\n")
    assert without_threshold(str(path)) == []
    words = without_threshold(str(path), ["stage.0.threshold_sigmas="])
    assert words == ['stage.0.threshold_sigmas="auto"']


def test_in_a_sweep(tmp_path):
    path = tmp_path / "s.toml"
    text = sweep_text(engine="dense").replace("steps = 20", "steps = 20\nthreshold_sigmas = 2.0")
    path.write_text(text)
    sweep = Sweep.from_toml(path, ["stage.0.threshold=0.5", "output.every="])
    again = Sweep.from_json(sweep.to_json(), sweep.base_dir)
    for each in (sweep, again):
        spec = each.spec_of(each.runs[0])
        assert (spec.stage[0].threshold, spec.stage[0].threshold_sigmas) == (0.5, None)
    assert len(Sweep.from_toml(path, ["sweep="]).runs) == 1
    path.write_text(text.replace('"seed" = "0:3"', '"stage.0.threshold" = [0.1, 0.2]'))
    with pytest.raises(SpecError, match=r"threshold: together with threshold_sigmas.*every run"):
        Sweep.from_toml(path)
    assert len(Sweep.from_toml(path, ["stage.0.threshold_sigmas="]).runs) == 2
