import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import simulate
from scbsim.cli.summary import duration, size, summarise
from scbsim.storage.checkpoint.file import checkpoint_step
from scbsim.storage.description import describe


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0123, "0.012 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (200, "3 min 20 s"),
        (7199.7, "2 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_as_people_say_them(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1234, "1.23 kB"),
        (999_600, "1 MB"),
        (41_500_000, "41.5 MB"),
        (5e12, "5e+03 GB"),
    ],
)
def test_sizes_with_units(count, said):
    assert size(count) == said


def test_a_stopped_run_is_at_the_step_of_its_checkpoint(tmp_path):
    path = tmp_path / "run.h5"
    answers = iter([False, False, True])
    run = simulate(run_spec("output.every=1000"), output=path, stop=lambda: next(answers))
    step = checkpoint_step(path)
    assert step > int(run["step"][-1]) == 0
    said, *_ = summarise(describe(path), 1.0)
    assert said.startswith(f"stopped on a signal at step {step}, in 1 s by the dense engine. ")


STAGES = [{"steps": 12, "rule": "sgd", "until_signal": 0.105}, {"steps": 9}]


def stages_said(spec, path):
    simulate(spec, output=path)
    lines = summarise(describe(path), 1.0)
    return [line.removeprefix("stages:     ") for line in lines if line.startswith("stages:")]


def test_it_says_where_stages_ended_and_why(tmp_path):
    spec = run_spec(stages=STAGES)
    end = int(simulate(spec)["stage_end"][0])
    said = f"0 to step {end}, by its signal; 1 to step {end + 9}, by its last step"
    assert stages_said(spec, tmp_path / "run.h5") == [said]
    assert stages_said(run_spec(), tmp_path / "one.h5") == []


def test_of_an_ensemble_it_says_how_many(tmp_path):
    spec = run_spec("dynamics.replicas=3", stages=STAGES)
    ends = simulate(spec)["stage_end"].values
    first, second = (f"{sorted(column)[1]}" for column in ends.T.tolist())
    said = f"0 to step {first}, 3 by its signal; 1 to step {second}, 3 by its last step"
    assert stages_said(spec, tmp_path / "run.h5") == [said]
