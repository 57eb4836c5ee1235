"""The base class of engines that store A as a few numbers per column."""

from __future__ import annotations

import numpy as np

from scbsim.engines.base import Row
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.stages import Stage
from scbsim.errors import InputError
from scbsim.observables import NAMES
from scbsim.spec.engines import ENGINES


class WithoutEntries(GaussianEngine):
    """An engine without entries of A off the support, so that nothing can be normalised."""

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return NaN for all observables, and 0 columns."""
        return np.full(len(NAMES), np.nan), 0

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Refuse: there are no entries to normalise."""
        raise InputError(f"the {self.name} engine has no entries to normalise")

    def _require_rule(self, stage: Stage) -> None:
        """Raise InputError if the rule of a stage needs entries."""
        if stage.rule not in ENGINES[self.name].rules:
            raise InputError(f"the {self.name} engine has no {stage.rule}: that needs entries")
