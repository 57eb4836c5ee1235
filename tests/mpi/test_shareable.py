"""Which specs several ranks can run."""

import pytest
from scbsim_testing.small_runs import run_spec

from scbsim.errors import InputError, SpecError
from scbsim.mpi.shareable import require_shareable


def test_a_dense_run_is_shared():
    require_shareable(run_spec(), 6)
    with pytest.raises(InputError, match="there are only N = 6 of them"):
        require_shareable(run_spec(), 7)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["dynamics.engine=sparse"], "dynamics.engine"),
        (["dynamics.replicas=2"], "dynamics.replicas"),
        (["noise.model=matched"], "noise.model"),
        (["noise.model=sampled", "dynamics.engine=auto", "dynamics.rule=sgd"], "noise.model"),
        (["output.snapshot_every=3"], "output.snapshot_every"),
        (["output.observe=mine.py:top1"], "output.observe"),
        (["dynamics.rule=momentum"], "dynamics.rule"),
    ],
)
def test_what_ranks_cannot_share_is_refused(words, key):
    with pytest.raises(SpecError) as error:
        require_shareable(run_spec(*words), 2)
    assert [fault.key for fault in error.value.faults] == [key]
