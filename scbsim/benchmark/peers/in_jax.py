"""JAX: many steps in one compiled `fori_loop` that is given the state to write over."""

import jax
import jax.numpy as jnp

from scbsim.benchmark.peers import AMPLITUDE, DECAY, LEVEL


class Peer:
    """Threads are XLA's; ``bits`` names the generator."""

    def __init__(self, rule, shape, dtype, bits, steps):
        if dtype == "float64":
            jax.config.update("jax_enable_x64", True)
        self.s, self.sums = jnp.zeros(shape, dtype), jnp.zeros((shape[0], 2), dtype)
        self.key, self.taken = jax.random.key(0, impl=bits), 0

        def step(i, state):
            s, _ = state
            z = AMPLITUDE * jax.random.normal(jax.random.fold_in(self.key, i), shape, dtype)
            if rule == "denoise":
                move = DECAY * s + z
                s = s - (move - jnp.clip(move, -LEVEL, LEVEL))
            else:
                s = (1.0 - DECAY) * s - z
                if rule == "prox":
                    s = s - jnp.clip(s, -LEVEL, LEVEL)
            return s, jnp.stack([s.sum(1), (s * s).sum(1)], axis=1)

        def advance(s, sums, begin):
            return jax.lax.fori_loop(begin, begin + steps, step, (s, sums))

        self.steps = steps
        self.compiled = jax.jit(advance, donate_argnums=(0, 1))

    def advance(self):
        self.s, self.sums = self.compiled(self.s, self.sums, self.taken)
        self.taken += self.steps
        self.s.block_until_ready()
