"""Which specs can run on several ranks."""

from __future__ import annotations

from scbsim.errors import Fault, InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.rules import rule_record


def require_shareable(spec: RunSpec, ranks: int) -> None:
    """Raise :class:`SpecError`, with every fault, if ranks cannot share a run.

    Raises
    ------
    InputError
        If it has fewer columns than there are ranks.
    """
    engine, replicas, noise = spec.dynamics.engine, spec.dynamics.replicas, spec.noise.model
    problems = {
        "dynamics.engine": engine not in ("auto", "dense")
        and f'"{engine}" cannot be shared over ranks: "dense" or "auto"',
        "dynamics.replicas": replicas > 1
        and f"{replicas} replicas cannot be shared over ranks, only a single run",
        "noise.model": NOISE_MODELS[noise].needs_matrix_V
        and f'"{noise}" needs more of each column than ranks exchange: "isotropic" or "none"',
        "init.correlation": spec.init.correlation is not None
        and "a run shared over ranks starts from signals, or from the file of a run",
        "output.observe": bool(spec.output.observe)
        and "a run shared over ranks calls no functions: no rank has all of A; run it without MPI",
        "output.snapshot_every": spec.output.snapshot_every > 0
        and "a run shared over ranks keeps no snapshots: only 0 is allowed",
    }
    with_memory = [name for name in spec.rules if rule_record(name).memory]
    problems["dynamics.rule"] = (
        bool(with_memory)
        and f'"{with_memory[0]}" has memory, which ranks do not share: a rule without it, or no MPI'
    )
    faults = [Fault(key, problem) for key, problem in problems.items() if problem]
    if faults:
        raise SpecError(faults, f"the spec of a run on {ranks} ranks")
    if spec.task.N is not None:
        require_columns(spec.task.N, ranks)


def require_columns(N: int, ranks: int) -> None:
    """Raise :class:`InputError` if there are more ranks than columns."""
    if ranks > N:
        raise InputError(
            f"{ranks} ranks: the columns of A are shared out, and there are only N = {N} of them; "
            "launch at most that many ranks"
        )
