"""How the benchmarks time what they compare, and the table of ratios at the end."""

import pytest
import sizes

from scbsim.benchmark import timing
from scbsim.util.cores import usable_cores

LINES = pytest.StashKey[list]()
CORES = usable_cores()


def pytest_addoption(parser):
    parser.addoption("--small", action="store_true", help="small sizes, once: does the code run?")


def pytest_configure(config):
    config.stash[LINES] = []
    sizes.small = config.getoption("--small")


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash[LINES]
    if lines:
        terminalreporter.section("what it comes to (best of the rounds)")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def note(request, benchmark):
    """Keep numbers with the benchmark's record, and print them in the table at the end."""

    def keep(**numbers):
        benchmark.extra_info.update(numbers)
        words = (f"{name} {number:.3g}" for name, number in numbers.items())
        request.config.stash[LINES].append(f"{request.node.name}: " + ", ".join(words))

    return keep


@pytest.fixture(scope="session")
def best_of():
    """Time a function: the best of some rounds after one to warm up, in seconds."""

    def time(function, rounds=5):
        return timing.best_of(function, sizes.size(rounds, 1))

    return time


@pytest.fixture(params=sorted({1, CORES}), ids=lambda n: f"{n}thread" + "s" * (n > 1))
def threads(request):
    return request.param


@pytest.fixture
def shared_out(threads):
    """Call a function on equal parts of some rows at once, a thread for each part."""
    with timing.sharing_out(threads) as call:
        yield call
