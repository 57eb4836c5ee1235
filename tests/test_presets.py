"""The presets: specs that hold, each with a line that says what it is."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from scbsim import presets, simulate
from scbsim.errors import InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.sweep import Sweep
from scbsim.studies.boundary.study import read_study

FIGURE_5 = [(N, rule) for N in (100, 500) for rule in ("l1", "sgd")]


def tables(name: str) -> dict[str, Any]:
    return tomllib.loads(presets.text(name))


def load(name: str) -> RunSpec:
    return RunSpec.from_dict(tables(name))


def test_names():
    figures = {f"figure5-n{N}-{rule}" for N, rule in FIGURE_5}
    figures |= {f"figure1-{run}" for run in ("l1", "sgd-large", "sgd-small")}
    figures |= {"figure2-linear", "figure2-softmax"}
    assert figures | {"large", "quickstart", "sweep", "two-stage"} <= set(presets.names())
    assert presets.names() == sorted(presets.names())


STUDIES = [name for name in presets.names() if "boundary" in tables(name)]
SPECS = sorted({*presets.names()} - {*STUDIES})


@pytest.mark.parametrize("name", SPECS)
def test_a_preset_holds(name):
    sweep = Sweep.from_dict(tables(name))
    assert (len(sweep.runs) > 1) == ("sweep" in tables(name))
    assert all(sweep.spec_of(run).total_steps > 0 for run in sweep.runs)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_boundaries_holds_and_is_no_single_run(name):
    assert len(read_study(tables(name))) > 1
    with pytest.raises(SpecError, match=r"boundary: this is a study of boundaries"):
        load(name)


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_says_what_it_is(name):
    line = presets.describe(name)
    assert presets.text(name).startswith(f"# {line}\n")
    assert 10 < len(line) < 80


def test_a_name_that_is_none():
    with pytest.raises(InputError, match="did you mean quickstart"):
        presets.text("quikstart")
    with pytest.raises(InputError, match="there are algorithm1, boundary-n100, boundary-noise"):
        presets.describe("../../pyproject")


@pytest.mark.parametrize("N", [100, 500])
def test_the_rules_of_figure_5_differ_in_the_rule_alone(N):
    l1, sgd = load(f"figure5-n{N}-l1"), load(f"figure5-n{N}-sgd")
    assert (l1.rule_of(0), sgd.rule_of(0)) == ("prox", "sgd")
    assert l1.replace(**{"dynamics.rule": "sgd"}) == sgd


@pytest.mark.parametrize(("N", "rule"), FIGURE_5)
def test_the_regime_of_figure_5(N, rule):
    spec = load(f"figure5-n{N}-{rule}")
    assert (spec.task.N, spec.task.T, spec.task.Q) == (N, 100_000, 2)
    assert spec.task.P_concentration == {100: 0.02, 500: 0.005}[N]
    assert spec.dynamics.batch_size == 50_000 * N
    assert spec.dynamics.precision == "float32"
    assert (spec.noise.model, spec.noise.sigma_A, spec.noise.sigma_V) == ("isotropic", 1.0, 1.0)
    assert (spec.init.alpha_A, spec.init.alpha_V) == (0.1, 0.1)
    (stage,) = spec.stage
    assert (stage.steps, stage.rate_A, stage.rate_V) == (2000, 0.1, 0.1)
    assert stage.threshold_sigmas == 4.0
    assert spec.output.normalize_level == 0.1


def test_quickstart():
    spec = load("quickstart")
    assert (spec.task.N, spec.task.T, spec.rule_of(0)) == (20, 20_000, "prox")
    assert spec.dynamics.batch_size == 100_000
    assert spec.stage[0].threshold_sigmas == 4.0


def test_a_sweep_is_no_single_run():
    assert len(Sweep.from_dict(tables("sweep")).runs) == 6
    with pytest.raises(SpecError, match=r"sweep: this is a sweep: `scbsim sweep` runs it here"):
        load("sweep")


def test_two_stages():
    spec = load("two-stage")
    assert [spec.rule_of(i) for i in range(2)] == ["sgd", "prox"]
    assert spec.stage[0].until_signal == 0.1
    assert spec.stage[1].normalize_level == 0.1


def test_large():
    spec = load("large")
    assert (spec.task.N, spec.task.T, spec.rule_of(0)) == (100_000, 10**9, "prox")
    assert spec.task.K_P == 0.25


@pytest.mark.slow
def test_large_recovers_the_truth():
    run = simulate(load("large"))
    assert run.attrs["engine"] == "sparse"
    for matrix, K in (("A", "K_Q"), ("V", "K_P")):
        off = float(run[f"normalized_dist_{matrix}"].values[-1]) / run.attrs[K] ** 0.5
        assert off < 0.1
    assert int(run["normalized_count"].values[-1]) == 0
