"""The condition under which a run counts as recovered."""

from __future__ import annotations

import math
import operator
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scbsim.errors import InputError
from scbsim.observables import NAMES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT: Final = "sim_A >= 0.9"
_COMPARE: Final = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_TERM: Final = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Criterion:
    """A condition on the last observables of a run.

    Attributes
    ----------
    terms : tuple of (str, str, float)
        Observable, comparison and number. All terms must hold.
    """

    terms: tuple[tuple[str, str, float], ...]

    @classmethod
    def parse(cls, text: str) -> Criterion:
        """Parse ``sim_A >= 0.9``, or several such terms joined by ``and``.

        Raises
        ------
        InputError
            If the text is not valid.
        """
        terms = []
        for part in re.split(r"\sand\s", text):
            found, number = _TERM.fullmatch(part), math.nan
            with suppress(ValueError):
                number = float(found[3]) if found else number
            if not found or found[1] not in NAMES or math.isnan(number):
                raise InputError(
                    f'recovered: "{part.strip()}" is no condition; write an observable '
                    f"({', '.join(NAMES)}), one of {', '.join(_COMPARE)}, and a number, as in "
                    f'"{DEFAULT}"; join several conditions by "and"'
                )
            terms.append((found[1], found[2], number))
        return cls(tuple(terms))

    def __str__(self) -> str:
        return " and ".join(f"{name} {sign} {number:g}" for name, sign, number in self.terms)

    def holds(self, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return for which rows it holds, (n,) bool.

        Parameters
        ----------
        rows : (n, 9) float64
            Observables in the order of `scbsim.observables`. No condition holds for NaN.
        """
        import numpy as np

        each = [
            _COMPARE[sign](rows[:, NAMES.index(name)], value) for name, sign, value in self.terms
        ]
        return np.asarray(np.all(each, axis=0))
