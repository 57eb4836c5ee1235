"""A run that starts from another one's last state draws on: the noise of a chain never repeats."""

from __future__ import annotations

import json
from itertools import count

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import TASK, rows

from scbsim import RunSpec, simulate
from scbsim.engines.random_stream import MOST_STEPS, UNKNOWN, StreamStart
from scbsim.errors import InputError
from scbsim.storage.runfile.stream_start import stream_after

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

ENGINES = {
    "dense": {"engine": "dense", "rule": "sgd"},
    "dense, matched": {"engine": "dense", "rule": "prox"},
    "sparse": {"engine": "sparse", "rule": "prox"},
    "collapsed": {"engine": "collapsed", "rule": "sgd"},
    "batch": {"engine": "batch", "rule": "sgd", "batch_size": 32},
    "softmax": {"engine": "softmax", "rule": "vanilla", "batch_size": 32},
}
WITHIN = 1e-9


def spec_of(kind, steps, start=None, **dynamics):
    dynamics = {"precision": "float64", "batch_size": 1000, **ENGINES[kind], **dynamics}
    stage = {"steps": steps}
    if dynamics["rule"] == "prox":
        stage["threshold_sigmas"] = 2.0
    return RunSpec.from_dict(
        {
            "seed": 3,
            "task": TASK,
            "dynamics": dynamics,
            "noise": {"model": "matched", "every": 1} if "matched" in kind else {},
            "init": {"alpha_A": 0.3, "alpha_V": 0.4} if start is None else {"from": str(start)},
            "stage": [stage],
            "output": {} if dynamics.get("replicas", 1) > 1 else {"final_state": True},
        }
    )


def chain(kind, folder, lengths):
    """Rows of runs that each start where the one before ended, end to end."""
    path, parts = None, []
    for i, steps in enumerate(lengths):
        spec = spec_of(kind, steps, path)
        path = folder / f"{i}.h5"
        parts.append(rows(simulate(spec, output=path))[i > 0 :])
    return np.concatenate(parts), path


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.slow] * (kind == "dense, matched")) for kind in ENGINES],
)
def test_a_chain_is_one_long_run(kind, tmp_path):
    """At any depth: each run draws what the long one draws at the same steps."""
    whole = rows(simulate(spec_of(kind, 18)))
    parts, _ = chain(kind, tmp_path, (5, 6, 7))
    np.testing.assert_allclose(parts, whole, rtol=WITHIN, atol=WITHIN)


def test_replicas_of_a_child_draw_on_as_well(tmp_path):
    _, parent = chain("dense", tmp_path, (5,))
    both = simulate(spec_of("dense", 6, parent, replicas=2))
    whole = rows(simulate(spec_of("dense", 11)))
    np.testing.assert_allclose(rows(both.isel(replica=0)), whole[5:], rtol=WITHIN, atol=WITHIN)
    # The second is, to the bit, the single run of its stream from the same start.
    alone = simulate(spec_of("dense", 6, parent, replica=1))
    assert np.array_equal(rows(both.isel(replica=1)), rows(alone))


def test_batches_of_another_size_begin_at_a_sample_that_no_run_has_seen(tmp_path):
    _, parent = chain("batch", tmp_path, (5,))
    start = stream_after(parent)
    assert start == StreamStart(sample=5 * 32)
    assert start.first_step(48) == 4  # batches 0 to 3 of 48 hold samples 0 to 191
    child = tmp_path / "child.h5"
    simulate(spec_of("batch", 2, parent, batch_size=48), output=child)
    assert stream_after(child) == StreamStart(sample=(4 + 2) * 48)


def test_gaussian_noise_and_samples_are_counted_apart(tmp_path):
    _, parent = chain("batch", tmp_path, (5,))
    child = tmp_path / "child.h5"
    simulate(spec_of("dense", 7, parent), output=child)
    assert stream_after(child) == StreamStart(step=7, sample=5 * 32)


def stopping_after(blocks):
    asked = count()
    return lambda: next(asked) > blocks


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_child_resumes_to_the_same_bits(kind, tmp_path):
    _, parent = chain(kind, tmp_path, (5,))
    spec, path = spec_of(kind, 40, parent), tmp_path / "child.h5"
    whole = simulate(spec)
    assert simulate(spec, output=path, stop=stopping_after(1)).attrs["status"] == "stopped"
    assert np.array_equal(rows(simulate(spec, output=path, resume=True)), rows(whole))


def test_a_child_whose_file_is_damaged_goes_on_from_its_checkpoint_at_its_own_noise(tmp_path):
    _, parent = chain("dense", tmp_path, (5,))
    spec, path = spec_of("dense", 40, parent), tmp_path / "child.h5"
    whole = simulate(spec)
    simulate(spec, output=path, stop=stopping_after(1))
    path.write_bytes(path.read_bytes()[:4096])
    with pytest.warns(match="corrupt"):
        rest = rows(simulate(spec, output=path, resume=True))
    assert np.array_equal(rest, rows(whole)[-len(rest) :])


@pytest.fixture
def old_child(tmp_path, monkeypatch):
    """A chained run that stopped, as a version wrote it that drew its parent's noise again."""
    _, parent = chain("dense", tmp_path, (5,))
    spec, path = spec_of("dense", 40, parent), tmp_path / "old.h5"
    with monkeypatch.context() as patch:
        patch.setattr("scbsim.storage.runfile.stream_start.stream_after", lambda _: StreamStart())
        whole = rows(simulate(spec))
        simulate(spec, output=path, stop=stopping_after(1))
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        del file.attrs["first_noise_step"], file.attrs["first_noise_sample"]
    with h5py.File(f"{path}.ckpt", "r+") as file:
        facts = json.loads(file.attrs["facts"])
        del facts["stream"]
        content = json.dumps(facts).encode()
        kind = h5py.string_dtype("utf-8", len(content))
        file.attrs.create("facts", content, dtype=kind)
    return spec, path, whole


def test_a_file_of_before_resumes_to_its_bits(old_child):
    spec, path, whole = old_child
    assert np.array_equal(rows(simulate(spec, output=path, resume=True)), whole)


def test_a_child_of_a_chained_file_of_before_draws_far_beyond_it(old_child):
    spec, path, _ = old_child
    simulate(spec, output=path, resume=True)
    assert stream_after(path) == StreamStart(UNKNOWN.step + 40, UNKNOWN.sample)


def test_a_chain_ends_with_the_stream(tmp_path):
    _, parent = chain("dense", tmp_path, (5,))
    with h5py.File(parent, "r+", libver=("v110", "v110")) as file:
        file.attrs["first_noise_step"] = MOST_STEPS - 12
    simulate(spec_of("dense", 7, parent))
    with pytest.raises(InputError, match="take another seed"):
        simulate(spec_of("dense", 8, parent))
