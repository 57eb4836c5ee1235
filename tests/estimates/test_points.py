"""What the points of a phase diagram take, and at most those of the search for a boundary."""

import pytest
from scbsim_testing.made_up_rates import made_up

from scbsim import find_boundaries
from scbsim.errors import InputError
from scbsim.estimates.points import _extremes, point_estimates, total_of_boundaries, total_of_phase
from scbsim.spec import RunSpec
from scbsim.studies.boundary.search import bracket
from scbsim.studies.boundary.study import read_study
from scbsim.studies.phase.criterion import DEFAULT
from scbsim.studies.phase.grid import Grid

SMALL = {
    "task": {"N": 5, "T": 60, "Q": 2},
    "stage": [{"steps": 100, "threshold_sigmas": 4.0}],
}
STUDY = SMALL | {
    "dynamics": {"rule": "sgd"},
    "boundary": {
        "along": "task.T=60:6000:3log",
        "find": "dynamics.batch_size=1e2:1e8:40log",
        "replicas": 8,
        "seeds": 2,
    },
}


def grid(x, y, replicas=8):
    spec = RunSpec.from_dict(SMALL)
    return Grid.of(spec, x, y, rules=("sgd", "l1"), replicas=replicas, recovered=DEFAULT)


def test_the_sum_of_a_phase_diagram():
    found = total_of_phase(
        grid("task.T=60:600:3log", "dynamics.batch_size=1e4:1e6:2log"), made_up(0.5)
    )
    assert found.runs == 12
    assert found.engines == {"collapsed": 6, "sparse": 6}
    # Eight replicas of 100 steps at each point, on one thread.
    assert found.seconds == pytest.approx(12 * 8 * 50.0, rel=0.01)
    assert found.disk == 0
    # Rates of this machine are taken to be right within a quarter.
    low, high = found.seconds_range
    assert (low, high) == pytest.approx((found.seconds / 1.25, found.seconds * 1.25))


def test_of_many_points_some_count_for_their_neighbours():
    diagram = grid("stage.0.steps=1:100", "dynamics.batch_size=1e4:1e6:2log", replicas=1)
    each = list(point_estimates(diagram, made_up(1.0)))
    assert len(each) == 2 * 2 * 99
    assert len({id(one) for one in each}) <= 4 * 24
    steps = [one.parts["steps"] for one in each[::4]]
    assert steps[-1] == 99.0
    assert all(0 <= found - k < 5 for k, found in enumerate(steps, 1))


def test_a_search_may_reach_beyond_the_largest_batch_and_a_diagram_may_not():
    """A search that comes to such a batch ends there; most do not."""
    sampled = {"noise": {"model": "sampled"}, "stage": [{"steps": 100}]}
    study = {"along": "task.T=60:6000:3log", "find": "dynamics.batch_size=1e2:1e11:40log"}
    tables = SMALL | {"dynamics": {"rule": "sgd"}} | sampled
    found = total_of_boundaries(read_study(tables | {"boundary": study}), made_up(0.5))
    assert found.engines["sampled"] > 0
    spec = RunSpec.from_dict(tables)
    axes = "task.T=60:600:2log", "dynamics.batch_size=1e2:1e11:2log"
    diagram = Grid.of(spec, *axes, rules=("sgd",), replicas=2, recovered=DEFAULT)
    with pytest.raises(InputError, match="100000000000 samples"):
        total_of_phase(diagram, made_up(0.5))


def test_no_search_takes_longer_than_its_limit():
    seconds = [1.0, 5.0, 2.0, 2.0, 9.0, 1.0, 1.0, 3.0, 4.0, 4.0, 1.0, 2.0, 8.0, 1.0]
    least, most = (sum(seconds[y] for y in each) for each in _extremes(seconds, range(14)))
    taken = []
    for start in range(len(seconds)):
        for boundary in range(len(seconds) + 1):
            run = []
            bracket(lambda y, b=boundary, run=run: run.append(y) or y >= b, len(seconds), start)
            taken.append(sum(seconds[y] for y in run))
    assert (min(taken), max(taken)) == (least, most)


def test_the_estimate_of_a_boundary_is_an_upper_limit():
    found = total_of_boundaries(read_study(STUDY), made_up(1.0))
    ran = find_boundaries(STUDY, threads=1).sizes["run"]
    assert ran <= found.runs <= 3 * ran
    assert found.seconds == pytest.approx(found.runs * 8 * 100.0, rel=0.01)
    assert f"an upper limit, of {found.runs} points" in found.notes[-1]


def test_a_curve_whose_points_differ_much_is_named():
    """Steps on real batches take as long as the batch is large."""
    rates = made_up(1.0)
    rates.seconds["batch float32"] = {"samples": 1e-6}
    study = STUDY | {"dynamics": {"rule": "sgd", "engine": "batch"}}
    (*_, note) = total_of_boundaries(read_study(study), rates).notes
    assert '"boundary" takes from ' in note
    assert "at some values of dynamics.batch_size" in note
