"""Runs over ranks are those of one process, to the bit and down to the file."""

import json

import numpy as np
import pytest
from scbsim_testing.killing import contents
from scbsim_testing.ranks import beside, ended

import scbsim
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import stages_of
from scbsim.errors import RunFailed
from scbsim.mpi.engine import SharedEngine
from scbsim.mpi.world import World
from scbsim.spec import RunSpec
from scbsim.trajectory.tables import REASONS

L1 = {"threshold_sigmas": 2.5}
RULES = {"sgd": {}, "prox": {"threshold_sigmas": 2.0}, "denoise": L1, "hard": L1}


def tables(rule, precision, N=7, T=5000, value="matrix", steps=40):
    """Two stages, the first of which ends on its signal and normalises; an uneven last block."""
    stage = {"rate_A": 0.1, "rate_V": 0.1, **RULES[rule]}
    first = {**stage, "steps": 200, "until_signal": 0.12, "normalize_level": 0.1}
    return {
        "seed": 5,
        "task": {"N": N, "T": T, "Q": 2, "P_concentration": 0.05, "seed": 2},
        "dynamics": {
            "engine": "dense",
            "rule": rule,
            "precision": precision,
            "batch_size": 1e6,
            "value": value,
        },
        "stage": [first, {**stage, "steps": steps}],
        "output": {"every": 3},
    }


CASES = {
    f"{rule}-{precision}": tables(rule, precision)
    for rule in RULES
    for precision in ("float32", "float64")[: 1 if rule == "hard" else 2]
}
CASES["collapsed-V"] = tables("prox", "float32", value="collapsed")
CASES["many-columns"] = tables("prox", "float32", N=70, T=90)
CASES["diverges"] = {
    **tables("sgd", "float64", T=60),
    "stage": [{"steps": 500, "rate_A": 60.0, "rate_V": 60.0}],
}
SCHEDULE = {
    "rate_A": "0.1 + 0.02*sin(t)",
    "rate_V": "0.12 - t/4000",
    "batch_size": "1e6*(1 + t/50)",
    "threshold_sigmas": "2 + t/300",
}
CASES["scheduled"] = tables("prox", "float32")
CASES["scheduled"]["stage"] = [each | SCHEDULE for each in CASES["scheduled"]["stage"]]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The outputs without MPI, by name."""
    folder = tmp_path_factory.mktemp("alone")
    for name, spec in CASES.items():
        scbsim.simulate(RunSpec.from_dict(spec), output=folder / f"{name}.h5")
    return {name: contents(folder / f"{name}.h5") for name in CASES}


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3])
def test_any_number_of_ranks_writes_the_same_file(size, alone, tmp_path):
    specs = tmp_path / "specs.json"
    specs.write_text(json.dumps(CASES))
    folder = tmp_path / "out"
    folder.mkdir()
    status, said = ended(size, "many_runs.py", specs, folder, size)
    assert status == 0, said
    different = [name for name in CASES if contents(folder / f"{name}.h5") != alone[name]]
    assert different == []
    assert beside(folder / "sgd-float32.h5") == sorted(
        f"{name}.h5" for name in CASES if name != "sgd-float32"
    )


@pytest.mark.slow
def test_the_cases_are_what_they_are_meant_to_be(alone):
    for name, content in alone.items():
        reasons = [REASONS[i] for i in np.frombuffer(content["stages/reason"][2], np.int64)]
        assert reasons == (["diverged"] if name == "diverges" else ["signal", "steps"]), name
        assert content["final/bulk"][0][0] == (0 if name == "diverges" else 1)


def test_one_rank_steps_by_a_schedule_as_the_dense_engine_does():
    world = object.__new__(World)
    world.rank, world.size, world.exchange = 0, 1, lambda *_: None
    spec = RunSpec.from_dict(CASES["scheduled"])
    task = scbsim.Task.from_spec(spec.task)
    noise, stage = NoiseLevels.from_spec(spec, task), stages_of(spec, task)[1]
    options = {"alpha_A": 0.1, "alpha_V": 0.1, "dtype": "float32"}
    shared, dense = SharedEngine(world, task, noise, **options), DenseEngine(task, noise, **options)
    for steps, before in ((4, 3), (5, 7)):
        rows = [engine.advance(stage, steps, before).rows for engine in (shared, dense)]
        np.testing.assert_array_equal(*rows)


def test_ranks_that_disagree_on_V_are_found_out():
    """As of nodes of two kinds: the other rank's V differs in its last bit."""
    world = object.__new__(World)
    world.rank, world.size, world.agreed = 0, 1, False

    def exchange(message, _counts):
        message[0, 0] = np.nextafter(message[0, 0], 1.0)

    spec = RunSpec.from_dict(tables("prox", "float32", T=60))
    task = scbsim.Task.from_spec(spec.task)
    options = {"alpha_A": 0.1, "alpha_V": 0.1, "dtype": "float32"}
    engine = SharedEngine(world, task, NoiseLevels.from_spec(spec, task), **options)
    stage = stages_of(spec, task)[0]
    assert len(engine.advance(stage, 3).rows) == 3
    world.exchange = exchange
    with pytest.raises(RunFailed, match="after step 4 the bits of V differ between ranks"):
        engine.advance(stage, 3)
    assert world.agreed
