"""What a run takes, beside what was estimated."""

import json
from dataclasses import replace

import pytest
from scbsim_testing.made_up_rates import made_up
from scbsim_testing.measured_runs import RUNS, measured_run

import scbsim
from scbsim import RunSpec, Task
from scbsim.benchmark.around import around
from scbsim.benchmark.fit import fitted
from scbsim.benchmark.steps import Case, timed
from scbsim.engines.select import plan_of
from scbsim.errors import InputError
from scbsim.estimates.many import total_of_sweep
from scbsim.estimates.one import SURE, UNSURE, estimate
from scbsim.estimates.rates import keep_rates, machine_rates, rates_path
from scbsim.estimates.slurm import memory_option, slurm_line, time_option
from scbsim.estimates.steps import steps_of
from scbsim.estimates.work import work_of
from scbsim.spec.sweep import Sweep

SMALL = {
    "task": {"N": 5, "T": 60, "Q": 2},
    "stage": [{"steps": 100, "threshold_sigmas": 4.0}],
}
WITHIN_TIME, WITHIN_MEMORY = 1.25, 1.10


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("scbsim.kernels.compile.jit.CACHE_FOLDER", tmp_path)
    return tmp_path


def test_the_time_is_the_sum_of_its_parts():
    found = estimate(SMALL, rates=made_up(0.5))
    assert found.engine == "sparse"
    assert found.steps == 100
    assert found.step_seconds == pytest.approx(0.5)
    assert found.parts["steps"] == pytest.approx(50.0)
    assert found.seconds == pytest.approx(sum(found.parts.values()))
    assert found.seconds == pytest.approx(52.0, abs=0.5)
    low, high = found.seconds_range
    assert low == pytest.approx(found.seconds / SURE)
    assert high == pytest.approx(found.seconds * SURE)
    assert found.memory == found.memory_of_run + 1e8
    assert json.loads(json.dumps(found.to_dict()))["checkpoints_bytes"] == 0


def test_a_long_run_has_both_checkpoints_and_a_third_while_it_is_written():
    disk = estimate(SMALL, rates=made_up(10.0)).disk
    assert disk.checkpoint > 0
    assert disk.checkpoints == 2 * disk.checkpoint
    assert disk.most == disk.file + 3 * disk.checkpoint


def test_rates_of_another_machine_are_said_and_trusted_less(own_cache):
    found = estimate(SMALL)
    assert "another machine" in found.notes[0]
    assert found.seconds_range[1] == pytest.approx(UNSURE * found.seconds)


def test_kept_rates_are_those_of_this_processor_and_version(own_cache):
    assert not machine_rates().own
    kept = keep_rates(made_up(0.25))
    assert kept == rates_path()
    assert kept.parent == own_cache
    assert machine_rates() == made_up(0.25)
    assert rates_path(cpu="another") != kept
    assert rates_path(version="another") != kept
    kept.write_text("{}")
    assert not machine_rates().own


def test_the_choice_of_auto_does_not_read_rates(own_cache):
    spec = RunSpec.from_dict(SMALL)
    task = Task.from_spec(spec.task)
    before = plan_of(spec, task)
    keep_rates(made_up(1e6))
    after = plan_of(spec, task)
    assert after.choice == before.choice
    assert after.step_seconds == before.step_seconds


def test_a_stage_that_ends_on_its_signal_is_taken_as_without_noise():
    tables = {
        "task": {"N": 5, "T": 1000, "Q": 2, "seed": 1},
        "dynamics": {"batch_size": 1e12},
        "stage": [{"steps": 5000, "until_signal": 0.5, "threshold_sigmas": 4.0}],
    }
    spec = RunSpec.from_dict(tables)
    taken = int(scbsim.simulate(spec).step[-1])
    (found,) = steps_of(plan_of(spec, Task.from_spec(spec.task)))
    assert found.expected == pytest.approx(taken, rel=0.05)
    assert found.least < taken < found.most <= 5000
    notes = estimate(spec, rates=made_up(1.0)).notes
    assert f"after about {found.expected:.0f} steps" in notes[0]


def test_more_threads_share_a_step_only_where_they_do():
    dense = SMALL | {"task": {"N": 100, "T": 10_000, "Q": 2}, "dynamics": {"engine": "dense"}}
    one, four = (estimate(dense, threads=n) for n in (1, 4))
    assert (one.threads, four.threads) == (1, 4)
    assert four.step_seconds < 0.5 * one.step_seconds
    assert estimate(SMALL, threads=4).threads == 1


def test_what_is_read_at_the_start_is_counted(tmp_path):
    """Of a state with every entry, which the sparse engine puts into lists."""
    dense = SMALL | {
        "task": {"N": 5, "T": 2000, "Q": 2},
        "dynamics": {"engine": "dense", "rule": "sgd"},
        "stage": [{"steps": 2}],
        "output": {"final_state": True},
    }
    scbsim.simulate(dense, output=tmp_path / "dense.h5")
    after = {**dense, "init": {"from": str(tmp_path / "dense.h5")}}
    lists = {
        **{**after, "dynamics": {"engine": "sparse"}},
        "stage": [{"steps": 2, "threshold_sigmas": 5.0}],
    }
    rates = made_up(0.5, active_seconds=1.0)
    begun = [estimate(each, rates=rates) for each in (dense, after, lists)]
    read = [each.parts["start state"] / 10_000 for each in begun]
    assert read == [0.0, 8.0, 90.0]
    assert begun[2].memory_of_run > begun[1].memory_of_run > begun[0].memory_of_run - 1


def test_a_rule_with_a_memory_takes_longer():
    dense = SMALL | {"dynamics": {"engine": "dense", "rule": "sgd"}, "stage": [{"steps": 2}]}
    momentum = {**dense, "dynamics": {"engine": "dense", "rule": "momentum"}}
    plain, own = (
        work_of(plan, plan.stages[0]).terms["entries"]
        for plan in (_plan(RunSpec.from_dict(each)) for each in (dense, momentum))
    )
    assert own == pytest.approx(1.7 * plain)


def test_the_sum_of_a_sweep():
    sweep = Sweep.from_dict(SMALL | {"sweep": {"product": {"seed": "0:3", "task.N": [4, 5]}}})
    total, each = total_of_sweep(sweep, made_up(0.5))
    assert total.runs == len(each) == 6
    assert total.seconds == pytest.approx(sum(one.seconds for one in each.values()))
    assert total.longest == max(one.seconds for one in each.values())
    assert total.disk >= sum(one.disk.file for one in each.values())
    part, few = total_of_sweep(sweep, made_up(0.5), most=3)
    assert len(few) == 3
    assert part.runs == 6
    assert part.seconds == pytest.approx(total.seconds, rel=0.05)


@pytest.mark.parametrize(
    ("key", "size"), [("dynamics.batch_size", 5e9), ("stage.1.batch_size", 4e9)]
)
def test_a_batch_whose_samples_have_no_addresses_is_refused_before_a_run(key, size):
    tables = {
        "task": {"N": 10, "T": 1000, "Q": 2},
        "dynamics": {"rule": "sgd", "batch_size": 10},
        "noise": {"model": "sampled"},
        "stage": [{"steps": 2}, {"steps": 2, "batch_size": 20}],
    }
    spec = RunSpec.from_dict(tables, overrides=[f"{key}={size}"])
    for begun in (estimate, scbsim.simulate):
        with pytest.raises(InputError, match=rf"{key}: {size:.0f} samples, .* engine takes up to"):
            begun(spec)
    sweep = tables | {"sweep": {"product": {key: [10, size]}}}
    with pytest.raises(InputError, match=rf"{key}: {size:.0f} samples"):
        total_of_sweep(Sweep.from_dict(sweep), made_up(0.5))


def test_options_of_slurm_have_a_margin():
    assert time_option(3600.0) == "1:30:00"
    assert time_option(1.0) == "0:10:00"
    assert time_option(2 * 86400.0) == "3-00:00:00"
    assert memory_option(10 * 2**30) == "12288M"
    line = "--array=0-2 --time=1:30:00 --mem=512M --cpus-per-task=4"
    assert slurm_line(3600.0, 2e8, 4, tasks=3) == line


def test_the_disk_that_a_run_takes(tmp_path):
    """Rows, snapshots and the last state, in files of a quick run and of one with snapshots."""
    tables = SMALL | {
        "task": {"N": 20, "T": 20_000, "Q": 2},
        "dynamics": {"engine": "dense"},
        "output": {"snapshot_every": 25},
    }
    scbsim.simulate(tables, output=tmp_path / "run.h5")
    size = (tmp_path / "run.h5").stat().st_size
    assert estimate(tables).disk.file == pytest.approx(size, rel=0.03)


def test_run_warns_where_the_disk_is_too_small(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10_000_000})()
    monkeypatch.setattr("scbsim.storage.needed.shutil.disk_usage", lambda _: usage)
    tables = SMALL | {"dynamics": {"engine": "dense"}, "output": {"snapshot_every": 1}}
    scbsim.simulate(tables, output=tmp_path / "fits.h5")
    big = tables | {"task": {"N": 5, "T": 60_000, "Q": 2}}
    monkeypatch.setattr("scbsim.run.loop.Loop.run", lambda _: "complete")
    with pytest.warns(
        scbsim.RunWarning, match=r"needs up to 12\d MB of disk space.*10 MB are free"
    ):
        scbsim.simulate(big, output=tmp_path / "run.h5")


def _rates(folder):
    """Return rates of this machine on one thread, for the kinds of the runs below."""
    from scbsim.benchmark.cases import PARTS

    found = [
        each
        for cases in PARTS.values()
        for case in cases(False)
        if _is_wanted(case)
        for each in timed(case, [1], 0.1)
    ]
    others = dict(around(folder, small=False))
    return replace(made_up(0.0), seconds=fitted(found), others=others)


def _is_wanted(case: Case):
    spec = case.spec
    wanted = [RunSpec.from_dict(tables) for tables in RUNS.values()]
    kinds = {kind for each in wanted for kind in _kinds(_plan(each))}
    return _kinds(_plan(spec)) <= kinds | {"sparse"}


def _kinds(plan):
    return {work_of(plan, stage).kind for stage in plan.stages}


_PLANS = {}


def _plan(spec):
    key = spec.to_json()
    if key not in _PLANS:
        _PLANS[key] = plan_of(spec, Task.from_spec(spec.task))
    return _PLANS[key]


def _is_within(factor, ratios):
    """Return whether estimates are not all off to one side by more than a factor."""
    return min(ratios) < factor and max(ratios) > 1 / factor


@pytest.mark.slow(first=True)
@pytest.mark.alone
@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
def test_runs_take_what_was_estimated(tmp_path):
    """Processor time of a whole process on one thread, which other programs add little to.

    On a shared machine caches and clocks vary. So where an estimate is off the rates are measured
    again, and what a run took has to be within a quarter of the nearer of two estimates, or lie
    between them; for at most two it may be a half. Memory and files are as they are: all within a
    tenth, and files of less than a megabyte within a fifth.
    """
    taken = {}
    for tables in RUNS.values():
        if len(tables["stage"]) > 1:
            # Kernels of a hand-over are not among those that the rates have compiled.
            scbsim.simulate({**tables, "task": {**tables["task"], "T": 10_000}}, threads=1)
    before = _rates(_made(tmp_path / "before"))
    for name, tables in RUNS.items():
        taken[name] = measured_run(tables, _made(tmp_path / name))

    ratios = {}
    for name, tables in RUNS.items():
        found, run = estimate(tables, threads=1, rates=before), taken[name]
        assert run["steps"] == found.steps
        assert found.memory == pytest.approx(run["peak"], rel=WITHIN_MEMORY - 1), name
        tolerance = 0.1 if run["file"] > 1e6 else 0.2
        assert found.disk.file == pytest.approx(run["file"], rel=tolerance), name
        if run["checkpoints"] and found.disk.checkpoint:
            assert found.disk.checkpoints == pytest.approx(run["checkpoints"], rel=0.1), name
        ratios[name] = [found.seconds / run["seconds"]]
    if not all(_is_within(WITHIN_TIME, found) for found in ratios.values()):
        after = _rates(_made(tmp_path / "after"))
        for name, tables in RUNS.items():
            later = estimate(tables, threads=1, rates=after).seconds
            ratios[name].append(later / taken[name]["seconds"])
    print(ratios)
    off = [name for name, found in ratios.items() if not _is_within(WITHIN_TIME, found)]
    assert len(off) <= 2, ratios
    assert all(_is_within(1.5, found) for found in ratios.values()), ratios


def _made(folder):
    folder.mkdir()
    return folder
