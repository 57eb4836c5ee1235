"""The observables of docs/examples, at their own size of T = 100,000."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import scbsim

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "observables.py"


@pytest.mark.slow
def test_the_example(tmp_path):
    made = runpy.run_path(str(EXAMPLE))
    own = {name: made[name] for name in ("mass_on_support", "confidence")}
    spec = made["spec"](200).replace(**{"output.final_state": True})
    run = scbsim.simulate(spec, observe=own)
    kept = scbsim.matrices(run)
    mass = [kept.column(k)[at].sum() for k, at in enumerate(kept.task.q_positions)]
    np.testing.assert_allclose(run["mass_on_support"][-1], kept.task.mu @ mass, rtol=1e-12)
    assert run["confidence"].dims == ("step",)
    batch = made["contexts"](kept.task)
    given = [
        (kept.V @ np.bincount(tokens, kept.column(k), kept.task.N))[output]
        for tokens, k, output in zip(batch.tokens, batch.query, batch.output, strict=True)
    ]
    np.testing.assert_allclose(run["confidence"][-1], np.mean(given), rtol=1e-12)
    assert run["confidence"][0] < 0.1 < run["confidence"][-1], "it was to learn"

    spec = spec.replace(**{"output.observe": [f"{EXAMPLE}:mass_on_support"]})
    again = scbsim.simulate(spec)
    np.testing.assert_array_equal(again["mass_on_support"], run["mass_on_support"])
