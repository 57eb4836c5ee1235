"""A damaged run that is killed as it goes on, at any call: nothing that was kept is lost."""

import h5py
import pytest
from scbsim_testing.kill_runs import SPEC, Whole, changed

KINDS = {
    "single": SPEC,
    "ensemble": changed(
        dynamics={"replicas": 3}, output={"snapshot_every": 0, "final_state": "auto"}
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "stride", [pytest.param(4, marks=pytest.mark.slow), pytest.param(19)], ids=["many", "few"]
)
def test_killed_as_it_goes_on(server, memory, kind, stride):
    whole = Whole(server, memory / f"{kind}-{stride}", KINDS[kind])
    dead = whole.victim("dead").killed(whole.recording, len(whole.calls) * 3 // 4)
    damaged = dead.path.read_bytes()[:-5000]
    dead.path.write_bytes(damaged)
    resumed = whole.victim()
    resumed.like_after(dead)
    recording = resumed.recorded(resume=True)
    check(resumed, damaged)
    fatals = range(1, len(recording.calls) + 1, stride)
    for fatal in fatals:
        victim = whole.victim().killed(recording, fatal)
        ended = victim.run(resume=True)
        assert ended.status == 0, ended
        check(victim, damaged)
    assert len(fatals) * stride > 60


def check(victim, damaged):
    aside = victim.path.with_name("run.h5.corrupt")
    assert aside.read_bytes() == damaged
    assert sorted(each.name for each in victim.path.parent.iterdir()) == ["run.h5", aside.name]
    with h5py.File(victim.path) as file, h5py.File(victim._like) as like:
        lacks = int(file.attrs["lacks_steps_before"])
        there, right = file["trajectory"], like["trajectory"]
        steps = right["step"][:] >= lacks
        assert steps.any()
        for name, column in right.items():
            if column.maxshape and column.maxshape[0] is None:
                assert there[name][:].tobytes() == column[:][steps].tobytes(), name
