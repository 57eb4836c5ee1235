"""An engine of one's own: the dense one, with Student's t in place of Gaussian noise on A."""

import numpy as np

import scbsim
from scbsim.engines.base import Block
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.spec.engines import ENGINES, EngineRecord, register_engine

FREEDOM = 3


class HeavyTails(DenseEngine):
    """SGD whose noise on each entry of A has a t distribution of 3 degrees of freedom."""

    name = "heavy"

    def __init__(self, task, noise, *, seed=0, replica=0, **options):
        # The dense engine draws the noise of V alone.
        mine = NoiseLevels(np.zeros(task.N), noise.sigma_V)
        super().__init__(task, mine, seed=seed, replica=replica, **options)
        self.level = noise.sigma_A / np.sqrt(FREEDOM / (FREEDOM - 2))
        self.stream = (seed, replica)

    def advance(self, stage, steps, before=0):
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        rows = []
        while len(rows) < steps:
            t = before + len(rows)
            end = super().advance(stage, 1, t).end
            if end == "diverged":
                return Block(np.array(rows).reshape(-1, 9), end)
            self.add_noise(stage.rate_A_at(t) * stage.noise_at(t))
            rows.append(self.observe())
            if rows[-1][:2].max() >= stage.until_signal:
                return Block(np.array(rows), "signal")
        return Block(np.array(rows), "steps")

    def add_noise(self, rate):
        """Add a step's noise; it is known by the seed, the replica and the step alone."""
        seed, replica = self.stream
        stream = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, replica, self.step]))
        noise = stream.standard_t(FREEDOM, (self.task.N, self.task.T))
        change = (rate * self.level[:, None] * noise).astype(self.A.bulk.dtype)
        self.A.support[:] -= np.take_along_axis(change, self.A.positions, axis=1)
        np.put_along_axis(change, self.A.positions, 0.0, axis=1)
        self.A.bulk[:] -= change
        wide = self.A.bulk.astype(np.float64)
        self.A.off_sums[:] = np.column_stack([wide.sum(axis=1), (wide**2).sum(axis=1)])


RECORD = EngineRecord(
    "heavy",
    HeavyTails,
    takes=lambda rule: rule.name == "sgd",
    refusal="is not a rule that this engine has",
    state=ENGINES["dense"].state,
    noise=("isotropic", "none"),
)
register_engine(RECORD)

if __name__ == "__main__":
    trajectory = scbsim.simulate(
        {
            "task": {"N": 10, "T": 1000, "Q": 2},
            "dynamics": {"batch_size": 1e5, "rule": "sgd", "engine": "heavy"},
            "stage": [{"steps": 100}],
        },
        output="heavy.h5",
    )
    print(trajectory)
