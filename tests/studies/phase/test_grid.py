import pytest

from scbsim.errors import InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.ranges import parse_range
from scbsim.studies.phase.criterion import Criterion
from scbsim.studies.phase.grid import Grid, Point


@pytest.fixture
def grid(spec, axes):
    def make(x=axes[0], y=axes[1], base=spec, rules=("sgd", "l1"), replicas=2, **changes):
        base = base.replace(**changes) if changes else base
        criterion = Criterion.parse("sim_A >= 0.9")
        return Grid(base, parse_range(x), parse_range(y), rules, replicas, criterion)

    return make


def test_points_are_all_there_and_those_of_a_task_together(grid):
    for made, task_axis in ((grid(), 2), (grid("noise.sigma_A=1,2,3,4", "task.T=100,1000"), 1)):
        points = list(made.points())
        rules, rows, columns = made.shape
        assert len(points) == len(set(points)) == rules * rows * columns
        tasks = [point[task_axis] for point in points]
        assert tasks == sorted(tasks)


def test_a_point_is_the_spec_with_both_keys_set(grid, spec):
    made = grid()
    sgd, l1 = (made.spec(Point(rule, 2, 1)) for rule in (0, 1))
    assert (sgd.task.T, sgd.dynamics.batch_size) == (1000, 10**6)
    assert l1 == spec.replace(**{"task.T": 1000, "dynamics.batch_size": 10**6})
    assert [sgd.rule_of(0), l1.rule_of(0)] == ["sgd", "prox"]
    assert made.named(Point(0, 2, 1)) == "task.T=1000, dynamics.batch_size=1000000 under sgd"


def test_a_threshold_over_a_range_takes_the_place_of_the_other_kind(grid):
    made = grid("stage.0.threshold=1e-4:1e-2:3log")
    made.check()
    spec = made.spec(Point(1, 0, 1))
    assert spec.stage[0].threshold == 1e-3
    assert spec.stage[0].threshold_sigmas is None
    assert made.spec(Point(0, 0, 1)).rule_of(0) == "sgd"


def test_transitions_by_K_P_take_the_place_of_drawn_ones_and_the_other_way_round(grid, spec):
    made = grid("task.K_P=0.1:0.5:3")
    made.check()
    assert [made.spec(Point(1, 0, i)).task.K_P for i in range(3)] == [0.1, 0.3, 0.5]
    known = RunSpec.from_dict(spec.to_dict() | {"task": {"N": 10, "T": 100, "Q": 2, "K_P": 0.5}})
    made = grid("task.P_concentration=0.01,0.1", base=known)
    made.check()
    assert made.spec(Point(0, 0, 1)).task.P_concentration == 0.1
    assert made.spec(Point(0, 0, 1)).task.K_P is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": "task.T=10,20", "y": "task.T=30,40"}, "x and y are both task.T"),
        ({"x": "stage.0.steps=1,2", "y": "stage.00.steps=3,4"}, "x and y are both stage.0.steps"),
        (
            {"x": "stage.0.threshold=1,2", "y": "stage.0.threshold_sigmas=3,4"},
            "x and y are both stage.0.threshold",
        ),
        (
            {"x": "task.K_P=0.1,0.2", "y": "task.P_concentration=0.1,0.2"},
            "x and y are both task.K_P",
        ),
        ({"x": "task.T=2:1e4", "y": "seed=0:1e4"}, "2 x 10000 x 9998 points; up to 1000000"),
        ({"x": "output.every=1,2"}, "output.every: has no effect on where a run ends"),
        ({"x": "dynamics.replicas=1,2"}, "dynamics.replicas: has no effect"),
        ({"x": "task.T=10"}, "task.T=10 does not rise; an axis has two numbers or more"),
        ({"x": "noise.sigma_A=2,1"}, "noise.sigma_A=2,1 does not rise"),
        ({"x": "dynamics.rule=sgd,prox"}, "dynamics.rule: has no effect"),
        ({"x": "task.q_concentration=1,inf"}, "has more than numbers"),
        ({"rules": ()}, 'rules: "" is not allowed; it takes sgd, l1 or both'),
        ({"rules": ("sgd", "sgd")}, 'rules: "sgd,sgd" is not allowed'),
        ({"rules": ("prox",)}, 'rules: "prox" is not allowed'),
        ({"replicas": 0}, "replicas: 0 from replica 0 on; from 1 to 2"),
        ({"replicas": 2, "dynamics.replica": 2**24 - 1}, "replicas: 2 from replica 16777215"),
    ],
)
def test_what_cannot_be_is_named(grid, change, said):
    with pytest.raises(InputError) as caught:
        grid(**change).check()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("task.nothing=1,2", "the point task.nothing=1, dynamics.batch_size=100 under sgd"),
        ("nothing=1,2", "nothing: unknown key"),
        ("task.Q=2,4,101,102", "the point task.Q=101, dynamics.batch_size=100 under sgd"),
        ("task.Q=2,4,101,102", ", and 15 points more, has 1 fault"),
        ("task.Q=2,4,101", "Q: 101 is more than the T = 100 positions"),
        ("stage.0.rate_A=-1:1:3", "stage.0.rate_A: -1.0 is not allowed"),
        ("stage.7.steps=1,2", 'there is no stage "7": there are 1'),
    ],
)
def test_points_that_are_no_specs_are_named_before_anything_runs(grid, x, said):
    with pytest.raises(SpecError) as caught:
        grid(x).check()
    assert said in str(caught.value)


def test_a_start_from_a_file_is_refused(grid, spec):
    tables = spec.to_dict() | {"init": {"from": "some.h5"}}
    with pytest.raises(SpecError, match=r"init\.from: the runs of a phase diagram start from"):
        grid(base=RunSpec.from_dict(tables)).check()


def test_another_grid_is_told_from_this_one(grid):
    made = grid()
    assert made.unlike(made.identity()) == []
    # The values of both keys in the spec itself do not matter.
    assert made.unlike(grid(**{"task.T": 77, "output.every": 5}).identity()) == []
    for change, said in [
        ({"seed": 9}, "spec.seed is 9 there and 3 here"),
        ({"replicas": 3}, "replicas is 3 there and 2 here"),
        ({"rules": ("l1",)}, "rules is l1 there and sgd,l1 here"),
        ({"x": "task.T=10,20"}, "x is task.T=10,20 there and task.T=100,1000,10000 here"),
    ]:
        assert said in made.unlike(grid(**change).identity())
