"""What does a sparse step under matched noise cost beside the isotropic one, and of it V?

Both have thresholds of 4 of their own sigmas, so as many entries are activated. "Without V" are all
parts of a step but those whose work is the (N, N) matrix: the step of V, the draw of its noise, and
at an update its products, moments and the factor of its noise. Updates count by 1 in
``noise.every``. Times are the thread's own. Parts take turns, and each is repeated, with its
data in the cache; each counts at its best.
"""

from time import thread_time

import numpy as np
import pytest
from sizes import size

from scbsim import Task
from scbsim.engines.activation_groups import activation_rates
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.gaussian.activations import draw_activations
from scbsim.kernels.gaussian.active_set import Entries, step_active_set
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.support import draw_support, step_support
from scbsim.kernels.matched.covariances import write_factors
from scbsim.kernels.matched.joint_noise import draw_columns
from scbsim.kernels.matched.levels import write_levels
from scbsim.kernels.matched.moments import joint_moments
from scbsim.kernels.matched.power_sums import powers_of_active_set

N, T = size((500, 100_000), (5, 1000))
EVERY, SIGMAS, STEPS = 5, 4.0, size(50, 2)
BATCH = 50_000 * N
START = {"alpha_A": 0.1, "alpha_V": 0.1}


@kernel
def without_V(model, params, entries, at, scratch, joint, steps):
    """The parts of a step that are not V's, over and over from the state as it is."""
    A, V, constants = model
    rates, _, new = entries
    row = np.empty(9)
    _, _, kappa, kappa_prime = couple(A, V, constants, row)
    for step in range(steps):
        here = (np.uint64(at + step), constants.seed, constants.replica)
        draw_activations(rates, np.int64(constants.T), (0.0, 1.0), new, here)
        if joint is None:
            draw_support(A, here, scratch)
        else:
            draw_columns(A, constants, joint, params.noise_scale, here, scratch)
        step_active_set(A, entries, params, kappa, here, constants.T, joint)
        step_support(A, params, kappa, kappa_prime, joint)
        couple(A, V, constants, row)


@kernel
def levels_without_V(model, powers, of_V, batch, levels, joint, times):
    """The levels of the columns, and their covariances, from the moments of V."""
    A, _, constants = model
    for _ in range(times):
        write_levels(A, powers, constants, of_V[0], batch, levels)
        if joint is not None:
            write_factors(model, powers, of_V, batch, levels, joint)


@kernel
def moments_of(V, mu, products):
    return joint_moments(V, mu, np.int64(1), products)


def best_in_turn(*functions):
    """Seconds of each function, over how often it does its part, best of many rounds."""
    seconds = []
    for _ in range(size(60, 1)):
        seconds.append([])
        for function, times in functions:
            began = thread_time()
            function()
            seconds[-1].append((thread_time() - began) / times)
    return np.min(seconds, axis=0)


def stage_of(sigma):
    # The rates are so small that the levels stay as they are; entries that leave zero do not mind.
    return Stage(0, "prox", 10**9, 1e-4, 1e-4, SIGMAS * sigma, np.inf, None)


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize("covariances", [False, True], ids=["levels", "covariances"])
def test_matched_sparse_step(covariances, benchmark, note):
    benchmark.group = f"sparse step under matched noise, N={N} T={T}"
    task = Task.random(N, T, 2, P_concentration=0.005)

    def engine(noise, value):
        return SparseEngine(task, noise, value=value, **START)

    matched = engine(MatchedNoise(BATCH, EVERY, covariances=covariances), True)
    matched._update_levels()
    # In units of the isotropic levels, as thresholds are; they differ by little.
    shape = 1.0 / np.sqrt(task.mu)
    sigma = matched.noise.sigma_A.mean() / shape.mean() * shape
    stage = stage_of(sigma)
    isotropic = engine(NoiseLevels(sigma, 0.0), False)
    isotropic.advance(stage, STEPS)

    benchmark.pedantic(matched.advance, (stage, EVERY), warmup_rounds=1)

    own = matched._matched
    other = engine(MatchedNoise(BATCH, EVERY, covariances=True), True)._matched
    model = matched._model._replace(A=matched.A)
    entries = Entries(matched._rates, matched._active, matched._newly_active)
    params = matched._step_params(stage)
    arguments = (model, params, entries, 7, matched.scratch, own.joint, STEPS)

    of_V = moments_of(matched.V, matched.constants.mu, other._products)
    of_levels = (model, own.powers, of_V, float(BATCH), own.levels, own.joint)

    def rest_of_update():
        now, sigma_A = matched._now, matched.noise.sigma_A
        for _ in range(STEPS):
            powers_of_active_set(matched._active.first[now], matched._active.s[now], own.powers)
            activation_rates(stage.rule, stage.threshold, sigma_A, stage.rate_A, T)

    whole, theirs, step, update, rest = best_in_turn(
        (lambda: matched.advance(stage, EVERY), EVERY),
        (lambda: isotropic.advance(stage, STEPS), STEPS),
        (lambda: without_V(*arguments), STEPS),
        (lambda: levels_without_V(*of_levels, STEPS), STEPS),
        (rest_of_update, STEPS),
    )
    update += rest
    ours = step + update / EVERY
    note(
        us_a_step=1e6 * whole,
        us_without_V=1e6 * ours,
        isotropic_us=1e6 * theirs,
        times_the_isotropic=ours / theirs,
        us_an_update_without_V=1e6 * update,
        us_of_V=1e6 * (whole - ours),
    )
