"""The verification notices a step that forgets a part of its schedule."""

from __future__ import annotations

import pytest
from scbsim_testing.mutants import mutant
from scbsim_testing.power import noticed

from scbsim.engines.sparse import SparseEngine
from scbsim.kernels.gaussian import active_set, sparse
from scbsim.kernels.gaussian.schedule import RATIO

pytestmark = pytest.mark.slow

NAME = "prox, scheduled"
OF_STAGE = ("params.threshold_scale * params.threshold[k]", "params.threshold[k]")


def test_active_entries_with_the_threshold_of_the_stage(monkeypatch):
    wrong = mutant(active_set, OF_STAGE).step_active_set
    advance = mutant(sparse, step_active_set=wrong).advance_sparse
    monkeypatch.setattr("scbsim.engines.sparse.advance_sparse", advance)
    assert noticed(NAME, SparseEngine)


def test_activations_by_the_thresholds_of_the_first_step(monkeypatch):
    def all_alike(params, steps):
        yield steps, float(params.schedule[0, RATIO])

    monkeypatch.setattr("scbsim.engines.sparse.calls_of", all_alike)
    assert noticed(NAME, SparseEngine)
