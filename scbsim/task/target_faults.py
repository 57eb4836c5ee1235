"""The faults of an attention target whose task cannot be checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scbsim.errors import Fault, TaskError
from scbsim.task.checks import check_task
from scbsim.task.given import of_target, target_of


def faults_of_target(P: Any, Q: Any, columns: Mapping[str, Any]) -> list[Fault]:
    """Return what is wrong with a target beside a P that is wrong, too.

    Parameters
    ----------
    P, Q, columns
        As for :meth:`scbsim.Task.from_arrays`; ``columns`` are its ``q_positions``, ``q_weights``
        and ``T``, in this order. The number of tokens is that of the columns of ``P``; if ``P`` is
        no matrix of at least two columns, nothing is checked.
    """
    shape = np.shape(P)
    if len(shape) != 2 or shape[1] < 2:
        return []
    N = shape[1]
    try:
        if Q is not None:
            columns = dict(zip(columns, target_of(Q, (N,)), strict=True))
        check_task("K_P", 0.0, np.full(N, 1.0 / N), **columns)
    except TaskError as error:
        return [*(error if Q is None else of_target(error)).faults]
    return []
