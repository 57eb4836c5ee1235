import json

import pytest
from scbsim_testing.ranks import ended
from scbsim_testing.small_sweeps import sweep_text

from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import states


@pytest.mark.slow
def test_a_run_that_fails_on_all_ranks_does_not_keep_them_from_the_next(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(sweep_text('product = {"seed" = "0:3"}', engine="dense"))
    folder = SweepFolder.made(tmp_path / "d", Sweep.from_toml(path))
    folder.prepared(folder.sweep.runs[0])
    folder.output(folder.sweep.runs[0]).write_bytes(b"junk")
    status, said = ended(2, "bundle_ranks.py", folder.path)
    assert status == 0, said
    # Rank 0 speaks of all three.
    assert json.loads(said.splitlines()[-1]) == [[["seed=0"], 3], [["seed=0"], 0]]
    assert [each.state for each in states(folder)] == ["failed", "complete", "complete"]
