"""Which runs can be shared out over ranks, by their specs."""

from __future__ import annotations

from scbsim.errors import Fault, InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.noise_models import NOISE_MODELS


def require_shareable(spec: RunSpec, ranks: int) -> None:
    """Refuse a run that ranks cannot share.

    Raises
    ------
    SpecError
        With every fault of the spec.
    InputError
        If it has fewer columns than there are ranks.
    """
    faults = []
    if spec.dynamics.engine not in ("auto", "dense"):
        problem = f'"{spec.dynamics.engine}" is not shared over ranks, only "dense" is'
        faults.append(Fault("dynamics.engine", problem))
    if spec.dynamics.replicas > 1:
        problem = f"{spec.dynamics.replicas} are not shared over ranks, only a single run is"
        faults.append(Fault("dynamics.replicas", problem))
    if NOISE_MODELS[spec.noise.model].follows_state:
        why = "needs more of each column than ranks exchange"
        problem = f'"{spec.noise.model}" {why}: "isotropic" or "none"'
        faults.append(Fault("noise.model", problem))
    if spec.output.snapshot_every:
        problem = "a run that is shared over ranks keeps no snapshots: 0 is allowed"
        faults.append(Fault("output.snapshot_every", problem))
    if faults:
        raise SpecError(faults, f"the spec of a run on {ranks} ranks")
    if spec.task.N is not None:
        require_columns(spec.task.N, ranks)


def require_columns(N: int, ranks: int) -> None:
    """Refuse more ranks than there are columns.

    Raises
    ------
    InputError
    """
    if ranks > N:
        raise InputError(
            f"{ranks} ranks: a run is shared out by the columns of A, of which there are "
            f"N = {N}; launch that many at the most"
        )
