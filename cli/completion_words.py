"""The keys of a spec and their words, as the shell completes them.

Models, engines and rules have them too, but importing those takes longer than a shell may wait. A
test compares the two.
"""

from __future__ import annotations

from typing import Final

_SWITCH = ("true", "false")
_RULES = ("sgd", "prox", "denoise", "vanilla", "hard", "momentum")
_ENGINES = (
    *("auto", "dense", "sparse", "collapsed", "columns", "approximate", "staged", "sampled"),
    *("batch", "softmax", "population"),
)

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "seed": (),
    "task.N": (),
    "task.T": (),
    "task.Q": (),
    "task.mu": ("uniform", "dirichlet"),
    "task.mu_concentration": (),
    "task.P_concentration": (),
    "task.K_P": (),
    "task.q_concentration": (),
    "task.seed": (),
    "task.from": (),
    "dynamics.engine": _ENGINES,
    "dynamics.rule": _RULES,
    "dynamics.replicas": (),
    "dynamics.replica": (),
    "dynamics.batch_size": (),
    "dynamics.precision": ("float32", "float64"),
    "dynamics.value": ("auto", "matrix", "collapsed"),
    "noise.model": ("isotropic", "matched", "sampled", "none"),
    "noise.sigma_A": (),
    "noise.sigma_V": (),
    "noise.every": (),
    "noise.covariances": _SWITCH,
    "init.alpha_A": (),
    "init.alpha_V": (),
    "init.from": (),
    "init.correlation": (),
    "data.from": (),
    "data.epochs": (),
    "stage.0.steps": (),
    "stage.0.rate_A": (),
    "stage.0.rate_V": (),
    "stage.0.rule": _RULES,
    "stage.0.threshold": (),
    "stage.0.threshold_sigmas": (),
    "stage.0.batch_size": (),
    "stage.0.until_signal": (),
    "stage.0.normalize_level": (),
    "output.every": (),
    "output.snapshot_every": (),
    "output.final_state": (*_SWITCH, "auto"),
    "output.normalize_level": (),
    "output.normalized_every": (),
    "output.checkpoint_seconds": (),
    "output.observe": (),
}
"""By key, as after ``--set``: the words that it takes; none if it takes numbers, paths and such."""
