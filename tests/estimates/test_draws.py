"""Passes over entries that are drawn and not kept, counted in runs and beside the estimate."""

import numpy as np
import pytest

import scbsim
from scbsim import RunSpec, Task
from scbsim.engines import directions, entries, hand_over
from scbsim.engines.select import plan_of
from scbsim.estimates.draws import NOTHING, drawn_by
from scbsim.estimates.first_part import first_part
from scbsim.estimates.steps import steps_of

# Normals of an entry in a pass, beyond the directions that were drawn before.
KERNELS = {
    directions: {"sum_draw": 1, "sum_directions": 0},
    entries: {"sum_kept": 0, "list_kept": 0, "write_entries": 0},
    hand_over: {"sum_products": 1, "sum_stepped": 1, "list_stepped": 1},
}


class Counted:
    """Passes and normals of an entry so far."""

    def __init__(self):
        self.passes = self.normals = 0.0

    def wrapped(self, kernel, name, more, blocks):
        def counted(first, *rest):
            at, span = next((i, each) for i, each in enumerate(rest) if _is_span(each))
            passed = np.ones(span[1] - span[0])
            if name.startswith("list_"):
                # Blocks of which nothing is left are passed over.
                passed = np.diff(rest[at + 1])[slice(*span)] > 0
            share = passed.sum() / blocks
            D = getattr(first, "directions", first)
            self.passes += share
            self.normals += share * (len(D.drawn) + more)
            return kernel(first, *rest)

        return counted


@pytest.fixture
def counted(monkeypatch):
    def count(blocks):
        made = Counted()
        for module, kernels in KERNELS.items():
            for name, more in kernels.items():
                kernel = getattr(module, name)
                monkeypatch.setattr(module, name, made.wrapped(kernel, name, more, blocks))
        return made

    return count


def _is_span(argument):
    return type(argument) is tuple and len(argument) == 2


TASK = {"N": 3, "T": 20_000, "Q": 2}
SGD = {"rule": "sgd", "steps": 40}
PROX = {"rule": "prox", "steps": 30, "threshold_sigmas": 5.0}
MATCHED = {"noise": {"model": "matched"}, "dynamics": {"batch_size": 10**6}}
NOISY = {"dynamics": {"batch_size": 1000}}


def engine(name, tables=None):
    tables = tables or {}
    return {**tables, "dynamics": {**tables.get("dynamics", {}), "engine": name}}


RUNS = {
    "the end": engine("collapsed") | {"stage": [SGD]},
    "the end, few numbers a column": engine("columns", MATCHED) | {"stage": [SGD]},
    "snapshots": engine("collapsed")
    | {"stage": [SGD], "output": {"snapshot_every": 10, "final_state": True}},
    "normalised copies": engine("columns", MATCHED)
    | {"stage": [SGD], "output": {"normalized_every": 8}},
    "both": engine("collapsed")
    | {"stage": [SGD], "output": {"normalized_every": 8, "snapshot_every": 20}},
    "a hand-over": engine("staged") | {"stage": [SGD, PROX]},
    "a hand-over of a state with covariances": engine("staged", MATCHED) | {"stage": [SGD, PROX]},
    "a normalised stage": engine("staged", NOISY)
    | {"stage": [{**SGD, "normalize_level": 0.1}, PROX]},
    "two hand-overs": engine("staged") | {"stage": [SGD, PROX, SGD, PROX]},
    "SGD last": engine("staged") | {"stage": [PROX, SGD, PROX]},
}


@pytest.mark.parametrize("name", list(RUNS))
def test_every_pass_over_the_entries_is_counted(counted, name, tmp_path):
    spec = RunSpec.from_dict({"task": TASK, **RUNS[name]})
    plan = plan_of(spec, Task.from_spec(spec.task))
    first = first_part(plan)
    steps = [each.expected for each in steps_of(plan, first)]
    during, end = drawn_by(plan, steps, first)
    found = counted(TASK["N"] * -(-TASK["T"] // 2048))
    scbsim.simulate(spec, threads=1, output=tmp_path / "run.h5")
    assert during.passes + end.passes == pytest.approx(found.passes, rel=0.1)
    assert during.normals + end.normals == pytest.approx(found.normals, rel=0.1)


def test_engines_that_keep_all_entries_draw_none():
    spec = RunSpec.from_dict({"task": TASK, "stage": [SGD], **engine("dense")})
    assert drawn_by(plan_of(spec, Task.from_spec(spec.task)), [40.0]) == (NOTHING, NOTHING)


@pytest.mark.parametrize("tables", [{}, MATCHED | {"noise": {**MATCHED["noise"], "sigma_A": 0.02}}])
def test_entries_left_by_the_first_step_of_an_l1_rule(monkeypatch, tables):
    listed = []
    step = hand_over.first_step

    def noted(now, sparse, *rest):
        row = step(now, sparse, *rest)
        listed.append(len(sparse.state()["data"]))
        return row

    monkeypatch.setattr(hand_over, "first_step", noted)
    stages = [{"rule": "sgd", "steps": 60}, {**PROX, "threshold_sigmas": 4.0}]
    spec = RunSpec.from_dict({"task": TASK, "stage": stages, **engine("staged", tables)})
    plan = plan_of(spec, Task.from_spec(spec.task))
    first = first_part(plan)
    scbsim.simulate(spec, threads=1)
    known, _ = drawn_by(plan, [60.0, 30.0], first)
    assert 1000 < listed[0] < 59_000
    assert known.listed == pytest.approx(listed[0], rel=0.15)
    assert known.active > known.listed
