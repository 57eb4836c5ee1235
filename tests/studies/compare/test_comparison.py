"""The three runs of a comparison, their files, and the results."""

import os

import numpy as np
import pytest
import xarray as xr

from scbsim.errors import OutputError, RunFailed, SpecError, Stopped
from scbsim.observables import NAMES
from scbsim.spec import RunSpec
from scbsim.storage.hdf5.lock import held
from scbsim.storage.runfile.loading import load
from scbsim.studies.compare import compare
from scbsim.studies.compare.comparison import NAME
from scbsim.studies.compare.constants import fitted
from scbsim.studies.compare.models import BATCH, batch_spec, model_spec, models_of

MODELS = (BATCH, "isotropic", "matched")
FILES = {*(f"{model}.h5" for model in MODELS), NAME}


@pytest.fixture(scope="module")
def made(spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    return folder, compare(spec, folder)


def spec_in(path):
    return RunSpec.from_json(load(path).attrs["spec"])


def test_the_runs_differ_in_engine_and_noise_alone(made, spec):
    folder, _ = made
    specs = {model: spec_in(folder / f"{model}.h5") for model in MODELS}
    assert specs["batch"] == spec
    for model in ("isotropic", "matched"):
        tables, given = specs[model].to_dict(), spec.to_dict()
        assert tables.pop("noise")["model"] == model
        assert tables["dynamics"].pop("engine") == "dense"
        del given["noise"], given["dynamics"]["engine"]
        assert tables == given
    assert specs["matched"].noise.every == 1
    noise = specs["isotropic"].noise
    assert (noise.sigma_A, noise.sigma_V) == fitted(specs["matched"])


def test_what_is_found_is_that_of_the_files(made):
    folder, found = made
    assert {path.name for path in folder.iterdir()} == FILES
    with xr.open_dataset(folder / NAME, engine="h5netcdf") as there:
        xr.testing.assert_equal(there.load(), found)
        assert there.attrs["fitted"] == "true"
    for model in MODELS:
        run = load(folder / f"{model}.h5")
        steps = found["step"].values[: int(run["stage_end"].values[:, -1].min()) + 1]
        for name in NAMES:
            median = found[name].sel(model=model, quantile=0.5, step=steps)
            np.testing.assert_array_equal(median, np.median(run[name].sel(step=steps), axis=0))


def test_finished_files_are_kept_and_used(made, spec):
    folder, found = made
    before = {path: path.read_bytes() for path in folder.iterdir() if path.name != NAME}
    notes = []
    xr.testing.assert_identical(compare(spec, folder, notify=notes.append), found)
    assert {path: path.read_bytes() for path in before} == before
    ran = ("batch", "matched", "isotropic")
    assert notes == [f"{folder / model}.h5 is finished: kept" for model in ran]


@pytest.mark.slow
def test_a_comparison_that_was_stopped_goes_on(made, spec, tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    answers = iter([False] * 25 + [True] * 100)
    with pytest.raises(Stopped, match=r"step \d+ of .*matched\.h5"):
        compare(spec, tmp_path, stop=lambda: next(answers))
    assert {path.name for path in tmp_path.glob("*.h5")} == {"batch.h5", "matched.h5"}
    notes = []
    found = compare(spec, tmp_path, notify=notes.append)
    assert notes == [
        f"{tmp_path}/batch.h5 is finished: kept",
        f"{tmp_path}/matched.h5 is partial: resumed",
    ]
    xr.testing.assert_equal(found, made[1])
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_levels_of_the_spec(spec, tmp_path):
    own = spec.replace(**{"noise.sigma_A": 0.3, "noise.sigma_V": 0.7})
    found = compare(own, tmp_path, fit=False, replicas=2)
    assert (found.attrs["sigma_A"], found.attrs["sigma_V"]) == (0.3, 0.7)
    noise = spec_in(tmp_path / "isotropic.h5").noise
    assert (noise.model, noise.sigma_A, noise.sigma_V) == ("isotropic", 0.3, 0.7)
    assert (found.attrs["fitted"], found.attrs["replicas"]) == ("false", 2)


def test_matched_levels_are_renewed_as_a_spec_of_that_model_says(spec):
    of_it = spec.replace(**{"noise.model": "matched", "noise.every": 7})
    assert model_spec(batch_spec(of_it), "matched").noise.every == 7
    assert model_spec(batch_spec(spec), "matched").noise.every == 1


def test_sampled_noise_takes_the_place_of_matched_noise(spec, tmp_path):
    sampled = spec.replace(**{"noise.model": "sampled"})
    assert models_of(spec) == ("isotropic", "matched")
    found = compare(sampled, tmp_path, replicas=2)
    files = {path.name for path in tmp_path.glob("*.h5")}
    assert files == {"batch.h5", "isotropic.h5", "sampled.h5", NAME}
    assert found["gaussian"].values.tolist() == ["isotropic", "sampled"]
    run = load(tmp_path / "sampled.h5")
    assert (run.attrs["engine"], spec_in(tmp_path / "sampled.h5").noise.model) == (
        "dense",
        "sampled",
    )
    few = batch_spec(sampled, 2)
    noise = spec_in(tmp_path / "isotropic.h5").noise
    assert (noise.sigma_A, noise.sigma_V) == fitted(model_spec(few, "matched"))
    assert found.attrs["fitted"] == "true"


def test_another_comparison_in_the_folder(made, spec):
    folder, _ = made
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match=r"batch\.h5 holds another run: seed is 3 there and 9"):
        compare(spec.replace(seed=9), folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.slow
def test_overwrite_replaces_it(spec, tmp_path):
    compare(spec, tmp_path, replicas=2)
    compare(spec.replace(seed=9), tmp_path, replicas=2, overwrite=True)
    assert {spec_in(tmp_path / f"{model}.h5").seed for model in MODELS} == {9}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dynamics.replicas": 1}, r"dynamics\.replicas: 1 is not allowed; medians take 2 or more"),
        ({"stage.0.rule": "vanilla"}, r'stage\.0\.rule: "vanilla" is for real batches'),
        (
            {"dynamics.engine": "softmax", "stage": [{"rule": "sgd", "steps": 3}]},
            "has no Gaussian counterpart",
        ),
    ],
)
def test_specs_of_which_there_is_no_comparison(spec, tmp_path, changes, said):
    with pytest.raises(SpecError, match=said):
        compare(spec.replace(**changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_where_the_folder_should_be(spec, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="is a file; a comparison needs a folder"):
        compare(spec, tmp_path / "out")


@pytest.mark.slow
def test_matched_noise_is_a_good_stand_in_and_wrong_noise_is_not(spec, tmp_path):
    """Noise parts of A and the loss, which matched noise gets right, over 64 runs of each."""
    tables = spec.to_dict()
    tables["task"]["T"] = 200
    tables["dynamics"] |= {"batch_size": 256, "replicas": 64}
    tables["stage"] = [{"rule": "sgd", "steps": 100, "rate_A": 0.1, "rate_V": 0.1}]
    tables["noise"] = {"sigma_A": 1.0, "sigma_V": 1.0}
    found = compare(RunSpec.from_dict(tables), tmp_path, fit=False)
    gaps = found["mean_gap"].sel(observable=["delta_A", "loss"])
    assert (gaps.sel(gaussian="matched") < 0.05).all()
    assert (gaps.sel(gaussian="isotropic") > 0.1).all()


@pytest.mark.slow
def test_the_bands_of_sampled_noise_are_those_of_real_batches(spec, tmp_path):
    """Under an l1 rule, where a column sees few samples, those of matched noise are not."""
    tables = spec.to_dict()
    tables["task"] |= {"N": 10, "T": 1000, "Q": 2}
    tables["dynamics"] |= {"batch_size": 64, "replicas": 128}
    tables["init"] = {"alpha_A": 0.1, "alpha_V": 0.1}
    tables["stage"] = [
        {"rule": "prox", "steps": 200, "rate_A": 0.1, "rate_V": 0.1, "threshold": 0.03}
    ]
    widths = {}
    for model in ("sampled", "matched"):
        tables["noise"] = {"model": model}
        found = compare(RunSpec.from_dict(tables), tmp_path / model, fit=False)
        widths[model] = found["width"].sel(gaussian=model)
    assert (np.abs(widths["sampled"] - 1.0) < 0.2).all()
    assert widths["matched"].sel(observable="sim_A") < 0.9


def test_a_folder_that_another_process_compares_in_is_left_alone(spec, tmp_path):
    with held(tmp_path / NAME), pytest.raises(RunFailed, match=r"compare.h5 is being written by"):
        compare(spec, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_goes_elsewhere_while_it_runs(made, spec, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    def stop():
        os.chdir(tmp_path / "elsewhere")
        return False

    found = compare(spec, "here", stop=stop)
    xr.testing.assert_equal(found, made[1])
    assert {path.name for path in (tmp_path / "here").iterdir()} == FILES
    assert os.listdir(tmp_path / "elsewhere") == []
