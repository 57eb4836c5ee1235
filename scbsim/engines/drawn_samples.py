"""The samples that a step under sampled noise draws: `docs/model.md`, section 8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.cost import value_bytes
from scbsim.engines.noise import SampledNoise
from scbsim.engines.plan import RunPlan
from scbsim.errors import InputError
from scbsim.kernels.gaussian.off_support import OffSupport, make_off_support
from scbsim.kernels.gaussian.state import Attention, Value
from scbsim.kernels.matched.joint_state import make_joint_noise
from scbsim.kernels.sampled.dense import DrawnSamples
from scbsim.kernels.sampled.state import Batch, SampledState, make_sums, samples_a_block, sums_bytes
from scbsim.sampling.alias_tables import alias_tables_of
from scbsim.task import Task
from scbsim.util.memory import require

_MOST_BLOCKS = 2**24
"""Blocks of samples whose random numbers have an address."""


def require_addresses(task: Task, batch: int, engine: str, key: str) -> None:
    """Raise an InputError if a batch has more samples than the random stream has addresses."""
    most = _MOST_BLOCKS * samples_a_block(task.N, task.Q)
    if batch > most:
        raise InputError(
            f"{key}: {batch} samples, each of which is drawn; at N = {task.N} "
            f"the {engine} engine takes up to {most} of them"
        )


def require_addresses_of(plan: RunPlan) -> None:
    """Raise an InputError if a batch of a run, whose samples are drawn, has too many."""
    if isinstance(plan.noise, SampledNoise):
        name, key = plan.choice.name, plan.largest_batch_key
        require_addresses(plan.task, plan.largest_batch, name, key)


def make_batch(
    task: Task, noise: SampledNoise, largest_batch: int | None, threads: int, engine: str
) -> Batch:
    """Return how a batch is drawn, and the arrays for it.

    Parameters
    ----------
    task : Task
    noise : SampledNoise
    largest_batch : int, optional
        The largest batch, if some stage has a size of its own.
    threads : int
    engine : str
        The engine's name, for messages.

    Raises
    ------
    InputError
        If the task cannot be sampled, or a batch has too many samples.
    MemoryNeeded
        If the sums of a batch do not fit into memory.
    """
    batch = noise.batch_size if largest_batch is None else largest_batch
    together = samples_a_block(task.N, task.Q)
    key = "dynamics.batch_size" if largest_batch is None else "stage.N.batch_size"
    require_addresses(task, batch, engine, key)
    needed = value_bytes(task.N, True) + sums_bytes(task.N, batch)
    require(needed, f"the {engine} engine at N = {task.N}")
    sums = make_sums(task.mu, task.Q, batch, threads)
    return Batch(batch, together, alias_tables_of(task), sums)


def seen_state(
    task: Task, A: Attention, V: Value, mean: NDArray[np.float64], off: OffSupport
) -> SampledState:
    """Return what the samples see of a state; its arrays are those of the arguments."""
    return SampledState(
        support=A.support,
        **off._asdict(),
        W=V.W,
        root_mu=V.root_mu,
        mean=mean,
        T=float(task.T),
    )


def make_drawn_samples(
    task: Task, A: Attention, V: Value, mean: NDArray[np.float64], batch: Batch
) -> DrawnSamples:
    """Return the samples of an engine that has every entry of A, and the noise they make."""
    off = make_off_support(task.N, task.T - task.Q)
    joint = make_joint_noise(V.W[:0, :0], task.N, task.Q, A.block_sums.shape[1])
    return DrawnSamples(seen_state(task, A, V, mean, off), batch, joint, np.zeros(task.N))
