import pytest

from scbsim.spec import RunSpec
from scbsim.studies.phase.rules import bare, under

TASK = {"N": 6, "T": 60, "Q": 2}


def tables(*stages, **dynamics):
    spec = RunSpec.from_dict({"task": TASK, "stage": list(stages), "dynamics": dynamics})
    return spec.to_dict()


def rules(found):
    spec = RunSpec(**found)
    return [spec.rule_of(i) for i in range(len(spec.stage))]


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
def test_sgd_everywhere(rule):
    found = tables({"steps": 3, "threshold_sigmas": 2.0}, {"steps": 4, "rule": "prox"}, rule=rule)
    under(found, "sgd")
    assert rules(found) == ["sgd", "sgd"]
    assert "threshold_sigmas" not in found["stage"][0]


def test_the_l1_rules_of_a_spec_stay_as_they_are():
    found = tables({"steps": 3, "rule": "sgd"}, {"steps": 4, "threshold": 0.1}, rule="denoise")
    before = [dict(stage) for stage in found["stage"]]
    under(found, "l1")
    assert rules(found) == ["sgd", "denoise"]
    assert found["stage"] == before


def test_a_spec_without_an_l1_rule_gets_prox():
    found = tables({"steps": 3, "rule": "sgd"}, {"steps": 4, "threshold_sigmas": 3.0}, rule="sgd")
    under(found, "l1")
    assert rules(found) == ["prox", "prox"]
    assert [stage["threshold_sigmas"] for stage in found["stage"]] == ["auto", 3.0]


def test_what_only_a_file_would_want_goes():
    found = tables({"steps": 3, "normalize_level": 0.1}, {"steps": 4, "normalize_level": 0.1})
    found["output"]["snapshot_every"] = 1
    bare(found)
    spec = RunSpec(**found)
    assert [stage.normalize_level for stage in spec.stage] == [0.1, None]
    assert spec.output.snapshot_every == 0
