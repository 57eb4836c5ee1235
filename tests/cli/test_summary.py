import pytest
from small_runs import run_spec

from scbsim import simulate
from scbsim.cli.summary import duration, size, summarise
from scbsim.storage.checkpoint import checkpoint_step


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
    said, *_ = summarise(run, path, 1.0)
    assert said.startswith(f"stopped on a signal at step {step}, in 1 s by the dense engine. ")
