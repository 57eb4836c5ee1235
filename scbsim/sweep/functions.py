"""Whether the functions that the runs of a sweep name can be loaded, before any of them begins."""

from __future__ import annotations

from scbsim.run.own_functions import own_functions
from scbsim.spec.sweep import Sweep


def require_functions(sweep: Sweep) -> None:
    """Load the functions of ``output.observe``; raise SpecError with every fault."""
    varies = "output.observe" in sweep.varying
    for run in sweep.runs if varies else sweep.runs[:1]:
        own_functions(sweep.spec_of(run), None)
