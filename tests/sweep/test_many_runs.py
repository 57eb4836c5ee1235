"""What a sweep of very many runs costs: never the square of their number."""

from time import process_time

import pytest
from scbsim_testing.small_specs import small
from scbsim_testing.small_sweeps import sweep_text

from scbsim import simulate
from scbsim.errors import SpecError
from scbsim.spec.base import Values
from scbsim.spec.ranges import parse_range
from scbsim.spec.run import RunSpec
from scbsim.spec.sweep import Sweep
from scbsim.spec.tables import TaskSpec
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import states


def swept(**product):
    return Sweep({**small(), "sweep": {"product": product}})


def seconds(work):
    """The least that a piece of work took of the processor."""
    took = []
    for _ in range(3):
        began = process_time()
        work()
        took.append(process_time() - began)
    return min(took)


def opened(tmp_path, n):
    folder = SweepFolder.made(tmp_path / f"of {n}", swept(seed=f"0:{n}"))
    return lambda: SweepFolder.open(folder.path)


def listed(tmp_path, n):
    words = "task.T=" + ",".join(map(str, range(1, n + 1)))
    return lambda: parse_range(words)


@pytest.mark.slow
@pytest.mark.parametrize("work", [opened, listed])
def test_ten_times_the_runs_cost_about_ten_times_as_much(tmp_path, work):
    few, many = (seconds(work(tmp_path, n)) for n in (2_000, 20_000))
    assert many < 30 * few


@pytest.fixture
def made(monkeypatch):
    """The runs whose specs were made."""
    names = []
    original = Sweep.spec_of

    def spec_of(self, run):
        names.append(run.name)
        return original(self, run)

    monkeypatch.setattr(Sweep, "spec_of", spec_of)
    return names


def test_only_runs_that_were_begun_have_their_specs_made(tmp_path, made):
    path = tmp_path / "s.toml"
    path.write_text(sweep_text('product = {"stage.0.steps" = "10:13", "seed" = "0:100"}'))
    folder = SweepFolder.made(tmp_path / "d", Sweep.from_toml(path))
    begun = folder.by_name["stage.0.steps=11,seed=3"]
    folder.prepared(begun)
    simulate(folder.sweep.spec_of(begun), output=folder.output(begun))
    made.clear()
    found = states(SweepFolder.open(folder.path))
    assert made == [begun.name]
    assert [each.total for each in found] == [10] * 100 + [11] * 100 + [12] * 100
    assert [each.run.name for each in found if each.state == "complete"] == [begun.name]


def test_steps_are_those_of_the_spec():
    table = {"stage.0.steps": [5, 1e3], "stage.1.steps": [7], "stage.1.rate_A": [0.1, 0.2]}
    for sweep in (swept(**table), swept(seed=[1, 2]), Sweep(small())):
        sweep.check()
        for run in sweep.runs:
            assert sweep.total_steps(run) == sweep.spec_of(run).total_steps


def test_steps_of_a_spec_that_does_not_hold_are_its_faults():
    sweep = Sweep({**small(stage__0__steps="many"), "sweep": {"product": {"seed": [0, 1]}}})
    with pytest.raises(SpecError, match=r"stage\.0\.steps"):
        sweep.total_steps(sweep.runs[1])


def test_seeds_are_checked_by_their_smallest_and_largest(made):
    sweep = swept(**{"task.N": [4, 5], "seed": "0:5000", "task.seed": [3, 1, 2]})
    sweep.check()
    assert len(made) == 2 * 2 * 2


@pytest.mark.parametrize("key", ["seed", "task.seed"])
@pytest.mark.parametrize("wrong", [-1, 2**64, 0.5, True, "one"])
def test_a_seed_that_is_none_is_found_among_many(key, wrong):
    values = list(range(5, 300))
    values.insert(100, wrong)
    with pytest.raises(SpecError) as caught:
        swept(**{key: values, "task.N": [4, 5]}).check()
    [fault] = caught.value.faults
    assert fault.key == key
    assert "and 1 other)" in fault.problem


@pytest.mark.parametrize("table", [RunSpec, TaskSpec])
def test_no_check_reads_a_seed_together_with_another_key(table):
    read = set()

    class Watched(Values):
        def __getitem__(self, key):
            read.add(key)
            return super().__getitem__(key)

    spec = RunSpec.from_dict(small())
    plain = spec.to_dict() if table is RunSpec else spec.task.to_dict()
    held = Watched(table.sound(table.prepared(plain), ()))
    for check in table.checks:
        list(check(held))
    assert read
    assert "seed" not in read


def test_of_runs_that_differ_in_seeds_one_spec_is_made(made):
    sweep = swept(**{"task.N": [4, 5], "seed": "0:50", "task.seed": [3, 1]})
    made.clear()
    texts = [sweep.spec_json(run) for run in sweep.runs]
    assert len(made) == 2
    assert texts == [sweep.spec_of(run).to_json() for run in sweep.runs]


def test_a_spec_as_json_is_that_of_its_run_in_any_order():
    # Values that are equal to Python, and not the same.
    sweep = swept(**{"output.final_state": [True, False], "seed": [1, 2.0], "task.T": [60, 70]})
    for run in [*sweep.runs, *reversed(sweep.runs)]:
        assert sweep.spec_json(run) == sweep.spec_of(run).to_json()


def test_a_spec_as_json_that_does_not_hold_is_its_faults():
    sweep = Sweep({**small(stage__0__rate_A=-1), "sweep": {"product": {"seed": [0, 1]}}})
    for run in sweep.runs:
        with pytest.raises(SpecError, match=r"stage\.0\.rate_A"):
            sweep.spec_json(run)
