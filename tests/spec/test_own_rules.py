"""Rules of a user's own in a spec: their names, their sources, and what is wrong with them."""

import json

import pytest
from scbsim_testing.own_rules import HEAD, HEAVY, PLAIN, SOFT, rule_file, tables

import scbsim
from scbsim import RunSpec
from scbsim.errors import InputError, SpecError
from scbsim.spec.own_rules import rule_name
from scbsim.spec.rule_source import source_in
from scbsim.spec.rules import own_name, rule_record, short_name
from scbsim.spec.sweep import Sweep

HALF = 0.5


@scbsim.rule()
def halved(s, gradient, rate, threshold):
    """Half a step."""
    return s - HALF * rate * gradient


def faults(spec):
    with pytest.raises(SpecError) as found:
        scbsim.RunSpec.from_dict(spec)
    return [str(fault) for fault in found.value.faults]


def test_a_name_says_what_a_reader_needs(tmp_path):
    name = rule_name(rule_file(tmp_path, SOFT))
    own = own_name(name)
    assert (own.where, own.name) == (str(tmp_path / "rules.py"), "own")
    assert own.flags == ("threshold", "keeps zeros")
    assert str(own) == name
    assert rule_name(name) == name
    record = rule_record(name)
    assert (record.thresholds, record.keeps_zeros, record.memory) == (True, True, False)
    assert short_name(name) == "own"
    with_memory = rule_record(rule_name(rule_file(tmp_path, HEAVY)))
    assert (with_memory.thresholds, with_memory.keeps_zeros, with_memory.memory) == (0, 0, 1)


def test_paths_are_relative_to_the_folder_of_the_spec(tmp_path):
    rule_file(tmp_path, PLAIN)
    path = tmp_path / "run.toml"
    stages = [{"steps": 2, "rule": "rules.py:own"}, {"steps": 2}]
    given = tables("rules.py:own", stages)
    spec = scbsim.RunSpec.from_dict(given, base_dir=tmp_path)
    assert spec.rules == (rule_name(f"{path.parent}/rules.py:own"),) * 2
    path.write_text(spec.replace(**{"dynamics.rule": "sgd"}).to_toml())
    again = scbsim.RunSpec.from_toml(path, ["dynamics.rule=rules.py:own"])
    assert again.to_json() == spec.to_json()


def test_a_spec_in_json_needs_no_file(tmp_path):
    spec = scbsim.RunSpec.from_dict(tables(rule_file(tmp_path, SOFT)))
    (tmp_path / "rules.py").unlink()
    assert scbsim.RunSpec.from_json(spec.to_json()) == spec
    assert "own" in str(repr(spec))


def test_an_object_and_its_file_have_one_name():
    assert rule_name(halved) == rule_name(f"{__file__}:halved")
    assert scbsim.RunSpec.from_dict(tables(halved)).dynamics.rule == halved.name
    assert halved(1.0, 2.0, 0.1, 0.0) == 0.9
    assert halved.source.startswith("import scbsim\nHALF = 0.5\n@scbsim.rule()\ndef halved")


def test_the_source_is_the_function_and_what_it_uses():
    body = (
        "A = 1.0\nB = 2.0\nC = 3.0\n\n@numba.njit\ndef helper(x):\n    return x * B\n\n"
        "def other(x):\n    return C\n" + PLAIN.replace("- rate", "- A * helper(rate)")
    )
    source = source_in(HEAD + body, "own")
    for part in ("A = 1.0", "B = 2.0", "def helper", "@numba.njit", "import numba\n", "def own"):
        assert part in source.text
    for part in ("C = 3.0", "def other", "import math"):
        assert part not in source.text

    def digest(text):
        return source_in(HEAD + text, "own").digest

    assert digest(body.replace("C = 3.0", "C = 4.0")) == source.digest
    assert digest(body.replace("B = 2.0", "B = 4.0")) != source.digest
    assert digest(body.replace("return x * B", "return B * x")) != source.digest


FAULTS = [
    (PLAIN.replace("@scbsim.rule()", ""), "own has no decorator @scbsim.rule"),
    (PLAIN.replace("own", "mine"), "there is no function own at the top of the file; it has"),
    (PLAIN.replace(", threshold", ""), "own has 3 arguments; it has to take"),
    (PLAIN.replace("threshold)", "threshold=1)"), "own has defaults or arguments with"),
    (PLAIN.replace("rule()", "rule(thresh=True)"), "has thresh=True; it takes threshold,"),
    (PLAIN.replace("rule()", "rule(threshold=x)"), "has threshold=x; it takes threshold,"),
    (PLAIN.replace("rule()", "rule(keeps_zeros=True)"), "keeps_zeros without threshold"),
    (PLAIN.replace("rule()", "rule(memory=True)"), "says memory = True and has 4 arguments"),
    (
        HEAVY.replace("rule()", "rule(threshold=True, keeps_zeros=True)"),
        "says keeps_zeros and has memory",
    ),
    ("from os import getpid\n" + PLAIN.replace("rate *", "getpid() *"), "uses getpid of os."),
    (PLAIN.replace("return", "print(s)\n    return"), "calls print in line 9"),
    (PLAIN.replace("return", "assert s\n    return"), "assert in line 9, which cannot end a run"),
    (
        "def sure(x):\n    if x > 9.0:\n        raise ValueError\n    return x\n\n\n"
        + PLAIN.replace("rate *", "sure(rate) *"),
        "raise in line 8, which cannot end a run",
    ),
    ("import numpy as np\n" + PLAIN.replace("rate *", "np.random.random() *"), "uses numpy.random"),
    ("from numpy.random import rand\n" + PLAIN.replace("rate *", "rand() *"), "uses numpy.random"),
    (
        PLAIN.replace("return", "with numba.objmode(x='float64'):\n        x = s\n    return"),
        "uses numba.objmode",
    ),
    ("def own(:\n", "the file is not Python"),
    (PLAIN + f"    # {'x' * 30_000}\n    return 0.0\n", "characters; up to 20000"),
]


@pytest.mark.parametrize(("body", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_faults_of_a_file(body, words, tmp_path):
    (found,) = faults(tables(rule_file(tmp_path, body)))
    assert found.startswith("dynamics.rule: ")
    assert words in found


def test_faults_of_a_name(tmp_path):
    (found,) = faults(tables("pox"))
    assert "takes sgd, prox, denoise, vanilla, hard, momentum, or FILE.py:NAME" in found
    assert 'did you mean "prox"?' in found
    (found,) = faults(tables(str(tmp_path / "none.py:own")))
    assert "none.py cannot be read: No such file" in found
    (found,) = faults(tables("sgd", [{"steps": 2, "rule": 3}]))
    assert found.startswith("stage.0.rule: 3 is not allowed")


@pytest.mark.parametrize(
    ("engine", "noise", "words"),
    [
        ("collapsed", "isotropic", "is a function of single entries"),
        ("columns", "matched", "is a function of single entries"),
        ("approximate", "matched", "is a function of single entries"),
        ("sampled", "sampled", "is a function of single entries"),
        ("staged", "isotropic", "knows the first step of prox and denoise alone"),
        ("sparse", "isotropic", "so no entry can be left out"),
    ],
)
def test_engines_whose_law_would_not_hold_refuse(engine, noise, words):
    for rule in ("momentum", halved):
        given = tables(rule, engine=engine) | {"noise": {"model": noise}}
        assert any(words in fault for fault in faults(given))


def test_a_refusal_has_the_whole_file_and_all_engines_that_take_the_rule(tmp_path):
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    rule = rule_file(folder, SOFT)
    (found,) = faults(tables(rule, engine="collapsed"))
    assert f'"{rule}"' in found
    assert found.endswith("dynamics.engine can be auto, dense, sparse, batch, population")
    assert "sha256" not in found
    (found,) = faults(tables("momentum", engine="sparse"))
    assert "has memory, so no entry can be left out" in found
    assert found.endswith("can be auto, dense, batch, softmax, population")
    (found,) = faults(tables(rule_file(tmp_path, PLAIN), engine="sparse"))
    assert "does not say keeps_zeros = True" in found


def test_a_rule_that_no_stage_uses_is_not_looked_at():
    stages = [{"steps": 2, "rule": "sgd"}]
    sampled = {"noise": {"model": "sampled"}}
    assert RunSpec.from_dict(tables("prox", stages, engine="sampled") | sampled).rule_of(0) == "sgd"
    (found,) = faults(tables("prox", engine="sampled") | sampled)
    assert "needs entries, of which this engine keeps those on the support alone" in found


def test_softmax_refuses_thresholds(tmp_path):
    given = tables("hard", [{"steps": 2, "threshold": 0.1}], engine="softmax")
    assert any("makes entries 0" in fault for fault in faults(given))


def test_a_threshold_without_effect_is_a_fault(tmp_path):
    rule = rule_file(tmp_path, PLAIN)
    (found,) = faults(tables("sgd", [{"steps": 2, "rule": rule, "threshold": 0.1}]))
    assert found.startswith("stage.0.threshold: has no effect")
    spec = scbsim.RunSpec.from_dict(tables("prox"))
    assert spec.replace(**{"stage.0.rule": rule}).stage[0].threshold_sigmas is None


def test_a_sweep_keeps_the_sources_that_it_began_with(tmp_path):
    rule_file(tmp_path, SOFT)
    given = tables("rules.py:own") | {
        "sweep": {"product": {"dynamics.rule": ["prox", "rules.py:own"], "seed": [0, 1]}}
    }
    sweep = Sweep.from_dict(given, tmp_path)
    name = rule_name(f"{tmp_path}/rules.py:own")
    rule_file(tmp_path, PLAIN)
    again = Sweep.from_json(sweep.to_json(), str(tmp_path))
    for each in (sweep, again):
        assert [each.spec_of(run).dynamics.rule for run in each.runs] == ["prox"] * 2 + [name] * 2
        assert [run.name for run in each.runs][2].startswith("dynamics.rule=rules.py_own,seed=0")
    assert json.loads(sweep.to_json())["dynamics"]["rule"] == name


def test_the_decorator_refuses_what_it_cannot_keep():
    factor = 2.0

    with pytest.raises(InputError, match="uses factor of the function around it"):

        @scbsim.rule()
        def around(s, gradient, rate, threshold):
            return s - factor * gradient

    space = {"scbsim": scbsim}
    with pytest.raises(InputError, match="the source of own cannot be read"):
        exec(PLAIN, space)
    with pytest.raises(InputError, match="is no plain function"):
        scbsim.rule(3)
    with pytest.raises(InputError, match="has no decorator"):
        scbsim.rule(tables)


def test_a_rule_that_uses_a_threshold_has_to_say_so(tmp_path):
    """Else it would run with a threshold of 0."""
    unsaid = SOFT.replace("threshold=True, keeps_zeros=True", "")
    assert unsaid != SOFT
    (problem,) = faults(tables(rule_file(tmp_path, unsaid)))
    assert "own uses its threshold, and without threshold=True that is 0" in problem
