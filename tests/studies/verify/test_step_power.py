"""Steps with errors in them, each chosen at run time, so that all of them compile once."""

from __future__ import annotations

from functools import cache

import pytest
from scbsim_testing.mutants import mutant
from scbsim_testing.power import noticed

from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.sparse import SparseEngine
from scbsim.kernels.gaussian import active_set, columns, sparse

pytestmark = pytest.mark.slow


def chosen(number):
    """The text that says whether the steps of a call have the error of this number.

    Kernels with several errors compile once. These do not read how many samples a batch has.
    """
    return f"(params.batch == -{number}.0)"


def choose(engine, number, monkeypatch):
    monkeypatch.setattr(engine, "_batch", -number)


ACTIVE_SET = (
    "no deactivations",
    "activations on the support",
    "activations on active entries",
    "one noise for all",
    "no noise",
    "no decay",
    "squares without activations",
)
STAYS, ON_SUPPORT, ON_ACTIVE, ONE, NONE, NO_DECAY, SQUARES = map(chosen, range(1, 8))
OF_ACTIVE_SET = (
    ("if x != 0.0:\n", f"x = s[i] if {STAYS} and x == 0.0 else x\n            if x != 0.0:\n"),
    ("not (_holds(A.positions[k], t)", f"not (not {ON_SUPPORT} and _holds(A.positions[k], t)"),
    ("or _holds(position[begin:end], t)", f"or not {ON_ACTIVE} and _holds(position[begin:end], t)"),
    (
        "kappa * s[i] + sigma * z[place]",
        f"(0.0 if {NO_DECAY} else kappa) * s[i]"
        f" + (0.0 if {NONE} else sigma) * z[0 if {ONE} else place]",
    ),
    (f"{' ' * 16}squares += x * x\n", f"{' ' * 16}squares += 0.0 if {SQUARES} else x * x\n"),
)


@cache
def steps_with_errors():
    wrong = mutant(active_set, *OF_ACTIVE_SET)
    return mutant(sparse, step_active_set=wrong.step_active_set).advance_sparse


WHERE = {
    "no deactivations": "prox, N = 4, T = 30, 1.2 sigma",
    "activations on the support": "denoise, N = 4, T = 30, 1.2 sigma",
    "activations on active entries": "denoise, T = 60, 0.5 sigma",
    "one noise for all": "denoise, T = 60, 0.5 sigma",
    "no noise": "prox, N = 4, T = 30, 1.2 sigma",
    "no decay": "denoise, from a rest of all entries",
    "squares without activations": "prox, T = 8000, 4.0 sigma",
}


@pytest.mark.parametrize("what", ACTIVE_SET)
def test_active_entries(what, monkeypatch):
    monkeypatch.setattr("scbsim.engines.sparse.advance_sparse", steps_with_errors())
    choose(SparseEngine, 1 + ACTIVE_SET.index(what), monkeypatch)
    assert noticed(WHERE[what], SparseEngine)


COLUMNS = (
    "a chi-square that does not vary",
    "one dimension too many",
    "a level that is a tenth too low",
    "nothing across",
)
FIXED, TOO_MANY, TOO_LOW, NOTHING = map(chosen, range(1, 5))
OF_COLUMNS = (
    (
        "_chi_square(n - 2.0, z, k, at)",
        f"(n - 2.0 if {FIXED} else _chi_square(n - (1.0 if {TOO_MANY} else 2.0), z, k, at))",
    ),
    ("level = params", f"level = (0.9 if {TOO_LOW} else 1.0) * params"),
    (
        "level * z[1] if n >= 2.0 else 0.0",
        f"level * z[1] if n >= 2.0 and not {NOTHING} else 0.0",
    ),
)


@cache
def columns_with_errors():
    return mutant(columns, *OF_COLUMNS).advance_columns


@pytest.mark.parametrize("what", COLUMNS)
def test_columns(what, monkeypatch):
    monkeypatch.setattr(ColumnsEngine, "_advance", staticmethod(columns_with_errors()))
    choose(ColumnsEngine, 1 + COLUMNS.index(what), monkeypatch)
    # At T = 3 nothing is left for a chi-square.
    small = what in ("one dimension too many", "nothing across")
    name = "sgd, columns, N = 3, T = 3" if small else "sgd, columns, N = 4, T = 30"
    assert noticed(name, ColumnsEngine)


def test_steps_without_a_chosen_error_pass(monkeypatch):
    """An error is noticed because it was chosen."""
    monkeypatch.setattr("scbsim.engines.sparse.advance_sparse", steps_with_errors())
    for name in ("prox, N = 4, T = 30, 1.2 sigma", "denoise, T = 60, 0.5 sigma"):
        assert not noticed(name, SparseEngine)
    monkeypatch.setattr(ColumnsEngine, "_advance", staticmethod(columns_with_errors()))
    assert not noticed("sgd, columns, N = 4, T = 30", ColumnsEngine)
