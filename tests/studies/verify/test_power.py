"""The verification detects engines with small errors, at its floor for all comparisons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scbsim_testing.mutants import mutant
from scbsim_testing.power import noticed

from scbsim.engines.activation_groups import activation_rates
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.directions import DrawnDirections
from scbsim.engines.sparse import SparseEngine
from scbsim.kernels.gaussian import (
    activations,
    collapsed,
    collapsed_value,
    columns,
    sparse,
    support,
)
from scbsim.kernels.gaussian import isotropic as component
from scbsim.studies.verify.case import SCALARS_OF_V, SPARSE_A
from scbsim.studies.verify.verification import RUNS

pytestmark = pytest.mark.slow


def with_D_V(engine, by):
    def build(*words, **start):
        built = engine(*words, **start)
        built.constants = built.constants._replace(D_V=built.constants.D_V + by)
        return built

    return build


@pytest.mark.parametrize("by", [1.0, -1.0])
@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("sgd, N = 3, T = 3", CollapsedEngine),
        ("prox, N = 3, T = 3", SparseEngine),
        ("sgd, N = 4, T = 30", SCALARS_OF_V.build),
        ("sgd, K_P = 0", CollapsedEngine),
    ],
)
def test_a_dimension_of_V(name, engine, by):
    assert noticed(name, with_D_V(engine, by))


# With T = 2 a column has only the dimension of the signal, so one fewer changes nothing.
@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("sgd, N = 2, T = 2", 1.0),
        ("sgd, N = 2, T = 2", -1.0),
        ("sgd, N = 3, T = 3", 1.0),
        ("sgd, N = 3, T = 3", -1.0),
        ("sgd, T = 2, a level for each column", 1.0),
        ("sgd, T = 3, a level for each column", 1.0),
        ("sgd, T = 3, a level for each column", -1.0),
        ("sgd, K_Q = 0, Q = T", 1.0),
        ("sgd, K_Q = 0, Q = T", -1.0),
    ],
)
def test_a_dimension_of_A(name, by):
    def build(*words, **start):
        built = CollapsedEngine(*words, **start)
        built.collapsed = built.collapsed._replace(D=built.collapsed.D + by)
        return built

    assert noticed(name, build)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("too frequent", lambda b: b._replace(rate=1.05 * b.rate)),
        ("too rare", lambda b: b._replace(rate=0.95 * b.rate)),
        ("too large", lambda b: b._replace(scale=1.05 * b.scale)),
        ("too small", lambda b: b._replace(scale=0.95 * b.scale)),
        ("another tail", lambda b: b._replace(above=0.8 * b.above)),
    ],
)
@pytest.mark.parametrize("rule", ["prox", "denoise"])
def test_activations(rule, what, change, monkeypatch):
    monkeypatch.setattr(
        "scbsim.engines.sparse.activation_rates", lambda *a: change(activation_rates(*a))
    )
    assert noticed(f"{rule}, T = 600, 1.0 sigma", SparseEngine)


def test_thinning_that_is_ignored(monkeypatch):
    def changed(*words):
        right = activation_rates(*words)
        assert (right.spare > 0).any()
        return right._replace(spare=np.zeros_like(right.spare))

    monkeypatch.setattr("scbsim.engines.sparse.activation_rates", changed)
    assert noticed("prox, T = 600, one lam, 1.0 sigma", SparseEngine)
    assert noticed("denoise, one lam, a level for each column", SparseEngine)


def test_activations_of_one_sign(monkeypatch):
    wrong = mutant(activations, ("left - _LOG_2", "1.0"))
    advance = mutant(sparse, draw_activations=wrong.draw_activations).advance_sparse
    monkeypatch.setattr("scbsim.engines.sparse.advance_sparse", advance)
    assert noticed("prox, N = 4, T = 30, 1.2 sigma", SparseEngine)


COMPONENT = {
    "nothing along the rest": ("root += amplitude * y", "root += 0.0 * y"),
    "the same along the rest as along the truth": ("amplitude * y", "amplitude * z"),
    "the signal's noise not by its length": ("z / np.sqrt(K)", "z"),
    "no decay of the rest": ("root = keep * np.sqrt(rest)", "root = np.sqrt(rest)"),
}


@pytest.mark.parametrize("matrix", ["A", "V"])
@pytest.mark.parametrize("what", COMPONENT)
def test_components(what, matrix, monkeypatch):
    wrong = mutant(component, COMPONENT[what]).step_component
    if matrix == "A":
        advance = mutant(collapsed, step_component=wrong).advance_collapsed
    else:
        step = mutant(collapsed_value, step_component=wrong).step_collapsed_value
        advance = mutant(collapsed, step_collapsed_value=step).advance_collapsed
    monkeypatch.setattr("scbsim.engines.collapsed.advance_collapsed", advance)
    # The decay is visible if the noise part is large compared with the noise of a step.
    assert noticed("sgd, from a rest" if "decay" in what else "sgd, N = 3, T = 3", CollapsedEngine)


OF_ZEROS = ("entry_level(params.matched, params.sigma_A[k], k, s, q)", "params.sigma_A[k]")


def test_matched_levels_of_the_support(monkeypatch):
    advance = mutant(sparse, step_support=mutant(support, OF_ZEROS).step_support).advance_sparse
    monkeypatch.setattr("scbsim.engines.sparse.advance_sparse", advance)
    assert noticed("denoise, matched, T = 600", SPARSE_A.build)


def test_no_covariances():
    def build(task, noise, **options):
        return SPARSE_A.build(task, replace(noise, covariances=False), **options)

    assert noticed("prox, covariances, T = 600", build)


WITHOUT_TURN = {
    "sgd, normalised": (CollapsedEngine, collapsed, "turn(A.cosine, A.since, A.free, 0, at)"),
    "sgd, columns, normalised": (
        ColumnsEngine,
        columns,
        "turn(off.cosine, off.since, off.free, 0, at)",
    ),
}


@pytest.mark.parametrize("name", WITHOUT_TURN)
def test_directions_that_stay(name, monkeypatch):
    engine, module, turn = WITHOUT_TURN[name]
    advance = f"advance_{engine.name}"
    wrong = getattr(mutant(module, (turn, "pass")), advance)
    if engine is ColumnsEngine:
        monkeypatch.setattr(engine, "_advance", staticmethod(wrong))
    else:
        monkeypatch.setattr(f"scbsim.engines.{engine.name}.{advance}", wrong)
    assert noticed(name, engine, runs=4000)


@pytest.mark.parametrize("name", WITHOUT_TURN)
def test_directions_that_are_drawn_anew(name, monkeypatch):
    draw = DrawnDirections.draw
    monkeypatch.setattr(
        DrawnDirections, "draw", lambda self, at, since: draw(self, at, 0.0 * since)
    )
    # p is 1e-20 for `columns`, and 1e-9 with half as many runs.
    assert noticed(name, WITHOUT_TURN[name][0], runs=4000)


def test_columns_as_pairs(monkeypatch):
    """The support at the level of zeros, as if a column were a signal and a rest."""
    step = mutant(support, OF_ZEROS).step_support
    advance = mutant(columns, step_support=step).advance_columns
    monkeypatch.setattr(ColumnsEngine, "_advance", staticmethod(advance))
    # p is 1e-7 to 1e-11 with 4000 runs, by the seed; here there are as many as in a verification.
    assert noticed("sgd, columns, matched", ColumnsEngine, runs=RUNS)


def test_columns_without_covariances():
    def build(task, noise, **options):
        return ColumnsEngine(task, replace(noise, covariances=False), **options)

    assert noticed("sgd, columns, N = 6, T = 600", build)


def test_activations_by_levels_that_are_over(monkeypatch):
    renew = SparseEngine._update_levels

    def renew_all_but_activations(engine):
        of = engine._rates_of
        renew(engine)
        engine._rates_of = of if engine.step else None

    monkeypatch.setattr(SparseEngine, "_update_levels", renew_all_but_activations)
    assert noticed("denoise, matched, T = 600", SPARSE_A.build)


def test_the_right_engines_pass_as_mutants_do(monkeypatch):
    """The changed kernel is detected because of the change, not because it is a copy."""
    right = mutant(component).step_component
    step = mutant(collapsed_value, step_component=right).step_collapsed_value
    advance = mutant(collapsed, step_collapsed_value=step).advance_collapsed
    monkeypatch.setattr("scbsim.engines.collapsed.advance_collapsed", advance)
    assert not noticed("sgd, N = 3, T = 3", CollapsedEngine)
