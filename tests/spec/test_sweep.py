import json

import pytest
from scbsim_testing.small_specs import small

from scbsim.errors import SpecError
from scbsim.spec import RunSpec
from scbsim.spec.run_names import LONGEST, run_name
from scbsim.spec.sweep import MOST_RUNS, Sweep


def swept(**table):
    return Sweep({**small(), "sweep": table})


def faults(table, **changes):
    with pytest.raises(SpecError) as caught:
        Sweep({**small(**changes), "sweep": table}).check()
    return {fault.key: fault.problem for fault in caught.value.faults}


def test_a_product_has_every_value_with_every_other_the_last_key_fastest():
    sweep = swept(product={"task.N": [4, 5], "seed": "0:3"})
    assert [d.name for d in sweep.dimensions] == ["task.N", "seed"]
    assert [run.index for run in sweep.runs] == [(i, j) for i in range(2) for j in range(3)]
    assert [run.name for run in sweep.runs][:2] == ["task.N=4,seed=0", "task.N=4,seed=1"]
    spec = sweep.spec_of(sweep.runs[-1])
    assert (spec.task.N, spec.seed) == (5, 2)
    assert spec == RunSpec.from_dict(small(task__N=5, seed=2))


def test_lists_of_zip_go_together_along_one_dimension():
    table = {"task.T": [50, 60], "stage.0.rate_A": "0.1:0.2:2"}
    sweep = swept(product={"seed": [7, 8]}, zip=table)
    assert [d.name for d in sweep.dimensions] == ["seed", "zip"]
    assert [d.keys for d in sweep.dimensions] == [("seed",), ("task.T", "stage.0.rate_A")]
    assert len(sweep.runs) == 4
    assert sweep.runs[1].values == {"seed": 7, "task.T": 60, "stage.0.rate_A": 0.2}


def test_words_and_true_and_false_vary_too():
    sweep = swept(product={"dynamics.rule": ["sgd", "prox"], "output.final_state": [True, "auto"]})
    sweep.check()
    assert sweep.runs[0].name == "dynamics.rule=sgd,output.final_state=true"


def test_without_a_table_it_is_one_run():
    sweep = Sweep(small())
    assert [run.name for run in sweep.runs] == ["run"]
    assert sweep.spec_of(sweep.runs[0]) == RunSpec.from_dict(small())


def test_what_it_writes_reads_back(tmp_path):
    sweep = swept(product={"task.q_concentration": [5.0, float("inf")], "task.from": ["a.h5"]})
    again = Sweep.from_json(sweep.to_json(), sweep.base_dir)
    assert json.loads(again.to_json()) == json.loads(sweep.to_json())
    assert [run.name for run in again.runs] == [run.name for run in sweep.runs]


def test_files_are_named_from_the_folder_of_the_sweep(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('[[stage]]\nsteps = 3\n[sweep]\nproduct = {"task.from" = ["a.h5", "b.h5"]}\n')
    sweep = Sweep.from_toml(path)
    assert sweep.spec_of(sweep.runs[1]).task.from_ == str(tmp_path / "b.h5")


def test_a_run_spec_says_which_commands_take_a_sweep():
    with pytest.raises(SpecError, match="`scbsim sweep` runs it here, `scbsim submit`"):
        RunSpec.from_dict({**small(), "sweep": {"product": {"seed": [0, 1]}}})


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        (3, "sweep", "3 is not a table"),
        ({}, "sweep", "nothing varies"),
        ({"prod": {}, "product": {"seed": [1]}}, "sweep.prod", "[sweep] takes product, zip"),
        ({"product": [1]}, "sweep.product", "is not a table such as"),
        ({"product": {"seed": 3}}, "sweep.product.seed", "3 is not allowed; it takes a list"),
        ({"product": {"seed": []}}, "sweep.product.seed", "[] is not allowed"),
        ({"product": {"seed": [[1]]}}, "sweep.product.seed", "[1] is not allowed"),
        ({"product": {"seed": [1, 1.0]}}, "sweep.product.seed", "1 is there twice"),
        ({"product": {"seed": "3:1"}}, "seed", "has 0 whole numbers"),
        ({"zip": {"seed": [1], "task.N": [2, 3]}}, "sweep.zip", "seed has 1, task.N has 2"),
        ({"zip": {"seed": [1]}, "product": {"seed": [1]}}, "sweep.zip.seed", "also in product"),
        ({"product": {"sweep.x": [1]}}, "sweep.x", "cannot vary itself"),
        ({"product": {"seed": "0:1000", "task.seed": "0:1000"}}, "sweep", f"to {MOST_RUNS} are"),
        ({"product": {"task.M": [1]}}, "task.M", "unknown key"),
        ({"product": {"stage.7.steps": [1]}}, "stage.7.steps", "is no stage"),
    ],
)
def test_what_is_wrong_with_the_table_is_named(table, key, said):
    assert said in faults(table)[key]


def test_faults_of_the_runs_are_said_once_with_the_runs_that_they_are_in():
    table = {"product": {"task.T": [50, 90], "task.Q": [1, 70], "seed": [0, 1]}}
    found = faults(table, init__alpha_W=1)
    assert found["init.alpha_W"].endswith("(in every run)")
    assert found["task.Q"] == (
        "70 is more than the T = 50 positions (in task.T=50,task.Q=70,seed=0 and 1 other)"
    )


def test_faults_of_many_runs_are_cut_short():
    found = faults({"product": {"task.Q": "101:200"}})
    assert found[""] == "and 79 more faults"


def test_what_varies_cannot_be_set(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text("[task]\nN=4\nT=9\nQ=1\n[[stage]]\nsteps=1\n[sweep]\nproduct={seed=[1,2]}\n")
    with pytest.raises(SpecError, match=r"seed: varies in \[sweep\]"):
        Sweep.from_toml(path, ["seed=3"])
    assert Sweep.from_toml(path, ["task.N=5"]).spec_of(Sweep.from_toml(path).runs[0])


def test_names_are_safe_short_and_distinct():
    assert run_name({"a": 1e9, "b": True, "c": 0.1}) == "a=1000000000,b=true,c=0.1"
    ways = [
        run_name({"task.from": word}) for word in ("../a b.h5", "../a_b.h5", "é" * 300, "x" * 300)
    ]
    assert len(set(ways)) == 4
    for name in ways:
        assert "/" not in name
        assert name.isascii()
        assert len(name) <= LONGEST
