"""Captions: every number in them is that of the spec that was run."""

import json

import pytest

import scbsim
from scbsim.plotting.caption import caption, save_caption, settings
from scbsim.plotting.spec_facts import facts_of_spec

TABLES = {
    "seed": 7,
    "task": {"N": 6, "T": 61, "Q": 2, "P_concentration": 0.07, "seed": 3},
    "dynamics": {"rule": "prox", "batch_size": 123_000, "replicas": 3, "engine": "dense"},
    "noise": {"model": "isotropic", "sigma_A": 0.5, "sigma_V": 0.25},
    "init": {"alpha_A": 0.15, "alpha_V": 0.2},
    "stage": [
        {"steps": 1001, "rule": "sgd", "rate_A": 0.01, "rate_V": 0.02, "until_signal": 0.3},
        {"steps": 4, "rate_A": 0.03, "rate_V": 0.03, "threshold": 0.004},
    ],
}


def test_facts_are_those_of_the_spec():
    facts = facts_of_spec(scbsim.RunSpec.from_dict(TABLES).to_dict())
    assert facts == [
        "N = 6",
        "T = 61",
        "Q = 2",
        "concentration 0.07 of the transitions",
        "batch size 123,000",
        "isotropic Gaussian noise with sigma_A = 0.5 and sigma_V = 0.25",
        "a start at alpha_A = 0.15 and alpha_V = 0.2",
        "stage 1: at most 1,001 steps of SGD, at rate_A = 0.01 and rate_V = 0.02, "
        "until a signal of 0.3",
        "stage 2: 4 steps of the proximal l1 method, at rate 0.03, threshold 0.004",
    ]


def test_what_varies_is_left_out():
    table = scbsim.RunSpec.from_dict(TABLES).to_dict()
    keys = ("task.T", "dynamics.batch_size", "noise.sigma_V", "stage.1.threshold", "dynamics.rule")
    text = "; ".join(facts_of_spec(table, without=keys))
    for word in ("T =", "batch", "sigma_V", "0.004", "proximal"):
        assert word not in text
    assert "sigma_A = 0.5" in text


def test_stages_that_are_alike_keep_their_numbers():
    stage = {"steps": 5, "rate_A": 0.1, "rate_V": 0.2}
    table = scbsim.RunSpec.from_dict(TABLES | {"stage": [stage, stage]}).to_dict()
    text = "; ".join(facts_of_spec(table))
    assert text.count("stage 1: 5 steps") == text.count("stage 2: 5 steps") == 1
    text = "; ".join(facts_of_spec(table, without=["stage.1.rate_A"]))
    assert text.count("rate_A = 0.1") == 1


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"noise.model": "none"}, "no noise"),
        ({"noise.model": "matched"}, "Gaussian noise with the levels of the task's own"),
        ({"stage.1.threshold": None, "stage.1.threshold_sigmas": 3.5}, "threshold 3.5 sigmas"),
        ({"stage.1.rate_A": "0.1/(1 + t/100)"}, "rate_A = 0.1/(1 + t/100) and rate_V = 0.03"),
    ],
)
def test_other_specs(keys, words):
    spec = scbsim.RunSpec.from_dict(TABLES).replace(**keys)
    assert words in "; ".join(facts_of_spec(spec.to_dict()))


def test_real_batches_have_samples_and_no_noise():
    table = TABLES | {"dynamics": {"engine": "batch", "batch_size": 32}}
    del table["noise"]
    text = "; ".join(facts_of_spec(scbsim.RunSpec.from_dict(table).to_dict()))
    assert "real batches of 32" in text
    assert "noise" not in text


def test_the_population_process_has_no_noise_and_no_batches():
    table = TABLES | {"dynamics": {"engine": "population", "rule": "sgd"}, "noise": {}}
    table["stage"] = [{"steps": 4}]
    facts = facts_of_spec(scbsim.RunSpec.from_dict(table).to_dict())
    assert "the population process, which has no noise" in facts
    assert not [fact for fact in facts if "batch" in fact or "Gaussian" in fact]
    run = scbsim.simulate(scbsim.RunSpec.from_dict(table))
    assert "of the noise" not in settings({"run": run})


def test_stages_have_batch_sizes_of_their_own():
    dynamics = TABLES["dynamics"] | {"replicas": 1}
    sizes = ({"batch_size": 64}, {"batch_size": "1000*(1 + t)"})
    stages = [{"steps": 4, **size} for size in sizes]
    table = scbsim.RunSpec.from_dict(TABLES | {"stage": stages, "dynamics": dynamics}).to_dict()
    text = "; ".join(facts_of_spec(table))
    assert "123,000" not in text
    assert "stage 1: 4 steps of the proximal l1 method, batch size 64, at rate" in text
    assert "batch size 1000*(1 + t)" in text
    assert "batch size 64" not in "; ".join(facts_of_spec(table, without=["stage.0.batch_size"]))
    table = TABLES | {"stage": [stages[0], {"steps": 4}], "dynamics": dynamics}
    text = "; ".join(facts_of_spec(scbsim.RunSpec.from_dict(table).to_dict()))
    assert "batch size 123,000; " in text
    assert "batch size 64, at" in text


def run_of(**keys):
    spec = scbsim.RunSpec.from_dict(TABLES | {"stage": [{"steps": 4, "rule": "sgd"}]})
    return scbsim.simulate(spec.replace(**keys))


def test_what_runs_share_is_said_once():
    runs = {"slow": run_of(), "fast": run_of(**{"stage.0.rate_A": 0.5})}
    text = settings(runs)
    assert text.count("N = 6") == text.count("seed 7 of the noise, replicas 0 to 2") == 1
    assert "slow: 4 steps of SGD, at rate 0.1." in text
    assert "fast: 4 steps of SGD, at rate_A = 0.5 and rate_V = 0.1." in text
    text = settings({f"N = 6, {name}": run for name, run in runs.items()})
    assert "slow with N = 6: 4 steps" in text


def test_a_plot_has_its_caption(tmp_path):
    run = run_of()
    figure = scbsim.plot(run, only="alpha_A")
    assert figure.caption.startswith("Signal of the attention matrix; against steps.")
    assert "bands span 10 to 90% of the replicas" in figure.caption
    assert f"scbsim {json.loads(run.attrs['provenance'])['scbsim']}" in figure.caption
    path = save_caption(figure.caption, tmp_path / "x.pdf")
    assert path == tmp_path / "x.txt"
    assert path.read_text() == figure.caption


def test_control_characters_do_not_reach_a_terminal():
    assert "\x1b" not in caption("a\x1b[31m", "b")
