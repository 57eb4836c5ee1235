"""Runs on real batches: resumed to the bit, side by side, from other runs' states, Algorithm 1."""

from __future__ import annotations

import tomllib

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import TASK, assert_same, rows

from scbsim import RunSpec, load, presets, simulate
from scbsim.errors import InputError
from scbsim.observables import NAMES

KINDS = ["batch", "softmax"]


def spec_of(kind, *overrides, rule="sgd", stages=None, precision="float64"):
    tables = {
        "seed": 3,
        "task": TASK,
        "dynamics": {"engine": kind, "batch_size": 40, "rule": rule, "precision": precision},
        "stage": stages or [{"steps": 60, "rate_A": 0.1, "threshold": 0.02}],
    }
    return RunSpec.from_dict(tables, overrides=overrides)


def stages_of(kind):
    """Every rule of a kind, and a normalisation."""
    if kind == "softmax":
        return [{"steps": 25, "normalize_level": 0.01}, {"steps": 15, "rule": "vanilla"}]
    last = {"threshold": 0.01, "steps": 15}
    return [
        {"steps": 25, "until_signal": 0.2, "normalize_level": 0.1},
        {"steps": 10, "rule": "vanilla"},
        {"rule": "denoise", **last},
        {"rule": "prox", "normalize_level": 0.1, **last},
    ]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_goes_on_is_the_same(tmp_path, kind, precision, checked_here):
    spec = spec_of(kind, "output.snapshot_every=9", stages=stages_of(kind), precision=precision)
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    simulate(spec, output=whole)
    for _ in range(40):
        looks = iter([False] * 3 + [True])
        run = simulate(spec, output=parts, resume=True, stop=lambda looks=looks: next(looks))
        if run.attrs["status"] == "complete":
            break
    assert_same(run, load(whole))
    assert run.attrs["engine"] == kind
    with h5py.File(whole) as one, h5py.File(parts) as other:
        for group in ("snapshots", "final"):
            for name, data in one[group].items():
                assert data[()].tobytes() == other[group][name][()].tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_are_single_runs(kind):
    run = simulate(spec_of(kind, "dynamics.replicas=3", stages=stages_of(kind)))
    for r in range(3):
        single = simulate(spec_of(kind, f"dynamics.replica={r}", stages=stages_of(kind)))
        here = run.isel(replica=r).sel(step=single["step"])
        for name in ("stage", *NAMES):
            assert here[name].values.tobytes() == single[name].values.tobytes(), name


def final(path):
    with h5py.File(path) as file:
        return {name: data[0] for name, data in file["final"].items()}


@pytest.mark.parametrize("old", ["dense", "batch", "softmax"])
@pytest.mark.parametrize("new", ["dense", "batch", "softmax"])
def test_a_start_from_another_kind(tmp_path, old, new):
    """Row 0 there is the last row here."""
    path = tmp_path / "old.h5"
    if old == "dense":
        run = simulate(spec_of("dense", "dynamics.batch_size=1e6"), output=path)
    else:
        run = simulate(spec_of(old), output=path)
    words = ["init.from=" + str(path), "stage.0.steps=1"]
    if new == "softmax" and old != "softmax":
        # Linear attention has entries below 0 after some steps of SGD.
        with pytest.raises(InputError, match="below 0"):
            simulate(spec_of(new, *words))
        return
    row = rows(simulate(spec_of(new, *words)))[0]
    assert row == pytest.approx(rows(run)[-1], rel=1e-10, abs=1e-12)


def test_softmax_takes_a_normalised_start(tmp_path):
    path = tmp_path / "old.h5"
    stages = [{"steps": 300, "rate_A": 0.1, "normalize_level": 0.2}]
    run = simulate(spec_of("batch", "dynamics.batch_size=2000", stages=stages), output=path)
    row = rows(simulate(spec_of("softmax", f"init.from={path}")))[0]
    right = [float(run[f"normalized_{name}"][-1]) for name in NAMES]
    assert row == pytest.approx(right, rel=1e-9, abs=1e-9)


def test_sums_that_are_not_1_are_for_the_engine_batch(tmp_path):
    path = tmp_path / "old.h5"
    run = simulate(spec_of("batch", rule="vanilla"), output=path)
    assert np.abs(final(path)["column_sums"] - 1).min() > 1e-6
    sampled = ("noise.model=sampled", "dynamics.batch_size=40")
    for engine, rule, more in (
        ("dense", "sgd", ()),
        ("softmax", "sgd", ()),
        ("sparse", "prox", ()),
        ("collapsed", "sgd", ()),
        ("columns", "sgd", ("noise.model=matched",)),
        ("approximate", "sgd", ("noise.model=matched",)),
        ("sampled", "sgd", sampled),
    ):
        with pytest.raises(InputError, match="sums other than 1"):
            simulate(spec_of(engine, f"init.from={path}", *more, rule=rule))
    row = rows(simulate(spec_of("batch", f"init.from={path}")))[0]
    assert row == pytest.approx(rows(run)[-1], rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_normalising_shows_what_it_will_be(kind):
    stages = [{"steps": 30, "rate_A": 0.1, "normalize_level": 0.1}]
    run = simulate(spec_of(kind, stages=stages))
    once = [float(run[f"normalized_{name}"][0]) for name in NAMES]
    after = simulate(spec_of(kind, stages=[*stages, {"steps": 1, "rate_A": 0, "rate_V": 0}]))
    assert rows(after)[-1] == pytest.approx(once, rel=1e-12, abs=1e-13)


def test_algorithm_1_recovers_the_truth():
    """As the preset has it: SGD until 0.1, then l1 on 64 samples a step."""
    spec = RunSpec.from_dict(tomllib.loads(presets.text("algorithm1")))
    run = simulate(spec, threads=1)
    assert run["stage_reason"].values.tolist() == ["signal", "steps"]
    begin = run.sel(step=int(run["stage_end"][0]))
    assert max(begin["alpha_A"], begin["alpha_V"]) >= 0.1
    # Noise hides the signal by then, and nothing is recovered without the l1 term.
    assert begin["delta_A"] > begin["alpha_A"] * run.attrs["K_Q"] ** 0.5
    for matrix, K, most in (("A", "K_Q", 0.05), ("V", "K_P", 0.15)):
        off = float(run[f"normalized_dist_{matrix}"][-1]) / run.attrs[K] ** 0.5
        assert off < most
    assert int(run["normalized_count"][-1]) == 0
