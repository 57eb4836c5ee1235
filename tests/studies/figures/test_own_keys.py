"""``--set`` changes all runs of a figure, except for the keys that the figure sets itself."""

from __future__ import annotations

import math

import pytest
from scbsim_testing.small_figures import FIGURE_5, shrunk

from scbsim.errors import InputError, OutputError
from scbsim.spec.difference import _flat
from scbsim.storage.runfile.loading import load
from scbsim.studies.figures.figure2 import run as figure2
from scbsim.studies.figures.figure5 import run as figure5
from scbsim.studies.figures.figures134 import run as real_batches
from scbsim.studies.transfer import run as transfer

OWN = {
    "1": (real_batches.OWN, lambda words: real_batches.specs(1, overrides=words)),
    "2": (figure2.OWN, lambda words: figure2.specs(overrides=words)),
    "5": (figure5.OWN, lambda words: figure5.specs(overrides=words)),
}


@pytest.mark.parametrize(("figure", "key"), [(f, k) for f, (own, _) in OWN.items() for k in own])
def test_a_key_of_its_own_is_refused_in_words(figure, key):
    _, specs = OWN[figure]
    for word in (key, f"{key}.x", key.partition(".")[0]):
        with pytest.raises(InputError, match="is the figure's own: ") as caught:
            specs([f" {word} = 3"])
        assert str(caught.value).startswith(f"--set {word}: ")


@pytest.mark.parametrize("figure", OWN)
def test_what_differs_between_its_runs_is_its_own(figure):
    own, specs = OWN[figure]
    tables = [_flat(spec.to_dict()) for spec in specs([]).values()]
    keys = {key for table in tables for key in table}
    differ = {key for key in keys if len({str(table.get(key)) for table in tables}) > 1}
    # In figure 5, --set may change keys that depend on N, and thresholds, which SGD ignores.
    of_N = {"dynamics.batch_size", "task.P_concentration", "stage.0.threshold_sigmas"}
    taken = of_N if figure == "5" else set()
    assert differ - taken - set(own) == set()


def test_transfer_has_its_own_too(tmp_path):
    for key in transfer.OWN:
        with pytest.raises(InputError, match=rf"--set {key}: {key} is the figure's own"):
            transfer.run(tmp_path / "out", overrides=[f"{key}=3"])
    assert not (tmp_path / "out").exists()


def test_other_keys_reach_every_run():
    words = ["dynamics.batch_size=2e6", "output.every=5", "task.T=2000"]
    for specs in (figure5.specs(overrides=words), figure2.specs(overrides=words)):
        for spec in specs.values():
            found = (spec.dynamics.batch_size, spec.output.every, spec.task.T)
            assert found == (2e6, 5, 2000)


@pytest.mark.slow
def test_files_of_other_settings_are_kept(tmp_path):
    with shrunk(*FIGURE_5):
        made = figure5.run(tmp_path, quick=True, threads=1)
        before = [path.read_bytes() for path in made.files]
        with pytest.raises(OutputError, match=r"sigma_A is 1\.0 there and 2\.0 here.*output="):
            figure5.run(tmp_path, quick=True, threads=1, overrides=["noise.sigma_A=2.0"])
        assert [path.read_bytes() for path in made.files] == before


DIVERGING = ["task.T=60", "dynamics.batch_size=8", "stage.0.rate_A=1e9", "stage.0.rate_V=1e9"]


def test_a_first_stage_that_diverges_is_said(tmp_path):
    words = [*DIVERGING, "stage.0.until_signal=1e300"]
    with pytest.raises(OutputError, match=r"sgd-large\.h5 diverged at step \d+, in its first"):
        real_batches.run(3, tmp_path, overrides=words, threads=1)


@pytest.mark.slow
@pytest.mark.parametrize("every", [0, 10])
@pytest.mark.parametrize("number", real_batches.RUNS)
def test_runs_that_diverge_after_it_are_drawn(tmp_path, number, every):
    words = [*DIVERGING, f"output.normalized_every={every}"]
    made = real_batches.run(number, tmp_path, overrides=words, threads=1)
    assert {load(path).attrs["status"] for path in made.files} == {"diverged"}
    assert all(math.isnan(each.normalized_dist_A) for each in made.outcomes)
    assert made.pictures[0].exists()
