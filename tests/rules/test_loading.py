"""From a rule's file to a run: its faults, its source in the run's file, and what never runs it."""

import json

import h5py
import numpy as np
import pytest
from scbsim_testing.own_rules import HEAVY, PLAIN, SOFT, rule_file, tables

import scbsim
from scbsim.engines.rule_check import require_sound_rules
from scbsim.engines.select import plan_of
from scbsim.errors import InputError, OutputError
from scbsim.rules.hard import hard
from scbsim.rules.loading import kernel_rule
from scbsim.rules.momentum import momentum
from scbsim.spec.rules import RULES, own_name, rule_record
from scbsim.task import Task

STILL = {"noise": {"model": "none"}}


def refused(rule, **dynamics):
    spec = scbsim.RunSpec.from_dict(tables(rule, [{"steps": 2, "threshold": 0.5}], **dynamics))
    with pytest.raises(InputError) as found:
        require_sound_rules(plan_of(spec, Task.from_spec(spec.task)))
    return str(found.value)


def test_the_rules_of_scbsim_are_their_records():
    for name, function in (("hard", hard), ("momentum", momentum)):
        record, flags = RULES[name], rule_record(function.name)
        for each in ("thresholds", "keeps_zeros", "memory", "returns_to_zero", "projected"):
            assert getattr(record, each) == getattr(flags, each)
        assert kernel_rule(name) is kernel_rule(name)
    assert hard(1.0, 2.0, 0.1, 7.9) == pytest.approx(0.8)
    assert hard(1.0, 2.0, 0.1, 8.1) == 0.0
    assert hard(-1.0, 2.0, 0.1, 11.9) == pytest.approx(-1.2)
    assert momentum(1.0, 2.0, 0.1, 0.0, 3.0) == pytest.approx((1.0 - 0.1 * 4.7, 4.7))


FAULTS = [
    (
        PLAIN.replace("return s", "return s, s"),
        "returns 2 values (a number, a number); it has to return a number, the next s",
    ),
    (
        HEAVY.replace(", memory\n", "\n"),
        "returns a number; it has to return (s, memory), two numbers",
    ),
    (PLAIN.replace("return s", "s = s"), "returns nothing; it has to return a number"),
    (PLAIN.replace("rate *", "unknown *"), "cannot be compiled: "),
    (PLAIN.replace("rate *", "'a' +"), "cannot be compiled: "),
    (PLAIN.replace("rate *", "math.sqrt(s) *"), "returns nan at s = -0.001"),
    (PLAIN.replace("- rate", "+ 1.0 - rate"), "makes an entry of 1 of an entry that is 0"),
    (HEAVY.replace("+ gradient", "+ gradient + 1.0"), "and a memory of 1 of an entry"),
    ("raise RuntimeError('no')\n" + PLAIN, "rules.py fails: RuntimeError in line 6: no"),
    (PLAIN + "own = abs\n", "defines it in one way and changes it in another"),
]


@pytest.mark.parametrize(("body", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_faults_that_show_when_a_run_begins(body, words, tmp_path):
    said = refused(rule_file(tmp_path, body))
    assert said.startswith("the rule own")
    assert words in said


def test_a_wrong_rule_beside_it_is_named(tmp_path):
    other = (
        "@scbsim.rule(keeps_zeros=True)\ndef other(s, gradient, rate, threshold):\n    return s\n"
    )
    said = refused(rule_file(tmp_path, PLAIN + other))
    assert "the rule own" not in said
    assert "rules.py: other says keeps_zeros without threshold" in said


def test_zeros_that_are_not_kept_are_found_where_it_matters(tmp_path):
    rule = rule_file(tmp_path, PLAIN.replace("rule()", "rule(threshold=True, keeps_zeros=True)"))
    said = refused(rule, engine="sparse")
    assert "the rule own says keeps_zeros = True, and makes 0.05 of an entry that is 0" in said
    assert 'take dynamics.engine = "dense"' in said


def test_a_schedule_is_checked_along_the_way(tmp_path):
    """This rule fails at the small rates at the end."""
    rule = rule_file(tmp_path, PLAIN.replace("- rate", "- 0.0 * math.sqrt(rate - 0.05) - rate"))
    given = tables(rule, [{"steps": 10, "rate_A": {"linear": [0.1, 0.01]}}])
    spec = scbsim.RunSpec.from_dict(given)
    with pytest.raises(InputError, match=r"the rule own returns nan at s = .*, rate = 0.01,"):
        require_sound_rules(plan_of(spec, Task.from_spec(spec.task)))


def test_a_changed_file_is_refused_before_its_code_runs(tmp_path):
    path = tmp_path / "ran"
    spec = scbsim.RunSpec.from_dict(tables(rule_file(tmp_path, PLAIN)) | STILL)
    told = own_name(spec.dynamics.rule)
    trap = f"open({str(path)!r}, 'w')\n" + PLAIN.replace("rate *", "2.0 * rate *")
    rule_file(tmp_path, trap)
    with pytest.raises(InputError, match=f"has changed: its sha256 was {told.digest}"):
        scbsim.simulate(spec)
    assert not path.exists()
    (tmp_path / "rules.py").unlink()
    with pytest.raises(InputError, match=r"rules.py cannot be read: No such file"):
        scbsim.simulate(spec)


def test_a_rule_of_a_notebook_stays_in_its_process():
    name = "<ipython-input-3>:own (sha256 0123456789abcdef)"
    with pytest.raises(InputError, match="own was defined in <ipython-input-3>, which another"):
        kernel_rule(name)


def test_auto_chooses_an_engine_whose_law_holds(tmp_path):
    def engine(rule, stages=None, noise="isotropic"):
        given = tables(rule, stages, engine="auto") | {"noise": {"model": noise}}
        spec = scbsim.RunSpec.from_dict(given)
        return plan_of(spec, Task.from_spec(spec.task)).choice.name

    assert engine("momentum") == "dense"
    assert engine(rule_file(tmp_path, PLAIN)) == "dense"
    assert engine("momentum", noise="none") == "population"
    assert engine("hard", [{"steps": 5, "threshold_sigmas": 6.0}]) == "sparse"
    assert engine("hard", [{"steps": 5, "threshold_sigmas": 0.1}]) == "dense"
    assert engine("hard", [{"steps": 5, "rule": "sgd"}, {"steps": 5}]) == "dense"


@pytest.mark.slow
def test_a_file_has_the_source_and_opening_it_runs_no_code(tmp_path, scbsim_command):
    path, ran = tmp_path / "run.h5", tmp_path / "ran"
    body = f"open({str(ran)!r}, 'w')\n" + SOFT
    stages = [{"steps": 20, "threshold": 0.01}]
    given = tables(rule_file(tmp_path, body), stages, engine="sparse")
    run = scbsim.simulate(given, output=path)
    assert ran.exists()
    (tmp_path / "rules.py").unlink()
    ran.unlink()
    with h5py.File(path) as file:
        (text,) = json.loads(file.attrs["provenance"])["rules"].values()
    assert text == "import scbsim\n" + SOFT.strip() + "\n"
    again = scbsim.load(path)
    np.testing.assert_array_equal(run["loss"], again["loss"])
    said = scbsim_command("info", path)
    assert "def own(s," in said.stdout
    assert "sha256" in said.stdout
    assert scbsim_command("plot", path, "-o", tmp_path / "run.png").exit_code == 0
    # Another run starts from it, and the finished one is found to be finished.
    warm = tables("sgd", value="collapsed") | {"init": {"from": str(path)}}
    assert scbsim.simulate(warm).attrs["status"] == "complete"
    assert not ran.exists()


@pytest.mark.slow
def test_a_run_goes_on_with_the_same_source_only(tmp_path):
    path = tmp_path / "run.h5"
    stages = [{"steps": 40, "threshold": 0.01}]
    rule = rule_file(tmp_path, SOFT)
    given = tables(rule, stages, engine="sparse") | {"output": {"checkpoint_seconds": 0.0}}
    whole = scbsim.simulate(given)
    scbsim.simulate(given, output=path, on_block=lambda step, stage, row: True)
    rule_file(tmp_path, SOFT.replace("max(", "1.0 * max("))
    with pytest.raises(OutputError, match=r"dynamics.rule: the source of own in .* has changed"):
        scbsim.simulate(given, output=path, resume=True)
    # With the old text it goes on, in another folder too.
    (tmp_path / "moved").mkdir()
    given = tables(rule_file(tmp_path / "moved", SOFT), stages, engine="sparse")
    given["output"] = {"checkpoint_seconds": 0.0}
    after = scbsim.simulate(given, output=path, resume=True)
    np.testing.assert_array_equal(after["loss"], whole["loss"])
