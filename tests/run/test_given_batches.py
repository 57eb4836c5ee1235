"""Runs on given batches: sources, their end, resumption, refusals, and what files say."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scbsim_testing.given_samples import (
    SIZE,
    assert_same_run,
    drawn,
    in_truth_unknown,
    spec_of,
    together,
)

from scbsim import (
    DataError,
    InputError,
    OutputError,
    RunSpec,
    SpecError,
    Task,
    load,
    matrices,
    plot,
    save_samples,
    simulate,
)
from scbsim.plotting.matrices import draw_matrices
from scbsim.storage.description import describe

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


@pytest.fixture
def spec():
    return spec_of(steps=8)


@pytest.fixture
def file(spec, tmp_path):
    """Four batches and a half."""
    arrays = [array[: 4 * SIZE + SIZE // 2] for array in together(spec, 5)]
    save_samples(tmp_path / "samples.h5", arrays, task=Task.from_spec(spec.task))
    return tmp_path / "samples.h5"


def from_file(spec, file, **keys):
    return spec.replace(**{"data.from": str(file)} | {f"data.{k}": v for k, v in keys.items()})


def ending_after(blocks):
    looks = itertools.chain([False] * blocks, itertools.repeat(True))
    return lambda: next(looks)


def test_all_sources_of_the_same_batches_are_one_run(spec, file, monkeypatch):
    short = spec.replace(**{"stage.0.steps": 4})
    right, batches = simulate(short), [drawn(spec, i) for i in range(5)]
    as_dicts = [dict(zip(("tokens", "query", "output"), each, strict=False)) for each in batches]
    for given in (batches, tuple(as_dicts), iter(batches), lambda i: drawn(spec, i)):
        assert_same_run(simulate(short, batches=given), right)
    monkeypatch.setattr("scbsim.engines.handed._PART_TOKENS", 7 * 30)
    assert_same_run(simulate(from_file(short, file)), right)


def test_the_end_of_the_data_completes_the_run(spec, file, tmp_path):
    two = spec.to_dict() | {"stage": [{"steps": 3}, {"steps": 5, "normalize_level": 0.1}] * 2}
    two = from_file(RunSpec.from_dict(two), file)
    for words, batches, steps in (({}, 4, [3, 4]), ({"epochs": 2}, 8, [3, 8])):
        run = simulate(from_file(two, file, **words), output=tmp_path / f"{batches}.h5")
        assert run.attrs["status"] == "complete"
        assert run["step"].values[-1] == batches
        # At the end of a stage the data may end as well.
        assert run["stage_end"].values.tolist() == [*steps, *([8] if batches == 8 else [])]
        assert run["stage_reason"].values[-1] == "data"
        assert matrices(tmp_path / f"{batches}.h5").step == batches
    assert simulate(from_file(spec, file, epochs=0))["step"].values[-1] == 8
    ended = simulate(spec, batches=[drawn(spec, i) for i in range(2)])
    assert ended["step"].values.tolist() == [0, 1, 2]
    nothing = simulate(spec, batches=[])
    assert (nothing.attrs["status"], nothing["step"].values.tolist()) == ("complete", [0])


def test_a_run_goes_on_where_it_stopped(spec, file, tmp_path, checked_here):
    twice, batches = from_file(spec, file, epochs=2), [drawn(spec, i) for i in range(8)]
    for name, given, options in (
        ("file", twice, {}),
        ("list", spec, {"batches": batches}),
        ("function", spec, {"batches": lambda i: batches[i]}),
    ):
        path = tmp_path / f"{name}.h5"
        stopped = simulate(given, output=path, stop=ending_after(1), **options)
        assert 0 < stopped["step"].values[-1] < 8
        assert_same_run(
            simulate(given, output=path, resume=True, **options), simulate(given, **options)
        )


def test_one_that_cannot_go_on_says_so(spec, file, tmp_path, checked_here):
    path, batches = tmp_path / "run.h5", [drawn(spec, i) for i in range(8)]
    simulate(spec, output=path, stop=ending_after(1), batches=iter(batches))
    with pytest.raises(InputError, match="Give a sequence of batches, or a function"):
        simulate(spec, output=path, resume=True, batches=iter(batches))
    # The file is as it was, and goes on from a list.
    assert load(path).attrs["status"] == "stopped"
    assert simulate(spec, output=path, resume=True, batches=batches)["step"].values[-1] == 8
    given = from_file(spec, file)
    simulate(given, output=tmp_path / "other.h5", stop=ending_after(1))
    file.unlink()
    save_samples(file, together(spec, 5), task=Task.from_spec(spec.task))
    with pytest.raises(OutputError, match="is another one now"):
        simulate(given, output=tmp_path / "other.h5", resume=True)


def test_a_wrong_batch_is_named_and_rows_before_it_stay(spec, tmp_path):
    batches = [list(drawn(spec, i)) for i in range(3)]
    batches[2][1] = batches[2][1] + 7
    with pytest.raises(DataError, match=r"batch 2 has 1 fault:\n  query\[0\]: .* no token"):
        simulate(spec, output=tmp_path / "run.h5", batches=batches)
    run = load(tmp_path / "run.h5")
    assert (run.attrs["status"], run["step"].values.tolist()) == ("failed", [0, 1, 2])


def test_what_cannot_learn_from_them_is_refused_at_once(spec, file, tmp_path):
    spec = spec.replace(**{"output.final_state": False})
    wrong = {"dynamics.engine": "auto", "dynamics.replicas": 3}
    keys = {"dynamics.engine", "dynamics.replicas"}
    with pytest.raises(SpecError) as caught:
        from_file(spec, file).replace(**wrong)
    assert {fault.key for fault in caught.value.faults} == keys
    with pytest.raises(SpecError) as caught:
        simulate(spec.replace(**wrong), batches=[])
    assert {fault.key for fault in caught.value.faults} == keys
    with pytest.raises(SpecError, match=r"data\.from: batches are given as well"):
        simulate(from_file(spec, file), batches=[])
    with pytest.raises(SpecError, match=r"data\.epochs: has no effect without `from`"):
        spec.replace(**{"data.epochs": 2})
    other = spec.replace(**{"task.T": 31})
    with pytest.raises(DataError, match="contexts of 30 tokens; the task has T = 31"):
        simulate(from_file(other, file), output=tmp_path / "run.h5")
    assert not (tmp_path / "run.h5").exists()


def test_a_spec_without_a_task_has_that_of_its_samples(spec, file):
    tables = {k: v for k, v in spec.to_dict().items() if k not in ("task", "seed")}
    tables["data"] = {"from": file.name}
    found = RunSpec.from_dict(tables, base_dir=file.parent)
    assert found.task.from_ == found.data.from_ == str(file)
    assert RunSpec.from_json(found.to_json()) == found
    assert_same_run(simulate(found), simulate(from_file(spec, file)))


def test_without_the_truth_only_batches_are_known(spec, tmp_path):
    path = tmp_path / "unknown.h5"
    save_samples(path, together(spec, 4), N=7)
    tables = {k: v for k, v in spec.to_dict().items() if k != "task"}
    given = RunSpec.from_dict({**tables, "data": {"from": str(path)}})
    wrong = given.replace(**{"stage.0.until_signal": 0.1})
    with pytest.raises(SpecError) as caught:
        simulate(wrong)
    keys = {fault.key for fault in caught.value.faults}
    assert keys == {"init.alpha_A", "init.alpha_V", "stage.0.until_signal"}
    run = simulate(in_truth_unknown(given), output=tmp_path / "run.h5")
    known = {name for name in run if run[name].dtype == float and run[name].notnull().any()}
    assert known == {"batch_loss"}
    assert run["batch_loss"].attrs["long_name"].startswith("mean loss of the step's batch")
    # It learns as one that knows the truth, with the same mu and start.
    task = Task.load(path)
    right = Task.from_arrays(task.mu, np.outer(task.mu, np.ones(7)), [[0]] * 7, [[1.0]] * 7, 30)
    other = simulate(
        in_truth_unknown(RunSpec.from_dict({**tables, "task": {"N": 7, "T": 30, "Q": 1}})),
        task=right,
        batches=[[array[i : i + SIZE] for array in together(spec, 4)] for i in (0, 40, 80, 120)],
    )
    assert run["batch_loss"].values[1:] == pytest.approx(other["batch_loss"].values[1:], rel=1e-6)
    figure = plot(tmp_path / "run.h5")
    assert [axes.get_title() for axes in figure.axes if axes.lines] == ["loss of a batch $L_B$"]
    found = matrices(tmp_path / "run.h5")
    assert len(draw_matrices(found.A, found.intercept, found.V, found.task, "run").axes) == 4
    # From its last state another run goes on, on samples that were not used.
    rest = in_truth_unknown(given).replace(**{"stage.0.steps": 2})
    simulate(rest, output=tmp_path / "half.h5")
    tables["init"] = {"from": str(tmp_path / "half.h5")}
    parts = [[array[i : i + SIZE] for array in together(spec, 4)] for i in (80, 120)]
    goes_on = simulate({**tables, "task": {"from": str(path)}}, batches=parts)
    assert goes_on["batch_loss"].values[1:] == pytest.approx(run["batch_loss"].values[3:], rel=1e-6)
    # Nothing else can be run on such a task.
    with pytest.raises(SpecError, match=r"data\.from: missing: the truth is unknown"):
        simulate(in_truth_unknown(spec_of("batch", task={"from": str(path)})))


def test_a_file_says_what_it_learned_from_and_needs_it_no_more(spec, file, tmp_path):
    simulate(from_file(spec, file), output=tmp_path / "file.h5")
    simulate(spec, output=tmp_path / "list.h5", batches=[drawn(spec, 0)])
    simulate(spec, output=tmp_path / "drawn.h5")
    size = file.stat().st_size
    file.unlink()
    run = load(tmp_path / "file.h5")
    made = json.loads(run.attrs["provenance"])
    assert made["samples"] == "read"
    assert made["samples_file"] == str(file)
    assert (made["samples_bytes"], made["samples_count"]) == (size, 4 * SIZE + SIZE // 2)
    said = describe(tmp_path / "file.h5")
    assert said["last"]["batch_loss"] == run["batch_loss"].values[-1]
    assert describe(tmp_path / "list.h5")["provenance"]["samples"].startswith("handed over")
    plain = load(tmp_path / "drawn.h5")
    assert "samples" not in json.loads(plain.attrs["provenance"])
    assert "batch_loss" not in plain
