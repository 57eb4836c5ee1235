"""The caption of the transfer figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scbsim.plotting.caption import BAND, caption
from scbsim.plotting.spec_facts import facts_of_spec, whole
from scbsim.trajectory.views import spec_table_of
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.studies.transfer.outcomes import Learning, Recovery
    from scbsim.studies.transfer.specs import Setting


def caption_of(
    learning: Sequence[Learning], recovery: Sequence[Recovery], samples: Setting, note: str = ""
) -> str:
    """Return the caption: what the panels show, the runs of each, and whose choice is what."""
    run = learning[0].run
    spec = spec_table_of(run)
    count = counted(run.sizes["replica"], "replica")
    facts = facts_of_spec({key: part for key, part in spec.items() if key != "init"})
    batches, at_each = recovery[0].batches, counted(recovery[0].replicas, "run")
    return caption(
        "Learning a task from pairs that were pretrained on a task that correlates with it, and "
        "from scratch. Signals against steps; steps until A and V are learned, by the correlation "
        "of the pretraining task; the share of runs that learn, by batch size. "
        f"{BAND.format(count)} Bars are medians with whiskers from 10 to 90%; on shares they are "
        "one standard error, and the dotted line is the probability that a run from scratch "
        f"sets out in the right direction.{f' ({note})' if note else ''}",
        f"Signals and steps: {'; '.join(facts)}; seed {spec.get('seed', 0)} of the samples. "
        f"Shares: matched Gaussian noise; N = {whole(samples.task['N'])}; "
        f"T = {whole(samples.task['T'])}; "
        f"batch sizes {', '.join(map(whole, batches))}; {at_each} at each.",
        "The paper's claim (Theorem 4.1): given a correlation between the pretraining and the "
        "downstream task, learning bypasses the first stage. Our choice: everything else, "
        "such as what correlates, sizes, rates, batch sizes and thresholds.",
    )
