import pytest

from scbsim.cli.summary import duration, size


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
